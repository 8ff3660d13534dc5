"""CellTypist: the authors' package, in its own environment."""

import os
import tempfile
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp

from scbench.contract import CellAnnotator, Prediction
from scbench.data.normalise import log1p_normalised

_TARGET = 10_000  # counts per cell that the package expects


class CellTypist(CellAnnotator):
    """Logistic regression of each type against the rest on scaled genes, trained on the training cells alone.

    None of the package's ready-made models is used, and its folder for them, which it makes on import, is a temporary
    one: nothing is fetched or left behind.

    Parameters
    ----------
    sgd
        Fit by stochastic gradient descent (the package's ``use_SGD``, for large data) and not by its default solver.
    threads
        CPU threads, one per type.

    Notes
    -----
    Everything else is the package's default: genes without counts left out, each gene centred and divided by its
    standard deviation, values above 10 cut to 10, C = 1 (`sgd`: alpha = 1e-4), no selection of genes, and no majority
    vote among neighbours, which would make a prediction depend on the other cells. The matrix is scaled to 10,000
    counts per cell here, so the package's own check, which looks at the first cell only, is left out.

    The confidence is the package's: the logistic function of the largest score, which is not normalised over types.

    The package makes the matrix dense: memory 3 x 8 bytes x cells x genes. Time O(iterations x cells x genes x types).
    Version 1.7.1 asks scikit-learn for one model per type in a way that scikit-learn 1.8 no longer knows; hence the
    environment of its own.

    References
    ----------
    Dominguez Conde C. et al. Cross-tissue immune cell analysis reveals tissue-specific features in humans. Science 376,
    eabl5197 (2022). Package celltypist 1.7.1, functions ``train`` and ``annotate``.
    """

    def __init__(self, *, sgd: bool = False, threads: int = 1) -> None:
        self.sgd = sgd
        self.threads = threads

    def warm_up(self) -> None:
        """Import the package."""
        with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, CELLTYPIST_FOLDER=folder):
            import celltypist  # noqa: F401

    def fit(
        self, X: sp.csr_matrix, labels: np.ndarray, *, seed: int, X_unlabelled: sp.csr_matrix | None = None
    ) -> "CellTypist":
        """Learn from counts; see `scbench.contract.CellAnnotator`."""
        self.warm_up()
        import celltypist

        cells = _annotated(X)
        self.model_ = celltypist.train(
            cells,
            labels=labels,
            check_expression=False,
            use_SGD=self.sgd,
            n_jobs=self.threads,
            random_state=seed,
        )
        return self

    def predict(self, X: sp.csr_matrix) -> Prediction:
        """Predict from counts."""
        import celltypist

        found = celltypist.annotate(_annotated(X), model=self.model_)
        labels = found.predicted_labels["predicted_labels"].astype(str).to_numpy(dtype=object)
        return Prediction(labels, found.probability_matrix.to_numpy().max(axis=1))


def _annotated(counts: sp.csr_matrix):
    """Wrap cells as the package wants them; genes are called by their number."""
    from anndata import AnnData

    cells = AnnData(sp.csr_matrix(log1p_normalised(counts, _TARGET)))
    cells.var_names = [f"gene{i}" for i in range(counts.shape[1])]
    return cells
