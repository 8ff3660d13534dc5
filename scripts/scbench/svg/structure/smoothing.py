"""Neighbouring spots, and labels that are smoothed over them by graph cuts."""

import numpy as np

from scbench.svg.graph import delaunay_within, edge_list
from scbench.svg.scgco.expansion import expand

_LONGEST = 3.0  # times the median edge: what is longer spans a hole or a bay of the tissue
_UNIT = 1000  # whole numbers make cuts exact
_MOST_SWEEPS = 50  # three or four are usual


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


def smooth_labels(cost: np.ndarray, pairs: np.ndarray, smooth: float) -> np.ndarray:
    """Labels of a low Potts energy: the cost of each label, and `smooth` for each pair of neighbours that differ.

    Parameters
    ----------
    cost
        (spots, labels) cost of giving a spot a label, of the order of 1; it counts in thousandths.
    pairs
        (pairs, 2) neighbouring spots.
    smooth
        Cost of a pair of neighbours with different labels; not negative.

    Returns
    -------
    numpy.ndarray
        (spots,) labels, of at most twice the lowest energy (`scbench.svg.scgco.expansion.expand`); of the lowest itself
        where there are two labels.
    """
    potts = np.rint(_UNIT * smooth * (1 - np.eye(cost.shape[1]))).astype(np.int64)
    return expand(np.rint(_UNIT * cost).astype(np.int64), pairs, potts, sweeps=_MOST_SWEEPS)
