"""K-means of many small sets of numbers at once: the start that scikit-learn gives to a Gaussian mixture."""

import warnings

import numpy as np

_MAX_ITER = 300
_TOL = 1e-4


def kmeans_labels(x: np.ndarray, counts: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Clusters that ``KMeans(k, n_init=1, random_state=seed)`` of scikit-learn finds in each row.

    Parameters
    ----------
    x
        (sets, width) numbers; each set has at least `k` distinct ones.
    counts
        (sets, width) weight of each number; 0 behind the last number of a set.
    k
        Clusters.
    seed
        Seed. All sets see the same stream of random numbers, as they do in separate calls with one seed.

    Returns
    -------
    ndarray
        (sets, width) clusters from 0.

    Notes
    -----
    Time O(sets x width x k) for each iteration of the slowest set, memory a few times that. A set in which a cluster
    loses all of its numbers (rare) is left to scikit-learn, which refills it.
    """
    totals = counts.sum(axis=1)
    centred = x - ((x * counts).sum(axis=1) / totals)[:, None]
    centres = _plus_plus(centred, counts, k, np.random.RandomState(seed))
    labels, emptied = _lloyd(centred, counts, centres, _TOL * (centred**2 * counts).sum(axis=1) / totals)
    for row in np.flatnonzero(emptied):
        labels[row] = _by_sklearn(x[row], counts[row], k, seed)
    return labels


def _plus_plus(x: np.ndarray, counts: np.ndarray, k: int, stream: np.random.RandomState) -> np.ndarray:
    """Choose `k` numbers of each set far from each other: greedy k-means++ with 2 + log(k) trials."""
    rows, last = np.arange(len(x)), (counts > 0).sum(axis=1) - 1
    chances = np.cumsum(counts / counts.sum(axis=1, keepdims=True), axis=1)
    first = (chances / chances[:, -1:] <= stream.random_sample()).sum(axis=1)
    centres = np.empty((len(x), k))
    centres[:, 0] = x[rows, first]
    nearest = _squared_distances(x, centres[:, :1])[:, 0]
    potential = (nearest * counts).sum(axis=1)
    for j in range(1, k):
        draws = stream.uniform(size=2 + int(np.log(k))) * potential[:, None]
        reached = np.cumsum(nearest * counts, axis=1)
        # Counting is searching in sorted sums; over whole rows it is faster than a loop over sets.
        trials = np.stack([(reached < draw[:, None]).sum(axis=1) for draw in draws.T], axis=1)
        trials = np.minimum(trials, last[:, None])
        with_trial = np.minimum(nearest[:, None], _squared_distances(x, x[rows[:, None], trials]))
        potentials = np.einsum("stw,sw->st", with_trial, counts)
        best = potentials.argmin(axis=1)
        potential, nearest = potentials[rows, best], with_trial[rows, best]
        centres[:, j] = x[rows, trials[rows, best]]
    return centres


def _lloyd(x: np.ndarray, counts: np.ndarray, centres: np.ndarray, tol: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move centres until the labels, or nearly the centres, stand still; also mark the sets where a cluster emptied."""
    n_sets, k = centres.shape
    labels, emptied = np.full(x.shape, -1, dtype=np.int8), np.zeros(n_sets, dtype=bool)
    active = np.arange(n_sets)
    for _ in range(_MAX_ITER):
        new = _nearest(x, centres)
        same = (new == labels[active]).all(axis=1)
        labels[active] = new
        sizes, sums = (
            np.stack([(what * (new == j)).sum(axis=1) for j in range(k)], axis=1) for what in (counts, x * counts)
        )
        lost = (sizes == 0).any(axis=1)
        emptied[active] |= lost
        moved = sums / np.where(sizes == 0, 1, sizes)
        still = ((moved - centres) ** 2).sum(axis=1) <= tol
        centres = moved
        settled = ~same & still & ~lost
        # Stopped by the tolerance: labels are those of the last centres.
        labels[active[settled]] = _nearest(x[settled], centres[settled])
        go_on = ~(same | still | lost)
        if not go_on.any():
            break
        active, x, counts, centres, tol = active[go_on], x[go_on], counts[go_on], centres[go_on], tol[go_on]
    return labels, emptied


def _squared_distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(sets, centres, width) squared distances, by the formula of scikit-learn, so that ties fall alike."""
    product = -2 * (centres[:, :, None] * x[:, None])
    product += (centres**2)[:, :, None]
    product += (x**2)[:, None]
    return np.maximum(product, 0, out=product)


def _nearest(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(sets, width) nearest centre; the first of several."""
    distances = (centres**2)[:, :, None] - 2 * (centres[:, :, None] * x[:, None])
    return distances.argmin(axis=1).astype(np.int8)


def _by_sklearn(x: np.ndarray, counts: np.ndarray, k: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    here = counts > 0
    labels = np.zeros(len(x), dtype=np.int8)
    with warnings.catch_warnings():
        # Numbers that differ in their last digits only look the same to k-means.
        warnings.simplefilter("ignore", ConvergenceWarning)
        stream = np.random.RandomState(seed)
        labels[here] = KMeans(k, n_init=1, random_state=stream).fit(x[here, None], sample_weight=counts[here]).labels_
    return labels
