"""Values relative to the total of a cell, on a logarithmic scale. Needs numpy and scipy alone."""

import numpy as np
import scipy.sparse as sp

_BLOCK = 2**22  # values


def log1p_normalised(counts: sp.csr_matrix, target_sum: float | str) -> sp.csr_matrix:
    """Scale the counts of each cell to a total and take log(1 + x).

    Parameters
    ----------
    counts
        (cells, genes); a cell without counts stays empty.
    target_sum
        The total, or ``"median"`` for the median total of the cells.

    Returns
    -------
    csr_matrix
        float32, with the indices shared with `counts`.

    Notes
    -----
    Memory: 4 bytes per stored value, and blocks of 32 MB.
    """
    totals = np.asarray(counts.sum(axis=1, dtype=float)).ravel()
    target = np.median(totals) if target_sum == "median" else target_sum
    values = np.empty(counts.nnz, dtype=np.float32)
    step = max(1, _BLOCK * counts.shape[0] // max(1, counts.nnz))
    for start in range(0, counts.shape[0], step):
        cells = slice(start, start + step)
        bounds = counts.indptr[start : start + step + 1]
        stored = slice(bounds[0], bounds[-1])
        values[stored] = np.log1p(counts.data[stored] / np.repeat(totals[cells], np.diff(bounds)) * target)
    return sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
