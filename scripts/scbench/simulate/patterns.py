"""The ten patterns of the scGCO paper under Gaussian noise and random exchange."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp

from scbench.data.options import check_number
from scbench.errors import UserError, did_you_mean
from scbench.simulate import _masks
from scbench.simulate._moves import check_share, exchanges
from scbench.simulate._spots import as_spots

if TYPE_CHECKING:
    from anndata import AnnData

_BLOCK_BYTES = 64 * 2**20
_ASPECT = 4 / 3  # width to height of the extent of the section that the released code starts from
_HIGHS = (2, 3, 4)
# The released mix: pattern, whether inverted, its twentieths of the patterned genes, upper levels to draw from.
_RELEASED = (
    *(
        (shape, inverted, 1, _HIGHS)
        for shape in ("hotspot", "streak", "streaks", "annulus", "squares")
        for inverted in (0, 1)
    ),
    ("bulb_middle", 0, 2, _HIGHS),
    ("bulb_core", 0, 4, (4, 5)),
    ("bulb_core", 0, 2, _HIGHS),
    ("bulb_outside", 0, 2, _HIGHS),
)

_WORDS = {
    "exchange_mode": ("per_gene", "whole_spots"),
    "nulls": ("shuffle", "levels"),
    "mix": ("balanced", "released"),
    "layout": ("mesh", "random"),
}


def ten_patterns(
    *,
    n_spots: int,
    seed: int,
    n_patterned: int = 1000,
    n_null: int = 9000,
    noise: float = 0.3,
    exchange: float = 0.0,
    exchange_mode: str = "per_gene",
    nulls: str = "shuffle",
    mix: str = "balanced",
    layout: str = "mesh",
    library_sd: float = 0.3,
) -> "AnnData":
    """Simulate genes that are one level higher inside one of ten patterns, and genes that are not.

    A patterned gene has the level ``h`` inside its pattern and ``h - 1`` outside, with h from 2, 3 and 4. Normal noise
    is added, values below 0 become 0, and the count is the integer part of ``expm1(value) * library + 0.5``.

    Parameters
    ----------
    n_spots
        Number of spots.
    seed
        Decides everything that is random.
    n_patterned, n_null
        Numbers of genes with and without a pattern; their order is random.
    noise
        Standard deviation of the noise, at most 2.
    exchange
        Share of the spots, in [0, 1), among which values are exchanged, noise included.
    exchange_mode
        ``"per_gene"``: other spots for each gene. ``"whole_spots"``: the same spots and the same exchange for all
        patterned genes, as if cells had changed places; library sizes stay. For one gene both are the same.
    nulls
        ``"shuffle"``: the values of the patterned genes, each gene as often as another, in random order.
        ``"levels"``: one level of 0, 1 and 2 with noise of its own for each gene, from 0.1, 0.2, ... `noise`.
    mix
        ``"balanced"``: the patterns take turns; of each pair of genes that share pattern and levels, one is inverted
        (high outside), so that the total of a spot does not tell where it lies. ``"released"``: see Notes.
    layout
        ``"mesh"`` (rectangular, 4 to 3, neighbours at distance 1) or ``"random"`` (uniform in that rectangle).
    library_sd
        Standard deviation of the logarithm of the library size, which is normal; 0 as in the released code.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, positions in ``obsm["spatial"]``, the truth in ``var["spatial"]`` and the
        pattern or "" in ``var["shape"]``.

    Raises
    ------
    UserError
        If a parameter is out of range or unknown, or no mesh has that many spots (the message names the nearest).

    Notes
    -----
    Source: Results, "Performance evaluation using simulated spatial gene expression data", Methods, "Benchmarking
    algorithms using simulated dataset", and the code released with them, `Simulations/` (which has ``nulls="levels"``,
    ``mix="released"``, ``library_sd=0``, a mesh of 352 spots and noise 0.4). Text and code differ:

    - Nulls are shuffled patterned genes in Results, and levels in the code. Those have less noise than the patterned
      genes on average, which makes them easier to tell apart. Shuffled ones have the same values as the patterned.
    - The text has 100 genes of each pattern. The code has no S band and no Swiss roll, 50 genes of each other shape and
      50 inverted, 100 of the bulb's middle layer, 300 of its core (100 of them meant for the rim), of which 200 are at
      levels 4 and 5, and 100 of what is outside. Inversions cancel, but the layers do not, so totals carry the layers.
    - The exchange is described in one sentence and is in no released code, so there is no mode "as released". The
      sentence (random spots "exchanging their expression values") leaves open whether each gene has an exchange of its
      own or spots move whole; both are offered.

    Masks: `scbench.simulate._masks`, which lists how they differ. Genes are made in blocks of 64 MB. Time O(spots x
    genes), memory 32 bytes per non-zero count and a few blocks.
    """
    _check(n_spots, n_patterned, n_null, noise, nulls, library_sd)
    _check_words(exchange_mode=exchange_mode, nulls=nulls, mix=mix, layout=layout)
    check_share("exchange", exchange, [np.arange(n_spots)])
    rng = np.random.default_rng(seed)
    positions = _positions(n_spots, layout, rng)
    library = rng.lognormal(0, library_sd, n_spots)[:, None]
    genes = _balanced(n_patterned, rng) if mix == "balanced" else _released(n_patterned, rng)
    move = _exchange(n_spots, exchange, exchange_mode, np.random.default_rng([seed, 1]))  # all else stays the same
    which, blocks = [], []
    for pattern, values in _values(genes, positions, noise, move, n_null, nulls, rng):
        which.append(pattern)
        blocks.append(sp.csc_matrix((np.expm1(values) * library + 0.5).astype(np.int32)))
    order = rng.permutation(n_patterned + n_null)
    shape = np.array([*_masks.ALL, ""], dtype=object)[np.concatenate(which)[order]]
    return as_spots(sp.hstack(blocks, format="csc")[:, order].tocsr(), positions, shape)


class _Genes(NamedTuple):
    """Patterned genes: place of the pattern in `_masks.ALL`, 1 where inverted, and upper level, each (genes,)."""

    shape: np.ndarray
    inverted: np.ndarray
    high: np.ndarray


def _check(n_spots: int, n_patterned: int, n_null: int, noise: float, nulls: str, library_sd: float) -> None:
    check_number("n_spots", n_spots, 2, integer=True)
    check_number("n_patterned", n_patterned, 0, integer=True)
    check_number("n_null", n_null, 0 if n_patterned else 1, integer=True)
    check_number("noise", noise, 0.1 if nulls == "levels" else 0, 2)
    check_number("library_sd", library_sd, 0, 2)
    if nulls == "shuffle" and n_null and not n_patterned:
        raise UserError("The 'n_patterned' parameter must be an integer >= 1 where they are shuffled. Got 0 instead.")


def _check_words(**words: str) -> None:
    for name, word in words.items():
        if word not in _WORDS[name]:
            hint = did_you_mean(word, _WORDS[name])
            raise UserError(f"The {name!r} parameter has the unknown value {word!r}. {hint}")


def _positions(n_spots: int, layout: str, rng: np.random.Generator) -> np.ndarray:
    """Place spots at mean density 1 in a rectangle of the section's aspect."""
    width = np.sqrt(n_spots * _ASPECT)
    if layout == "random":
        return rng.random((n_spots, 2)) * [width, width / _ASPECT]
    columns = round(width)
    rows = max(1, round(n_spots / columns))
    if columns * rows != n_spots:
        raise UserError(
            f"The 'n_spots' parameter must be that of a mesh of 4 to 3; {columns} x {rows} = {columns * rows} is near. "
            f"Got {n_spots} instead."
        )
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(float)


