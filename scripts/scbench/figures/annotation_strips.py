"""Scores of an experiment whose replicates have names: a type that was left out, or a batch to test on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scbench.figures import _marker_scores as shared
from scbench.figures import style

_METHOD_INCH = 0.17
_SPREAD = 0.6  # of a method's height, in which its replicates lie


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
    shown: Mapping[str, float | None],
    scenario: str,
    names: Mapping[str, Sequence[str]],
    title: str,
) -> Figure:
    """Draw every replicate and the mean of each method: a row per dataset, a column per metric.

    Parameters
    ----------
    scores, ranks
        The tables of these names.
    methods, metrics, datasets
        The registries.
    track
        Track of the methods; the tables are of a sub-track.
    shown
        Metrics to draw, in this order, with the value at chance (None: not drawn).
    scenario
        Scenario to draw.
    names
        Names of a dataset's replicates. Each has a mark of its own as far as there are marks.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Methods are in the same order in all panels: by their mean rank over metrics and datasets, then controls.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Figs 3b and 3c, where these are box plots.
    """
    scores, ranks = (table[(table["scenario"] == scenario) & table["metric"].isin(shown)] for table in (scores, ranks))
    rows = [name for name in datasets if name in set(scores["dataset"])]
    if not rows:
        return style.blank(f"{title}: there are no scores.")
    mean_rank = ranks.groupby("method")["rank"].mean()
    present = [name for name in methods if name in set(scores["method"])]
    order = sorted(present, key=lambda name: mean_rank.get(name, np.inf))
    figure = Figure(figsize=(style.WIDTH, (len(order) * _METHOD_INCH + 0.87) * len(rows) + 0.45))
    grid = figure.subplots(len(rows), len(shown), squeeze=False, sharex="col", sharey=True)
    looks = style.looks(methods, track)
    for axes, dataset in zip(grid, rows, strict=True):
        here = scores[scores["dataset"] == dataset]
        means = shared.measured(ranks, scores)
        means = means[means["dataset"] == dataset]
        marks = _marks(names[dataset])
        for ax, (metric, chance) in zip(axes, shown.items(), strict=True):
            _panel(ax, here[here["metric"] == metric], means[means["metric"] == metric], order, marks, looks)
            ax.set_xlabel(f"{metrics[metric]['label']}\n{shared.better(metrics[metric])}", fontsize=6.5)
            if chance is not None:
                ax.axvline(chance, color="#999999", linestyle="--", linewidth=0.8, zorder=0)
        _heading(axes[0], datasets[dataset]["label"], names[dataset], marks)
        for place, text in enumerate(shared.outcomes(here, order).values()):
            style.note(axes[-1], place, text)
    grid[0, 0].set_yticks(range(len(order)), [style.shorten(methods[name]["label"]) for name in order])
    grid[0, 0].set_ylim(len(order) - 0.4, -0.6)
    for ax in grid.flat:
        ax.xaxis.set_tick_params(labelbottom=True)
    _legend(figure, chance=any(value is not None for value in shown.values()))
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _marks(names: Sequence[str]) -> list[str]:
    """Mark of each replicate; the same for all where there are too many."""
    return list(style.MARKERS[: len(names)]) if len(names) <= len(style.MARKERS) else ["."] * len(names)


def _panel(
    ax: Axes,
    values: pd.DataFrame,
    means: pd.DataFrame,
    order: Sequence[str],
    marks: Sequence[str],
    looks: Mapping[str, style.Look],
) -> None:
    """Draw one dataset and metric: replicates of a method below each other, always in the same order."""
    ax.grid(axis="x")
    found, means = dict(iter(values.groupby("method"))), means.set_index("method")["mean"]
    shifts = _SPREAD * (np.arange(len(marks)) / max(len(marks) - 1, 1) - 0.5)
    for place, name in enumerate(order):
        ax.axhline(place, color="#eeeeee", linewidth=0.6, zorder=0)
        if name not in found:
            ax.text(0.5, place, "not defined", color="#777777", **_middle(ax))
            continue
        color = looks[name].color
        for replicate, value in found[name].set_index("replicate")["value"].dropna().items():
            shape = {"marker": marks[replicate], "markersize": 3, "markeredgewidth": 0, "linestyle": "none"}
            ax.plot(value, place + shifts[replicate], color=color, alpha=0.8, clip_on=False, **shape)
        if name in means.index:
            ax.vlines(means[name], place - 0.4, place + 0.4, color=color, linewidth=1.4, clip_on=False)


def _middle(ax: Axes) -> dict[str, Any]:
    where = {"transform": ax.get_yaxis_transform(), "ha": "center", "va": "center"}
    return where | {"fontsize": style.SMALL, "in_layout": False}


def _heading(ax: Axes, title: str, names: Sequence[str], marks: Sequence[str]) -> None:
    """Title of a row of panels over the names of its replicates; both may be wider than the first panel."""
    if len(set(marks)) < len(names):
        style.heading(ax, title)
        return
    ax.set_title(" \n ")  # keeps the height
    mark = {"color": style.INK, "linestyle": "none", "markersize": 3, "markeredgewidth": 0}
    handles = [
        Line2D([], [], **mark, marker=shape, label=style.shorten(name, 26))
        for shape, name in zip(marks, names, strict=True)
    ]
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": len(names), "borderpad": 0, "alignment": "left"}
    font = {"fontsize": style.SMALL, "handletextpad": 0.1, "columnspacing": 0.8}
    key = ax.legend(handles=handles, title=title, title_fontproperties={"size": 7.5, "weight": "bold"}, **place, **font)
    key.set_in_layout(False)


def _legend(figure: Figure, *, chance: bool) -> None:
    line = {"color": style.INK, "linestyle": "none", "marker": "|", "markersize": 7, "markeredgewidth": 1.4}
    handles = [Line2D([], [], **line, label="mean; a run that failed counts as the worst value")]
    if chance:
        handles.append(Line2D([], [], color="#999999", linestyle="--", linewidth=0.8, label="chance"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
