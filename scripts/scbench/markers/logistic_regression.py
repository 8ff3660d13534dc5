"""Coefficients of a logistic regression."""

import numpy as np
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.markers._scanpy import rank_genes, warm_up


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
    Time O(iterations x stored values x classes), extra memory O(genes x classes). Deterministic.

    References
    ----------
    Ntranos V. et al. A discriminative learning approach to differential expression analysis for single-cell RNA-seq.
    Nature Methods 16, 163-166 (2019).
    """

    def __init__(self, *, max_iter: int = 300, n_genes: int = 300) -> None:
        self.max_iter = max_iter
        self.n_genes = n_genes

    def warm_up(self) -> None:
        """Import scanpy."""
        warm_up("logreg")

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "LogisticRegression":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`."""
        self.ranking_ = rank_genes(
            X, labels, genes, n_genes=self.n_genes, method="logreg", max_iter=self.max_iter, random_state=seed
        )
        return self
