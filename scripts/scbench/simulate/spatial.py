"""Tissue with spatially variable genes of known shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scbench.data.options import check_number
from scbench.errors import UserError, did_you_mean
from scbench.simulate._counts import negative_binomial_counts
from scbench.simulate._shapes import SHAPES
from scbench.simulate._spots import as_spots

if TYPE_CHECKING:
    from anndata import AnnData


def negative_binomial(
    *,
    n_spots: int,
    n_genes: int,
    patterned: float,
    seed: int,
    shapes: Sequence[str] = ("hotspot", "streak", "annulus", "gradient"),
    fold_change: float = 2.0,
    dispersion: float = 0.3,
    dropout: float = 0.0,
    library_sd: float = 0.3,
    up_share: float = 0.5,
) -> "AnnData":
    """Simulate spots at uniform positions of the unit square, some genes with a pattern.

    Mean expression of the genes is lognormal(0, 1), counts are negative binomial. Patterned genes come in pairs that
    share a shape: one is high inside it by `fold_change`, the other is low by as much, and the two exchange their
    means. So the total of a spot does not tell where it lies (for a gradient, the sum of a pair varies by 6 % at a fold
    change of 2), and mean expression does not tell which genes have a pattern.

    Parameters
    ----------
    n_spots, n_genes
        Numbers of spots and genes.
    patterned
        Share of the genes that have a pattern, in [0, 1], rounded down to whole genes.
    seed
        Decides everything that is random.
    shapes
        Any of ``hotspot`` (a disc), ``streak`` (a band), ``annulus`` (a ring) and ``gradient`` (linear in the logarithm
        across the square); the pairs take them in turn, each with a place and size of its own.
    fold_change
        Ratio of the mean inside to that outside, or of both ends of a gradient.
    dispersion
        The variance of a count with mean m is ``m + dispersion * m**2``.
    dropout
        Share of the counts, in [0, 1), that are lost: each is zero with this probability, whatever its mean.
    library_sd
        Standard deviation of the logarithm of the library size, which is normal.
    up_share
        Share of the patterned genes that are high inside, from 0.5 (balanced pairs) to 1, where both genes of each pair
        are. Above 0.5 the totals tell where a spot lies, so that values relative to them hold the inverse pattern in
        every other gene: a test of how methods stand that, not of how well they find patterns.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, positions in ``obsm["spatial"]``, the truth in ``var["spatial"]`` and the shape
        or "" in ``var["shape"]``. With 30 genes or more, empty spots do not occur in practice.

    Raises
    ------
    UserError
        If a parameter is out of range or a shape unknown.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    check_number("n_spots", n_spots, 1, integer=True)
    check_number("n_genes", n_genes, 1, integer=True)
    check_number("patterned", patterned, 0, 1)
    check_number("fold_change", fold_change, 1)
    check_number("dispersion", dispersion, 0)
    check_number("dropout", dropout, 0, 1)
    if dropout == 1:
        raise UserError("The 'dropout' parameter must be below 1: no counts would be left.")
    check_number("library_sd", library_sd, 0)
    check_number("up_share", up_share, 0.5, 1)
    _check_shapes(shapes, patterned)
    rng = np.random.default_rng(seed)
    positions = rng.random((n_spots, 2))
    library = rng.lognormal(0, library_sd, n_spots)
    base = rng.lognormal(0, 1, n_genes)
    chosen = rng.permutation(n_genes)[: _whole(patterned * n_genes)]
    genes = _pairs(chosen, shapes, up_share, rng)
    base[genes.number] = base[genes.number[genes.first]]

    def mean(block: slice) -> np.ndarray:
        rate = library[block, None] * base
        for shape in set(shapes):
            here = genes.shape == shape
            level = SHAPES[shape](positions[block], genes.place[here].T)
            rate[:, genes.number[here]] *= np.exp(np.log(fold_change) * genes.sign[here] * (level - 0.5))
        return rate

    counts = negative_binomial_counts(mean, (n_spots, n_genes), dispersion, rng, dropout)
    shape_of = np.full(n_genes, "", dtype=object)
    shape_of[genes.number] = genes.shape
    return as_spots(counts, positions, shape_of)


class _Genes(NamedTuple):
    """Genes with a pattern, in pairs that share its shape and its place; each (genes,), but `place`."""

    number: np.ndarray  # among all genes
    first: np.ndarray  # where the first of its pair is in here
    sign: np.ndarray  # 1 where high inside, -1 where low
    shape: np.ndarray
    place: np.ndarray  # (genes, 4)


def _pairs(number: np.ndarray, shapes: Sequence[str], up_share: float, rng: np.random.Generator) -> _Genes:
    """Let the shapes take turns, and let the second gene of a pair be low inside, as far as `up_share` has room."""
    pair, second = np.divmod(np.arange(len(number)), 2)
    down = (second == 1) & (pair < _whole((1 - up_share) * len(number)))
    shape = np.array(shapes, dtype=object)[pair % max(1, len(shapes))]
    return _Genes(number, 2 * pair, np.where(down, -1, 1), shape, rng.random((len(number), 4))[2 * pair])


def _whole(number: float) -> int:
    return int(number + 1e-9)  # 0.29 * 100 is 28.999999999999996


def _check_shapes(shapes: Sequence[str], patterned: float) -> None:
    if patterned and not shapes:
        raise UserError(f"The 'shapes' parameter must name a shape where 'patterned' is {patterned}. Got none instead.")
    for shape in shapes:
        if shape not in SHAPES:
            raise UserError(f"The 'shapes' parameter has the unknown shape {shape!r}. {did_you_mean(shape, SHAPES)}")
