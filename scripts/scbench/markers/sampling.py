"""Stratified samples in which every class keeps a cell."""

import numpy as np


def stratified(y: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw cells so that each class has its share, and no class fewer than one cell.

    Parameters
    ----------
    y
        (cells,) class numbers.
    size
        Cells to draw; all of them if there are no more. With more classes than that, one of each.

    Returns
    -------
    numpy.ndarray
        Sorted indices.
    """
    if size >= len(y):
        return np.arange(len(y))
    counts = np.bincount(y)
    exact = counts * size / len(y)
    quota = np.maximum(np.floor(exact), counts > 0).astype(int)
    spare = np.where(quota < counts, exact - quota, -np.inf)
    most = np.argsort(-spare, kind="stable")[: max(size - quota.sum(), 0)]
    quota[most] += 1
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    place = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[place < np.repeat(quota, counts)])


def inner_split(y: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Split training cells for early stopping: a stratified share is held out.

    Cells of a class with one cell stay in the training part.

    Returns
    -------
    train, validation
        Sorted indices.
    """
    if share == 0:
        return np.arange(len(y)), np.arange(0)
    divisible = np.flatnonzero(np.bincount(y)[y] > 1)
    if not len(divisible):
        return np.arange(len(y)), np.arange(0)
    held_out = divisible[stratified(y[divisible], max(round(share * len(y)), 1), rng)]
    return np.setdiff1d(np.arange(len(y)), held_out), held_out
