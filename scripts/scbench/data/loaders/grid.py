"""Grids of fields, as text tables and sheets have them: some lines and columns with names around a matrix."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.loaders.assembly import (
    assemble,
    check_known,
    check_mapping,
    coordinates,
    csr_of_blocks,
    gene_names,
    numbered,
    numbers_of,
    text_column,
)
from scbench.data.options import check_number
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

XXY = "XxY"
_XXY = re.compile(r"(-?\d+(?:\.\d+)?)x(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Layout:
    """Where what lies in a grid; the options that `table` and `xlsx` share.

    Attributes
    ----------
    genes
        ``rows`` if each row is a gene, ``columns`` if each row is a cell.
    head
        Number of lines above the values. With genes in rows, a line of several is a property of the cells, and its key
        is the last field, of those above the columns with names, that is not empty. With none, cells are numbered.
    first
        Number, from 0, of the first column of values.
    cell
        Property with the names of the cells: the key of a line (genes in rows) or the heading of a column left of the
        values (genes in columns). By default the first line, or the first column.
    columns
        Name in ``obs`` and in the source of other properties.
    spatial
        Properties with the coordinates, or ``XxY`` if the cells' names are coordinates, such as ``16.92x9.015``.
    drop
        Genes to leave out; what stands there does not matter.
    gene_regex
        Expression whose groups, joined by ``_``, are the names of the genes, for instance ``^(.*)__chr``.
    values, unique
        See `scbench.data.loaders.assembly.assemble`.
    """

    genes: str
    head: int = 1
    first: int = 1
    cell: str | None = None
    columns: Mapping[str, str] | None = None
    spatial: Sequence[str] | str | None = None
    drop: Sequence[str] = ()
    gene_regex: str | None = None
    values: str = "counts"
    unique: bool = False

    def check(self, source: Path) -> None:
        """Raise `UserError` at options that cannot be."""
        check_known(source, "value of 'genes'", self.genes, ("rows", "columns"))
        check_number("head", self.head, 0, integer=True)
        check_number("first", self.first, 1, integer=True)
        if self.genes == "columns" and self.head != 1:
            raise UserError(f"{source}: with 'genes: columns' one line names the genes. Got 'head: {self.head}'.")
        if self.columns is not None:
            check_mapping(source, self.columns)
        if isinstance(self.drop, str):
            raise UserError(f"{source}: 'drop' is a list of genes. Got {self.drop!r}.")
        axes = len(self.spatial) if isinstance(self.spatial, Sequence) and not isinstance(self.spatial, str) else 0
        if self.spatial not in (None, XXY) and axes not in {2, 3}:
            raise UserError(f"{source}: 'spatial' is {XXY} or a list of 2 or 3 properties. Got {self.spatial!r}.")


def read_grid(
    source: Path,
    head: Sequence[Sequence[str]],
    body: Iterable[pd.DataFrame],
    layout: Layout,
    beside: Mapping[str, Sequence[str]] | None = None,
) -> "AnnData":
    """Make an AnnData of a grid.

    Parameters
    ----------
    source
        What is read, for messages.
    head
        Fields of the lines above the values. Lines end with the last column; fewer fields than columns means that the
        first columns have no heading.
    body
        Blocks of the rows below, all as wide.
    layout
        What lies where.
    beside
        Further properties of the cells, from elsewhere.

    Raises
    ------
    UserError
        If a field of the matrix is missing or no number, a name or property is missing, or `assemble` refuses it.

    Notes
    -----
    Memory: that of `csr_of_blocks`, and the text of the properties that are used.
    """
    blocks = iter(body)
    block = next(blocks, None)
    if block is None:
        raise UserError(f"{source} has no rows below the {len(head)} line(s) of the head.")
    if block.shape[1] <= layout.first:
        raise UserError(f"{source} has {block.shape[1]} columns, so none with values from column {layout.first} on.")
    above = [_aligned(source, line, block.shape[1], layout.first) for line in head]
    parse = _rows_of_genes if layout.genes == "rows" else _rows_of_cells
    X, genes, names, properties = parse(source, above, chain([block], blocks), layout)
    properties |= beside or {}
    if layout.cell is not None:
        names = _property(source, properties, layout.cell)
    obs = pd.DataFrame(index=numbered("cell", X.shape[0]) if names is None else pd.Index(names, dtype=object))
    for name, key in (layout.columns or {}).items():
        obs[name] = text_column(_property(source, properties, key), name)
    spatial = _spatial(source, obs.index, properties, layout.spatial)
    return assemble(source, X, obs, genes, layout.values, unique=layout.unique, spatial=spatial)


def _aligned(source: Path, line: Sequence[str], width: int, first: int) -> list[str]:
    """Give a line the width of the rows: its last field is above the last column."""
    if any(line) and not width - first <= len(line) <= width:
        found = f"a line of the head has {len(line)} fields, the row below it {width}"
        raise UserError(f"{source}: {found}. Expected as many, or up to {first} fewer.")
    return ([""] * width + list(line))[-width:]


def _rows_of_genes(source: Path, above: list[list[str]], blocks: Iterable[pd.DataFrame], layout: Layout) -> tuple:
    genes: list[str] = []
    dropped: set[str] = set()

    def matrices() -> Iterator[np.ndarray]:
        for block in blocks:
            names = gene_names(source, block.iloc[:, 0].fillna(""), layout.gene_regex)
            drop = np.isin(names, layout.drop)
            dropped.update(names[drop])
            genes.extend(names[~drop])
            cells = above[0] if above else [f"column {i}" for i in range(block.shape[1])]
            yield _numbers(source, block[~drop].iloc[:, layout.first :], names[~drop], cells[layout.first :])

    X = csr_of_blocks(source, matrices(), layout.values).T.tocsr()
    _check_dropped(source, layout, dropped)
    keys = [next((key for key in reversed(line[: layout.first]) if key), "") for line in above]
    properties = {key: line[layout.first :] for key, line in zip(keys, above, strict=True)}
    return X, pd.Index(genes, dtype=object), above[0][layout.first :] if above else None, properties


def _rows_of_cells(source: Path, above: list[list[str]], blocks: Iterable[pd.DataFrame], layout: Layout) -> tuple:
    genes = gene_names(source, above[0][layout.first :], layout.gene_regex)
    drop = np.isin(genes, layout.drop)
    _check_dropped(source, layout, genes[drop])
    wanted = [layout.cell, *(layout.columns or {}).values(), *(layout.spatial or ())]
    headings = dict(enumerate(above[0][: layout.first]))
    texts: dict[int, list] = {i: [] for i, heading in headings.items() if i == 0 or heading in wanted}

    def matrices() -> Iterator[np.ndarray]:
        for block in blocks:
            for i, text in texts.items():
                text.extend(block.iloc[:, i].fillna("").astype(str))
            values = block.iloc[:, layout.first :].loc[:, ~drop]
            yield _numbers(source, values, block.iloc[:, 0], genes[~drop])

    X = csr_of_blocks(source, matrices(), layout.values)
    known = {heading: texts.get(i) for i, heading in headings.items()}
    return X, pd.Index(genes[~drop], dtype=object), texts[0], known


def _check_dropped(source: Path, layout: Layout, found: Iterable[str]) -> None:
    if missing := set(layout.drop) - set(found):
        raise UserError(f"{source}: there is no gene {min(missing)!r} to drop.")


def _numbers(source: Path, fields: pd.DataFrame, rows: Sequence[str], columns: Sequence[str]) -> np.ndarray:
    """Make a dense block of numbers, or name the first field that is none."""
    if all(kind.kind in "iuf" for kind in fields.dtypes):
        numbers = fields.to_numpy()
    else:
        numbers = np.column_stack([numbers_of(fields[column]) for column in fields])
    if numbers.dtype.kind == "f" and (bad := np.isnan(numbers)).any():
        row, column = np.argwhere(bad)[0]
        field = fields.iloc[row, column]
        what = "is empty" if pd.isna(field) else f"must be a number. Got {str(field)!r}"
        where = f"row {str(np.asarray(rows)[row])!r}, column {columns[column]!r}"
        raise UserError(f"{source}: the field in {where} {what} ({bad.sum()} such fields nearby).")
    return numbers


def _property(source: Path, properties: Mapping[str, Sequence[str]], key: str) -> Sequence[str]:
    check_known(source, "property of the cells", key, properties)
    return properties[key]


def _spatial(source: Path, names: pd.Index, properties: Mapping, spatial: Sequence[str] | str | None) -> np.ndarray:
    if spatial is None:
        return None
    if spatial != XXY:
        return coordinates(source, {axis: _property(source, properties, axis) for axis in spatial})
    found = [_XXY.fullmatch(name) for name in names]
    if not all(found):
        raise UserError(f"{source}: the name {names[found.index(None)]!r} is not of the form {XXY}.")
    return np.array([match.groups() for match in found], dtype=float)
