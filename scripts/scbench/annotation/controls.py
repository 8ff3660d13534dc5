"""Controls of the annotation track."""

import numpy as np
import scipy.sparse as sp

from scbench.contract import CellAnnotator, Prediction


class MajorityType(CellAnnotator):
    """The commonest type of the training cells for every cell."""

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "MajorityType":
        """Count the types; see `scbench.contract.CellAnnotator`."""
        types, counts = np.unique(labels, return_counts=True)
        self.type_ = types[counts.argmax()]
        self.share_ = counts.max() / counts.sum()
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Repeat the commonest type."""
        return Prediction(np.full(X.shape[0], self.type_), np.full(X.shape[0], self.share_))


class RandomType(CellAnnotator):
    """A type drawn by its share of the training cells."""

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "RandomType":
        """Count the types; see `scbench.contract.CellAnnotator`."""
        self.types_, counts = np.unique(labels, return_counts=True)
        self.shares_ = counts / counts.sum()
        self.seed_ = seed
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Draw a type for each cell."""
        drawn = np.random.default_rng(self.seed_).choice(len(self.types_), X.shape[0], p=self.shares_)
        return Prediction(self.types_[drawn], self.shares_[drawn])


class TrueType(CellAnnotator):
    """The true labels: the best that can be reached."""

    def fit(
        self,
        X: sp.csr_matrix,
        labels: np.ndarray,
        *,
        seed: int,
        X_unlabelled: sp.csr_matrix | None = None,
        truth: np.ndarray,
    ) -> "TrueType":
        """Keep the truth, the (cells to predict,) labels."""
        self.truth_ = truth
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Repeat the truth."""
        return Prediction(self.truth_, np.ones(X.shape[0]))
