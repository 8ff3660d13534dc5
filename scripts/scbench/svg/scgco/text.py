"""Segments and search as the text of scGCO has them."""

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, xlogy

from scbench.svg.scgco.regions import NOISE_NODES, SMALL, Graph, Verdict, poisson_upper
from scbench.svg.scgco.segments import segments
from scbench.svg.scgco.sweep import Step

_SMALLEST = 1e-300  # so that logarithms stay finite
_NOISE_P = 0.1
_START, _STEP = 10, 5


def poisson_point(k: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """P(Poisson(mean) = k), eq. 13."""
    return np.exp(xlogy(k, mean) - mean - gammaln(k + 1))


PROBABILITIES = {"upper": poisson_upper, "point": poisson_point}


def assess_states(labels: np.ndarray, observed: np.ndarray, graph: Graph, *, tail: str) -> Verdict:
    """Test every segment of a cut for the state that the cut gave it.

    A segment of V spots has p = P(Poisson(V C / n) >= k), with k the spots in it whose observed state is that of the
    segment, and C the spots of that state in all of n. Segments of at most nine spots with p >= 0.1 are noise, and the
    score is -log10 of the lowest p less the noise segments for 200 spots (eqs 12 and 13).

    Parameters
    ----------
    labels, observed
        (n,) states after and before the cut, numbered alike.
    graph
        The graph that was cut. Here spots without an edge are segments too.
    tail
        One of `PROBABILITIES`.
    """
    count, member = graph.pieces if (labels == labels[0]).all() else segments(labels, graph.edges)
    sizes = np.bincount(member, minlength=count)
    k = np.bincount(member[observed == labels], minlength=count)
    state = np.empty(count, dtype=np.int64)
    state[member] = labels
    in_all = np.bincount(observed, minlength=labels.max() + 1)[state]
    pvalues = np.clip(PROBABILITIES[tail](k, sizes * in_all / graph.n), _SMALLEST, 1)
    n_noise = int(((sizes <= SMALL) & (pvalues >= _NOISE_P)).sum())
    lowest = pvalues.min()
    score = float(-np.log10(lowest) - n_noise * NOISE_NODES / graph.n)
    return Verdict(float(lowest), int(sizes[pvalues == lowest].max()), count, n_noise, score)


def search_until_worse(cut: Callable[[int], Step], graph: Graph) -> Step:
    """Raise the smooth factor from 10 in steps of 5 until the score falls, and take the cut before.

    It also ends where each piece of the graph has one label, which higher factors leave as it is.

    Parameters
    ----------
    cut
        Cuts at a factor, exactly.
    graph
        The graph that is cut.
    """
    best = cut(_START)
    while best.verdict.n_segments > graph.pieces[0]:
        following = cut(best.factor + _STEP)
        if following.verdict.score < best.verdict.score:
            break
        best = following
    return best
