"""Scores along a series of datasets: accuracy and errors of the calls against noise, say."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from scbench.figures import _lines, style
from scbench.figures import _marker_scores as shared
from scbench.figures.scores import scenario_label
from scbench.svg.series import along

_METRICS = (
    "svg_accuracy", "sensitivity", "false_positive_rate", "svg_f1", "false_discovery_proportion", "average_precision",
)  # fmt: skip


@style.use()
def plot(
    scores: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    levels: dict[str, float],
    axis: str,
    title: str,
    scenario: str,
) -> Figure:
    """Draw mean and standard deviation over the replicates, a line per method (scGCO, Fig. 2c and e).

    Parameters
    ----------
    scores
        The table of this name.
    methods, metrics
        The registries.
    levels
        Level of each dataset of the series.
    axis
        What the levels are.
    title
        Title of the figure.
    scenario
        How genes were called: ``bh`` or ``authors``.
    """
    table = along(scores, levels, scenario)
    rows = [
        _lines.Row(name, metrics[name]["label"], metrics[name]) for name in _METRICS if name in set(table["metric"])
    ]
    names = [name for name in methods if name in set(table["method"])]
    groups = _lines.columns(methods, names)
    if not (rows and groups[0]):
        return style.blank(f"{title}: there are no scores.")
    table = table.assign(
        row=table["metric"],
        x=table["level"],
        low=table["mean"] - table["sd"],
        high=table["mean"] + table["sd"],
        whole=table["n_bad"] == 0,
    )
    words = _outcomes(scores[scores["dataset"].isin(levels)], names)
    looks = style.looks(methods, "svg")
    figure = Figure(figsize=(min(style.WIDTH, 1.0 + 3.1 * len(groups)), _lines.height(len(rows), groups) + 0.5))
    part = figure.subfigures()  # apart from the key below
    grid = _lines.draw(part, table, rows, groups, methods=methods, looks=looks, words=words)
    for ax in grid[-1]:
        ax.set_xlabel(axis)
        ax.set_xticks(sorted(set(levels.values())), [f"{level:g}" for level in sorted(set(levels.values()))])
    part.suptitle(f"{title} · {scenario_label(scenario)}", x=0.01, ha="left")
    shared.footnote(part, {methods[name]["label"]: text for name, text in words.items()})
    _lines.key(figure, table, methods=methods, looks=looks, interval="standard deviation", several=len(groups) > 1)
    return figure


def _outcomes(scores: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """Say for each method what became of its runs on all levels."""
    runs = scores.drop_duplicates(["dataset", "method", "replicate"])
    return {name: style.outcome(runs.loc[runs["method"] == name, "status"]) for name in names}
