"""Read plain arrays inside HDF5 files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd

from scbench.data.loaders.assembly import (
    assemble,
    check_known,
    check_mapping,
    column,
    coordinates,
    csr_of_blocks,
    gene_names,
    numbered,
    reading,
)
from scbench.data.loaders.blocks import dense_blocks
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def hdf5(
    source: Path,
    *,
    matrix: str,
    genes: str,
    gene: str | None = None,
    cell: str | None = None,
    columns: Mapping[str, str] | None = None,
    spatial: Sequence[str] | None = None,
    keep: str | None = None,
    gene_regex: str | None = None,
    values: str = "counts",
    unique: bool = False,
) -> "AnnData":
    """Read a dense matrix and what describes its genes and cells, each an array of its own.

    Parameters
    ----------
    source
        The file.
    matrix
        Path, inside the file, of the matrix.
    genes
        ``rows`` if each row is a gene, ``columns`` if each row is a cell.
    gene, cell
        Arrays of the names of genes and cells. By default they are numbered: ``gene0``, ``cell0``.
    columns
        Name in ``obs`` and array of properties of the cells.
    spatial
        Arrays of the coordinates, two or three.
    keep
        Array of the names of the genes to keep; names that are not in the file are ignored.
    gene_regex
        See `scbench.data.loaders.grid.Layout`.
    values, unique
        See `scbench.data.loaders.assembly.assemble`.

    Returns
    -------
    AnnData
        Cells x genes.

    Raises
    ------
    UserError
        If the file is not HDF5, an array is not there or of another length, or `assemble` refuses the content.

    Notes
    -----
    Memory: blocks of 8 million values, and the sparse matrix twice.
    """
    check_known(source, "value of 'genes'", genes, ("rows", "columns"))
    if columns is not None:
        check_mapping(source, columns)
    with reading(source, "HDF5"), h5py.File(source) as file:
        X = csr_of_blocks(source, _blocks(source, file, matrix), values)
        X = X.T.tocsr() if genes == "rows" else X
        names = _vector(source, file, gene, X.shape[1]) if gene else numbered("gene", X.shape[1])
        names = pd.Index(gene_names(source, names, gene_regex), dtype=object)
        if keep is not None:
            kept = names.isin(_vector(source, file, keep))
            X, names = X[:, kept], names[kept]
        obs = pd.DataFrame(index=_vector(source, file, cell, X.shape[0]) if cell else numbered("cell", X.shape[0]))
        for name, key in (columns or {}).items():
            obs[name] = column(pd.Series(_vector(source, file, key, X.shape[0])), name)
        axes = {axis: _vector(source, file, axis, X.shape[0]) for axis in spatial or ()}
    coords = coordinates(source, axes) if axes else None
    return assemble(source, X, obs, names, values, unique=unique, spatial=coords)


def _array(source: Path, file: h5py.File, name: str) -> h5py.Dataset:
    found: dict[str, h5py.Dataset] = {}
    # Links out of the file are not among what is visited, so they are never followed.
    file.visititems(lambda path, item: found.update({path: item}) if isinstance(item, h5py.Dataset) else None)
    check_known(source, "array", name, found)
    return found[name]


def _blocks(source: Path, file: h5py.File, name: str) -> Iterator[np.ndarray]:
    array = _array(source, file, name)
    if array.ndim != 2:
        raise UserError(f"{source}: the array {name!r} must have two dimensions. Got {array.ndim}.")
    return dense_blocks(array)


def _vector(source: Path, file: h5py.File, name: str, length: int | None = None) -> np.ndarray:
    """Read names or numbers; whole numbers, which R and MATLAB store as floats, become integers."""
    values = _array(source, file, name)[()].ravel()
    if length is not None and len(values) != length:
        raise UserError(f"{source}: the array {name!r} has {len(values)} values. Expected {length}.")
    if values.dtype.kind in "OS":
        return np.array([value.decode() if isinstance(value, bytes) else str(value) for value in values], dtype=object)
    whole = values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.rint(values)).all()
    return values.astype(np.int64) if whole else values
