"""How far the segments of a gene are from the layers of a tissue."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp

from scbench.stats import holm

METRICS = ("hamming", "jaccard", "hausdorff")
_BLOCK_SPOTS = 2**20  # spots of all genes of a block together


def distances(
    states: np.ndarray, layers: np.ndarray, coords: np.ndarray, *, spacing: float, a: float = 10.0
) -> pd.DataFrame:
    """Measure the distance of each gene to the layers of the tissue.

    A segment is the spots of a gene in one state (scGCO, Methods). The largest is the background and is left out.
    Each other one is compared with the layer that it shares most spots with; a gene has the mean of its segments.

    Parameters
    ----------
    states
        (genes, spots) integers from 0, such as high and low.
    layers
        (spots,) integers from 0; spots with -1 belong to no layer and do not count.
    coords
        (spots, 2 or 3) positions.
    spacing
        Unit of the Hausdorff distance, such as the median distance of neighbours.
    a
        Constant of the normalised Hamming distance.

    Returns
    -------
    DataFrame
        A row per gene. ``hamming``: spots in one of segment and layer over spots in both plus `a` (eq. 14);
        ``jaccard``: one minus spots in both over spots in either; ``hausdorff``: the farthest that a spot of one is
        from the nearest spot of the other. All three are infinite for a gene with the same state everywhere: it has no
        segment to compare, and must not count as near.

    Notes
    -----
    The paper does not say what becomes of several segments, nor of genes without a boundary. Its released code
    (`calc_distance_df`) compares one segment, that of the state with the best p-value, or its complement where it holds
    more than half of the spots; with all layers together that share more than 45 % of the smaller of both; and counts
    the shared spots twice in eq. 14. Here a segment has one layer, and eq. 14 is as printed.

    Time O(genes x spots log(spots)), memory of 2^20 spots and trees of a block.

    References
    ----------
    Zhang K., Feng W., Wang P. Identification of spatially variable genes with graph cuts. Nature Communications 13,
    5488 (2022).
    """
    there = layers >= 0
    coords = coords[there] / spacing
    inside = np.eye(layers.max(initial=-1) + 1, dtype=np.float32)[layers[there]]  # (spots, layers)
    found = [_block(block, inside, coords, a) for block in _blocks(states[:, there])]
    return pd.DataFrame(np.concatenate([np.empty((0, 3)), *found]), columns=list(METRICS))


def _blocks(states: np.ndarray) -> Iterator[np.ndarray]:
    height = max(1, _BLOCK_SPOTS // max(1, states.shape[1]))
    for start in range(0, len(states), height):
        yield states[start : start + height]


def _block(states: np.ndarray, inside: np.ndarray, coords: np.ndarray, a: float) -> np.ndarray:
    """(genes, 3) mean distances of the segments of some genes."""
    known = range(states.max(initial=0) + 1)
    sizes = np.stack([(states == state).sum(axis=1) for state in known], axis=1)
    foreground = sizes > 0
    foreground[np.arange(len(states)), sizes.argmax(axis=1)] = False
    genes, state = np.nonzero(foreground)
    segments = states[genes] == state[:, None]
    measured = _segments(segments, inside, coords, a)
    total, count = np.zeros((len(states), 3)), foreground.sum(axis=1)
    np.add.at(total, genes, measured)
    return np.divide(total, count[:, None], out=np.full(total.shape, np.inf), where=count[:, None] > 0)


def _segments(segments: np.ndarray, inside: np.ndarray, coords: np.ndarray, a: float) -> np.ndarray:
    """(segments, 3) distances of each segment to its layer."""
    size, layer_size = segments.sum(axis=1), inside.sum(axis=0)
    both = segments.astype(np.float32) @ inside
    either = size[:, None] + layer_size - both
    # Among layers that share as many spots, the one that is most alike: its similarity, below 1, decides.
    best = (both + 0.5 * both / either).argmax(axis=1)
    row = np.arange(len(segments)), best
    both, either = both[row].astype(float), either[row].astype(float)
    farthest = _hausdorff(segments, inside.T[best] > 0, coords)
    return np.column_stack([(either - both) / (both + a), 1 - both / either, farthest])


def _hausdorff(first: np.ndarray, second: np.ndarray, coords: np.ndarray) -> np.ndarray:
    """Hausdorff distance between the spots of two (pairs, spots) masks, pair by pair; none may be empty."""
    return np.maximum(_farthest(first, second, coords), _farthest(second, first, coords))


def _farthest(sources: np.ndarray, targets: np.ndarray, coords: np.ndarray) -> np.ndarray:
    """Largest distance of a source spot to the nearest target spot, pair by pair.

    All pairs are asked at once: a further coordinate keeps them farther apart than the tissue is wide.
    """
    if not len(sources):
        return np.empty(0)
    apart = 2 * np.linalg.norm(np.ptp(coords, axis=0)) + 1

    def points(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pair, spot = np.nonzero(mask)
        return pair, np.column_stack([coords[spot], apart * pair])

    pair, asked = points(sources)
    nearest = cKDTree(points(targets)[1]).query(asked)[0]
    return np.maximum.reduceat(nearest, np.flatnonzero(np.r_[True, np.diff(pair) > 0]))


def compare(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Test whether the distances of two sets of genes have the same distribution, for each pair and metric.

    Parameters
    ----------
    found
        For each set what `distances` gave for its genes.

    Returns
    -------
    DataFrame
        ``metric, set_a, set_b, n_a, n_b, statistic, pvalue, p_holm``: two-sided Kolmogorov-Smirnov tests, adjusted by
        Holm over all rows (the paper does not adjust). Genes without a segment are the farthest. Sets without genes are
        left out.
    """
    rows = []
    sets = {name: table for name, table in found.items() if len(table)}
    for metric in METRICS:
        for one, other in combinations(sets, 2):
            pair = [sets[name][metric].to_numpy(float) for name in (one, other)]
            test = ks_2samp(*pair)
            rows.append((metric, one, other, *map(len, pair), test.statistic, test.pvalue))
    columns = ["metric", "set_a", "set_b", "n_a", "n_b", "statistic", "pvalue"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_holm=holm(table["pvalue"].to_numpy(float)))


def passing(found: Mapping[str, pd.DataFrame], *, common: str, confidence: float, share: float = 0.95) -> pd.DataFrame:
    """Count the genes of each set that are as near as most of the common genes (scGCO, Fig. 3i).

    Parameters
    ----------
    found
        For each set what `distances` gave for its genes.
    common
        The set that decides the cutoff.
    confidence
        Level of the Wilson interval of a share.
    share
        Share of the common genes that lie within the cutoff, of those that have a segment.

    Returns
    -------
    DataFrame
        ``metric, set, n_genes, cutoff, n_passing, share, low, high``; empty where no common gene has a segment.
    """
    from statsmodels.stats.proportion import proportion_confint

    rows = []
    near = found[common][np.isfinite(found[common]).all(axis=1)]
    for metric in METRICS if len(near) else ():
        cutoff = np.quantile(near[metric], share, method="higher")
        for name, table in found.items():
            if n := len(table):
                passed = int((table[metric] <= cutoff).sum())
                interval = proportion_confint(passed, n, alpha=1 - confidence, method="wilson")
                rows.append((metric, name, n, cutoff, passed, passed / n, *interval))
    columns = ["metric", "set", "n_genes", "cutoff", "n_passing", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
