"""Which cells train and which test: the same for every method."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from scbench.errors import UserError, did_you_mean
from scbench.io import read_column
from scbench.seeds import seed

LOGGER = logging.getLogger(__name__)


class Split(NamedTuple):
    """Sorted indices of the cells of one replicate.

    Attributes
    ----------
    train, test
        Cells to learn from and cells to predict, all of them different.
    calibration
        Cells held back from training, of the same types, to choose a threshold with.
    scenario
        Name under which the replicate is scored, where replicates of one experiment ask different things.
    """

    train: np.ndarray
    test: np.ndarray
    calibration: np.ndarray = np.empty(0, dtype=int)
    scenario: str = ""


def make(path: str | os.PathLike, scheme: Mapping[str, Any]) -> Split:
    """Split a prepared dataset.

    Parameters
    ----------
    path
        The dataset.
    scheme
        Name of a function of this module as ``kind``, and its arguments; ``column`` of ``obs`` instead of batches.

    Raises
    ------
    UserError
        If the column does not exist, or as the function does.
    """
    arguments = dict(scheme)
    function = {each.__name__: each for each in (holdout, fold, novel, platforms, sizes)}[arguments.pop("kind")]
    if function is platforms:  # in which nothing is random
        arguments = {key: arguments[key] for key in ("dataset", "test", "train")}
        arguments["batches"] = read_column(path, scheme["column"]).astype(str)
    return function(read_column(path, "label"), **arguments)


def holdout(labels: np.ndarray, *, base_seed: int, dataset: str, replicate: int, test_fraction: float) -> Split:
    """Hold out a stratified share of the cells.

    Raises
    ------
    UserError
        If a class has fewer than two cells, or the test set cannot hold one cell of each class.
    """
    random_state = seed(base_seed, "split", "holdout", dataset, replicate)
    return Split(*_hold_back(labels, np.arange(len(labels)), dataset, random_state, test_fraction=test_fraction))


def fold(labels: np.ndarray, *, base_seed: int, dataset: str, replicate: int, folds: int) -> Split:
    """Take one fold of a repeated stratified cross-validation.

    Replicates 0 to ``folds - 1`` are the folds of the first repeat, and so on.

    Raises
    ------
    UserError
        If a class has fewer cells than there are folds.
    """
    _require(labels, folds, dataset, f"{folds} folds")
    repeat, part = divmod(replicate, folds)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed(base_seed, "split", "fold", dataset, repeat))
    return Split(*list(splitter.split(np.zeros(len(labels)), labels))[part])


def novel(
    labels: np.ndarray,
    *,
    base_seed: int,
    dataset: str,
    replicate: int,
    left_out: str,
    calibration: float,
    test_fraction: float,
) -> Split:
    """Leave one type out of training, and hold out a stratified share of the cells of the others.

    Parameters
    ----------
    left_out
        The type; all its cells are test cells.
    calibration
        Share of the remaining training cells, stratified, to hold back as well.
    test_fraction
        Share of the cells of the other types to hold out.

    Raises
    ------
    UserError
        If there is no such type, or there are fewer than two others; if one of these has too few cells for each part.
    """
    types = np.unique(labels)
    if left_out not in types:
        raise UserError(f"dataset {dataset!r} has no type {left_out!r} to leave out. {did_you_mean(left_out, types)}")
    if len(types) < 3:
        raise UserError(
            f"dataset {dataset!r}: without {left_out!r} it has {len(types) - 1} type(s), but two or more must train."
        )
    known = np.flatnonzero(labels != left_out)
    axes = (dataset, left_out, replicate)
    train, test = _hold_back(
        labels, known, dataset, seed(base_seed, "split", "novel", *axes), test_fraction=test_fraction
    )
    train, held_back = _hold_back(
        labels, train, dataset, seed(base_seed, "split", "calibration", *axes), calibration=calibration
    )
    return Split(train, np.sort(np.append(test, np.flatnonzero(labels == left_out))), held_back)


def platforms(
    labels: np.ndarray, *, batches: np.ndarray, dataset: str, test: str, train: Sequence[str] | None = None
) -> Split:
    """Train on some batches and test on another.

    Test cells of types that no training batch has are left out, and a line in the log says how many. Types that only
    training batches have stay among the possible answers.

    Parameters
    ----------
    batches
        (cells,) batch of each cell.
    test
        The batch to test on.
    train
        The batches to train on; by default all others.

    Raises
    ------
    UserError
        If there is no such batch, `test` is also to train on, all training cells are of one type, or none of their
        types is in the test batch.
    """
    known = np.unique(batches)
    chosen = [str(name) for name in known if name != test] if train is None else list(train)
    for name in (test, *chosen):
        if name not in known:
            raise UserError(f"dataset {dataset!r} has no batch {name!r}. {did_you_mean(name, known)}")
    if test in chosen:
        raise UserError(f"dataset {dataset!r}: the batch {test!r} cannot both train and test.")
    learned = np.flatnonzero(np.isin(batches, chosen))
    types = np.unique(labels[learned])
    if len(types) < 2:
        what = f"{len(learned)} training cell(s) of {len(types)} type(s)"
        raise UserError(f"dataset {dataset!r}: {what} outside the batch {test!r}, but two types or more are needed.")
    asked = np.flatnonzero(batches == test)
    answerable = np.isin(labels[asked], types)
    if not answerable.any():
        raise UserError(f"dataset {dataset!r}: no type of the batch {test!r} is in its training batches {chosen}.")
    unseen, counts = np.unique(labels[asked[~answerable]], return_counts=True)
    if len(unseen):
        which = ", ".join(f"{str(name)!r} {count}" for name, count in zip(unseen, counts, strict=True))
        LOGGER.info("%s: cells of batch %r left out, as no training batch has their type: %s", dataset, test, which)
    return Split(learned, asked[answerable])


def sizes(
    labels: np.ndarray, *, base_seed: int, dataset: str, replicate: int, size: int, test_fraction: float
) -> Split:
    """Train on a stratified sample of a certain size.

    Test cells are those of `holdout`. They are the same for all sizes of a replicate, and smaller samples lie within
    larger ones. Each type has one cell at least, beyond that its share.

    Raises
    ------
    UserError
        If `size` is below the number of types or above that of the cells that are not held out; or as `holdout`.
    """
    pool, test, *_ = holdout(
        labels, base_seed=base_seed, dataset=dataset, replicate=replicate, test_fraction=test_fraction
    )
    types = len(np.unique(labels[pool]))
    if not types <= size <= len(pool):
        raise UserError(
            f"dataset {dataset!r}: a training sample has {types} (one cell of each type) to {len(pool)} cells (all "
            f"that are not held out). Got size {size} instead."
        )
    rng = np.random.default_rng(seed(base_seed, "split", "sizes", dataset, replicate))
    train = pool[_spread(labels[pool], rng)[:size]]
    return Split(np.sort(train), test, scenario=f"train-{size}")


def _spread(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Order cells at random so that the first ones, however many, are a stratified sample with every type in it."""
    order = rng.permutation(len(labels))
    place = np.empty(len(labels))
    for name in np.unique(labels):
        cells = order[labels[order] == name]
        place[cells] = (np.arange(len(cells)) + 0.5) / len(cells)
        place[cells[0]] = 0
    return order[np.argsort(place[order], kind="stable")]


def _hold_back(
    labels: np.ndarray, cells: np.ndarray, dataset: str, random_state: int, **share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Divide cells in two, stratified: those that stay and, of the named share, those that are held back."""
    ((name, fraction),) = share.items()
    _require(labels[cells], 2, dataset, f"a split with {name}={fraction}")
    try:
        stay, held_back = train_test_split(cells, test_size=fraction, stratify=labels[cells], random_state=random_state)
    except ValueError as error:
        raise UserError(f"dataset {dataset!r} cannot be split with {name}={fraction}: {error}") from error
    if lost := set(labels[cells]) - set(labels[stay]):
        raise UserError(
            f"dataset {dataset!r}: no cell of class {str(min(lost))!r} is left to train with {name}={fraction}."
        )
    return np.sort(stay), np.sort(held_back)


def _require(labels: np.ndarray, least: int, dataset: str, what: str) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < least:
        small = str(classes[counts.argmin()])
        raise UserError(
            f"dataset {dataset!r}: class {small!r} has {counts.min()} cell(s), but {what} need(s) at least {least}. "
            f"Leave it out with drop_labels: [{small!r}]."
        )
