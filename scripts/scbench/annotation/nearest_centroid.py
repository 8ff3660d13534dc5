"""Nearest centroid."""

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestCentroid as _NearestCentroid

from scbench.contract import CellAnnotator, Prediction


class NearestCentroid(CellAnnotator):
    """The type whose mean profile is nearest (Euclidean distance).

    Notes
    -----
    It gives no confidence. Time O(stored values x types), memory O(genes x types). Deterministic.

    References
    ----------
    Tibshirani R. et al. Diagnosis of multiple cancer types by shrunken centroids of gene expression. PNAS 99, 6567-6572
    (2002).
    """

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "NearestCentroid":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        self.model_ = _NearestCentroid().fit(X, labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values."""
        return Prediction(self.model_.predict(X), np.full(X.shape[0], np.nan))
