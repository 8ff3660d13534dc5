"""Join what a file of its own says of the cells, their labels above all, by the cells' names."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.loaders.assembly import check_known, check_mapping, coordinates, reading, text_column
from scbench.data.loaders.text import open_text, separator_of
from scbench.data.names import cut
from scbench.data.options import check_number, with_options
from scbench.data.rda import rda
from scbench.data.series_matrix import series_matrix
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

LOGGER = logging.getLogger(__name__)


@with_options
def labels(
    adata: "AnnData",
    path: Path,
    *,
    reader: str = "table",
    separator: str | None = None,
    objects: Sequence[str] | None = None,
    cell: str | int | Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    spatial: Sequence[str] | None = None,
    cell_regex: str | None = None,
    matrix_regex: str | None = None,
    least: float = 0.9,
) -> "AnnData":
    """Add columns of a file to the cells that it names; cells that it does not name are left out.

    Parameters
    ----------
    adata
        Cells x genes.
    path
        The file.
    reader
        ``table``: delimited text with headings, for instance an SDRF; ``series_matrix``: a series matrix of GEO;
        ``rda``: objects that R saved.
    separator
        Of a table, see `scbench.data.loaders.table`.
    objects
        Of ``rda``, see `scbench.data.rda.rda`.
    cell
        Column with the names of the cells: its heading, or its number from 0. Several headings, of coordinates say, are
        joined by ``_``. Without it the rows must be the cells in their order.
    columns
        Name in ``obs`` and in the file, for instance ``{label: CellType, donor: "Characteristics [individual]"}``.
    spatial
        Columns with coordinates, two or three.
    cell_regex, matrix_regex
        Expressions that cut the names of the file, and those of the matrix, to what they have in common: what the
        groups capture, joined by ``_``. A name that does not match has no partner.
    least
        Smallest share of the cells of the matrix, from 0 to 1, that the file must name.

    Returns
    -------
    AnnData
        The cells that were found, under their names so far. ``uns["labels"]`` counts the ``matched`` and the
        ``unmatched``.

    Raises
    ------
    UserError
        If the file cannot be read or lacks a column, names are not unique once they are cut, or too few are found.

    Notes
    -----
    Memory: the text of the file, and a copy of the cells that are found.
    """
    check_number("least", least, 0, 1)
    check_mapping(path, columns or {})
    check_known(path, "reader", reader, ("table", "series_matrix", "rda"))
    stated = _read(path, reader, separator, objects)
    wanted = [*(columns or {}).values(), *(spatial or ())]
    for key in wanted:
        check_known(path, "column", key, stated.columns)
    if cell is None:
        place = _in_order(path, len(stated), adata.n_obs)
    else:
        theirs = cut(_column(path, stated, cell), cell_regex, "cell_regex")
        ours = cut(adata.obs_names, matrix_regex, "matrix_regex")
        place = _place(path, theirs, ours, stated[wanted])
        _check_enough(path, theirs, ours, place, least)
    found = place >= 0
    LOGGER.info("%s names %d of the %d cells", path.name, found.sum(), adata.n_obs)
    result = adata if found.all() else adata[found].copy()
    rows = stated.iloc[place[found]]
    for name, key in (columns or {}).items():
        result.obs[name] = text_column(rows[key].to_numpy(), name)
    if spatial is not None:
        result.obsm["spatial"] = coordinates(path, {axis: rows[axis].to_numpy() for axis in spatial})
    result.uns["labels"] = {"matched": int(found.sum()), "unmatched": int((~found).sum())}
    return result


def _read(path: Path, reader: str, separator: str | None, objects: Sequence[str] | None) -> pd.DataFrame:
    match reader:
        case "series_matrix":
            return series_matrix(path)
        case "rda":
            return rda(path, objects)
    return _table(path, separator)


def _table(path: Path, separator: str | None) -> pd.DataFrame:
    with reading(path, "a table"), open_text(path) as file:
        stated = pd.read_csv(file, sep=separator_of(path, separator), dtype=str, keep_default_na=False).fillna("")
    if not isinstance(stated.index, pd.RangeIndex):  # R leaves out the heading of the names of rows
        stated = stated.reset_index(names="")
    return stated


def _column(path: Path, stated: pd.DataFrame, cell: str | int | Sequence[str]) -> pd.Series:
    if not isinstance(cell, (str, int)):
        parts = [_column(path, stated, one) for one in cell]
        return parts[0].str.cat(parts[1:], sep="_")
    if isinstance(cell, int):
        check_known(path, "number of a column", cell, range(stated.shape[1]))
        return stated.iloc[:, cell]
    check_known(path, "column", cell, stated.columns)
    return stated[cell]


def _in_order(path: Path, rows: int, cells: int) -> np.ndarray:
    if rows != cells:
        how = "the rows are taken in their order if the option 'cell' does not say which column names them"
        raise UserError(f"{path} has {rows} rows and the matrix {cells} cells; {how}.")
    return np.arange(cells)


def _place(path: Path, theirs: np.ndarray, ours: np.ndarray, stated: pd.DataFrame) -> np.ndarray:
    """Give the row of the file for each cell of the matrix, -1 for those that it does not name."""
    # Files about sequencing runs repeat a cell; rows that say the same of it are one.
    repeated = pd.concat([stated, pd.Series(theirs, index=stated.index)], axis=1).duplicated().to_numpy()
    rows = np.flatnonzero(~repeated & ~pd.isna(theirs))
    index, known = pd.Index(theirs[rows]), ~pd.isna(ours)
    for whose, names in (("the file", index), ("the matrix", pd.Index(ours[known]))):
        if not names.is_unique:
            twice = names[names.duplicated()]
            raise UserError(
                f"{path}: {len(twice)} names of cells in {whose} repeat an earlier one (first: {twice[0]!r})."
            )
    place = np.full(len(ours), -1)
    place[known] = np.append(rows, -1)[index.get_indexer(ours[known])]
    return place


def _check_enough(path: Path, theirs: np.ndarray, ours: np.ndarray, place: np.ndarray, least: float) -> None:
    matched = int((place >= 0).sum())
    if matched < least * len(ours):
        share = f"{matched} of {len(ours)} cells ({matched / len(ours):.0%}; at least {least:.0%} are needed)"
        example = ", ".join(repr(names[0]) if len(names) else "nothing" for names in (theirs, ours[place < 0]))
        raise UserError(f"{path} names {share}. Its first name and the first that it lacks: {example}.")
