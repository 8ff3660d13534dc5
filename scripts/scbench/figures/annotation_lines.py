"""Scores of annotators along something that grows: additional dropout, or the number of training cells."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from scbench.figures import _lines, style
from scbench.figures import _marker_scores as shared
from scbench.subtracks import base

_METRICS = ("macro_f1", "accuracy", "rare_f1")
_HIGHER_INCH = 0.35  # than other panels with lines: they hold twice as many


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
    lines: Mapping[str, Mapping[tuple[str, str], float]],
    axis: str,
    title: str,
    log: bool = False,
) -> Figure:
    """Draw mean and standard deviation over the replicates, a row for each metric.

    Parameters
    ----------
    scores, ranks
        The tables of these names; only the first is drawn.
    methods, metrics, datasets
        The registries.
    track
        Track or sub-track of the table.
    lines
        By the name of a kind of line, its places along the axis by dataset and scenario. The second kind, if there is
        one, is dashed.
    axis, title, log
        Label of the horizontal axis, title of the figure, and whether the axis is logarithmic.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Figs 2a and 3a.
    """
    tables = [_along(scores, places) for places in lines.values()]
    table, dashed = tables if len(tables) == 2 else (tables[0], None)
    rows = [
        _lines.Row(name, metrics[name]["label"], metrics[name]) for name in _METRICS if name in set(table["metric"])
    ]
    names = [name for name in methods if name in set(table["method"])]
    groups = _lines.columns(methods, names)
    if not (rows and groups[0]):
        return style.blank(f"{title}: there are no scores.")
    words = _outcomes(scores, {pair for places in lines.values() for pair in places}, names)
    looks = style.looks(methods, base(track))
    height = _lines.height(len(rows), groups) + _HIGHER_INCH * len(rows) + 0.7
    figure = Figure(figsize=(min(style.WIDTH, 1.0 + 3.1 * len(groups)), height))
    part = figure.subfigures()  # apart from the key below
    grid = _lines.draw(part, table, rows, groups, methods=methods, looks=looks, words=words, dashed=dashed)
    ticks = sorted({place for places in lines.values() for place in places.values()})
    for ax in grid[-1]:
        if log:
            ax.set(xscale="log", xlim=(ticks[0] / 1.2, ticks[-1] * 1.2))
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    grid[-1, len(groups) // 2].set_xlabel(axis)
    part.suptitle(title, x=0.01, ha="left")
    shared.footnote(part, {methods[name]["label"]: text for name, text in words.items()})
    kinds = None if dashed is None else tuple(lines)
    options = {"interval": "standard deviation", "several": len(groups) > 1, "kinds": kinds}
    _lines.key(figure, table, methods=methods, looks=looks, **options)
    return figure


def _outcomes(scores: pd.DataFrame, pairs: set[tuple[str, str]], names: list[str]) -> dict[str, str]:
    """Say for each method what became of its runs at all places."""
    runs = scores[[pair in pairs for pair in zip(scores["dataset"], scores["scenario"], strict=True)]]
    runs = runs.drop_duplicates(["dataset", "method", "replicate"])
    return {name: style.outcome(runs.loc[runs["method"] == name, "status"]) for name in names}


def _along(scores: pd.DataFrame, places: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Mean and spread over the ``ok`` replicates, by method, metric and place."""
    x = pd.Series([places.get(pair) for pair in zip(scores["dataset"], scores["scenario"], strict=True)], scores.index)
    rows = scores.assign(x=x, ok=scores["status"] == "ok")[x.notna() & (scores["class"] == "")]
    keys = ["method", "metric", "x"]
    table = rows.groupby(keys, sort=False).agg(mean=("value", "mean"), sd=("value", "std"), whole=("ok", "all"))
    table = table.reset_index().sort_values("x", kind="stable")
    return table.assign(row=table["metric"], low=table["mean"] - table["sd"], high=table["mean"] + table["sd"])
