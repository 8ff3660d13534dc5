"""Facts about a prepared dataset, for the manifest and the score rows."""

from pathlib import Path
from typing import Any

from scbench.io import read_prepared
from scbench.provenance import file_sha256

_MOST_GROUPS = 100  # of cells in a column; one with more names cells, not batches


def facts(name: str, path: Path) -> dict[str, Any]:
    """Checksum, shape, sparsity, and sizes of labels and other groups (batches, donors) of a prepared dataset.

    Parameters
    ----------
    name
        The dataset's id.
    path
        The prepared h5ad file.
    """
    import pandas as pd

    data = read_prepared(path)
    return {
        "dataset": name,
        "sha256": file_sha256(path),
        "cells": int(data.X.shape[0]),
        "genes": int(data.X.shape[1]),
        "nonzero_fraction": float(data.X.nnz / max(1, data.X.shape[0] * data.X.shape[1])),
        "labels": {}
        if data.labels is None
        else {str(k): int(v) for k, v in pd.Series(data.labels).value_counts().items()},
        "groups": {
            column: {str(value): int(n) for value, n in pd.Series(values).value_counts().items()}
            for column, values in data.obs.items()
            if values.dtype.kind in "OU" and len(set(values)) <= _MOST_GROUPS
        },
        "patterned_genes": None if data.truth is None else int(data.truth.sum()),
    }
