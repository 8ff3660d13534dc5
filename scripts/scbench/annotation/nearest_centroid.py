"""Nearest centroid."""

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax
from sklearn.metrics.pairwise import euclidean_distances

from scbench.contract import CellAnnotator, Prediction, check_values


class NearestCentroid(CellAnnotator):
    """The type whose mean profile is nearest (Euclidean distance).

    Attributes
    ----------
    types_
        Names of the types.
    centroids_
        (types, genes) mean profiles.

    Notes
    -----
    The confidence is the softmax of minus the distances: it orders cells by how much further the other types are, but
    is not a calibrated probability. Predictions are those of scikit-learn's class of this name, which makes the matrix
    dense while it fits. Time O(stored values x types), memory O((genes + cells) x types). Deterministic.

    References
    ----------
    Tibshirani R. et al. Diagnosis of multiple cancer types by shrunken centroids of gene expression. PNAS 99, 6567-6572
    (2002).
    """

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "NearestCentroid":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        check_values(X)
        self.types_, y = np.unique(labels, return_inverse=True)
        counts = np.bincount(y)
        members = sp.csr_matrix((1 / counts[y], (y, np.arange(len(y)))), shape=(len(counts), len(y)))
        self.centroids_ = (members @ X).toarray()
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values."""
        check_values(X)
        distances = euclidean_distances(X, self.centroids_)
        return Prediction(self.types_[distances.argmin(axis=1)], softmax(-distances, axis=1).max(axis=1))
