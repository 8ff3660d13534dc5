"""Check a dataset before any method sees it: values, names, labels, coordinates, and what the registry expects."""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

LOGGER = logging.getLogger(__name__)


def check(adata: "AnnData", name: str, expected: Mapping, tracks: Iterable[str]) -> "AnnData":
    """Check a dataset and leave out its empty cells, which cannot be normalised.

    Parameters
    ----------
    adata
        Cells x genes, with CSR counts in ``layers["counts"]``, CSR linear values in ``layers["linear"]``, or CSR log1p
        values in ``X``.
    name
        Name of the dataset, for messages.
    expected
        Number of ``cells`` and ``genes``, and of ``labels`` or of the cells of each label, after empty cells are gone.
    tracks
        Tracks that use the dataset; ``markers`` and ``annotation`` need labels, ``svg`` needs coordinates.

    Returns
    -------
    AnnData
        `adata`, or a copy without the empty cells. A label column in which every field is empty is removed.

    Raises
    ------
    UserError
        At the first thing that is wrong.

    Notes
    -----
    Empty genes are kept (methods must cope with them) and counted in a warning, as are empty cells and spots that share
    a position. Memory: a few bytes for each stored value.
    """
    tracks = set(tracks)
    unique_names(name, adata.obs_names, adata.var_names)
    _check_values(adata, name)
    adata = _without_empty_cells(adata, name)
    if "label" in adata.obs and (adata.obs["label"].astype(str) == "").all():
        del adata.obs["label"]
    if tracks & {"markers", "annotation"}:
        _check_labels(adata, name)
        if "broad" in adata.obs:
            _check_nested(adata, name)
    if "spatial" in adata.obsm:
        _check_coordinates(adata, name, area="svg" in tracks)
    elif "svg" in tracks:
        raise UserError(f"{name}: the dataset has no coordinates, which the svg track needs (obsm key 'spatial').")
    _check_expected(adata, name, expected)
    return adata


def unique_names(name: object, cells: pd.Index, genes: pd.Index) -> None:
    """Raise `UserError` naming the first repeated names of cells or genes."""
    for what, names in {"cell": cells, "gene": genes}.items():
        repeated = names[names.duplicated()].unique()
        if len(repeated):
            first = ", ".join(map(repr, repeated[:3].astype(str)))
            raise UserError(f"{name}: {len(repeated)} {what} names are not unique (first: {first}).")


def _values(adata: "AnnData") -> sp.csr_matrix:
    return adata.layers.get("counts", adata.layers.get("linear", adata.X))


def _check_values(adata: "AnnData", name: str) -> None:
    values = _values(adata)
    counts = "counts" in adata.layers
    kind = "counts" if counts else "linear values" if "linear" in adata.layers else "log1p values"
    _refuse(adata, name, ~np.isfinite(values.data), f"{kind} must be finite")
    _refuse(adata, name, values.data < 0, f"{kind} must not be negative")
    if counts:
        if values.dtype.kind == "f":
            hint = "; if the matrix holds log1p values, say so with the option 'values'"
            _refuse(adata, name, values.data != np.rint(values.data), f"counts must be integers{hint}")
        limit = np.iinfo(np.int32).max
        _refuse(adata, name, values.data > limit, f"counts must be at most {limit}")


def _refuse(adata: "AnnData", name: str, bad: np.ndarray, rule: str) -> None:
    """Raise `UserError` naming the first of the stored values marked as bad."""
    if not bad.any():
        return
    values = _values(adata)
    first = int(np.argmax(bad))
    cell = adata.obs_names[np.searchsorted(values.indptr, first, side="right") - 1]
    gene = adata.var_names[values.indices[first]]
    raise UserError(f"{name}: {rule}. Got {values.data[first]} (gene {gene!r}, cell {cell!r}; {bad.sum()} in all).")


