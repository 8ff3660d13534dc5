"""Further dropout: counts that are lost, as if more molecules had been missed. Needs numpy and scipy alone."""

import numpy as np
import scipy.sparse as sp

from scbench.data.options import check_number


def drop_counts(counts: sp.csr_matrix, rate: float, seed: int) -> sp.csr_matrix:
    """Set a share of each cell's counts to zero.

    Parameters
    ----------
    counts
        (cells, genes) without stored zeros; it is not changed.
    rate
        Share of each cell's non-zero counts to lose, in [0, 1]; of ``n`` it loses ``round(rate * n)`` (half to even).
    seed
        Decides which.

    Returns
    -------
    csr_matrix
        (cells, genes) without stored zeros; a cell may have none left.

    Raises
    ------
    UserError
        If `rate` is out of range.

    Notes
    -----
    The papers' simulations of more dropout are not published; here the number that a cell loses is not random.

    Time O(nnz log nnz). Memory: about 40 bytes for each stored value.
    """
    check_number("rate", rate, 0, 1)
    left = counts.copy()
    per_cell = np.diff(left.indptr)
    cell = np.repeat(np.arange(left.shape[0]), per_cell)
    order = np.lexsort((np.random.default_rng(seed).random(left.nnz), cell))
    rank = np.arange(left.nnz) - np.repeat(left.indptr[:-1], per_cell)
    left.data[order[rank < np.rint(rate * per_cell)[cell]]] = 0
    left.eliminate_zeros()
    return sp.csr_matrix(left)
