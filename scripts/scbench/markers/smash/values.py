"""The dense values of the kept genes that a classifier sees."""

import numpy as np
import scipy.sparse as sp

from scbench.markers.smash.inverse_pca import moments

_CLIP = 10.0


def classifier_values(
    X: sp.csr_matrix, genes: np.ndarray, cells: np.ndarray, *, scale: bool, samples: np.ndarray | None = None
) -> np.ndarray:
    """Take the kept genes of some cells out of the sparse matrix.

    Parameters
    ----------
    X
        (cells, genes) log1p values of all training cells.
    genes, cells
        Indices to take.
    scale
        Whether to give z-scores over all cells, cut off at 10, instead of log1p values.
    samples
        (cells,) sample of each cell of X: differences between samples are corrected by Harmony, with genes in the place
        of principal components, as in the released code.

    Returns
    -------
    numpy.ndarray
        (cells taken, genes taken) float32.

    References
    ----------
    Korsunsky I. et al. Fast, sensitive and accurate integration of single-cell data with Harmony. Nature Methods 16,
    1289-1296 (2019).
    """
    X = X[:, genes]
    values = X[cells].toarray().astype(np.float32, copy=False)
    if scale:
        mean, deviation = (moment.astype(np.float32) for moment in moments(X))
        values -= mean
        values /= np.where(deviation > 0, deviation, 1)
        np.minimum(values, _CLIP, out=values)
    if samples is not None and len(np.unique(samples[cells])) > 1:
        values = _harmonised(values, samples[cells])
    return values


def _harmonised(values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    import harmonypy
    import pandas as pd

    table = pd.DataFrame({"sample": samples.astype(str)})
    return np.asarray(harmonypy.run_harmony(values, table, ["sample"], verbose=False).Z_corr, dtype=np.float32)
