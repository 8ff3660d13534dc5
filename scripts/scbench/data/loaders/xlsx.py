"""Read sheets of Excel workbooks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.data.archives import check_zip
from scbench.data.loaders.assembly import assemble, check_known, check_mapping, coordinates, csr, reading, text_column
from scbench.data.loaders.grid import Layout, read_grid
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def xlsx(
    source: Path,
    *,
    genes: str,
    sheet: str,
    beside: Mapping[str, Sequence[str]] | None = None,
    head: int = 1,
    first: int = 1,
    cell: str | None = None,
    columns: Mapping[str, str] | None = None,
    spatial: Sequence[str] | str | None = None,
    drop: Sequence[str] = (),
    gene_regex: str | None = None,
    values: str = "counts",
    unique: bool = False,
) -> "AnnData":
    """Read a matrix in one sheet of a workbook, and properties of its cells in that and in other sheets.

    Parameters
    ----------
    source
        The workbook.
    sheet
        Sheet of the matrix.
    beside
        Other sheets, of numbers or text for each cell in the cells' order, without headings; and the properties that
        their columns (or rows, if cells are side by side) are: ``{Centroids: [x, y, z]}``.
    genes, head, first, cell, columns, spatial, drop, gene_regex, values, unique
        See `scbench.data.loaders.grid.Layout`.

    Returns
    -------
    AnnData
        Cells x genes.

    Raises
    ------
    UserError
        If the file is no workbook, a sheet is not there or of another size, or `read_grid` refuses the content.

    Notes
    -----
    Memory: about 100 bytes for each field of the sheets.
    """
    layout = Layout(genes, head, first, cell, columns, spatial, drop, gene_regex, values, unique)
    layout.check(source)
    sheets = _sheets(source, [sheet, *(beside or {})])
    fields = sheets[sheet]
    lines = fields.iloc[:head].fillna("").astype(str).to_numpy().tolist()
    body = fields.iloc[head:].infer_objects()
    n_cells = body.shape[1] - first if genes == "rows" else len(body)
    more = {
        name: values
        for other, names in (beside or {}).items()
        for name, values in zip(names, _side(source, other, sheets[other], len(names), n_cells), strict=True)
    }
    return read_grid(source, lines, [body] if len(body) else [], layout, more)


@with_options
def molecules(
    source: Path,
    *,
    sheet: str,
    gene: str,
    cell: Sequence[str],
    columns: Mapping[str, str] | None = None,
    spatial: Sequence[str] | None = None,
) -> "AnnData":
    """Count molecules: a sheet of a workbook has one row for each, with its gene and its cell.

    Parameters
    ----------
    source
        The workbook.
    sheet
        Its sheet, with headings in the first row.
    gene
        Column with the gene.
    cell
        Columns that name the cell together; names are joined by ``_``.
    columns
        Name in ``obs`` and column of other properties, which must be the same for all molecules of a cell.
    spatial
        Columns with the coordinates of the cell, likewise.

    Returns
    -------
    AnnData
        Cells x genes with counts, in order of first appearance.

    Raises
    ------
    UserError
        If the file is no workbook, a sheet or column is not there, or a property differs within a cell.

    Notes
    -----
    Memory: about 100 bytes for each field of the sheet.
    """
    if columns is not None:
        check_mapping(source, columns)
    fields = _sheets(source, [sheet])[sheet].fillna("").astype(str)
    fields = fields[1:].set_axis(fields.iloc[0], axis=1)
    wanted = [*(columns or {}).values(), *(spatial or ())]
    for column in [gene, *cell, *wanted]:
        check_known(source, "column", column, fields.columns)
    rows, cells = pd.factorize(fields[list(cell)].agg("_".join, axis=1))
    places, genes = pd.factorize(fields[gene])
    X = sp.coo_matrix((np.ones(len(fields), dtype=np.int32), (rows, places)), shape=(len(cells), len(genes)))
    known = {column: _of_cell(source, column, fields[column], rows, cells) for column in wanted}
    obs = pd.DataFrame({name: text_column(known[key], name) for name, key in (columns or {}).items()}, index=cells)
    coords = coordinates(source, {axis: known[axis] for axis in spatial}) if spatial else None
    return assemble(source, csr(source, X), obs, genes, "counts", spatial=coords)


def _sheets(source: Path, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read sheets as they are; only empty fields are missing."""
    with reading(source, "an Excel workbook"):
        check_zip(source)
        with pd.ExcelFile(source, engine="openpyxl") as book:
            for name in names:
                check_known(source, "sheet", name, book.sheet_names)
            read = {name: book.parse(name, header=None, keep_default_na=False, na_values=[""]) for name in names}
    for name, fields in read.items():
        if fields.empty:
            raise UserError(f"{source}: the sheet {name!r} is empty.")
    return read


def _side(source: Path, sheet: str, fields: pd.DataFrame, width: int, n_cells: int) -> list[list[str]]:
    """Give the properties in a sheet, each as a list with a value for each cell."""
    fields = fields.T if fields.shape == (width, n_cells) else fields
    if fields.shape != (n_cells, width):
        found = f"{fields.shape[0]} x {fields.shape[1]} fields"
        raise UserError(f"{source}: the sheet {sheet!r} has {found}. Expected {n_cells} cells x {width} properties.")
    return fields.fillna("").astype(str).to_numpy().T.tolist()


def _of_cell(source: Path, column: str, values: pd.Series, rows: np.ndarray, cells: pd.Index) -> np.ndarray:
    """Give the property of each cell that all its molecules state."""
    stated = pd.DataFrame({"cell": rows, "value": values.to_numpy()}).drop_duplicates()
    if (twice := stated["cell"].duplicated()).any():
        cell = cells[stated["cell"][twice].iloc[0]]
        raise UserError(f"{source}: the molecules of the cell {cell!r} differ in {column!r}. Expected one value.")
    return stated.sort_values("cell")["value"].to_numpy()
