"""The graph of scGCO as released: a Delaunay triangulation without its long edges."""

import warnings

import numpy as np
from scipy.spatial import Delaunay, QhullError

from scbench.errors import SkipRunError, UserError

_SEED = 2020


def pruned_delaunay(coords: np.ndarray, *, keep_tail_rows: bool = True) -> np.ndarray:
    """Edges of the triangulation that scGCO 1.1.2 keeps.

    First each triangle, in turn, loses its longest edge if that edge is longer than a cutoff and the triangle still has
    all three; the cutoff is the mean plus two standard deviations of the heaviest component of a Gaussian mixture of
    the lengths. Then edges longer than the mean plus two standard deviations of what is left go, unless more than three
    spots would have fewer than two neighbours.

    Parameters
    ----------
    coords
        (spots, 2) positions.
    keep_tail_rows
        Whether to repeat an error of the released code: the rows it keeps are moved to the front of the table, but the
        table is not cut off behind them. So its last rows stay: some of the long edges survive, and some of the kept
        ones are there twice, which doubles their weight.

    Returns
    -------
    ndarray
        (edges, 2) spots. Spots of the same place, all but one, have no edge.

    Raises
    ------
    UserError
        If the spots span no area.
    SkipRunError
        If the coordinates are not in the plane.

    Notes
    -----
    The order of the edges, which the error depends on, is that of the triangles of Qhull, and so of the spots. Time
    O(spots log(spots)), memory O(spots).
    """
    if coords.shape[1] != 2:
        raise SkipRunError("scGCO as released works on plane coordinates only")
    triangles, edges, of_triangle = _triangulation(coords)
    lengths = np.linalg.norm(coords[edges[:, 0]] - coords[edges[:, 1]], axis=1)
    left = ~_longest_of_triangles(triangles, of_triangle, lengths)
    edges, lengths = edges[left], lengths[left]
    # A mixture of one component, as the authors have it: hence the 1e-6 that scikit-learn adds to variances.
    short = lengths < lengths.mean() + 2 * np.sqrt(lengths.var() + 1e-6)
    degrees = np.bincount(edges[short].ravel(), minlength=len(coords))
    if (degrees < 2).sum() > 3:
        return edges
    kept = edges[short]
    return np.concatenate([kept, edges[len(kept) :]]) if keep_tail_rows else kept


def _triangulation(coords: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles (sorted corners), edges in order of first appearance, and the edges 01, 02, 12 of each triangle."""
    try:
        triangles = np.sort(Delaunay(coords).simplices, axis=1)
    except (QhullError, ValueError) as error:
        raise UserError(
            f"the {len(coords)} spots have no Delaunay triangulation: do they all lie on one line?"
        ) from error
    pairs = triangles[:, [[0, 1], [0, 2], [1, 2]]].reshape(-1, 2).astype(np.int64)
    _, first, inverse = np.unique(pairs[:, 0] * len(coords) + pairs[:, 1], return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return triangles, pairs[first[order]], rank[inverse].reshape(-1, 3)


def _longest_of_triangles(triangles: np.ndarray, of_triangle: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Mark the edges that triangles lose, taken in turn."""
    n = len(triangles)
    rows = np.arange(n)
    longest = of_triangle[rows, lengths[of_triangle].argmax(axis=1)]
    may = lengths[longest] > _cutoff(lengths)
    # The triangle on the other side of each of the three edges; itself at the border.
    sides = np.bincount(of_triangle.ravel())
    sums = np.bincount(of_triangle.ravel(), weights=np.repeat(rows, 3)).astype(np.int64)
    other = np.where(sides[of_triangle] == 2, sums[of_triangle] - rows[:, None], rows[:, None])
    # Those that come earlier and would take an edge of this one: then it is no longer whole.
    blocks = (other < rows[:, None]) & (longest[other] == of_triangle)
    lose = may
    while True:
        # Each round settles the triangles whose predecessors are settled; these chains of neighbours are short.
        settled = may & ~(blocks & lose[other]).any(axis=1)
        if (settled == lose).all():
            break
        lose = settled
    gone = np.zeros(len(lengths), dtype=bool)
    gone[longest[lose]] = True
    return gone


def _cutoff(lengths: np.ndarray) -> float:
    """Mean plus two standard deviations of the heaviest component of the mixture (of 1 to 4) with the lowest BIC."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    column = lengths[:, None]
    with warnings.catch_warnings():
        # On a lattice there are fewer lengths than components.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = [GaussianMixture(k, random_state=_SEED).fit(column) for k in range(1, min(4, len(column)) + 1)]
    best = min(fits, key=lambda fit: fit.bic(column))
    heaviest = best.weights_.argmax()
    return best.means_[heaviest, 0] + 2 * np.sqrt(best.covariances_[heaviest, 0, 0])
