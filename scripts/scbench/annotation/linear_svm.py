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
    log1p
        Whether to take log(1 + x) of what is given first: of counts this leaves their depth in, as no size factors are
        divided out.

    Notes
    -----
    The confidence is the softmax of the margins: it orders cells, but is not a calibrated probability. Time
    O(iterations x stored values x types) in one thread, memory O(genes x types) beside the matrix, which stays sparse;
    with `log1p`, 8 bytes per stored value more.

    References
    ----------
    Abdelaal T. et al. A comparison of automatic cell identification methods for single-cell RNA sequencing data.
    Genome Biology 20, 194 (2019).
    """

    def __init__(self, *, C: float = 1.0, log1p: bool = False) -> None:
        self.C = C
        self.log1p = log1p

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "LinearSVM":
        """Learn from log1p values, or counts with `log1p`; see `scbench.contract.CellAnnotator`."""
        self.model_ = LinearSVC(C=self.C, random_state=seed).fit(self._values(X), labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from values of the same scale."""
        margins = self.model_.decision_function(self._values(X))
        if margins.ndim == 1:  # two types have one margin
            margins = np.column_stack([-margins, margins])
        return Prediction(self.model_.classes_[margins.argmax(axis=1)], softmax(margins, axis=1).max(axis=1))

    def _values(self, X: sp.csr_matrix) -> sp.csr_matrix:
        return X.log1p() if self.log1p else X
