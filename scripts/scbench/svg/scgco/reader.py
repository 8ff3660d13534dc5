"""Counts as scGCO's reader and normaliser hand them on."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from scbench.errors import UserError

_SHARE = 0.01
_MANY_SPOTS = 1000
_BLOCK_BYTES = 64 * 2**20


class Kept(NamedTuple):
    """What is left of a dataset.

    Attributes
    ----------
    spots
        Spots that are left, in their new order.
    sources
        The spot whose counts each of them has: itself, or another if its own are too poor.
    genes
        (all genes,) mask.
    """

    spots: np.ndarray
    sources: np.ndarray
    genes: np.ndarray


def without_stored_zeros(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Drop zeros that are stored; the input stays as it is."""
    if counts.data.all():
        return counts
    counts = counts.copy()
    counts.eliminate_zeros()
    return counts


def keep_all(counts: sp.csr_matrix) -> Kept:
    """Leave nothing out."""
    spots = np.arange(counts.shape[0])
    return Kept(spots, spots, np.ones(counts.shape[1], dtype=bool))


def apply_filters(counts: sp.csr_matrix, coords: np.ndarray) -> Kept:
    """Choose spots and genes as ``read_spatial_expression`` of scGCO 1.1.2 does by default.

    Empty spots go. A spot is poor if it has fewer genes than the 1 % quantile (rounded): of more than 1000 spots the
    poor ones go; of fewer they stay, but get the counts of the nearest other spot, and come last. Genes seen in fewer
    than 1 % of the spots (rounded) go, and then spots without any of the genes.

    Parameters
    ----------
    counts
        (spots, genes), without stored zeros.
    coords
        (spots, 2).

    Raises
    ------
    UserError
        If nothing is left.
    """
    spots = np.flatnonzero(np.diff(counts.indptr))
    n_genes = np.diff(counts.indptr)[spots]
    poor = n_genes < round(np.quantile(n_genes, _SHARE)) if len(spots) else np.zeros(0, dtype=bool)
    sources = spots
    if len(spots) > _MANY_SPOTS:
        spots = sources = spots[~poor]
    elif poor.any():
        sources = spots.copy()
        # The nearest of all but itself; in turn, so that a poor spot may hand on what it was given.
        nearest = np.argsort(cdist(coords[spots[poor]], coords[spots]), axis=1)[:, 1]
        for spot, other in zip(np.flatnonzero(poor), nearest, strict=True):
            sources[spot] = sources[other]
        order = np.concatenate([np.flatnonzero(~poor), np.flatnonzero(poor)])
        spots, sources = spots[order], sources[order]
    seen = counts[sources].getnnz(axis=0)
    genes = (seen > 0) & (seen >= round(_SHARE * len(spots)))
    filled = counts[sources][:, genes].getnnz(axis=1) > 0
    if not filled.any():
        raise UserError("scGCO's filters leave no spot and no gene.")
    return Kept(spots[filled], sources[filled], genes)


def normalise(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Divide the counts of each spot by its total, relative to the median total of the spots that are not empty.

    Returns
    -------
    csr_matrix
        (spots, genes) in double precision, without logarithm.
    """
    totals = np.asarray(counts.sum(axis=1, dtype=float)).ravel()
    filled = totals > 0
    factors = np.where(filled, totals, 1) / (np.median(totals[filled]) if filled.any() else 1)
    scaled = counts.data / np.repeat(factors, np.diff(counts.indptr))
    return sp.csr_matrix((scaled, counts.indices, counts.indptr), shape=counts.shape)


def varying_genes(counts: sp.csr_matrix) -> np.ndarray:
    """(genes,) whether a gene has different counts; where it has not, only the totals of the spots would vary."""
    highest = counts.max(axis=0).toarray().ravel()
    lowest = np.where(counts.getnnz(axis=0) == counts.shape[0], counts.min(axis=0).toarray().ravel(), 0)
    return highest > lowest


def dense_blocks(values: sp.csr_matrix) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Go through the genes that are not the same everywhere, in blocks of 64 MB.

    Parameters
    ----------
    values
        (spots, genes).

    Yields
    ------
    ndarray
        (block,) genes.
    ndarray
        (block, spots) their values.
    """
    by_gene = values.T.tocsr()
    width = max(1, _BLOCK_BYTES // (8 * values.shape[0]))
    for start in range(0, values.shape[1], width):
        block = by_gene[start : start + width].toarray()
        varies = block.min(axis=1) < block.max(axis=1)
        if varies.any():
            yield start + np.flatnonzero(varies), block[varies]
