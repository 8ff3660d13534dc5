"""False discoveries against the nominal rate, and what methods find at the same false positive rate."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.scale import FuncScale
from matplotlib.ticker import FixedLocator, FuncFormatter

from scbench.figures import _lines, style
from scbench.figures import _marker_scores as shared
from scbench.figures._stretch import root_scale, stretch
from scbench.stats import mean_interval
from scbench.svg.power import NOMINAL, curves

_RATE = {"min": 0, "max": 1, "direction": "lower"}
_SHARE = {"min": 0, "max": 1, "direction": "higher"}
_ROWS = (
    (_lines.Row("bh", "False discoveries, Benjamini-Hochberg", _RATE), "bh", "false_discovery_proportion"),
    (_lines.Row("authors", "False discoveries, as the authors adjust", _RATE), "authors", "false_discovery_proportion"),
    (_lines.Row("power", "Sensitivity, Benjamini-Hochberg", _SHARE), "bh", "sensitivity"),
)
_MATCHED = ("power_at_fpr_1", "power_at_fpr_5", "average_precision")
_TICKS = (0.001, 0.01, 0.05, 0.1, 0.2)
_METHOD_INCH = 0.15


@style.use()
def plot(
    table: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    title: str,
    confidence: float,
) -> Figure:
    """Draw one dataset: lines over the nominal rate, and below a mean with interval for each method.

    Parameters
    ----------
    table
        The table of `scbench.svg.power.discoveries`.
    scores
        Rows of the table of this name for the dataset.
    methods, metrics
        The registries.
    title
        Title of the figure.
    confidence
        Level of the intervals.
    """
    runs = scores.drop_duplicates(["method", "replicate"])
    names = [name for name in methods if name in set(scores["method"])]
    words = {name: style.outcome(runs.loc[runs["method"] == name, "status"]) for name in names}
    if table.empty:
        return style.blank(f"{title}: no method has p-values.")
    bad = {name for name, text in words.items() if text}
    lines = _long(table, confidence, bad)
    groups = _lines.columns(methods, [name for name in names if name in set(table["method"])])
    if not groups[0]:
        return style.blank(f"{title}: only controls have p-values.")
    looks = style.looks(methods, "svg")
    real = [name for name in names if methods[name]["role"] not in style.CONTROLS]
    heights = _lines.height(len(_ROWS), groups) + 0.45, len(real) * _METHOD_INCH + 0.9
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.2))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    rows = [row for row, *_ in _ROWS]
    grid = _lines.draw(upper, lines, rows, groups, methods=methods, looks=looks, words=words)
    for axes in grid[:2]:
        for ax in axes:
            ax.plot([0, 1], [0, 1], color=style.INK, linewidth=0.6, linestyle="--", scalex=False, scaley=False)
    for ax in grid[-1]:
        _nominal(ax)
    upper.suptitle(title, x=0.01, ha="left")
    interval = f"{confidence:.0%} interval of the mean"
    _lines.key(upper, lines, methods=methods, looks=looks, interval=interval, several=len(groups) > 1)
    _matched(lower, scores, real, methods, metrics, looks, confidence)
    shared.footnote(lower, {methods[name]["label"]: text for name, text in words.items()})
    return figure


def _long(table: pd.DataFrame, confidence: float, bad: set[str]) -> pd.DataFrame:
    """What `_lines.draw` takes."""
    parts = []
    for row, scenario, measure in _ROWS:
        found = curves(table[table["scenario"] == scenario], measure, confidence)
        parts.append(found.assign(row=row.key, x=found["nominal"], whole=~found["method"].isin(bad)))
    return pd.concat(parts, ignore_index=True)


def _nominal(ax: Axes) -> None:
    """Square roots, as on the vertical axis: what is right is a straight line."""
    ax.set_xscale(FuncScale(ax.xaxis, root_scale(_RATE)))
    ax.set_xlim(0, max(NOMINAL) * 1.06)
    ax.xaxis.set_major_locator(FixedLocator(_TICKS))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("Nominal false discovery rate")


def _matched(
    part: SubFigure,
    scores: pd.DataFrame,
    names: list[str],
    methods: dict,
    metrics: dict,
    looks: dict[str, style.Look],
    confidence: float,
) -> None:
    """Draw what rankings find, a column of panels per metric; calls and p-values do not matter here."""
    kept = scores[(scores["scenario"] == "bh") & scores["metric"].isin(_MATCHED)]
    for ax, metric in zip(part.subplots(1, len(_MATCHED), sharey=True), _MATCHED, strict=True):
        here = kept[kept["metric"] == metric].dropna(subset="value")
        drawn = here.loc[here["method"].isin(names), "value"]
        stretch(ax, "x", drawn.to_numpy(float), metrics[metric], gap=0.17)
        left, right = ax.get_xlim()
        for place, name in enumerate(names):
            values = here.loc[here["method"] == name, "value"].to_numpy(float)
            if not len(values):
                continue
            mean, low, high = mean_interval(values, 0, confidence)
            look = looks[name]
            ax.plot(np.clip([low, high], left, right), [place, place], color=look.color, linewidth=1.0)
            ax.plot(mean, place, color=look.color, marker=look.marker, markersize=3.4, clip_on=False, zorder=3)
        ax.grid(axis="y")
        ax.set_xlabel(f"{metrics[metric]['label']}\n{shared.better(metrics[metric])}", fontsize=6.5)
    first = part.axes[0]
    first.set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
    first.set_ylim(len(names) - 0.4, -0.6)
