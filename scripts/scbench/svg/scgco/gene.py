"""The best cut of one gene, as released."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from scbench.svg.scgco.expansion import expand
from scbench.svg.scgco.mixture import Mixture
from scbench.svg.scgco.otsu import otsu_states, zeros_lie_together
from scbench.svg.scgco.regions import Graph, assess
from scbench.svg.scgco.states import observed_labels
from scbench.svg.scgco.sweep import Step, search, start_factor
from scbench.svg.scgco.unary import released_unary

_SWEEPS = 10
_CLEARLY_BETTER = 8


class Model(NamedTuple):
    """States of a gene: a Gaussian mixture (``gmm``) or two by a threshold (``otsu``).

    Attributes
    ----------
    unary
        (spots, states) costs, the states ascending by mean.
    observed
        (spots,) states before any cut; those of a mixture have its own numbers, in no order.
    good
        Score from which the search for a smooth factor stops.
    """

    name: str
    unary: np.ndarray
    observed: np.ndarray
    good: float


def mixture_model(values: np.ndarray, mixture: Mixture) -> Model:
    """States of a mixture."""
    order = mixture.means.argsort()
    unary = released_unary(values, mixture.means[order], mixture.variances[order])
    return Model("gmm", unary, observed_labels(values, mixture), 0.0)


def otsu_model(values: np.ndarray) -> Model:
    """States by Otsu's threshold."""
    labels, means, variances = otsu_states(values)
    return Model("otsu", released_unary(values, means, variances), labels, 1.0)


def state_distance(n: int) -> np.ndarray:
    """(n, n) cost of neighbours in states i and j at factor 1: |i - j| + 1 if they differ (the text: |i - j|, eq. 10).

    Examples
    --------
    >>> state_distance(3)
    array([[0, 2, 3],
           [2, 0, 2],
           [3, 2, 0]])
    """
    states = np.arange(n)
    return np.abs(states[:, None] - states) + (states[:, None] != states)


def cutter(model: Model, graph: Graph) -> Callable[[int], Step]:
    """Make the function that cuts at a smooth factor F, which `state_distance` multiplies; it remembers its results."""
    distance = state_distance(model.unary.shape[1])

    @cache
    def cut(factor: int) -> Step:
        labels = expand(model.unary, graph.edges, factor * distance, sweeps=_SWEEPS)
        return Step(factor, labels, assess(labels, model.observed, graph))

    return cut


def best_cut(
    values: np.ndarray, mixture: Mixture, moran: float, graph: Graph, *, smooth_factor: int
) -> tuple[Model, Step]:
    """Choose the states of a gene and its best cut.

    Otsu's states are taken if there are fewer than 1000 spots, more than a third of them zero, and the zeros lie
    together; or if Moran's I is at least 0.1, more than a fifth of the spots are zero, and at factor 10 they score 8
    more than the mixture's.

    Parameters
    ----------
    values
        (spots,) log-normalised values, not all the same.
    mixture
        Of the gene's positive values.
    moran
        Moran's I of the gene on the graph.
    graph
        Neighbouring spots.
    smooth_factor
        Factor to start from for genes of middling Moran's I.
    """
    n, n_zeros, start = len(values), (values == 0).sum(), start_factor(moran, smooth_factor)
    model = mixture_model(values, mixture)
    cut = cutter(model, graph)
    clustered = n < 1000 and n_zeros > n / 3 and zeros_lie_together(values, graph.edges)
    if clustered or (not moran < 0.1 and n_zeros > n / 5):
        other = otsu_model(values)
        cut_other = cutter(other, graph)
        if clustered or cut_other(start).verdict.score - cut(start).verdict.score > _CLEARLY_BETTER:
            model, cut = other, cut_other
    return model, search(cut, start, n, good=model.good)
