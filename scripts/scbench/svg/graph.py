"""Neighbour graphs of spots."""

import numpy as np
import scipy.sparse as sp
from scipy.spatial import Delaunay, QhullError, cKDTree

from scbench.errors import UserError


def check_coords(coords: np.ndarray, n_spots: int) -> np.ndarray:
    """Return finite (spots, 2 or 3) coordinates as floats.

    Raises
    ------
    UserError
        Naming shape or spot.
    """
    coords = np.asarray(coords, dtype=float)
    if coords.ndim != 2 or coords.shape[1] not in (2, 3) or len(coords) != n_spots:
        raise UserError(f"The 'coords' must be ({n_spots}, 2) or ({n_spots}, 3). Got {coords.shape} instead.")
    bad = np.flatnonzero(~np.isfinite(coords).all(axis=1))
    if len(bad):
        raise UserError(f"The 'coords' must be finite. Got {coords[bad[0]]} for spot {bad[0]} ({len(bad)} spot(s)).")
    return coords


def nearest_neighbours(coords: np.ndarray, k: int) -> sp.csr_matrix:
    """Graph of the `k` nearest spots of each spot.

    Parameters
    ----------
    coords
        (spots, 2 or 3) positions. Spots in the same place are neighbours at distance 0.
    k
        Neighbours of each spot; at most spots - 1.

    Returns
    -------
    scipy.sparse.csr_matrix
        (spots, spots) zeros and ones, `k` per row, not symmetric. Time O(spots log(spots)).
    """
    n = len(coords)
    k = min(k, n - 1)
    neighbours = cKDTree(coords).query(coords, k + 1)[1]
    # Each spot finds itself, but not always first where spots share a place.
    self_at = (neighbours == np.arange(n)[:, None]).argmax(axis=1)
    self_at[~(neighbours == np.arange(n)[:, None]).any(axis=1)] = k
    keep = np.arange(k + 1) != self_at[:, None]
    indices = neighbours[keep].astype(np.int32)
    return sp.csr_matrix((np.ones(n * k), indices, np.arange(0, n * k + 1, k)), shape=(n, n))


def delaunay(coords: np.ndarray) -> sp.csr_matrix:
    """Graph of the edges of the Delaunay triangulation.

    A spot in the same place as another is no corner of the triangulation; it is a neighbour of that other.

    Returns
    -------
    scipy.sparse.csr_matrix
        (spots, spots) symmetric zeros and ones. Time O(spots log(spots)).

    Raises
    ------
    UserError
        If the spots span no area (fewer than three, or all on one line).
    """
    n = len(coords)
    try:
        triangulation = Delaunay(coords)
    except (QhullError, ValueError) as error:
        raise UserError(f"the {n} spots have no Delaunay triangulation: do they all lie on one line?") from error
    simplices, twins = triangulation.simplices, triangulation.coplanar[:, [0, 2]]
    corners = simplices.shape[1]
    pairs = [simplices[:, [i, j]] for i in range(corners) for j in range(corners) if i != j]
    pairs = np.concatenate([*pairs, twins, twins[:, ::-1]])
    graph = sp.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n)).tocsr()
    graph.data[:] = 1
    return graph


def delaunay_within(coords: np.ndarray, samples: np.ndarray) -> sp.csr_matrix:
    """As `delaunay`, each sample by itself: spots of different samples are never neighbours.

    Parameters
    ----------
    coords
        (spots, 2 or 3) positions; samples may overlap.
    samples
        (spots,) number of the sample of each spot, from 0.

    Raises
    ------
    UserError
        Naming the sample whose spots span no area.
    """
    n = len(coords)
    pairs = []
    for sample in range(samples.max() + 1):
        members = np.flatnonzero(samples == sample)
        try:
            graph = delaunay(coords[members]).tocoo()
        except UserError as error:
            raise UserError(f"sample {sample}: {error}" if samples.max() else str(error)) from error
        pairs.append(members[np.column_stack([graph.row, graph.col])])
    pairs = np.concatenate(pairs)
    return sp.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n)).tocsr()


def edge_list(graph: sp.spmatrix) -> np.ndarray:
    """(edges, 2) ends of the edges of a symmetric graph, each pair once."""
    upper = sp.triu(graph, 1).tocoo()
    return np.column_stack([upper.row, upper.col])


def space_filling_order(coords: np.ndarray) -> np.ndarray:
    """Order in which spots that are near in space come near in memory (Morton's curve).

    Returns
    -------
    ndarray
        (spots,) indices. Time O(spots log(spots)).
    """
    bits = 64 // coords.shape[1]
    extent = np.ptp(coords, axis=0).max(initial=0) or 1.0
    cells = ((coords - coords.min(axis=0)) / extent * (2.0 ** min(bits, 20) - 1)).astype(np.uint64)
    code = np.zeros(len(coords), dtype=np.uint64)
    for bit in range(min(bits, 20)):
        for axis in range(coords.shape[1]):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * coords.shape[1] + axis)
    return np.argsort(code, kind="stable")
