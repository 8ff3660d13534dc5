"""Nearest neighbours on principal components."""

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from scbench.contract import CellAnnotator, Prediction


class KNNOnPCA(CellAnnotator):
    """Majority vote of the nearest training cells in the space of their principal components.

    Parameters
    ----------
    n_neighbors
        Training cells that vote.
    n_components
        Principal components of the training cells; fewer where the data have fewer.
    threads
        CPU threads that look for neighbours; the result does not depend on them.

    Notes
    -----
    The PCA centres implicitly and never densifies. Time O(components x stored values) and O(training x predicted cells)
    for the neighbours; memory O(cells x components).

    References
    ----------
    Abdelaal T. et al. A comparison of automatic cell identification methods for single-cell RNA sequencing data.
    Genome Biology 20, 194 (2019).
    """

    def __init__(self, *, n_neighbors: int = 15, n_components: int = 50, threads: int = 1) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.threads = threads

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "KNNOnPCA":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        components = min(self.n_components, min(X.shape) - 1)
        self.pca_ = PCA(components, svd_solver="arpack", random_state=seed)
        model = KNeighborsClassifier(min(self.n_neighbors, X.shape[0]), n_jobs=self.threads)
        self.model_ = model.fit(self.pca_.fit_transform(X), labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the share of the votes."""
        votes = self.model_.predict_proba(self.pca_.transform(X))
        return Prediction(self.model_.classes_[votes.argmax(axis=1)], votes.max(axis=1))
