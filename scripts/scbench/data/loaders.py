"""Read source files into AnnData: counts in ``layers["counts"]``, or log1p values in ``X`` where counts are unknown."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.checks import unique_names
from scbench.data.options import with_options
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from anndata import AnnData

SCALES = ("counts", "log1p", "log1p_counts", "log1p_of_total")
TOTAL = 1e4  # to which the counts of a cell were scaled before log1p, in ``log1p_of_total``
# Farthest that a restored count may be from an integer; sources that were rounded to three decimals need about 0.1.
TOLERANCE = 0.25


@with_options
def mat(
    source: Path,
    *,
    matrix: str | list[str],
    values: str = "counts",
    names: str | list[str] | None = None,
    columns: Mapping[str, int] | None = None,
    total: str | None = None,
) -> "AnnData":
    """Read a genes x cells matrix and the cells' annotation from MATLAB files (up to version 7).

    Parameters
    ----------
    source
        A folder, or one file.
    matrix
        ``[file, variable]`` of the matrix, dense or sparse; the file's path starts at the folder (that of `source` if
        `source` is a file). Only the variable where `source` is the file itself.
    values
        Scale of the matrix: ``counts``; ``log1p`` (counts unknown); ``log1p_counts`` (counts are restored by expm1);
        ``log1p_of_total`` (log1p of counts scaled to a total of 10 000; counts are restored with the column `total`).
    names
        ``[file, variable]`` of a (cells, columns) array of strings or numbers.
    columns
        Name in ``obs`` and number of the column in `names`, for instance ``{label: 0}``.
    total
        Name in ``obs`` of the original totals of the cells.

    Returns
    -------
    AnnData
        Cells x genes. MATLAB files have no names, so cells are ``cell0, cell1, ...`` and genes ``gene0, gene1, ...``.

    Raises
    ------
    UserError
        If a file, variable or column does not exist, or the values are not of the stated scale.

    Notes
    -----
    Memory: the matrix as it is stored (a dense one as float64) and its sparse copy.
    """
    X = _csr(source, _variable(source, matrix).T)
    obs = pd.DataFrame(index=_numbered("cell", X.shape[0]))
    if columns:
        _check_mapping(source, columns)
        if names is None:
            raise UserError(f"{source}: the option 'names' is missing; it says where the columns {list(columns)} are.")
        annotation = _strings(_variable(source, names), source, names)
        if len(annotation) != len(obs):
            raise UserError(f"{source}: {names} has {len(annotation)} rows. Expected one for each of {len(obs)} cells.")
        for name, column in columns.items():
            _check_known(source, "column", column, range(annotation.shape[1]))
            obs[name] = _column(pd.Series(annotation[:, int(column)]), name)
    return _assemble(source, X, obs, _numbered("gene", X.shape[1]), values, total)


@with_options
def h5ad(
    source: Path,
    *,
    matrix: str = "X",
    values: str = "counts",
    columns: Mapping[str, str] | None = None,
    spatial: str | None = None,
    total: str | None = None,
) -> "AnnData":
    """Read an h5ad file.

    Parameters
    ----------
    source
        The file.
    matrix
        ``X``, ``raw`` or ``layers/NAME``.
    values, total
        As in `mat`.
    columns
        Name in ``obs`` of the result and in ``obs`` of the file. By default the label is ``cell_type``, if there.
    spatial
        Key of the coordinates in ``obsm``. By default ``spatial``, if there.

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
    Memory: the whole file, and a second copy of the matrix.
    """
    import anndata

    try:
        adata = anndata.read_h5ad(source)
    except Exception as error:  # a broken file makes h5py and anndata raise almost anything
        raise UserError(f"{source} cannot be read as h5ad: {' '.join(str(error).split())}") from error
    columns = columns or ({"label": "cell_type"} if "cell_type" in adata.obs else {})
    _check_mapping(source, columns)
    for column in columns.values():
        _check_known(source, "column", column, adata.obs)
    X, genes = _matrix(source, adata, matrix)
    unique_names(source, adata.obs_names, genes)
    found = {name: _column(adata.obs[column], name) for name, column in columns.items()}
    obs = pd.DataFrame(found, index=adata.obs_names.astype(str))
    if total is not None and total not in obs:
        _check_known(source, "column", total, adata.obs)
        obs[total] = adata.obs[total]
    result = _assemble(source, X, obs, genes.astype(str), values, total)
    if spatial is not None:
        _check_known(source, "key of obsm", spatial, adata.obsm)
    if (spatial or "spatial") in adata.obsm:
        result.obsm["spatial"] = np.asarray(adata.obsm[spatial or "spatial"], dtype=float)
    return result


LOADERS: dict[str, Callable[..., "AnnData"]] = {"mat": mat, "h5ad": h5ad}


def _variable(source: Path, where: str | list[str]) -> np.ndarray | sp.spmatrix:
    """Read one variable of a MATLAB file."""
    from scipy.io import loadmat, whosmat

    if not isinstance(where, str) and not (isinstance(where, list) and len(where) == 2):
        raise UserError(f"{source}: a MATLAB variable is named as [file, variable]. Got {where!r}.")
    file, name = (source, where) if isinstance(where, str) else (_folder(source) / where[0], where[1])
    if not file.is_file():
        raise UserError(f"{file} is not a file.")
    try:
        found = [variable for variable, *_ in whosmat(file)]
        content = loadmat(file, variable_names=[name])
    except Exception as error:  # a broken file makes scipy raise almost anything
        raise UserError(f"{file} cannot be read as a MATLAB file (up to version 7): {error}") from error
    _check_known(file, "variable", name, found)
    return content[name]


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent


def _strings(array: np.ndarray, source: Path, where: object) -> np.ndarray:
    """Make (rows, columns) strings of numbers, strings or a cell array (an object array of one-element arrays)."""
    array = array.reshape(len(array), -1)
    if array.dtype == object:
        flat = np.concatenate([cell.ravel() for cell in array.ravel()]) if array.size else array
        if flat.size != array.size:
            raise UserError(f"{source}: {where} has fields that are empty or hold more than one value.")
        array = flat.reshape(array.shape)
    return array.astype(str)


def _matrix(source: Path, adata: "AnnData", where: str) -> tuple[sp.csr_matrix, pd.Index]:
    layers = {f"layers/{layer}": adata.layers[layer] for layer in adata.layers}
    found = {"X": adata.X, "raw": adata.raw and adata.raw.X} | layers
    found = {key: value for key, value in found.items() if value is not None}
    _check_known(source, "matrix", where, found)
    return _csr(source, found[where]), (adata.raw if where == "raw" else adata).var_names


def _csr(source: Path, matrix: np.ndarray | sp.spmatrix) -> sp.csr_matrix:
    if matrix.dtype.kind not in "biuf" or matrix.ndim != 2:
        shape = " x ".join(map(str, matrix.shape))
        raise UserError(f"{source}: the matrix must be two-dimensional and hold numbers. Got {shape} {matrix.dtype}.")
    matrix = sp.csr_matrix(matrix)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _assemble(
    source: Path, X: sp.csr_matrix, obs: pd.DataFrame, genes: pd.Index, values: str, total: str | None
) -> "AnnData":
    from anndata import AnnData

    _check_known(source, "value of 'values'", values, SCALES)
    if (values == "log1p_of_total") != (total is not None):
        raise UserError(f"{source}: the option 'total' goes with 'values: log1p_of_total'. Got 'values: {values}'.")
    if values == "log1p":
        return AnnData(X.astype(np.float32), obs=obs, var=pd.DataFrame(index=genes))
    if values != "counts":
        X = _restored(source, X, None if total is None else _totals(source, obs, total))
    return AnnData(obs=obs, var=pd.DataFrame(index=genes), layers={"counts": _integers(X)})


def _restored(source: Path, X: sp.csr_matrix, totals: np.ndarray | None) -> sp.csr_matrix:
    """Undo log1p, and the scaling to a total where `totals` are given."""
    counts = np.expm1(X.data, dtype=float)
    if totals is not None:
        counts *= np.repeat(totals / TOTAL, np.diff(X.indptr))
    rounded = np.rint(counts)
    off = np.abs(counts - rounded)
    if off.size and not off.max() <= TOLERANCE:  # NaN is not <= either
        worst = counts[np.argmax(off)]
        raise UserError(f"{source}: a value restores to the count {worst:.6g}. Expected an integer; check 'values'.")
    return sp.csr_matrix((rounded, X.indices, X.indptr), shape=X.shape)


def _totals(source: Path, obs: pd.DataFrame, total: str) -> np.ndarray:
    _check_known(source, "column", total, obs)
    totals = pd.to_numeric(obs[total].astype(str), errors="coerce").to_numpy()
    if not np.all(totals > 0):
        raise UserError(f"{source}: the totals in {total!r} must be positive. Got {totals[~(totals > 0)][0]}.")
    return totals


def _integers(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Turn whole numbers into int32; anything else stays as it is for the checks to report."""
    limits = np.iinfo(np.int32)
    whole = counts.data == np.rint(counts.data)
    fits = (counts.data >= limits.min) & (counts.data <= limits.max)
    return counts.astype(np.int32) if np.all(whole & fits) else counts


def _column(values: pd.Series, name: str) -> pd.Categorical | np.ndarray:
    """Make a column of ``obs``: plain numbers, or categories with "" for missing values (labels are categories)."""
    if name != "label" and pd.api.types.is_numeric_dtype(values):
        # Nullable numbers are stored with a mask, which plain readers do not see.
        missing = pd.api.types.is_extension_array_dtype(values) and values.hasnans
        return values.to_numpy(dtype=float, na_value=np.nan) if missing else values.to_numpy()
    return pd.Categorical(values.astype("string").fillna("").astype(object))


def _numbered(word: str, n: int) -> pd.Index:
    return pd.Index(word + pd.Series(np.arange(n)).astype(str))


def _check_mapping(source: Path, columns: object) -> None:
    if not isinstance(columns, Mapping):
        raise UserError(f"{source}: 'columns' maps names in obs to columns of the source. Got {columns!r} instead.")


def _check_known(source: Path, what: str, value: object, known: Iterable) -> None:
    known = list(known)  # the value may be anything that YAML can hold, so it is compared and not looked up
    if value not in known:
        raise UserError(f"{source}: unknown {what} {value!r}. {did_you_mean(value, known)}")
