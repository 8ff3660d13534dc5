"""Expression states of a gene by a Gaussian mixture, and the segmentation of a tissue into them."""

import numpy as np

from scbench.svg.scgco.cut import LADDER, binary_cut, fewest_of_a_state

MOST_STATES = 4

_BINS = 256
_ITERATIONS = 50
_TOLERANCE = 1e-5  # of the mean log-likelihood
_UNITS = 1000


def mixture_boundaries(values: np.ndarray) -> np.ndarray:
    """Boundaries between the states of a gene's expression.

    Gaussian mixtures of 2 to 4 states are fitted by expectation maximisation to a histogram of the values, each value
    counted as often as it occurs; the number of states is that with the best BIC. Between two states lies the point
    that is as many standard deviations from one as from the other (as scGCO 1.1.2 has it).

    Parameters
    ----------
    values
        (spots,) log1p values.

    Returns
    -------
    ndarray
        (states - 1,) increasing; empty for a constant gene.

    Notes
    -----
    Time O(spots) for the histogram, and O(bins) for each iteration whatever the number of spots.
    """
    if np.ptp(values) == 0:
        return np.empty(0)
    counts, ends = np.histogram(values, min(_BINS, 8 * len(values)))
    filled = counts > 0
    centres, counts = (ends[:-1] + ends[1:])[filled] / 2, counts[filled].astype(float)
    width = ends[1] - ends[0]
    states = range(2, min(MOST_STATES, len(counts)) + 1)
    fits = [_fit(centres, counts, k, width) for k in states]
    n = counts.sum()
    bic = [(3 * k - 1) * np.log(n) - 2 * n * likelihood for k, (likelihood, _, _) in zip(states, fits, strict=True)]
    _, mean, sd = fits[int(np.argmin(bic))]
    order = mean.argsort()
    mean, sd = mean[order], sd[order]
    return np.maximum.accumulate((mean[:-1] * sd[1:] + mean[1:] * sd[:-1]) / (sd[:-1] + sd[1:]))


def _fit(x: np.ndarray, counts: np.ndarray, k: int, width: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean log-likelihood (but for a constant), means and standard deviations of a mixture of `k` states."""
    n = counts.sum()
    mean = np.interp((np.arange(k) + 0.5) / k, np.cumsum(counts) / n, x) + np.arange(k) * width
    spread = np.sqrt(np.average((x - np.average(x, weights=counts)) ** 2, weights=counts))
    sd = np.full(k, max(spread, width))
    share = np.full(k, 1 / k)
    last = -np.inf
    for _ in range(_ITERATIONS):
        density = np.log(np.maximum(share, 1e-300) / sd) - ((x[:, None] - mean) / sd) ** 2 / 2
        top = density.max(axis=1, keepdims=True)
        weight = np.exp(density - top)
        total = weight.sum(axis=1, keepdims=True)
        likelihood = counts @ (top + np.log(total))[:, 0] / n
        if likelihood - last < _TOLERANCE:
            break
        last = likelihood
        weight *= counts[:, None] / total
        size = np.maximum(weight.sum(axis=0), 1e-12)
        share, mean = size / n, (x @ weight) / size
        # No state is narrower than a bin: one on a single value would have an infinite likelihood.
        sd = np.sqrt(np.maximum((weight * (x[:, None] - mean) ** 2).sum(axis=0) / size, width**2))
    return likelihood, mean, sd


def segment_states(values: np.ndarray, boundaries: np.ndarray, edges: np.ndarray, smooth_factor: float) -> np.ndarray:
    """Smoothest assignment of the spots to expression states.

    The energy is that of ``|i - j|`` times the smooth factor for each edge between states i and j, less what a spot
    gains by each boundary that it lies above. It is a sum over the boundaries, and since a spot gains less by a higher
    boundary, the minimum cuts at the boundaries are nested: together they are the exact minimum.

    Parameters
    ----------
    values
        (spots,) log1p values.
    boundaries
        From `mixture_boundaries`.
    edges
        (edges, 2) of the graph.
    smooth_factor
        In standard deviations of the values.

    Returns
    -------
    ndarray
        (spots,) int8 states from 0, the lowest.
    """
    states = np.zeros(len(values), dtype=np.int8)
    scale = _UNITS / (values.std() or 1.0)
    for boundary in boundaries:
        gain = np.rint((values - boundary) * scale).astype(np.int64)
        states += binary_cut(gain, edges, round(smooth_factor * _UNITS))
    return states


def smoothest_states(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """States of the spots, as `segment_states`, with the largest smooth factor of the ladder that leaves two states.

    As in the test, both must have at least 5 % of the spots, or half as many as lie above the lowest boundary; where no
    factor leaves so much, the spots have the states of the smallest factor.
    """
    boundaries = mixture_boundaries(values)
    above = np.count_nonzero(values > boundaries[0]) if len(boundaries) else 0
    for factor in LADDER:
        states = segment_states(values, boundaries, edges, factor)
        if len(values) - np.bincount(states).max() >= fewest_of_a_state(len(values), above):
            break
    return states
