"""Labels of spots smoothed over their neighbours: the lowest energy of a Potts model, by graph cuts."""

import numpy as np

from scbench.svg.graph import delaunay_within, edge_list
from scbench.svg.scgco.cut import binary_cut

_LONGEST = 3.0  # times the median edge: what is longer spans a hole or a bay of the tissue
_MOST_ROUNDS = 50  # three or four are usual


def neighbours(coords: np.ndarray, samples: np.ndarray | None = None) -> np.ndarray:
    """Pairs of spots that are neighbours in the Delaunay triangulation of their sample.

    Parameters
    ----------
    coords
        (spots, 2 or 3) positions.
    samples
        Sample of each spot; spots of different samples are no neighbours. None where all are of one sample.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) places of spots, each pair once. Edges longer than three times the median are left out. Time
        O(spots log(spots)).

    Raises
    ------
    UserError
        If the spots of a sample have no triangulation.
    """
    number = np.unique(np.zeros(len(coords)) if samples is None else samples, return_inverse=True)[1]
    pairs = edge_list(delaunay_within(coords, number))
    length = edge_lengths(coords, pairs)
    return pairs[length <= _LONGEST * np.median(length)]


def edge_lengths(coords: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Distance between the two spots of each pair."""
    return np.linalg.norm(coords[pairs[:, 0]] - coords[pairs[:, 1]], axis=1)


def potts_energy(labels: np.ndarray, cost: np.ndarray, pairs: np.ndarray, smooth: float) -> float:
    """Cost of the labels, and `smooth` for each pair of neighbours with different ones."""
    own = cost[np.arange(len(cost)), labels].sum()
    return float(own + smooth * (labels[pairs[:, 0]] != labels[pairs[:, 1]]).sum())


def alpha_expansion(cost: np.ndarray, pairs: np.ndarray, smooth: float, start: np.ndarray | None = None) -> np.ndarray:
    """Labels of a low Potts energy.

    One label after the other may expand over any spots that lower the energy, each time as far as is best (a minimum
    cut), until no expansion of any label lowers it.

    Parameters
    ----------
    cost
        (spots, labels) cost of giving a spot a label.
    pairs
        (pairs, 2) neighbouring spots.
    smooth
        Cost of a pair of neighbours with different labels; not negative.
    start
        (spots,) labels to begin with; by default the cheapest of each spot.

    Returns
    -------
    numpy.ndarray
        (spots,) labels, of at most twice the lowest energy; of the lowest itself where there are two labels.

    Notes
    -----
    A round has one cut per label, each of about 1 s for a million spots. Memory O(spots x labels + pairs).

    References
    ----------
    Boykov Y., Veksler O., Zabih R. Fast approximate energy minimization via graph cuts. IEEE Trans. Pattern Anal. Mach.
    Intell. 23, 1222-1239 (2001).
    """
    if cost.shape[1] == 2:
        return binary_cut(cost[:, 0] - cost[:, 1], pairs, smooth).astype(int)
    labels = cost.argmin(axis=1) if start is None else start.copy()
    energy = potts_energy(labels, cost, pairs, smooth)
    for _ in range(_MOST_ROUNDS):
        before = energy
        for label in range(cost.shape[1]):
            moved = np.where(_expand(labels, label, cost, pairs, smooth), label, labels)
            if (lower := potts_energy(moved, cost, pairs, smooth)) < energy:
                labels, energy = moved, lower
        if before - energy <= 1e-9 * abs(before):
            break
    return labels


def _expand(labels: np.ndarray, label: int, cost: np.ndarray, pairs: np.ndarray, smooth: float) -> np.ndarray:
    """Which spots should take the label, if each may take it or keep its own."""
    p, q = pairs.T
    # What a pair costs if both keep their label, only q takes the new one, or only p does, in halves of `smooth`.
    both_keep, q_takes, p_takes = (
        smooth / 2 * differ for differ in (labels[p] != labels[q], labels[p] != label, label != labels[q])
    )
    gain = cost[np.arange(len(cost)), labels] - cost[:, label]
    # The same as a term for each spot, and one that is paid if exactly one of the two takes it.
    gain += np.bincount(p, both_keep + q_takes - p_takes, len(gain))
    gain += np.bincount(q, both_keep + p_takes - q_takes, len(gain))
    return binary_cut(gain, pairs, q_takes + p_takes - both_keep)
