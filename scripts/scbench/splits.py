"""Which cells train and which test: the same for every method."""

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from scbench.errors import UserError
from scbench.seeds import seed


def holdout(
    labels: np.ndarray, *, base_seed: int, dataset: str, replicate: int, test_fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a stratified share of the cells.

    Returns
    -------
    train, test
        Sorted indices of the cells.

    Raises
    ------
    UserError
        If a class has fewer than two cells, or the test set cannot hold one cell of each class.
    """
    _require(labels, 2, dataset, "an 80:20 split" if test_fraction == 0.2 else "a split")
    try:
        train, test = train_test_split(
            np.arange(len(labels)),
            test_size=test_fraction,
            stratify=labels,
            random_state=seed(base_seed, "split", "holdout", dataset, replicate),
        )
    except ValueError as error:
        raise UserError(f"dataset {dataset!r} cannot be split with test_fraction={test_fraction}: {error}") from error
    return np.sort(train), np.sort(test)


def fold(
    labels: np.ndarray, *, base_seed: int, dataset: str, replicate: int, folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take one fold of a repeated stratified cross-validation.

    Replicates 0 to ``folds - 1`` are the folds of the first repeat, and so on.

    Returns
    -------
    train, test
        Sorted indices of the cells.

    Raises
    ------
    UserError
        If a class has fewer cells than there are folds.
    """
    _require(labels, folds, dataset, f"{folds} folds")
    repeat, part = divmod(replicate, folds)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed(base_seed, "split", "fold", dataset, repeat))
    return list(splitter.split(np.zeros(len(labels)), labels))[part]


def _require(labels: np.ndarray, least: int, dataset: str, what: str) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < least:
        small = str(classes[counts.argmin()])
        raise UserError(
            f"dataset {dataset!r}: class {small!r} has {counts.min()} cell(s), but {what} need(s) at least {least}. "
            f"Leave it out with drop_labels: [{small!r}]."
        )
