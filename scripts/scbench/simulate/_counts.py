"""Sampling of sparse count matrices, one block of cells at a time."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

BLOCK = 2**21  # values of a dense block (16 MB as float64)


def negative_binomial_counts(
    mean: Callable[[slice], np.ndarray],
    shape: tuple[int, int],
    dispersion: float,
    rng: np.random.Generator,
    dropout: float = 0.0,
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
    dropout
        Probability of each count to be lost, that is, to be zero whatever its mean.

    Returns
    -------
    csr_matrix
        (cells, genes), int32.

    Notes
    -----
    Memory: the result (8 bytes per non-zero count), a quarter of it more while it is put together (as long as genes and
    counts are below 256), and a few dense blocks.
    """
    n_cells, n_genes = shape
    step = max(1, BLOCK // n_genes)
    data, genes, per_cell = [], [], [np.zeros(1, dtype=int)]
    for start in range(0, n_cells, step):
        rate = mean(slice(start, min(start + step, n_cells)))
        if dispersion:
            rate = rng.gamma(1 / dispersion, dispersion * rate)
        counts = rng.poisson(rate)
        if dropout:
            counts[rng.random(counts.shape) < dropout] = 0
        block = sp.csr_matrix(counts)
        # Kept in the smallest type: many blocks wait until the last one is there.
        data.append(block.data.astype(np.min_scalar_type(block.data.max(initial=0))))
        genes.append(block.indices.astype(np.min_scalar_type(n_genes)))
        per_cell.append(np.diff(block.indptr))
    parts = (
        np.concatenate(data, dtype=np.int32),
        np.concatenate(genes, dtype=np.int32),
        np.cumsum(np.concatenate(per_cell)),
    )
    return sp.csr_matrix(parts, shape=shape)
