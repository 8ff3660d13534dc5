"""Sampling of sparse count matrices, one block of cells at a time."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

BLOCK = 2**21  # values of a dense block (16 MB as float64)


def negative_binomial_counts(
    mean: Callable[[slice], np.ndarray], shape: tuple[int, int], dispersion: float, rng: np.random.Generator
) -> sp.csr_matrix:
    """Sample counts with variance ``mean + dispersion * mean**2``.

    Parameters
    ----------
    mean
        Gives the (block, genes) means of a slice of the cells.
    shape
        (cells, genes).
    dispersion
        0 for Poisson counts.
    rng
        Source of the random numbers.

    Returns
    -------
    csr_matrix
        (cells, genes), int32.

    Notes
    -----
    Memory: two copies of the result (8 bytes per non-zero count each) and a few dense blocks.
    """
    n_cells, n_genes = shape
    step = max(1, BLOCK // n_genes)
    blocks = []
    for start in range(0, n_cells, step):
        rate = mean(slice(start, min(start + step, n_cells)))
        if dispersion:
            rate = rng.gamma(1 / dispersion, dispersion * rate)
        blocks.append(sp.csr_matrix(rng.poisson(rate).astype(np.int32)))
    return sp.vstack(blocks, format="csr")
