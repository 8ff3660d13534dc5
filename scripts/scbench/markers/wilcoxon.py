"""Wilcoxon's rank-sum test."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.markers._ranks import RankSums, rank_sums
from scbench.markers._table import rank_per_class


class Wilcoxon(MarkerSelector):
    """Rank genes by the z-score of the rank-sum test of a class against all other cells.

    Parameters
    ----------
    tie_correct
        Whether the variance allows for ties; scanpy's default is not to, but most values are tied zeros.
    n_genes
        Genes kept per class.

    Notes
    -----
    The scores are those of ``scanpy.tl.rank_genes_groups(method="wilcoxon")``, which ranks dense blocks of genes and
    corrects for ties once for every class; here only stored values are ranked, once for all classes. A class may have
    one cell, which scanpy refuses.

    Time O(stored values + genes x classes x log(genes)). Memory: a column-wise copy of X and three matrices of genes x
    classes. Deterministic.

    References
    ----------
    Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bulletin 1, 80-83 (1945).
    """

    def __init__(self, *, tie_correct: bool = True, n_genes: int = 300) -> None:
        self.tie_correct = tie_correct
        self.n_genes = n_genes

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "Wilcoxon":
        """Rank genes from values on any scale; see `scbench.contract.MarkerSelector`."""
        codes, classes = pd.factorize(labels, sort=True)
        scores = z_scores(rank_sums(X, codes, len(classes)), tie_correct=self.tie_correct)
        self.ranking_ = rank_per_class(scores, genes, classes, self.n_genes)
        return self


def z_scores(ranks: RankSums, *, tie_correct: bool) -> np.ndarray:
    """Standardise the sums of ranks by their distribution over permuted classes, (genes, classes); 0 if constant."""
    n_cells = ranks.sizes.sum()
    variance = ranks.variance if tie_correct else np.where(ranks.variance > 0, (n_cells**2 - 1) / 12, 0)
    others = ranks.sizes * (n_cells - ranks.sizes) / (n_cells - 1)
    deviation = np.sqrt(np.outer(variance, others))
    return np.divide(ranks.centred, deviation, out=np.zeros_like(ranks.centred), where=deviation > 0)
