"""Random forest."""

import numpy as np
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier

from scbench.contract import CellAnnotator, Prediction


class RandomForest(CellAnnotator):
    """Mean vote of decision trees, each grown on a bootstrap sample with a random few genes at each split.

    Parameters
    ----------
    n_trees
        Number of trees.
    step
        Values are rounded up to multiples of this (in natural log units) before splits are searched, so that a gene
        has few different ones: two thirds of the time, for a difference no larger than that between two seeds. 0 keeps
        them as they are.
    threads
        CPU threads; the result does not depend on them.

    Notes
    -----
    Time O(trees x cells x log cells x sqrt genes). Memory 20 bytes per stored value (the matrix by columns, and its
    rounded copy) and O(trees x cells) for the trees; never dense.

    References
    ----------
    Breiman L. Random forests. Machine Learning 45, 5-32 (2001).
    """

    def __init__(self, *, n_trees: int = 200, step: float = 0.125, threads: int = 1) -> None:
        self.n_trees = n_trees
        self.step = step
        self.threads = threads

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "RandomForest":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        model = RandomForestClassifier(self.n_trees, random_state=seed, n_jobs=self.threads)
        self.model_ = model.fit(self._values(X), labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the mean share of the type in the leaves."""
        shares = self.model_.predict_proba(self._values(X))
        return Prediction(self.model_.classes_[shares.argmax(axis=1)], shares.max(axis=1))

    def _values(self, X: sp.csr_matrix) -> sp.csr_matrix:
        if self.step == 0:
            return X
        rounded = np.ceil(X.data / self.step).astype(np.float32) * np.float32(self.step)
        return sp.csr_matrix((rounded, X.indices, X.indptr), shape=X.shape)
