"""Gather the runs of a track into its tables: status, scores with their scaled values, ranks."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scbench.atomic import read_json
from scbench.io import read_table
from scbench.layout import RANK_COLUMNS, SCHEMA_VERSION, STATUS_COLUMNS, is_expected
from scbench.stats import rank_groups

# A cell of the benchmark: what the values of different methods are compared within.
_CELL = ["dataset", "scenario", "class", "metric"]


def collect(
    statuses: Sequence[str],
    scores: Sequence[str],
    methods: dict[str, dict],
    metrics: dict[str, dict],
    *,
    expected: list[dict[str, Any]],
    overlap: float,
    confidence: float,
) -> dict[str, pd.DataFrame]:
    """Make the tables of a track, by name, from its status and score files."""
    table = scale(pd.concat([read_table(path) for path in scores], ignore_index=True), methods, metrics)
    return {
        "scores": table,
        "status": status_table([read_json(path) for path in statuses], expected),
        "ranks": rank_table(table, methods, metrics, overlap=overlap, confidence=confidence),
    }


def status_table(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per run, with whether its status was expected.

    Parameters
    ----------
    rows
        Contents of the status files.
    expected
        The configuration's list of runs that are known not to end ``ok``.
    """
    table = pd.DataFrame(rows).assign(schema_version=SCHEMA_VERSION)
    table["expected"] = [is_expected(row, expected) for row in rows]
    table["versions"] = [json.dumps(row["versions"], sort_keys=True) if row["versions"] else "" for row in rows]
    return table[STATUS_COLUMNS]


def scale(scores: pd.DataFrame, methods: dict[str, dict], metrics: dict[str, dict]) -> pd.DataFrame:
    """Fill in ``scaled``: 0 is the best negative control, 1 the positive control.

    The controls' means over replicates are the ends. Where a track has no positive control, 1 is the metric's ideal.
    Where the ends coincide or are the wrong way round, or the registry says that a metric has no scale, it stays empty.
    """
    roles = scores["method"].map(lambda name: methods[name]["role"])
    higher = scores["metric"].map(lambda name: metrics[name]["direction"] == "higher")
    signed = scores["value"].where(higher, -scores["value"])
    means = signed.groupby(
        [roles.rename("role"), *(scores[key] for key in _CELL), scores["method"]], dropna=False
    ).mean()
    best = means.groupby(level=["role", *_CELL], dropna=False).max()
    cells = pd.MultiIndex.from_frame(scores[_CELL])

    def end(role: str) -> np.ndarray:
        if role not in best.index.get_level_values("role"):
            return np.full(len(scores), np.nan)
        return best.xs(role, level="role").reindex(cells).to_numpy()

    ideal = np.array(
        [
            entry["max"] if entry["direction"] == "higher" else -entry["min"]
            for entry in map(metrics.get, scores["metric"])
        ]
    )
    low, high = end("negative_control"), end("positive_control")
    high = np.where(np.isnan(high), ideal, high)
    scalable = scores["metric"].map(lambda name: metrics[name]["scale"]).to_numpy(bool)
    span = np.where(scalable & (high - low > 1e-9), high - low, np.nan)
    return scores.assign(scaled=(signed.to_numpy() - low) / span)


def rank_table(
    scores: pd.DataFrame, methods: dict[str, dict], metrics: dict[str, dict], *, overlap: float, confidence: float
) -> pd.DataFrame:
    """Rank the methods for each dataset, scenario and overall metric.

    A run that did not end ``ok`` counts as the worst value of the metric. Controls and references have a mean and an
    interval, but no rank.

    Parameters
    ----------
    overlap
        Test cells over training cells of the replicates; 0 where each has a dataset of its own.
    """
    tables = []
    overall = scores[scores["class"] == ""]
    for (dataset, scenario, metric), part in overall.groupby(["dataset", "scenario", "metric"], sort=False):
        entry = metrics[metric]
        failed = part["status"] != "ok"
        worst = entry["min"] if entry["direction"] == "higher" else entry["max"]
        part = part.assign(value=part["value"].mask(failed, worst))
        values = part.pivot_table(index="method", columns="replicate", values="value", sort=False).dropna()
        if values.empty:  # undefined for this dataset
            continue
        real = [name for name in values.index if methods[name]["role"] == "method"]
        others = [name for name in values.index if methods[name]["role"] != "method"]
        settings = {"higher": entry["direction"] == "higher", "overlap": overlap, "confidence": confidence}
        ranked = [rank_groups(values.loc[real], **settings)] if real else []
        shown = [rank_groups(values.loc[[name]], **settings)[["mean", "low", "high"]] for name in others]
        table = pd.concat([*ranked, *shown]).rename_axis("method").reset_index()
        table[["low", "high"]] = table[["low", "high"]].clip(entry["min"], entry["max"])
        counts = part.groupby("method")
        table["n_replicates"] = table["method"].map(counts.size())
        table["n_failed"] = table["method"].map(counts["status"].agg(lambda status: (status != "ok").sum()))
        tables.append(table.assign(dataset=dataset, scenario=scenario, metric=metric))
    if not tables:
        return pd.DataFrame(columns=RANK_COLUMNS)
    table = pd.concat(tables, ignore_index=True)
    table["track"] = scores["track"].iloc[0]
    return table.assign(schema_version=SCHEMA_VERSION).reindex(columns=RANK_COLUMNS)
