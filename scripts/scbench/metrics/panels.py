"""Metrics of the marker lists themselves, without any classifier."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scbench.markers.profiles import tau


class Panel(NamedTuple):
    """The top markers of a run, and what they are judged by.

    Attributes
    ----------
    lists
        (lists, genes) booleans: the markers of each class, or of one list for all classes.
    size
        Markers that each list should have.
    means
        (classes, genes) mean log1p expression in the test cells of a class; NaN for a class without test cells.
    others
        The `lists` of the other replicates on the same data.
    """

    lists: np.ndarray
    size: int
    means: np.ndarray
    others: Sequence[np.ndarray] = ()


def specificity(panel: Panel) -> float:
    """Mean over the classes' markers of tau in the test cells.

    A marker counts 0 if another class expresses it more (it marks that one), and so does one that is missing. The genes
    of one list for all classes may mark any class. Classes without test cells are left out; NaN if fewer than two have
    some.
    """
    present = ~np.isnan(panel.means).any(axis=1)
    if present.sum() < 2:
        return float("nan")
    means = panel.means[present]
    credit = np.nan_to_num(tau(means))  # a gene that no test cell expresses marks nothing
    lists = panel.lists
    if len(lists) == len(panel.means):
        credit = np.where(means == means.max(axis=0), credit, 0)
        lists = lists[present]
    listed = np.maximum(lists.sum(axis=1), panel.size)
    return float(((lists * credit).sum(axis=1) / listed).mean())


def distinctness(panel: Panel) -> float:
    """Different genes of the panel, over the markers that it should name or all genes, whichever are fewer."""
    n_lists, n_genes = panel.lists.shape
    most = min(panel.size * n_lists, n_genes)
    return min(float(panel.lists.any(axis=0).sum() / most), 1.0)


def stability(panel: Panel) -> float:
    """Mean agreement with the lists of the other replicates, beyond that of random lists.

    Kuncheva's consistency index of two lists with a and b of n genes, r of them shared, where k are asked for, is
    ``(r - a b / n) / (k - k^2 / n)``: 1 for the same k genes, about 0 for random ones. Written like this a short list
    cannot reach 1, and an empty one, or one of all genes, agrees with nothing. NaN without other replicates, or where a
    list is to hold every gene.

    References
    ----------
    Kuncheva (2007), A stability index for feature selection, Proc. IASTED AIA 390-395 (there with a = b = k).
    """
    n = panel.lists.shape[1]
    most = panel.size - panel.size**2 / n
    if not len(panel.others) or most <= 0:
        return float("nan")
    own = panel.lists.sum(axis=1)

    def agreement(other: np.ndarray) -> float:
        chance = own * other.sum(axis=1) / n
        return float(np.clip(((panel.lists & other).sum(axis=1) - chance) / most, -1, 1).mean())

    return float(np.mean([agreement(other) for other in panel.others]))
