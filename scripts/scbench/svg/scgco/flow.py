"""Minimum cuts between two sides, and with them the minimum of any energy of two labels that cuts can express."""

import numpy as np


def largest_minimum_cut(
    gain: np.ndarray, edges: np.ndarray, forward: np.ndarray | float, backward: np.ndarray | float
) -> np.ndarray:
    """Choose the nodes on the side of the source in a minimum cut.

    Parameters
    ----------
    gain
        (nodes,) what it is worth to have a node on the side of the source; may be negative. Integers give exact cuts.
    edges
        (edges, 2) nodes.
    forward, backward
        What it costs to have the first node of an edge on the side of the source and the second not, and the other way
        round; not negative, and of the kind (integer or float) of `gain`.

    Returns
    -------
    ndarray
        (nodes,) booleans: of all minimum cuts the one with most nodes on the side of the source, as in GCO v3.
    """
    import maxflow

    kind = int if np.issubdtype(gain.dtype, np.integer) else float
    graph = maxflow.Graph[kind](len(gain), len(edges))
    nodes = graph.add_nodes(len(gain))
    capacities = (np.broadcast_to(np.asarray(cost, dtype=kind), len(edges)) for cost in (forward, backward))
    graph.add_edges(edges[:, 0], edges[:, 1], *capacities)
    graph.add_grid_tedges(nodes, np.maximum(gain, 0), np.maximum(-gain, 0))
    graph.maxflow()
    # What can still reach the sink is on its side; nodes that neither terminal reaches count as the source's.
    return ~graph.get_grid_segments(nodes)


def minimise_two_labels(
    gain: np.ndarray, edges: np.ndarray, e00: np.ndarray, e01: np.ndarray, e10: np.ndarray, e11: np.ndarray
) -> np.ndarray:
    """Find the two labels of the nodes with the least energy; of several, the one with the most ones.

    Parameters
    ----------
    gain
        (nodes,) how much less label 1 costs than label 0.
    edges
        (edges, 2) nodes.
    e00, e01, e10, e11
        (edges,) costs of the labels of the first and the second node. ``e00 + e11 <= e01 + e10`` (eq. 9 of scGCO's
        text).

    Returns
    -------
    ndarray
        (nodes,) booleans.

    References
    ----------
    Kolmogorov V., Zabih R. What energy functions can be minimized via graph cuts? IEEE Transactions on Pattern Analysis
    and Machine Intelligence 26, 147-159 (2004).
    """
    gain = gain.copy()
    np.subtract.at(gain, edges[:, 0], e10 - e00)
    np.subtract.at(gain, edges[:, 1], e11 - e10)
    return largest_minimum_cut(gain, edges, 0, e01 + e10 - e00 - e11)
