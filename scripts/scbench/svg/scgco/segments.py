"""Segments: connected spots of equal label."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components


def segments(labels: np.ndarray, edges: np.ndarray) -> tuple[int, np.ndarray]:
    """Connected components of the spots that have the same label.

    Parameters
    ----------
    labels
        (spots,) any labels.
    edges
        (edges, 2) ends of the edges between spots.

    Returns
    -------
    int
        Number of segments.
    ndarray
        (spots,) segment of each spot, from 0.

    Notes
    -----
    Time and memory O(spots + edges).
    """
    n = len(labels)
    inside = edges[labels[edges[:, 0]] == labels[edges[:, 1]]]
    graph = sp.coo_matrix((np.ones(len(inside), dtype=bool), (inside[:, 0], inside[:, 1])), shape=(n, n))
    count, member = connected_components(graph, directed=False)
    return int(count), member
