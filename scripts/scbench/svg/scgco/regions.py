"""Segments of one cut, tested for complete spatial randomness: as released."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammainc

from scbench.svg.scgco.segments import segments

SMALL = 9  # spots of a segment that counts as noise in the score
NOISE_NODES = 200  # for which noise segments are counted in a score
_FLOOR = 1e-29
_NOISE_P = 0.1
_FEW_SPOTS = 1000


class Graph(NamedTuple):
    """Edges between spots.

    Attributes
    ----------
    n
        Spots.
    edges
        (edges, 2) spots.
    linked
        (n,) mask of the spots that have an edge: the others are in no segment.
    pieces
        Number of connected pieces, and the piece of each spot.
    """

    n: int
    edges: np.ndarray
    linked: np.ndarray
    pieces: tuple[int, np.ndarray]

    @classmethod
    def of(cls, n: int, edges: np.ndarray) -> "Graph":
        """Describe the graph of `n` spots with these edges."""
        return cls(n, edges, np.bincount(edges.ravel(), minlength=n) > 0, segments(np.zeros(n), edges))


class Verdict(NamedTuple):
    """What a cut is worth.

    Attributes
    ----------
    pvalue
        Of the most unlikely segment.
    size
        Spots of that segment.
    n_segments, n_small
        Segments, and those of at most nine spots.
    score
        -log10(pvalue) less the small segments for 200 spots (eq. 12 of the text, where a small segment must also have
        p >= 0.1).
    """

    pvalue: float
    size: int
    n_segments: int
    n_small: int
    score: float


def poisson_upper(k: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """P(Poisson(mean) >= k) for k >= 1 and for k = 0, through the incomplete gamma function."""
    return np.where(k > 0, gammainc(np.maximum(k, 1), mean), 1.0)


def assess(labels: np.ndarray, observed: np.ndarray, graph: Graph) -> Verdict:
    """Test the segments of a cut as scGCO 1.1.2 does.

    A segment of V spots in which the most frequent observed label (of C spots in all of n) occurs k times has
    p = P(Poisson(V C / n) >= k), at least 1e-29; segments of fewer than 3 spots (9 if n > 1000) have p = 1. If
    n <= 1000, segments with p < 0.1 then take in the segments of fewer than ten spots with p >= 0.1 that have no other
    neighbour, which raises V and leaves k.

    Parameters
    ----------
    labels
        (n,) labels that the cut gave.
    observed
        (n,) labels before the cut, from 0; their numbers need not mean the same.
    graph
        The graph that was cut.
    """
    member, k, label, sizes = _count(labels, observed, graph)
    share = np.bincount(observed)[label] / graph.n
    least = 3 if graph.n <= _FEW_SPOTS else 9
    pvalues = np.where(sizes >= least, _bounded(k, sizes * share), 1.0)
    if graph.n <= _FEW_SPOTS and len(sizes) > 1:
        swollen = sizes + _absorbed(member, sizes, pvalues, graph.edges)
        pvalues = np.where(swollen > sizes, _bounded(k, swollen * share), pvalues)
    lowest = pvalues.min()
    n_small = int((sizes <= SMALL).sum())
    score = -np.log10(lowest) - n_small * NOISE_NODES / graph.n
    return Verdict(float(lowest), int(sizes[pvalues == lowest].max()), len(sizes), n_small, float(score))


def _count(labels: np.ndarray, observed: np.ndarray, graph: Graph) -> tuple[np.ndarray, ...]:
    """Segment of each spot (-1: none) and, for each segment, how often its most frequent label occurs, which, and V."""
    n_labels = observed.max() + 1
    # Most cuts leave one label, and finding pieces is most of the work.
    count, member = graph.pieces if (labels == labels[0]).all() else segments(labels, graph.edges)
    table = np.bincount((member * n_labels + observed)[graph.linked], minlength=count * n_labels).reshape(-1, n_labels)
    sizes = table.sum(axis=1)
    if not graph.linked.all():
        real = sizes > 0
        member = np.where(graph.linked, (np.cumsum(real) - 1)[member], -1)
        table, sizes = table[real], sizes[real]
    return member, table.max(axis=1), table.argmax(axis=1), sizes


def _bounded(k: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.maximum(poisson_upper(k, mean), _FLOOR)


def _absorbed(member: np.ndarray, sizes: np.ndarray, pvalues: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Spots of noise that each segment takes in."""
    n = len(sizes)
    noise, striking = (pvalues >= _NOISE_P) & (sizes <= SMALL), pvalues < _NOISE_P
    taken = np.zeros(n, dtype=np.int64)
    if not (noise.any() and striking.any()):
        return taken
    ends = member[edges]
    ends = ends[ends[:, 0] != ends[:, 1]]
    ends = np.concatenate([ends, ends[:, ::-1]])
    first, last = np.full(n, n), np.full(n, -1)
    np.minimum.at(first, ends[:, 0], ends[:, 1])
    np.maximum.at(last, ends[:, 0], ends[:, 1])
    # A piece of the graph of its own has no neighbour, and goes to the largest segment that takes any.
    alone = noise & (last < 0)
    first[alone] = last[alone] = np.where(striking, sizes, -1).argmax()
    inside = noise & (first == last) & striking[np.minimum(first, n - 1)]
    np.add.at(taken, first[inside], sizes[inside])
    return taken
