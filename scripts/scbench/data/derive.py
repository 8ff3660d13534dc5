"""Transforms that make one dataset from another."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scbench.data.dropout import drop_counts
from scbench.data.harmonise import look_up
from scbench.data.options import check_number, with_options
from scbench.data.permute import exchange, permute_genes, permute_spots
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@with_options
def relabel(
    adata: "AnnData", *, column: str, mapping: Mapping[str, str] | None = None, keep: str | None = None
) -> "AnnData":
    """Use another column of ``obs`` as the labels: another question about the same cells.

    Parameters
    ----------
    adata
        Cells x genes.
    column
        The column.
    mapping
        New label for each value of the column, or for all that have a start (with ``*`` at the end), for instance to
        set one type against all others; the values themselves by default.
    keep
        Name in ``obs`` for the labels so far, which are lost by default.

    Raises
    ------
    UserError
        If there is no such column, or a value is not mapped.
    """
    values = _column("relabel", adata, column, mapping)
    adata = adata.copy()
    if keep is not None:
        adata.obs[keep] = _column("relabel", adata, "label").astype("category")
    adata.obs["label"] = values.astype("category")
    return adata


@with_options
def nest(adata: "AnnData", *, column: str, mapping: Mapping[str, str] | None = None) -> "AnnData":
    """Ask the question in two steps: first for the broad type of a cell, then for the label within it.

    Cells and labels stay the same. Each label must lie in one broad type (`scbench.data.checks.check` sees to it).

    Parameters
    ----------
    adata
        Cells x genes.
    column
        Column of ``obs`` with the broad types.
    mapping
        Broad type of each value of the column, or of all that have a start (with ``*`` at the end); the values
        themselves by default.

    Raises
    ------
    UserError
        If there is no such column, or a value is not mapped.
    """
    broad = _column("nest", adata, column, mapping).astype("category")
    adata = adata.copy()
    adata.obs["broad"] = broad
    return adata


@with_options
def dropout(adata: "AnnData", *, rate: float, seed: int) -> "AnnData":
    """Set counts to zero, as if more molecules had been missed.

    Parameters
    ----------
    adata
        Cells x genes with counts.
    rate, seed
        See `scbench.data.dropout.drop_counts`.

    Raises
    ------
    UserError
        If the dataset has no counts or `rate` is out of range.
    """
    from anndata import AnnData

    if "counts" not in adata.layers:
        raise UserError("dropout: the dataset has no counts, only log1p values.")
    counts = drop_counts(adata.layers["counts"], rate, seed)
    # A new object: log1p values of the old counts must not be carried over.
    return AnnData(obs=adata.obs, var=adata.var, obsm=dict(adata.obsm), layers={"counts": counts})


@with_options
def subset(
    adata: "AnnData",
    *,
    where: Mapping[str, Sequence] | None = None,
    cells: int | None = None,
    genes: int | None = None,
    seed: int,
) -> "AnnData":
    """Keep the cells with certain properties, then a random sample of the cells and of the genes, in their order.

    Parameters
    ----------
    adata
        Cells x genes.
    where
        Values to keep of columns of ``obs``, for instance ``{animal: [1], bregma: [0.11]}``: a cell needs one of them
        in each column. They are compared as text.
    cells, genes
        How many to keep; all by default.
    seed
        Decides which cells and genes.

    Raises
    ------
    UserError
        If a column does not exist or a value does not occur in it, if no cell has all that is asked for, or if there
        are fewer cells or genes than asked for.
    """
    if where is not None:
        adata = adata[_having(adata, where)]
    rng = np.random.default_rng(seed)
    kept_cells = _sample(rng, "cells", cells, adata.n_obs)
    kept_genes = _sample(rng, "genes", genes, adata.n_vars)
    return adata[kept_cells, kept_genes].copy()


TRANSFORMS: dict[str, Callable[..., "AnnData"]] = {
    "relabel": relabel,
    "nest": nest,
    "dropout": dropout,
    "subset": subset,
    "permute_spots": permute_spots,
    "permute_genes": permute_genes,
    "exchange": exchange,
}


def _column(transform: str, adata: "AnnData", column: str, mapping: Mapping[str, str] | None = None) -> "pd.Series":
    """Give a column of ``obs`` as text, and with each value replaced where there is a mapping."""
    if column not in adata.obs:
        raise UserError(f"{transform}: unknown column {column!r}. {did_you_mean(column, adata.obs)}")
    values = adata.obs[column].astype(str)
    if mapping is None:
        return values
    if not isinstance(mapping, Mapping):
        raise UserError(f"{transform}: 'mapping' gives a label for each value of {column!r}. Got {mapping!r} instead.")
    new = {str(value): str(label) for value, label in mapping.items()}
    found = {value: look_up(new, value) for value in set(values)}
    unmapped = sorted(value for value, label in found.items() if label is None)
    if unmapped:
        known = ", ".join(new)
        raise UserError(f"{transform}: 'mapping' lacks the value {unmapped[0]!r} of {column!r}. It has: {known}.")
    return values.map(found)


def _having(adata: "AnnData", where: Mapping[str, Sequence]) -> np.ndarray:
    """Say of each cell whether it has one of the values asked for in every column."""
    if not isinstance(where, Mapping) or not all(isinstance(values, list) for values in where.values()):
        raise UserError(f"subset: 'where' gives a list of values for each column. Got {where!r} instead.")
    kept = np.ones(adata.n_obs, dtype=bool)
    for column, values in where.items():
        found = _column("subset", adata, column)
        asked, known = list(map(str, values)), set(found)
        for value in asked:
            if value not in known:
                raise UserError(f"subset: unknown value {value!r} of {column!r}. {did_you_mean(value, known)}")
        kept &= found.isin(asked).to_numpy()
    if not kept.any():
        raise UserError(f"subset: no cell has {where!r}.")
    return kept


def _sample(rng: np.random.Generator, name: str, size: int | None, available: int) -> np.ndarray:
    if size is None:
        return np.arange(available)
    check_number(name, size, 1, available, integer=True)
    return np.sort(rng.choice(available, size, replace=False))
