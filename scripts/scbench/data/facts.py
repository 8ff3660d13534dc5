"""Facts about a prepared dataset, for the manifest and the score rows."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from scbench.io import read_prepared
from scbench.provenance import file_sha256

_MOST_GROUPS = 100  # of cells in a column; one with more names cells, not batches


def facts(name: str, path: Path) -> dict[str, Any]:
    """Checksum, shape, sparsity, and sizes of labels, other groups (batches, donors) and patterns of prepared data.

    Parameters
    ----------
    name
        The dataset's id.
    path
        The prepared h5ad file.
    """
    data = read_prepared(path)
    return {
        "dataset": name,
        "sha256": file_sha256(path),
        "cells": int(data.X.shape[0]),
        "genes": int(data.X.shape[1]),
        "nonzero_fraction": float(data.X.nnz / max(1, data.X.shape[0] * data.X.shape[1])),
        "labels": {} if data.labels is None else _sizes(data.labels[data.labels != ""]),  # spots may have none
        "groups": {
            column: _sizes(values)
            for column, values in data.obs.items()
            if values.dtype.kind in "OU" and len(set(values)) <= _MOST_GROUPS
        },
        "labels_matched": _labels_matched(path),
        "patterned_genes": None if data.truth is None else int(data.truth.sum()),
        "patterns": None if data.shapes is None else _sizes(data.shapes[data.shapes != ""]),
        "controls": None if data.controls is None else int(data.controls.sum()),
    }


def _sizes(values: np.ndarray) -> dict[str, int]:
    """Number of times that each value is there, the most frequent first."""
    import pandas as pd

    return {str(value): int(n) for value, n in pd.Series(values).value_counts().items()}


def _labels_matched(path: Path) -> list[int] | None:
    """Cells that a file of labels names and all cells of the matrix; None where the labels come with the matrix."""
    with h5py.File(path, "r") as file:
        about = file["uns/scbench"]
        if "labels_matched" not in about:
            return None
        matched, unmatched = (int(about[f"labels_{which}"][()]) for which in ("matched", "unmatched"))
    return [matched, matched + unmatched]
