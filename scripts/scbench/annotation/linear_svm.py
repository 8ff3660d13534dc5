"""Linear support vector machine."""

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax
from sklearn.svm import LinearSVC

from scbench.contract import CellAnnotator, Prediction


class LinearSVM(CellAnnotator):
    """One linear support vector machine per type against the rest.

    Parameters
    ----------
    C
        Inverse strength of the L2 penalty.

    Notes
    -----
    The confidence is the softmax of the margins: it orders cells, but is not a calibrated probability. Time
    O(iterations x stored values x types), memory O(genes x types) beside the matrix, which stays sparse.

    References
    ----------
    Abdelaal T. et al. A comparison of automatic cell identification methods for single-cell RNA sequencing data.
    Genome Biology 20, 194 (2019).
    """

    def __init__(self, *, C: float = 1.0) -> None:
        self.C = C

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "LinearSVM":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        self.model_ = LinearSVC(C=self.C, random_state=seed).fit(X, labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values."""
        margins = self.model_.decision_function(X)
        if margins.ndim == 1:  # two types have one margin
            margins = np.column_stack([-margins, margins])
        return Prediction(self.model_.classes_[margins.argmax(axis=1)], softmax(margins, axis=1).max(axis=1))
