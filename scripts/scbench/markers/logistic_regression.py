"""Coefficients of a logistic regression."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector


class LogisticRegression(MarkerSelector):
    """Rank genes by their coefficient for a class in one multinomial logistic regression.

    Parameters
    ----------
    max_iter
        Most iterations of the solver.
    n_genes
        Genes kept per class.

    Notes
    -----
    The ranking is that of ``scanpy.tl.rank_genes_groups(method="logreg")`` for three or more classes. With two, scanpy
    gives the coefficients of the second class to the first; here each class has its own. Time O(iterations x stored
    values x classes), extra memory O(genes x classes). Deterministic.

    References
    ----------
    Ntranos V. et al. A discriminative learning approach to differential expression analysis for single-cell RNA-seq.
    Nature Methods 16, 163-166 (2019).
    """

    def __init__(self, *, max_iter: int = 300, n_genes: int = 300) -> None:
        self.max_iter = max_iter
        self.n_genes = n_genes

    def warm_up(self) -> None:
        """Import scikit-learn's models."""
        import sklearn.linear_model  # noqa: F401

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "LogisticRegression":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`."""
        from sklearn.linear_model import LogisticRegression as Model

        model = Model(max_iter=self.max_iter, random_state=seed).fit(X, labels)
        coefficients = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])
        tables = []
        for name, row in zip(model.classes_, coefficients, strict=True):
            best = np.argsort(-row, kind="stable")[: self.n_genes]
            ranks = np.arange(1, len(best) + 1)
            tables.append(pd.DataFrame({"class": name, "gene": genes[best], "rank": ranks, "score": row[best]}))
        self.ranking_ = pd.concat(tables, ignore_index=True)
        return self