def _without_empty_cells(adata: "AnnData", name: str) -> "AnnData":
    values = _values(adata)
    filled = np.asarray(values.sum(axis=1)).ravel() > 0
    empty_genes = int((np.bincount(values.indices[values.data > 0], minlength=adata.n_vars) == 0).sum())
    if not filled.any() or not adata.n_vars:
        raise UserError(f"{name}: none of the {adata.n_obs} cells has a value in any of the {adata.n_vars} genes.")
    if empty_genes:
        LOGGER.warning("%s: %d of %d genes are zero in every cell; they are kept", name, empty_genes, adata.n_vars)
    if filled.all():
        return adata
    LOGGER.warning("%s: %d of %d cells have no counts and are left out", name, (~filled).sum(), adata.n_obs)
    return adata[filled].copy()


def _check_labels(adata: "AnnData", name: str) -> None:
    if "label" not in adata.obs:
        raise UserError(f"{name}: the dataset has no labels, which the markers and annotation tracks need.")
    sizes = adata.obs["label"].astype(str).value_counts()
    if "" in sizes:
        how = "label them or leave them out with `drop_labels: ['']`"
        raise UserError(f"{name}: {sizes['']} of {adata.n_obs} cells have no label; {how}.")
    single = sizes.index[sizes == 1]
    if len(single):
        how = "leave it out with `drop_labels`"
        raise UserError(f"{name}: the class {min(single)!r} has one cell. A class needs two or more; {how}.")
    if len(sizes) == 1:
        raise UserError(f"{name}: all cells have the label {sizes.index[0]!r}. Two or more classes are needed.")


def _check_nested(adata: "AnnData", name: str) -> None:
    """Check that each label lies in one of the broad types of ``obs["broad"]``, of which there are two or more."""
    labels, broad = adata.obs["label"].astype(str), adata.obs["broad"].astype(str)
    if (broad == "").any():
        raise UserError(f"{name}: {(broad == '').sum()} of {adata.n_obs} cells have no broad type.")
    pairs = pd.DataFrame({"label": labels, "broad": broad}).drop_duplicates().sort_values(["label", "broad"])
    shared = pairs[pairs.duplicated("label", keep=False)]
    if len(shared):
        label = shared["label"].iloc[0]
        types = ", ".join(map(repr, shared["broad"][shared["label"] == label]))
        raise UserError(f"{name}: the label {label!r} must lie in one broad type. It lies in {types}.")
    if len(set(broad)) == 1:
        raise UserError(f"{name}: all cells are of the broad type {broad.iloc[0]!r}. Two or more are needed.")


def _check_coordinates(adata: "AnnData", name: str, *, area: bool) -> None:
    coords = adata.obsm["spatial"]
    if coords.ndim != 2 or coords.shape[1] not in {2, 3}:
        raise UserError(f"{name}: coordinates must have 2 or 3 columns. Got shape {coords.shape}.")
    bad = ~np.isfinite(coords).all(axis=1)
    if bad.any():
        spot = adata.obs_names[int(np.argmax(bad))]
        raise UserError(f"{name}: coordinates must be finite. Got {coords[bad][0].tolist()} (spot {spot!r}).")
    shared = len(coords) - len(np.unique(coords, axis=0))
    if shared:
        LOGGER.warning("%s: %d of %d spots lie where another one lies", name, shared, len(coords))
    spread = np.linalg.svd(coords - coords.mean(axis=0), compute_uv=False)
    if area and not (len(spread) > 1 and spread[1] > 1e-6 * spread[0]):
        raise UserError(f"{name}: all {len(coords)} spots lie on one line. Spatial graphs need an area.")


def _check_expected(adata: "AnnData", name: str, expected: Mapping) -> None:
    labels = adata.obs["label"].astype(str).value_counts().to_dict() if "label" in adata.obs else {}
    labels.pop("", None)  # spots outside all domains
    found = {"cells": adata.n_obs, "genes": adata.n_vars, "labels": len(labels)}
    for key, number in expected.items():
        if isinstance(number, Mapping):
            differing = [
                f"{label!r} {labels.get(label, 0)} (expected {number.get(label, 0)})"
                for label in sorted(labels.keys() | number.keys())
                if labels.get(label, 0) != number.get(label, 0)
            ]
            if differing:
                raise UserError(f"{name}: cells of a label differ from `expected`: {', '.join(differing)}.")
        elif found[key] != number:
            raise UserError(f"{name}: expected {number} {key}. Found {found[key]}.")
