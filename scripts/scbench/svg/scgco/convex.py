"""Exact labels where neighbours that differ by several steps pay for each step: the cost |i - j| F of scGCO's text."""

import numpy as np

from scbench.svg.scgco.flow import largest_minimum_cut


def minimise_steps(unary: np.ndarray, edges: np.ndarray, weight: float) -> np.ndarray:
    """Find labels with the least sum of ``unary`` and of ``weight`` times the difference of labels over the edges.

    "The label is at least j" is a cut of its own for each j, since |i - j| counts the cuts that part two neighbours. If
    the cuts, found one by one, are nested, they are the labels; they always are if the unary costs are convex in the
    label. If not (means that are not evenly spread, say), all are found at once, in a graph with a layer for each that
    forbids what is not nested.

    Parameters
    ----------
    unary
        (nodes, labels) costs.
    edges
        (edges, 2) nodes.
    weight
        Cost of a step between neighbours, at least 0.

    Returns
    -------
    ndarray
        (nodes,) labels of the least energy; in floats up to rounding. Of several, those with the highest labels.

    Notes
    -----
    Time about labels - 1 maximum flows over the nodes, or one over as many layers of them. Memory about 250 bytes for
    each node of the graph (layer).

    References
    ----------
    Darbon J., Sigelle M. Image restoration with discrete constrained total variation. Journal of Mathematical Imaging
    and Vision 26, 261-276 (2006). Ishikawa H. Exact optimization for Markov random fields with convex priors. IEEE
    Transactions on Pattern Analysis and Machine Intelligence 25, 1333-1336 (2003).
    """
    gains = -np.diff(unary, axis=1).T
    above = np.array([largest_minimum_cut(gain, edges, weight, weight) for gain in gains]).reshape(len(gains), -1)
    if (above[1:] & ~above[:-1]).any():
        above = _layered(gains, edges, weight)
    return above.sum(axis=0)


def _layered(gains: np.ndarray, edges: np.ndarray, weight: float) -> np.ndarray:
    layers, n = gains.shape
    within = (edges + n * np.arange(layers)[:, None, None]).reshape(-1, 2)
    down = np.arange(n, layers * n)
    between = np.column_stack([down, down - n])
    # Above layer j but not above the one below it: dearer than all gains together.
    forbidden = np.abs(gains).sum() + 1
    forward = np.concatenate([np.full(len(within), weight), np.full(len(between), forbidden)])
    backward = np.concatenate([np.full(len(within), weight), np.zeros(len(between))])
    return largest_minimum_cut(gains.ravel(), np.concatenate([within, between]), forward, backward).reshape(layers, n)
