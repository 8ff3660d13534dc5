"""Give labels of several studies, or labels finer than the question, common names."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

LOGGER = logging.getLogger(__name__)
COLUMNS = ["source", "label", "reason"]


def harmonise(adata: "AnnData", path: Path) -> "AnnData":
    """Replace the labels by those of a table.

    Parameters
    ----------
    adata
        Cells with ``obs["label"]``; cells without a label stay so.
    path
        Tab-separated text with the columns ``source`` (a label of the source, or the start of some with ``*`` at the
        end), ``label`` (its new name; empty to leave its cells out) and ``reason``. A whole label goes before a start,
        a longer start before a shorter one.

    Returns
    -------
    AnnData
        A copy without the cells that are left out.

    Raises
    ------
    UserError
        If the file is no such table, a source is in it twice, or labels are not in it.
    """
    if "label" not in adata.obs:
        raise UserError(f"{path}: there are no labels to harmonise.")
    new = _read(path)
    sources = [source for source in adata.obs["label"].astype(str).unique() if source]
    found = {source: look_up(new, source) for source in sources}
    if missing := sorted(source for source, label in found.items() if label is None):
        raise UserError(f"{path} lacks {len(missing)} of {len(sources)} labels: {', '.join(map(repr, missing))}.")
    labels = adata.obs["label"].astype(str)
    kept = (labels.map(found | {"": None}) != "").to_numpy()
    if not kept.all():
        LOGGER.info("%s: %d of %d cells have labels that are left out", path.name, (~kept).sum(), adata.n_obs)
    result = adata[kept].copy()
    result.obs["label"] = pd.Categorical(labels[kept].map(found | {"": ""}))
    return result


def _read(path: Path) -> dict[str, str]:
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table of labels: {error}") from error
    if list(table.columns) != COLUMNS:
        raise UserError(f"{path} has the columns {list(table.columns)}. Expected {COLUMNS}.")
    if (twice := table["source"].duplicated()).any():
        raise UserError(f"{path} has the source {table['source'][twice].iloc[0]!r} twice.")
    return dict(zip(table["source"], table["label"], strict=True))


def look_up(new: Mapping[str, str], source: str) -> str | None:
    """New name of a label: that of the whole label, else of the longest start (with ``*`` at the end) that it has."""
    starts = [key for key in new if key.endswith("*") and source.startswith(key[:-1])]
    return new.get(source, new[max(starts, key=len)] if starts else None)
