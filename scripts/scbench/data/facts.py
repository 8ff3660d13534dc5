"""Facts about a prepared dataset, for the manifest and the score rows."""

from pathlib import Path
from typing import Any

from scbench.io import read_prepared
from scbench.provenance import file_sha256


def facts(name: str, path: Path) -> dict[str, Any]:
    """Checksum, shape, sparsity and label counts of a prepared dataset.

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
        "patterned_genes": None if data.truth is None else int(data.truth.sum()),
    }
