"""Read h5ad files: of a file larger than memory no more than what is asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.loaders.assembly import (
    assemble,
    check_known,
    check_mapping,
    column,
    csr,
    csr_of_blocks,
    reading,
)
from scbench.data.loaders.blocks import dense_blocks, sparse_blocks
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def h5ad(
    source: Path,
    *,
    matrix: str = "X",
    values: str = "counts",
    columns: Mapping[str, str] | None = None,
    spatial: str | None = None,
    total: str | None = None,
    genes: str | None = None,
    unique: bool = False,
) -> "AnnData":
    """Read an h5ad file.

    Parameters
    ----------
    source
        The file.
    matrix
        ``X``, ``raw`` or ``layers/NAME``.
    values, unique
        See `scbench.data.loaders.assembly.assemble`.
    total
        Name in ``obs`` of the original totals of the cells, for ``values: log1p_of_total``.
    columns
        Name in ``obs`` of the result and in ``obs`` of the file. By default the label is ``cell_type``, if there.
    spatial
        Key of the coordinates in ``obsm``. By default ``spatial``, if there.
    genes
        Column of ``var`` (or ``raw/var``) with the names of the genes; its index by default.

    Returns
    -------
    AnnData
        With the chosen matrix, columns and coordinates.

    Raises
    ------
    UserError
        If the file is not h5ad; a matrix, column or key does not exist; names of cells or genes are not unique; or
        the values are not of the stated scale.

    Notes
    -----
    Memory: names and chosen columns, blocks of 8 million values, and for each non-zero value of the chosen matrix 12
    bytes (16 for those that are neither int32 nor read as `values` that become float32). A matrix that is stored by
    genes is read as a whole and then copied; a file older than anndata 0.7 is read as a whole.
    """
    with reading(source, "h5ad"), h5py.File(source) as file:
        content = _content(source, file)
        cells, obsm = content.cells, content.obsm
        check_known(source, "matrix", matrix, content.matrices)
        stored, var = content.matrices[matrix]
        columns = columns or ({"label": "cell_type"} if "cell_type" in cells.columns else {})
        check_mapping(source, columns)
        # The totals need no name in the result, but then they have that of the file.
        columns = columns | ({} if total is None or total in columns else {total: total})
        for key in columns.values():
            check_known(source, "column", key, cells.columns)
        if genes is not None:
            check_known(source, "column of the genes", genes, var.columns)
        if spatial is not None:
            check_known(source, "key of obsm", spatial, obsm)
        obs = pd.DataFrame({name: column(cells[key], name) for name, key in columns.items()}, index=cells.index)
        names = var.index if genes is None else pd.Index(var[genes])
        where = spatial or "spatial"
        coords = np.asarray(_read(obsm[where]), dtype=float) if where in obsm else None
        X = _matrix(source, stored, values)
    if X.shape != (len(obs), len(names)):
        found = " x ".join(map(str, X.shape))
        raise UserError(f"{source}: {matrix} is {found}, but there are {len(obs)} cells and {len(names)} genes.")
    return assemble(source, X, obs, names, values, total=total, unique=unique, spatial=coords)


class _Table:
    """Properties of cells or genes, each read when it is asked for."""

    def __init__(self, stored: h5py.Group | pd.DataFrame) -> None:
        # Before anndata 0.8 a column could not be read without the others.
        alone = isinstance(stored, h5py.Group) and stored.attrs["encoding-version"] != "0.1.0"
        self._stored = stored if alone else _read(stored)
        self.columns = list(stored.attrs["column-order"] if alone else self._stored.columns)

    @property
    def index(self) -> pd.Index:
        alone = isinstance(self._stored, h5py.Group)
        return pd.Index(_read(self._stored[self._stored.attrs["_index"]])) if alone else self._stored.index

    def __getitem__(self, column: str) -> pd.Series:
        return pd.Series(_read(self._stored[column]))


class _Content(NamedTuple):
    """What a file has. Matrices, with their genes, and coordinates are in the file still, or older than anndata 0.7."""

    cells: _Table
    obsm: Mapping[str, Any]
    matrices: dict[str, tuple[Any, _Table]]


def _content(source: Path, file: h5py.File) -> _Content:
    if isinstance(file["obs"], h5py.Dataset):
        import anndata

        whole = anndata.read_h5ad(source)
        found = {"obs": whole.obs, "var": whole.var, "X": whole.X, "layers": whole.layers, "obsm": whole.obsm}
        raw = {"X": whole.raw.X, "var": whole.raw.var} if whole.raw else None
    else:
        found, raw = file, file.get("raw")
    genes = _Table(found["var"])
    stored = {"X": found.get("X")} | {f"layers/{name}": layer for name, layer in found.get("layers", {}).items()}
    matrices = {name: (matrix, genes) for name, matrix in stored.items() if not _nothing(matrix)}
    if not _nothing(raw):
        matrices["raw"] = (raw["X"], _Table(raw["var"]))
    return _Content(_Table(found["obs"]), found.get("obsm", {}), matrices)


def _nothing(stored: Any) -> bool:
    return stored is None or (isinstance(stored, h5py.Dataset) and stored.shape is None)


def _read(stored: Any) -> Any:
    from anndata.io import read_elem

    return read_elem(stored) if isinstance(stored, h5py.Group | h5py.Dataset) else stored


def _matrix(source: Path, stored: Any, values: str) -> sp.csr_matrix:
    if isinstance(stored, h5py.Dataset):
        return csr_of_blocks(source, dense_blocks(stored), values)
    if isinstance(stored, h5py.Group) and stored.attrs["encoding-type"] == "csr_matrix":
        return csr_of_blocks(source, sparse_blocks(stored), values)
    return csr(source, _read(stored))
