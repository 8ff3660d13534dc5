"""Exact two-label cuts of a hidden Markov random field."""

import numpy as np

# Smooth factors in standard deviations of the values, the smoothest first.
LADDER = (0.7, 0.5, 0.35, 0.25)

_SHARE = 0.05  # of the spots, that a state must have
_FEWEST = 3


def binary_cut(gain: np.ndarray, edges: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """Labels 0 or 1 of the lowest energy.

    The energy is ``-sum(gain[labels == 1]) + sum(weight over the edges whose ends have different labels)``; its minimum
    is a minimum cut (Greig, Porteous and Seheult 1989), found exactly in one maximum flow.

    Parameters
    ----------
    gain
        (nodes,) what it is worth to have label 1 instead of 0. Integers give the exact minimum, floats up to rounding.
    edges
        (edges, 2) ends of each edge, each pair once. A repeated pair counts twice.
    weight
        Cost of an edge between different labels: one number, or one per edge; not negative.

    Returns
    -------
    ndarray
        (nodes,) booleans. Among several minimum cuts, the one with the fewest labels 1.

    Notes
    -----
    About 1 s and 100 MB for a million nodes of a triangulation. Neighbouring nodes should have neighbouring numbers
    (`scbench.svg.graph.space_filling_order`): the flow is bound by memory access.
    """
    import maxflow

    kind = int if np.issubdtype(np.asarray(gain).dtype, np.integer) else float
    graph = maxflow.Graph[kind](len(gain), len(edges))
    nodes = graph.add_nodes(len(gain))
    weight = np.broadcast_to(np.asarray(weight, dtype=kind), len(edges))
    graph.add_edges(edges[:, 0], edges[:, 1], weight, weight)
    graph.add_grid_tedges(nodes, np.maximum(-gain, 0), np.maximum(gain, 0))
    graph.maxflow()
    # The sink side, label 1, is what still reaches the sink: nodes that reach neither end are left to the source.
    return graph.get_grid_segments(nodes)


def binary_energy(labels: np.ndarray, gain: np.ndarray, edges: np.ndarray, weight: float | np.ndarray) -> float:
    """Energy that `binary_cut` minimises."""
    differ = labels[edges[:, 0]] != labels[edges[:, 1]]
    return float((np.broadcast_to(weight, len(edges)) * differ).sum() - np.asarray(gain)[labels.astype(bool)].sum())


def fewest_of_a_state(n: int, high: int) -> float:
    """Spots that each state must have for a cut of `n` spots to count as one with two states.

    5 % of the spots, or half of the `high` ones where those are fewer; at least 3.
    """
    return max(_FEWEST, min(_SHARE * n, high / 2))
