"""Read MATLAB files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.loaders.assembly import assemble, check_known, check_mapping, column, csr, numbered, reading
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData


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
        Scale of the matrix, see `scbench.data.loaders.assembly.assemble`.
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
    X = csr(source, _variable(source, matrix).T)
    obs = pd.DataFrame(index=numbered("cell", X.shape[0]))
    if columns:
        check_mapping(source, columns)
        if names is None:
            raise UserError(f"{source}: the option 'names' is missing; it says where the columns {list(columns)} are.")
        annotation = _strings(_variable(source, names), source, names)
        if len(annotation) != len(obs):
            raise UserError(f"{source}: {names} has {len(annotation)} rows. Expected one for each of {len(obs)} cells.")
        for name, number in columns.items():
            check_known(source, "column", number, range(annotation.shape[1]))
            obs[name] = column(pd.Series(annotation[:, int(number)]), name)
    return assemble(source, X, obs, numbered("gene", X.shape[1]), values, total=total)


def _variable(source: Path, where: str | list[str]) -> np.ndarray | sp.spmatrix:
    """Read one variable of a MATLAB file."""
    from scipy.io import loadmat, whosmat

    if not isinstance(where, str) and not (isinstance(where, list) and len(where) == 2):
        raise UserError(f"{source}: a MATLAB variable is named as [file, variable]. Got {where!r}.")
    file, name = (source, where) if isinstance(where, str) else (_folder(source) / where[0], where[1])
    if not file.is_file():
        raise UserError(f"{file} is not a file.")
    with reading(file, "a MATLAB file (up to version 7)"):
        found = [variable for variable, *_ in whosmat(file)]
        content = loadmat(file, variable_names=[name])
    check_known(file, "variable", name, found)
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
