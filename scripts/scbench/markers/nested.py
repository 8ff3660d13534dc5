"""The questions that markers answer: one for a dataset with one label level, several for one with two."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.seeds import seed as derived_seed


class Step(NamedTuple):
    """One question, about which genes tell some labels of some cells apart.

    Attributes
    ----------
    within
        The broad type that the cells are of, or "" for all cells.
    cells
        Indices of the cells.
    labels
        (cells,) labels to tell apart.
    """

    within: str
    cells: np.ndarray
    labels: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The labels, sorted, each once."""
        return np.unique(self.labels)


def steps(labels: np.ndarray, broad: np.ndarray | None = None) -> list[Step]:
    """Split a question into steps.

    Parameters
    ----------
    labels
        (cells,) labels.
    broad
        (cells,) broad types that the labels are sub-types of, or None.

    Returns
    -------
    list of Step
        The labels of all cells; or, with broad types, first those of all cells and then, for each broad type with two
        or more labels, the labels of its cells.
    """
    everything = np.arange(len(labels))
    if broad is None:
        return [Step("", everything, labels)]
    inner = [Step(name, cells := np.flatnonzero(broad == name), labels[cells]) for name in np.unique(broad)]
    return [Step("", everything, broad), *(step for step in inner if len(step.classes) > 1)]


def fit_steps(
    make: Callable[[], MarkerSelector],
    X: sp.csr_matrix,
    questions: Sequence[Step],
    genes: np.ndarray,
    *,
    seed: int,
    **per_cell: np.ndarray | None,
) -> list[MarkerSelector]:
    """Fit a method to each step, on the cells of that step alone.

    Parameters
    ----------
    make
        Makes the method.
    X
        (training cells, genes) values.
    questions
        Steps over the rows of `X`.
    genes
        Names of the columns.
    seed
        Of the step over all cells, which is fitted as it would be alone; the others derive their own from it.
    **per_cell
        (training cells,) arrays that the method's ``fit`` takes besides, or None where the data have none.

    Returns
    -------
    list of MarkerSelector
        One fitted method for each step.

    Notes
    -----
    Memory: a copy of one step's rows of `X` at a time, and what the method needs for them.
    """

    def fitted(step: Step) -> MarkerSelector:
        if step.within == "":
            return make().fit(X, step.labels, genes, seed=seed, **per_cell)
        own = {name: values if values is None else values[step.cells] for name, values in per_cell.items()}
        return make().fit(X[step.cells], step.labels, genes, seed=derived_seed(seed, "within", step.within), **own)

    return [fitted(step) for step in questions]
