"""Read matrices in HDF5 files by blocks of rows."""

from collections.abc import Iterator
from itertools import pairwise

import h5py
import numpy as np
import scipy.sparse as sp

BLOCK = 2**23  # values of a block, 64 MB


def dense_blocks(stored: h5py.Dataset) -> Iterator[np.ndarray]:
    """Read an array."""
    step = max(1, BLOCK // max(1, stored.shape[1]))
    for start in range(0, stored.shape[0], step):
        yield stored[start : start + step]


def sparse_blocks(stored: h5py.Group) -> Iterator[sp.csr_matrix]:
    """Read a CSR matrix as anndata writes it.

    Raises
    ------
    ValueError
        If it is none.
    """
    starts, (rows, width) = stored["indptr"][()], stored.attrs["shape"]
    if len(starts) != rows + 1 or starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"indptr must have {rows + 1} values that start with 0 and do not fall")
    edges = np.unique([0, *np.searchsorted(starts, np.arange(BLOCK, starts[-1], BLOCK)), rows])
    for first, last in pairwise(edges):
        here = slice(starts[first], starts[last])
        inside = (stored["data"][here], stored["indices"][here], starts[first : last + 1] - starts[first])
        block = sp.csr_matrix(inside, shape=(last - first, width))
        block.check_format(full_check=True)  # a wrong index would end the process later
        yield block
