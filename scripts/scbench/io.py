"""Read prepared datasets; read and write tables.

Prepared datasets are ordinary h5ad files. Method runs read them with h5py alone: importing anndata would cost each of
the many short jobs about one CPU second, and adapters in old environments may not have it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.atomic import atomic
from scbench.errors import SkipRunError, UserError, did_you_mean
from scbench.layout import TEXT_COLUMNS


def write_table(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write tab-separated text. Floats are written with as many digits as bring them back exactly."""
    with atomic(path) as part:
        table.to_csv(part, sep="\t", index=False, lineterminator="\n")


def write_both(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table as tab-separated text and, beside it, as parquet."""
    write_table(table, path)
    with atomic(Path(path).with_suffix(".parquet")) as part:
        table.to_parquet(part, index=False)


def read_table(path: str | os.PathLike) -> pd.DataFrame:
    """Read what `write_table` wrote.

    Names stay text, whatever they look like: a cluster may be called ``1``, a class ``NA``. Elsewhere an empty field is
    missing.
    """
    table = pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys(TEXT_COLUMNS, str),
        keep_default_na=False,
        na_values=[""],
        float_precision="round_trip",
    )
    return table.fillna({name: "" for name in TEXT_COLUMNS if name in table})


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset as methods and metrics see it.

    Attributes
    ----------
    X
        (cells, genes) CSR matrix, in the scale that was asked for.
    cells, genes
        Unique names.
    labels
        Label of each cell, or None.
    coords
        (cells, 2 or 3) positions, or None.
    truth
        Whether each gene is truly spatially variable, or None where that is unknown.
    shapes
        Name of the pattern that each gene was simulated with ("" for none), or None.
    controls
        Whether each gene is a negative control (a blank probe, a spike-in), or None where none is marked.
    obs
        Further columns of the cells.
    """

    X: sp.csr_matrix
    cells: np.ndarray
    genes: np.ndarray
    labels: np.ndarray | None = None
    coords: np.ndarray | None = None
    truth: np.ndarray | None = None
    shapes: np.ndarray | None = None
    controls: np.ndarray | None = None
    obs: dict[str, np.ndarray] = field(default_factory=dict)


def read_prepared(path: str | os.PathLike, scale: str = "log1p") -> Prepared:
    """Read a prepared dataset.

    Parameters
    ----------
    path
        h5ad file with log1p values in ``X`` and, where they are known, counts in ``layers["counts"]``.
    scale
        ``"counts"`` or ``"log1p"``.

    Raises
    ------
    SkipRunError
        If counts are asked for and the dataset has none.

    Notes
    -----
    Memory: 8 bytes per stored value (float32 or int32 values and int32 indices).
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read as h5ad: {error}") from error
    with file:
        where = {"counts": "layers/counts", "log1p": "X"}[scale]
        if where not in file:
            raise SkipRunError(f"the method needs {scale}, which {Path(path).name} does not have")
        obs = {name: _column(file["obs"], name) for name in file["obs"].attrs["column-order"]}
        var = file["var"]
        return Prepared(
            X=_csr(file[where]),
            cells=_column(file["obs"], file["obs"].attrs["_index"]),
            genes=_column(var, var.attrs["_index"]),
            labels=obs.pop("label", None),
            coords=file["obsm/spatial"][:].astype(float) if "obsm/spatial" in file else None,
            truth=var["spatial"][:].astype(bool) if "spatial" in var else None,
            shapes=_column(var, "shape") if "shape" in var else None,
            controls=var["control"][:].astype(bool) if "control" in var else None,
            obs=obs,
        )


def read_column(path: str | os.PathLike, name: str) -> np.ndarray:
    """Read only one column of a prepared dataset's cells, such as ``label``.

    Raises
    ------
    UserError
        If there is no such column.
    """
    with h5py.File(path, "r") as file:
        known = file["obs"].attrs["column-order"]
        if name not in known:
            raise UserError(f"{path} has no column {name!r} of its cells. {did_you_mean(name, known)}")
        return _column(file["obs"], name)


def _csr(group: h5py.Group) -> sp.csr_matrix:
    if not (isinstance(group, h5py.Group) and group.attrs.get("encoding-type") == "csr_matrix"):
        raise UserError(f"{group.file.filename}: {group.name} must be a CSR matrix.")
    parts = (group["data"][:], group["indices"][:], group["indptr"][:])
    return sp.csr_matrix(parts, shape=tuple(group.attrs["shape"]))


def _column(frame: h5py.Group, name: str) -> np.ndarray:
    column = frame[name]
    if isinstance(column, h5py.Group) and "categories" in column:
        categories = (
            column["categories"].asstr()[:] if column["categories"].dtype.kind == "O" else column["categories"][:]
        )
        return np.append(categories, "")[column["codes"][:]]  # code -1: missing
    if isinstance(column, h5py.Group):  # nullable arrays: values and mask
        column = column["values"]
    return column.asstr()[:] if column.dtype.kind == "O" else column[:]
