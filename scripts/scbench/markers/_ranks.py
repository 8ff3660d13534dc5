"""Sums of ranks for each class, from sparse values."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp


class RankSums(NamedTuple):
    """What rank statistics need to know of every gene, with average ranks for tied values.

    Attributes
    ----------
    centred
        (genes, classes) sum over the cells of a class of their rank minus the mean rank, (n_cells + 1) / 2.
    variance
        (genes,) population variance of the ranks over all cells; 0 for a constant gene.
    sizes
        (classes,) number of cells.
    """

    centred: np.ndarray
    variance: np.ndarray
    sizes: np.ndarray


def rank_sums(X: sp.spmatrix | np.ndarray, codes: np.ndarray, n_classes: int, *, block: int = 2**18) -> RankSums:
    """Rank the cells by each gene and sum the ranks of each class.

    Parameters
    ----------
    X
        (cells, genes) finite values of any sign, sparse or dense.
    codes
        (cells,) class of each cell as an integer from 0.
    n_classes
        Number of classes.
    block
        Stored values that are ranked at a time (and those of one gene more).

    Notes
    -----
    All zeros of a gene are one tie, above the negative and below the positive values, so only stored values are sorted:
    by radix, gene by gene in one pass over a block. Time O(stored values + genes x classes). Memory: a column-wise copy
    of X (none if X is CSC), the result, and about 100 bytes for each value of a block. Sums of ranks are multiples of
    1/2 and exact; so is the variance of up to about 200,000 cells before its last division.
    """
    X = sp.csc_matrix(X)
    if not X.data.all():
        X = X.copy()
        X.eliminate_zeros()
    n_cells, n_genes = X.shape
    sizes = np.bincount(codes, minlength=n_classes)
    centred, variance = np.empty((n_genes, n_classes)), np.empty(n_genes)
    cuts = np.searchsorted(X.indptr, np.arange(block, X.nnz, block))
    # A gene's place in its block is a radix digit of 16 bits.
    edges = np.unique(np.concatenate([cuts, np.arange(0, n_genes, 2**16), [n_genes]]))
    for first, last in pairwise(edges):
        stored = slice(X.indptr[first], X.indptr[last])
        counts = np.diff(X.indptr[first : last + 1])
        sums, squares = _rank_block(X.data[stored], codes[X.indices[stored]], counts, sizes)
        centred[first:last], variance[first:last] = sums, squares / n_cells
    return RankSums(centred, variance, sizes)


def _rank_block(
    values: np.ndarray, codes: np.ndarray, counts: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum centred ranks by (gene, class), and their squares by gene, for genes with `counts` stored values each."""
    n_cells, n_genes, n_classes = sizes.sum(), len(counts), len(sizes)
    middle = (n_cells + 1) / 2
    gene = np.repeat(np.arange(n_genes, dtype=np.uint16), counts)
    order = np.lexsort((*_digits(values), gene))
    values = values[order]

    # Runs of tied values; sorting has left every gene's values in their place.
    fresh = np.ones(len(values), dtype=bool)
    fresh[1:] = (values[1:] != values[:-1]) | (gene[1:] != gene[:-1])
    start = np.flatnonzero(fresh)
    length = np.diff(start, append=len(values))
    value, owner = values[start], gene[start]

    zeros = n_cells - counts
    below = np.bincount(owner, weights=length * (value < 0), minlength=n_genes)
    rank_of_zero = below + (zeros + 1) / 2 - middle
    first_of_gene = np.cumsum(counts) - counts
    rank = start - first_of_gene[owner] + (length + 1) / 2 + (value > 0) * zeros[owner] - middle

    squares = np.bincount(owner, weights=length * rank**2, minlength=n_genes) + zeros * rank_of_zero**2
    beyond_zero = np.repeat(rank - rank_of_zero[owner], length)
    cell = gene.astype(np.intp) * n_classes + codes[order]
    sums = np.bincount(cell, weights=beyond_zero, minlength=n_genes * n_classes).reshape(n_genes, n_classes)
    return sums + np.outer(rank_of_zero, sizes), squares


def _digits(values: np.ndarray) -> np.ndarray:
    """Split values into integers of 16 bits, the least significant first, that sort as the values do."""
    values = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
    width = values.dtype.itemsize
    bits = values.view(f"u{width}")
    # The order of IEEE floats: flip all bits of negative numbers, and the sign of others.
    sign = bits.dtype.type(1 << (8 * width - 1))
    bits = np.where(bits & sign, ~bits, bits | sign)
    return bits.astype(f"<u{width}", copy=False).view("<u2").reshape(len(values), width // 2).T
