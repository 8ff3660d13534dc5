"""Read tables of delimited text: csv, tsv, whatever a spreadsheet or R writes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scbench.data.loaders.assembly import BLOCK, reading
from scbench.data.loaders.grid import Layout, read_grid
from scbench.data.loaders.text import fields_of, open_text, separator_of
from scbench.data.options import check_number, with_options

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
    with reading(source, "text"), open_text(source) as file:
        lines = list(islice(file, skip, skip + head + 1))
    fields = [fields_of(line, separator_of(source, separator)) for line in lines]
    rows = _rows(source, separator_of(source, separator), skip + head, layout, len(fields[-1]) if fields else 1)
    return read_grid(source, fields[:head], rows if len(lines) > head else (), layout)


def _rows(source: Path, separator: str, skip: int, layout: Layout, width: int) -> Iterator[pd.DataFrame]:
    """Read blocks of rows; names and properties stay text, and only an empty field is a missing one."""
    named = 1 if layout.genes == "rows" else layout.first
    with reading(source, "a table"), open_text(source) as file:
        yield from pd.read_csv(
            file,
            sep=separator,
            header=None,
            skiprows=skip,
            chunksize=max(1, BLOCK // width),
            dtype=dict.fromkeys(range(named), str),
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            float_precision="round_trip",
        )
