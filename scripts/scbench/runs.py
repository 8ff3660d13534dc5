"""Replicates of a method as they are scored: read from their files, and what the metrics are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from scbench.atomic import read_json
from scbench.io import Prepared, read_prepared, read_table


@dataclass(frozen=True)
class Run:
    """One replicate: its status row, its output and what it is scored against; the last four are its split."""

    status: dict[str, Any]
    output: pd.DataFrame
    data: Prepared
    data_sha: str
    train: np.ndarray | None = None
    test: np.ndarray | None = None
    calibration: np.ndarray | None = None
    scenario: str = ""


@dataclass(frozen=True)
class Result:
    """What the metrics are computed from, in one scenario.

    Attributes
    ----------
    subjects
        By kind (``of`` in the metric registry): the ``confusion`` matrix, the `Calls` of genes, the `Panel` of markers.
    classes
        Names of the rows of a confusion matrix, else None.
    n_expected, n_covered
        What the method should have answered for, and what it did answer for.
    """

    scenario: str
    subjects: dict[str, Any]
    classes: np.ndarray | None
    n_expected: int
    n_covered: int


def by_method(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Replicates of each method, in their order."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.status["method"], []).append(run)
    return found


def read_runs(
    statuses: Sequence[str], outputs: Sequence[str], data: Sequence[str], facts: Sequence[str], splits: Sequence[str]
) -> list[Run]:
    """Read the replicates of methods on one dataset from their files.

    Parameters
    ----------
    statuses, outputs
        One path per run, all replicates of the first method first.
    data, facts
        One path per replicate; the same path stands for the same dataset, which is read once.
    splits
        One path per replicate, or none.
    """
    read = cache(read_prepared)
    runs = []
    for i, (status, output) in enumerate(zip(statuses, outputs, strict=True)):
        replicate = i % len(data)
        split = _split(splits[replicate]) if splits else {}
        sha = read_json(facts[replicate])["sha256"]
        runs.append(Run(read_json(status), read_table(output), read(data[replicate]), sha, **split))
    return runs


def _split(path: str) -> dict[str, Any]:
    with np.load(path) as arrays:
        return dict(arrays) | {"scenario": str(arrays["scenario"])}
