"""Scores and segmentations along a series of datasets that differ in one thing, such as their noise."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

# What a method leaves (`extras_`) if its registry entry shows "segments".
GENES, LABELS = "segment_genes", "segment_labels"


def along(scores: pd.DataFrame, levels: Mapping[str, float], scenario: str) -> pd.DataFrame:
    """Summarise each metric over the replicates, level by level.

    Parameters
    ----------
    scores
        The table of this name.
    levels
        Level of each dataset of the series.
    scenario
        How genes were called: ``bh`` or ``authors``.

    Returns
    -------
    pandas.DataFrame
        Columns ``method, metric, level, mean, sd, n, n_bad``, by level. Mean and standard deviation (NaN for one run)
        are those of the `n` - `n_bad` runs that ended ``ok``; the mean is NaN if there is none.
    """
    kept = (scores["scenario"] == scenario) & (scores["class"] == "") & scores["dataset"].isin(levels)
    rows = scores[kept].assign(level=scores["dataset"].map(levels), bad=scores["status"] != "ok")
    keys = ["method", "metric", "level"]
    table = rows.groupby(keys, sort=False).agg(
        mean=("value", "mean"), sd=("value", "std"), n=("value", "size"), n_bad=("bad", "sum")
    )
    return table.reset_index().sort_values("level", kind="stable", ignore_index=True)


class Example(NamedTuple):
    """How a method segmented a gene: the gene's number, the state of each spot, and the p-value."""

    gene: int
    segments: np.ndarray
    pvalue: float


def example(extra: Mapping[str, np.ndarray], output: pd.DataFrame, chosen: np.ndarray) -> Example | None:
    """Segmentation of the first gene among those that are `chosen`.

    Parameters
    ----------
    extra
        Further arrays of a run: ``segment_genes``, (segmented,) numbers of genes, and ``segment_labels``, (segmented,
        spots). A failed run has none.
    output
        The run's table.
    chosen
        (genes,) booleans.

    Returns
    -------
    Example or None
        None if no such gene was segmented.
    """
    if GENES not in extra or not len(extra[GENES]):
        return None
    places = np.flatnonzero(chosen[extra[GENES]])
    if not len(places):
        return None
    gene = int(extra[GENES][places[0]])
    return Example(gene, extra[LABELS][places[0]], float(output["pvalue"].iloc[gene]))


def choose_shapes(examples: Sequence[Mapping[str, Example | None]], n: int) -> list[str]:
    """Choose up to `n` shapes to show, of which the most levels have an example; earlier ones in case of a tie.

    A level need not have every shape.
    """
    shapes = dict.fromkeys(shape for level in examples for shape in level)
    counts = {shape: sum(level.get(shape) is not None for level in examples) for shape in shapes}
    return sorted((shape for shape, count in counts.items() if count), key=lambda shape: -counts[shape])[:n]
