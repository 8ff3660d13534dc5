"""The two tables of a marker benchmark at a glance: what the datasets are, and how well each method does on them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from scbench.report.tables import page

_PAIR = {"misclassification": "m", "macro_f1": "f1"}  # metrics of the SMaSH paper and their columns
_TOP = 2
_MARK = "★"


def dataset_table(facts: Iterable[Mapping[str, Any]], datasets: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Describe the datasets.

    Parameters
    ----------
    facts
        What `scbench.data.facts.facts` noted of each prepared dataset. Of a simulated dataset, whose replicates are
        called ``name/r0``, ``name/r1``, ..., the first one stands for all.
    datasets
        Registry entries with ``label`` and, where there is one, ``reference``. Those without facts are shown as such.

    Returns
    -------
    pandas.DataFrame
        Columns ``dataset, label, cells, genes, classes, smallest_class, largest_class, zeros, reference``; the sizes of
        the classes are in cells, ``zeros`` is the share of the values that are 0.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Table 1.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for fact in facts:
        found.setdefault(fact["dataset"].partition("/r")[0], fact)
    rows = []
    for name, entry in datasets.items():
        fact = found.get(name, {})
        sizes = list(fact.get("labels", {}).values())
        rows.append(
            {
                "dataset": name,
                "label": entry["label"],
                "cells": fact.get("cells"),
                "genes": fact.get("genes"),
                "classes": len(sizes) or None,
                "smallest_class": min(sizes, default=None),
                "largest_class": max(sizes, default=None),
                "zeros": 1 - fact["nonzero_fraction"] if fact else np.nan,
                "reference": entry.get("reference", ""),
            }
        )
    columns = ["dataset", "label", "cells", "genes", "classes", "smallest_class", "largest_class", "zeros", "reference"]
    counts = dict.fromkeys(columns[2:7], "Int64")
    return pd.DataFrame(rows, columns=columns).astype(counts)


def score_table(
    ranks: pd.DataFrame,
    *,
    methods: Mapping[str, Mapping[str, Any]],
    datasets: Mapping[str, Mapping[str, Any]],
    scenario: str,
) -> pd.DataFrame:
    """Give misclassification and macro F1 of each method on each dataset.

    Parameters
    ----------
    ranks
        The table of this name of the track.
    methods, datasets
        The registries: what they list and `ranks` lacks is in the table, too, without values.
    scenario
        Scenario of the scores, ``"top30"`` say.

    Returns
    -------
    pandas.DataFrame
        A row per dataset and method: ``m, m_low, m_high`` in percent, ``f1, f1_low, f1_high``, ``n_replicates``,
        ``n_failed``, and ``best_m``, ``best_f1``: whether the method is among the best two by its mean. Only rows of
        the role ``method`` compete, and all with the same mean as the second do. A run that failed counts as the worst
        value in the mean, and a method of which all runs failed has no values.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Table 2.
    """
    grid = pd.MultiIndex.from_product([datasets, methods], names=["dataset", "method"])
    table = pd.DataFrame(index=grid)
    ranks = ranks[ranks["scenario"] == scenario].set_index(["dataset", "method"])
    compete = grid.get_level_values("method").map(lambda name: methods[name]["role"] == "method").to_numpy(bool)
    for metric, column in _PAIR.items():
        part = ranks[ranks["metric"] == metric].reindex(grid)
        failed = part["n_failed"] == part["n_replicates"]
        values = part[["mean", "low", "high"]].mask(failed).mul(100 if column == "m" else 1)
        table[[column, f"{column}_low", f"{column}_high"]] = values.to_numpy(float)
        # Competition ranks, so that it takes two better methods, and not two better values, to be out.
        place = values["mean"].round(12).where(compete).groupby("dataset", sort=False)
        table[f"best_{column}"] = place.rank(method="min", ascending=column == "m").le(_TOP).to_numpy()
    runs = ranks[ranks["metric"] == next(iter(_PAIR))][["n_replicates", "n_failed"]]
    return table.join(runs.reindex(grid).astype("Int64")).reset_index()


def pair_table(
    scores: pd.DataFrame, *, methods: Mapping[str, Mapping[str, Any]], datasets: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Write the scores as in the paper: a row per method, a column per dataset, each cell "(M, F1)".

    Parameters
    ----------
    scores
        Result of `score_table`.
    methods, datasets
        The registries.

    Returns
    -------
    pandas.DataFrame
        Texts. A star after a number marks the best two of a dataset; where runs failed or there are none, the cell
        says so.
    """
    cells = scores.assign(text=scores.apply(_pair, axis=1))
    wide = cells.pivot_table(index="method", columns="dataset", values="text", aggfunc="first")
    wide = wide.reindex(index=list(methods), columns=list(datasets))
    wide.index = [entry["label"] for entry in methods.values()]
    wide.columns = [entry["label"] for entry in datasets.values()]
    return wide.rename_axis(index="method", columns=None).reset_index()


def summary_page(
    facts: Iterable[Mapping[str, Any]],
    ranks: pd.DataFrame,
    *,
    methods: Mapping[str, Mapping[str, Any]],
    datasets: Mapping[str, Mapping[str, Any]],
    scenario: str,
    title: str,
) -> str:
    """Build the page of both tables; for the arguments see `dataset_table` and `score_table`."""
    scores = score_table(ranks, methods=methods, datasets=datasets, scenario=scenario)
    tables = {
        "pairs": pair_table(scores, methods=methods, datasets=datasets),
        "datasets": dataset_table(facts, datasets),
        "scores": scores,
    }
    note = (
        f"Pairs are (misclassification in %, macro F1), means over replicates, scenario {scenario}. "
        f"{_MARK}: among the best {_TOP} of the dataset; controls do not compete. Whether methods can be told apart "
        "is in the table of ranks. Intervals are in the columns low and high of the scores."
    )
    return page(tables, title, note=note)


def _pair(row: pd.Series) -> str:
    if pd.isna(row["n_replicates"]):
        return "not run"
    if np.isnan(row["m"]):
        return "all failed" if row["n_failed"] == row["n_replicates"] else "not defined"
    text = f"({row['m']:.1f}{_MARK * row['best_m']}, {row['f1']:.2f}{_MARK * row['best_f1']})"
    return text + (f" {row['n_failed']} of {row['n_replicates']} failed" if row["n_failed"] else "")
