"""Multinomial logistic regression."""

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression as _LogisticRegression

from scbench.contract import CellAnnotator, Prediction


class LogisticRegression(CellAnnotator):
    """Multinomial logistic regression with an L2 penalty.

    Parameters
    ----------
    C
        Inverse strength of the penalty.
    max_iter
        Most iterations of the solver, which on thousands of cells often ends there: more change little.
    binary
        Whether to keep only which genes are not zero: what a method can know that is blind to magnitude.

    Notes
    -----
    Time O(iterations x stored values x types), memory O(genes x types) beside the matrix, which stays sparse; with
    `binary`, 8 bytes per stored value more. Deterministic.

    References
    ----------
    Abdelaal T. et al. A comparison of automatic cell identification methods for single-cell RNA sequencing data.
    Genome Biology 20, 194 (2019).
    """

    def __init__(self, *, C: float = 1.0, max_iter: int = 300, binary: bool = False) -> None:
        self.C = C
        self.max_iter = max_iter
        self.binary = binary

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "LogisticRegression":
        """Learn from log1p values; see `scbench.contract.CellAnnotator`."""
        model = _LogisticRegression(C=self.C, max_iter=self.max_iter, random_state=seed)
        self.model_ = model.fit(self._values(X), labels)
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from log1p values; the confidence is the probability of the type."""
        shares = self.model_.predict_proba(self._values(X))
        return Prediction(self.model_.classes_[shares.argmax(axis=1)], shares.max(axis=1))

    def _values(self, X: sp.csr_matrix) -> sp.csr_matrix:
        return (X != 0).astype(float) if self.binary else X
