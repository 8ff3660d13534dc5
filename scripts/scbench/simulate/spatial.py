"""Tissue with spatially variable genes of known shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.options import check_number
from scbench.errors import UserError, did_you_mean
from scbench.simulate._counts import negative_binomial_counts

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
    from anndata import AnnData

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
    genes = rng.permutation(n_genes)[: int(patterned * n_genes + 1e-9)]  # 0.29 * 100 is 28.999999999999996
    pair, second = np.divmod(np.arange(len(genes)), 2)
    base[genes] = base[genes[2 * pair]]
    down = (second == 1) & (pair < int((1 - up_share) * len(genes) + 1e-9))
    log_change = np.log(fold_change) * np.where(down, -1, 1)
    kinds = np.array(shapes, dtype=object)[pair % max(1, len(shapes))]
    places = rng.random((len(genes), 4))[2 * pair]

    def mean(spots: slice) -> np.ndarray:
        rate = library[spots, None] * base
        for kind in set(shapes):
            chosen = kinds == kind
            level = SHAPES[kind](positions[spots], places[chosen].T)
            rate[:, genes[chosen]] *= np.exp(log_change[chosen] * (level - 0.5))
        return rate

    counts = negative_binomial_counts(mean, (n_spots, n_genes), dispersion, rng, dropout)
    shape = np.full(n_genes, "", dtype=object)
    shape[genes] = kinds
    var = pd.DataFrame({"spatial": shape != "", "shape": pd.Categorical(shape)}, [f"gene{i}" for i in range(n_genes)])
    obs = pd.DataFrame(index=[f"spot{i}" for i in range(n_spots)])
    return AnnData(obs=obs, var=var, obsm={"spatial": positions}, layers={"counts": counts})


def _check_shapes(shapes: Sequence[str], patterned: float) -> None:
    if patterned and not shapes:
        raise UserError(f"The 'shapes' parameter must name a shape where 'patterned' is {patterned}. Got none instead.")
    for shape in shapes:
        if shape not in SHAPES:
            raise UserError(f"The 'shapes' parameter has the unknown shape {shape!r}. {did_you_mean(shape, SHAPES)}")


# Each shape takes (spots, 2) positions and (4, genes) numbers from [0, 1) that place it, and gives (spots, genes)
# levels: 1 inside, 0 outside, and for a gradient anything between.


def _hotspot(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    return _distance(positions, 0.25 + 0.5 * place[:2]) < 0.15 + 0.15 * place[2]


def _annulus(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    distance = _distance(positions, 0.35 + 0.3 * place[:2])
    inner = 0.12 + 0.1 * place[2]
    return (distance >= inner) & (distance < inner + 0.08 + 0.07 * place[3])


def _streak(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    through = 0.3 + 0.4 * place[:2]
    along = _projection(positions, place[2]) - (through * _direction(place[2])).sum(axis=0)
    return np.abs(along) < 0.06 + 0.06 * place[3]


def _gradient(positions: np.ndarray, place: np.ndarray) -> np.ndarray:
    width = np.abs(_direction(place[2])).sum(axis=0)  # of the unit square in this direction
    return 0.5 + _projection(positions - 0.5, place[2]) / width


SHAPES = {"hotspot": _hotspot, "streak": _streak, "annulus": _annulus, "gradient": _gradient}


def _distance(positions: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return np.hypot(positions[:, :1] - centre[0], positions[:, 1:] - centre[1])


def _direction(turn: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])


def _projection(positions: np.ndarray, turn: np.ndarray) -> np.ndarray:
    return positions @ _direction(turn)
