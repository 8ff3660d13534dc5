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
        simplices = Delaunay(coords).simplices
    except (QhullError, ValueError) as error:
        raise UserError(f"the {n} spots have no Delaunay triangulation: do they all lie on one line?") from error
    corners = simplices.shape[1]
    pairs = np.concatenate([simplices[:, [i, j]] for i in range(corners) for j in range(corners) if i != j])
    graph = sp.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n)).tocsr()
    graph.data[:] = 1
    return graph
