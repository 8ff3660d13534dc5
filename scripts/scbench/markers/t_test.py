"""Welch's t-test."""

import numpy as np
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.markers._scanpy import rank_genes, warm_up


class TTest(MarkerSelector):
    """Rank genes by the t statistic of a class against all other cells, with unequal variances.

    Parameters
    ----------
    n_genes
        Genes kept per class.

    Notes
    -----
    Time and extra memory O(stored values). Deterministic.

    References
    ----------
    Welch B.L. The generalization of 'Student's' problem when several different population variances are involved.
    Biometrika 34, 28-35 (1947).
    """

    def __init__(self, *, n_genes: int = 300) -> None:
        self.n_genes = n_genes

    def warm_up(self) -> None:
        """Import scanpy."""
        warm_up("t-test")

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "TTest":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`."""
        self.ranking_ = rank_genes(X, labels, genes, n_genes=self.n_genes, method="t-test")
        return self