def _balanced(n_genes: int, rng: np.random.Generator) -> _Genes:
    """Let the patterns take turns, each with pairs of a gene that is high inside and one that is high outside."""
    pair, inverted = np.divmod(np.arange(n_genes), 2)
    return _Genes(pair % 10, inverted, rng.choice(_HIGHS, -(-n_genes // 2))[pair])


def _released(n_genes: int, rng: np.random.Generator) -> _Genes:
    if n_genes % 20:
        raise UserError(
            f"The 'n_patterned' parameter must be a multiple of 20 in the released mix. Got {n_genes} instead."
        )
    shapes, inverted, twentieths, highs = zip(*_RELEASED, strict=True)
    sizes = np.array(twentieths) * (n_genes // 20)
    high = np.concatenate([rng.choice(levels, size) for levels, size in zip(highs, sizes, strict=True)])
    return _Genes(np.repeat([list(_masks.ALL).index(name) for name in shapes], sizes), np.repeat(inverted, sizes), high)


def _exchange(n_spots: int, share: float, mode: str, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Give a function that exchanges (spots, genes) values between spots."""
    spots = [np.arange(n_spots)]
    whole = exchanges(rng, spots, 1, share)

    def move(values: np.ndarray) -> np.ndarray:
        to = whole if mode == "whole_spots" else exchanges(rng, spots, values.shape[1], share)
        moved = np.empty_like(values)
        moved[to.T, np.arange(values.shape[1])] = values
        return moved

    return move if share else lambda values: values


def _values(
    genes: _Genes,
    positions: np.ndarray,
    noise: float,
    move: Callable[[np.ndarray], np.ndarray],
    n_null: int,
    nulls: str,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw blocks of genes: the place of each one's pattern in `_masks.ALL`, -1 for none, and (spots, genes) values."""
    n_spots, n_genes = len(positions), len(genes.shape)
    inside = np.column_stack([mask(positions) for mask in _masks.ALL.values()])
    for part in _parts(n_genes, n_spots):
        level = genes.high[part] - 1 + (inside[:, genes.shape[part]] != genes.inverted[part])
        values = move(np.maximum(level + rng.normal(0, noise, level.shape), 0))
        yield genes.shape[part], values
        for done in range(0, n_null if nulls == "shuffle" else 0, n_genes):
            shuffled = rng.permuted(values[:, : max(0, n_null - done - part.start)], axis=0)  # the last time fewer
            yield np.full(shuffled.shape[1], -1), shuffled
    for part in _parts(n_null if nulls == "levels" else 0, n_spots):
        size = part.stop - part.start
        own_noise = 0.1 * rng.integers(1, int(10 * noise + 1e-9), size, endpoint=True)
        values = rng.integers(0, 3, size) + rng.normal(0, own_noise, (n_spots, size))
        yield np.full(size, -1), np.maximum(values, 0)


def _parts(n_genes: int, n_spots: int) -> list[slice]:
    """Cut genes into blocks of dense values."""
    width = max(1, _BLOCK_BYTES // (8 * n_spots))
    return [slice(start, min(start + width, n_genes)) for start in range(0, n_genes, width)]
