"""Scores of the methods of a track: one row of panels per dataset and scenario, one column per primary metric."""

import re
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scbench.figures import style

_PATCH = {"facecolor": "white", "edgecolor": "none", "pad": 0.2}
_METHOD_INCH, _LABEL = 0.165, 0.72  # height of a method; height of a control's label as a share of it


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
) -> Figure:
    """Draw means with intervals over dots for the replicates; controls are vertical lines.

    Parameters
    ----------
    scores, ranks
        The tables of these names, with rows of `track` and possibly others.
    methods, metrics, datasets
        The registries.
    track
        Track to draw.

    Returns
    -------
    Figure
        Methods are in the same order in all panels: by their mean rank, those never ranked last.
    """
    scores, ranks = (table[table["track"] == track].fillna({"scenario": ""}) for table in (scores, ranks))
    scores = scores[scores["class"].fillna("") == ""]
    columns = [name for name, entry in metrics.items() if entry["primary"] and name in set(scores["metric"])]
    rows = _rows(scores, datasets)
    if not (columns and rows):
        return style.blank("There are no scores.")
    names = _order(scores, ranks[ranks["metric"].isin(columns)], methods)
    controls = [name for name in methods if name in set(scores["method"]) and methods[name]["role"] in style.CONTROLS]
    height = (len(names) + _LABEL * len(controls)) * _METHOD_INCH + 0.72
    figure = Figure(figsize=(style.WIDTH, height * len(rows) + 0.3))
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for axes, (dataset, scenario) in zip(grid, rows, strict=True):
        here = scores[(scores["dataset"] == dataset) & (scores["scenario"] == scenario)]
        there = ranks[(ranks["dataset"] == dataset) & (ranks["scenario"] == scenario)]
        for ax, metric in zip(axes, columns, strict=True):
            values = here[here["metric"] == metric]
            means = there[there["metric"] == metric].set_index("method")
            _frame(ax, names, controls, metrics[metric], letters=100 // len(columns))
            _panel(ax, values, means, names, controls, methods, metrics[metric], style.looks(methods, track))
        axes[0].set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
        style.heading(axes[0], " · ".join(filter(None, [datasets[dataset]["label"], scenario_label(scenario)])))
        _notes(axes[-1], here, names, controls, methods)
    _legend(figure, ranks[ranks["method"].isin(names)])
    return figure


def scenario_label(scenario: str) -> str:
    """Words for a scenario.

    Examples
    --------
    >>> scenario_label("top5")
    '5 markers per class'
    """
    if match := re.fullmatch(r"top(\d+)", scenario):
        return f"{match[1]} marker{'s' * (match[1] != '1')} per class"
    return {"bh": "Benjamini-Hochberg calls", "authors": "calls as the authors adjust"}.get(scenario, scenario)


def _rows(scores: pd.DataFrame, datasets: dict) -> list[tuple[str, str]]:
    """Pairs of dataset and scenario, in the order of the registry and of the numbers in the scenarios' names.

    Panels of a size and other classifiers have figures of their own.
    """
    order = {name: place for place, name in enumerate(datasets)}
    scores = scores[~scores["scenario"].str.fullmatch(r"genes\d+|top\d+-.+")]
    found = set(zip(scores["dataset"], scores["scenario"], strict=True))
    return sorted(found, key=lambda row: (order[row[0]], int("0" + re.sub(r"\D", "", row[1])), row[1]))


def _order(scores: pd.DataFrame, ranks: pd.DataFrame, methods: dict) -> list[str]:
    mean = ranks.groupby("method")["rank"].mean().dropna()
    present = set(scores["method"])
    names = [name for name, entry in methods.items() if name in present and entry["role"] not in style.CONTROLS]
    return sorted(names, key=lambda name: mean.get(name, np.inf))


def _frame(ax: Axes, names: list[str], controls: list[str], metric: dict, *, letters: int) -> None:
    ax.set_ylim(len(names) - 0.4, -0.75 - _LABEL * len(controls))
    ax.set_yticks(range(len(names)), [])
    ax.grid(axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    better = "higher is better →" if metric["direction"] == "higher" else "← lower is better"
    better = better.replace(" ", "\N{NO-BREAK SPACE}")
    ax.set_xlabel(textwrap.fill(f"{metric['label']}, {better}", letters), fontsize=6.5)


def _panel(
    ax: Axes,
    values: pd.DataFrame,
    means: pd.DataFrame,
    names: list[str],
    controls: list[str],
    methods: dict,
    metric: dict,
    looks: dict,
) -> None:
    """Draw one dataset, scenario and metric."""
    drawn = means.reindex(names)[["mean", "low", "high"]].to_numpy(float).ravel()
    drawn = np.concatenate([drawn, values.loc[values["method"].isin(names), "value"]])
    levels = means.reindex(controls)
    ax.set_xlim(_limits(drawn, levels["mean"].to_numpy(float), metric))
    if np.isnan(drawn).all():
        ax.text(0.5, (len(names) - 1) / 2, "not defined", transform=ax.get_yaxis_transform(), ha="center", va="center")
    for place, name in enumerate(names):
        dots = values.loc[values["method"] == name]
        shape = {"color": looks[name].color, "marker": looks[name].marker, "linestyle": "none", "clip_on": False}
        if len(dots):  # an empty line that is not clipped would count as ink at the corner of the figure
            y = np.full(len(dots), place + 0.27)
            ax.plot(dots["value"], y, **shape, markersize=1.8, alpha=0.55, markeredgewidth=0)
        if name in means.index:
            _mean(ax, means.loc[name], place, shape)
        if not np.isnan(drawn).all() and dots["value"].isna().all() and (dots["status"] == "ok").all():
            where = {"transform": ax.get_yaxis_transform(), "ha": "center", "va": "center", "fontsize": style.SMALL}
            ax.text(0.5, place, "not defined", color="#777777", **where, bbox=_PATCH)
    for place, name in enumerate(controls):
        _control(ax, levels.loc[name], methods[name], -0.85 - _LABEL * place)


def _limits(drawn: np.ndarray, controls: np.ndarray, metric: dict) -> tuple[float, float]:
    """Range that holds all methods, and the controls as far as they do not squeeze the methods."""
    drawn, controls = drawn[~np.isnan(drawn)], controls[~np.isnan(controls)]
    if not len(drawn):
        drawn = np.array([metric["min"], metric["max"]], float)
    low, high = drawn.min(), drawn.max()
    span = max(high - low, 0.05 * (metric["max"] - metric["min"]))
    near = controls[(controls >= low - span) & (controls <= high + span)]
    low, high = min([low, *near]), max([high, *near])
    pad = 0.06 * max(high - low, span)
    return low - pad, high + pad


def _mean(ax: Axes, row: pd.Series, place: int, shape: dict) -> None:
    """Mark of the mean: filled in the group of the best, open if worse, pale if it was not compared."""
    color = shape["color"]
    face = (color, 0.35) if pd.isna(row["group"]) else color if row["group"] else "white"
    ax.plot([row["low"], row["high"]], [place - 0.08] * 2, color=color, linewidth=1.1, clip_on=False)
    ax.plot(row["mean"], place - 0.08, **shape, markersize=4.2, markerfacecolor=face, markeredgewidth=0.9, zorder=3)


def _control(ax: Axes, row: pd.Series, entry: dict, top: float) -> None:
    """Vertical line up to its own label, or an arrow at the edge where the control is outside the axis."""
    if pd.isna(row["mean"]):
        return
    color, dashes = style.CONTROLS[entry["role"]], "--" if entry["role"] == "reference" else "-"
    left, right = ax.get_xlim()
    text = {"fontsize": style.SMALL, "color": "#666666", "va": "center", "in_layout": False}
    if not left <= row["mean"] <= right:
        under = row["mean"] < left
        label = f"◂ {entry['label']} {row['mean']:.2f}" if under else f"{entry['label']} {row['mean']:.2f} ▸"
        ax.text(1 - under, top, label, ha="left" if under else "right", transform=ax.get_yaxis_transform(), **text)
        return
    if row["low"] < row["high"]:
        ax.axvspan(max(row["low"], left), min(row["high"], right), color=color, alpha=0.12, linewidth=0, zorder=0)
    ax.plot([row["mean"]] * 2, [ax.get_ylim()[0], top], color=color, linestyle=dashes, linewidth=0.8, zorder=1)
    # The label grows towards the middle, so that it stays inside the panel.
    after = (row["mean"] - left) / (right - left) < 0.5
    ax.annotate(
        entry["label"],
        (row["mean"], top),
        xytext=(2 if after else -2, 0),
        textcoords="offset points",
        ha="left" if after else "right",
        bbox=_PATCH,
        **text,
    )


def _notes(ax: Axes, here: pd.DataFrame, names: list[str], controls: list[str], methods: dict) -> None:
    """Say beside the last panel what became of bad runs: a run fails for all metrics at once."""
    runs = here.drop_duplicates(["method", "replicate"]).groupby("method")["status"].agg(style.outcome)
    for place, name in enumerate(names):
        style.note(ax, place, runs.get(name, ""))
    for place, name in enumerate(controls):
        if text := runs.get(name, ""):
            style.note(ax, -0.85 - _LABEL * place, f"{methods[name]['label']}: {text}")


def _legend(figure: Figure, ranks: pd.DataFrame) -> None:
    mark = {"color": style.INK, "linestyle": "none"}
    group = ranks.loc[ranks["mean"].notna(), "group"]
    faces = [
        ("mean, not told apart from the best", style.INK, group.eq(True)),
        ("mean, worse than the best", "white", group.eq(False)),
        ("mean, not compared", (style.INK, 0.35), group.isna()),
    ]
    handles = [
        Line2D([], [], **mark, marker="o", markersize=4.2, markerfacecolor=face, label=label)
        for label, face, where in faces
        if where.any()
    ]
    handles.append(
        Line2D([], [], **mark, marker="o", markersize=1.8, alpha=0.55, markeredgewidth=0, label="one replicate")
    )
    if ranks["low"].notna().any():
        handles.append(Line2D([], [], color=style.INK, linewidth=1.1, label="interval of the mean"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.4, columnspacing=1.5)
