"""Read tables of delimited text: csv, tsv, whatever a spreadsheet or R writes."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pandas as pd

from scbench.data.loaders.assembly import reading
from scbench.data.loaders.blocks import BLOCK
from scbench.data.loaders.grid import Layout, read_grid
from scbench.data.loaders.text import fields_of, open_text, separator_of
from scbench.data.options import check_number, with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData


@with_options
def table(
    source: Path,
    *,
    genes: str,
    separator: str | None = None,
    skip: int = 0,
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
    """Read a table of delimited text, plain or compressed by gzip.

    Parameters
    ----------
    source
        The file.
    separator
        ``comma``, ``tab``, ``semicolon`` or ``space``; by default a comma for ``.csv`` and a tab for other files.
    skip
        Number of lines to skip at the start.
    genes, head, first, cell, columns, spatial, drop, gene_regex, values, unique
        See `scbench.data.loaders.grid.Layout`.

    Returns
    -------
    AnnData
        Cells x genes.

    Raises
    ------
    UserError
        If the file cannot be read, a line has too many or too few fields, or `read_grid` refuses its content.

    Notes
    -----
    Memory: blocks of 8 million fields, and the sparse matrix twice.
    """
    layout = Layout(genes, head, first, cell, columns, spatial, drop, gene_regex, values, unique)
    layout.check(source)
    check_number("skip", skip, 0, integer=True)
    separator = separator_of(source, separator)
    with reading(source, "text"), open_text(source) as file:
        above = [fields_of(line, separator) for line in islice(file, skip, skip + head)]
    return read_grid(source, above, _blocks(source, separator, skip + head, layout), layout)


def _blocks(source: Path, separator: str, skip: int, layout: Layout) -> Iterator[pd.DataFrame]:
    """Read blocks of rows; names and properties stay text, and only an empty field is a missing one."""
    named = 1 if layout.genes == "rows" else layout.first
    with reading(source, "a table"), open_text(source) as file:
        lines = _lines(source, file, separator, skip)
        for line in lines:
            rows = max(1, BLOCK // _width(line, separator))
            yield pd.read_csv(
                BytesIO("".join([line, *islice(lines, rows - 1)]).encode()),
                sep=separator,
                header=None,
                dtype=dict.fromkeys(range(named), str),
                keep_default_na=False,
                na_values=[""],
                low_memory=False,
                float_precision="round_trip",
            )


def _lines(source: Path, file: TextIO, separator: str, skip: int) -> Iterator[str]:
    """Give the lines that are not blank; pandas would fill short ones up, and cut long ones where a block starts."""
    width = None
    for number, line in enumerate(islice(file, skip, None), start=skip + 1):
        if line.isspace():
            continue
        found = _width(line, separator)
        width = width or found
        if found != width:
            raise UserError(f"{source}: line {number} has {found} fields. Expected {width}, as in the lines before it.")
        yield line


def _width(line: str, separator: str) -> int:
    plain = '"' not in line and len(separator) == 1
    return line.count(separator) + 1 if plain else len(fields_of(line, separator))
