"""Name genes as other datasets do, by a table of their own."""

import csv
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scbench.data.loaders.assembly import check_known, reading
from scbench.data.loaders.text import open_text, separator_of
from scbench.data.options import check_number, with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

LOGGER = logging.getLogger(__name__)


@with_options
def gene_names(
    adata: "AnnData", path: Path, *, gene: str, name: str, separator: str | None = None, least: float = 0.5
) -> "AnnData":
    """Replace the names of genes, say numbers, by those that a table has for them.

    A gene that the table does not name, or whose name another one would have as well, keeps the name that it had.

    Parameters
    ----------
    adata
        Cells x genes; its names are changed.
    path
        Delimited text with headings.
    gene, name
        Headings of the columns with the names so far and with the new ones.
    separator
        See `scbench.data.loaders.table`.
    least
        Smallest share of the genes, from 0 to 1, that the table must name.

    Returns
    -------
    AnnData
        `adata`, with the names so far in ``var["gene_ids"]``.

    Raises
    ------
    UserError
        If the file is no such table, gives a gene two names, or names too few of them.
    """
    check_number("least", least, 0, 1)
    new = _read(path, separator, gene, name)
    old = adata.var_names.to_series()
    found = old.map(new)
    if found.notna().sum() < least * len(old):
        share = f"{found.notna().sum()} of {len(old)} genes (at least {least:.0%} are needed)"
        raise UserError(f"{path} names {share}. The first that it lacks: {old[found.isna()].iloc[0]!r}.")
    names = found.where(found.notna(), old)
    shared = names.duplicated(keep=False)
    names = names.where(~shared, old)
    LOGGER.info("%s names %d of %d genes", path.name, (found.notna() & ~shared).sum(), len(old))
    adata.var["gene_ids"] = old
    adata.var_names = pd.Index(names.to_numpy())
    return adata


def _read(path: Path, separator: str | None, gene: str, name: str) -> pd.Series:
    separator = separator_of(path, separator)
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL  # descriptions of genes have lone quotes
    with reading(path, "a table of genes"), open_text(path) as file:
        table = pd.read_csv(file, sep=separator, quoting=quoting, dtype=str, keep_default_na=False)
    for key in (gene, name):
        check_known(path, "column", key, table)
    new = table[[gene, name]].drop_duplicates().set_index(gene)[name]
    if not new.index.is_unique:
        twice = new.index[new.index.duplicated()][0]
        raise UserError(f"{path} gives more than one name to the gene {twice!r}.")
    return new[new != ""]
