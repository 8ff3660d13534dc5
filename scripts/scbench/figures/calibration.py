"""P-values where no gene has a pattern: histogram, quantiles and rejection rates of each method."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.svg.calibration import quantiles

_PAIR_INCH, _METHOD_INCH, _COLUMNS = 1.1, 0.15, 2
_BINS = 20
_BAND = "#dddddd"
_HEADROOM = 2.5  # how far the observed axis goes beyond the expected one; what lies above is drawn at the edge


@style.use()
def plot(
    pvalues: Mapping[str, np.ndarray],
    table: pd.DataFrame,
    *,
    methods: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, str],
    title: str,
    confidence: float,
) -> Figure:
    """Draw p-values of a null dataset.

    Parameters
    ----------
    pvalues
        By method (tests,) p-values, pooled.
    table
        The table of `scbench.svg.calibration.calibrate`.
    methods
        The registry.
    words
        By method what became of bad runs; "" if there are none.
    title
        Title of the figure.
    confidence
        Level of the bands and intervals.

    Returns
    -------
    Figure
        At most a few hundred points per method, however many tests there are.
    """
    names = [name for name in methods if name in pvalues]
    if not names:
        return style.blank(f"{title}: no method has p-values.")
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    heights = rows * _PAIR_INCH + 0.45, len(names) * _METHOD_INCH + 1.0
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.3))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    looks = style.looks(methods, "svg")
    grid = upper.subplots(rows, 2 * columns, squeeze=False, gridspec_kw={"width_ratios": [1, 1.1] * columns})
    pairs = grid.reshape(rows * columns, 2)
    for (bars, curve), name in zip(pairs, names, strict=False):
        style.heading(bars, f"{style.shorten(methods[name]['label'])}, {len(pvalues[name]):,} tests")
        _histogram(bars, pvalues[name], looks[name])
        _quantiles(curve, quantiles(pvalues[name], confidence), looks[name])
    for ax in pairs[len(names) :].flat:
        ax.set_axis_off()
    for bars, curve in pairs[max(0, len(names) - columns) : len(names)]:
        bars.set_xlabel("p-value")
        curve.set_xlabel("expected -log10 p")
    upper.suptitle(f"{title} · p-values where no gene has a pattern", x=0.01, ha="left")
    _rates(lower, table, names, methods, looks, confidence)
    shared.footnote(lower, {methods[name]["label"]: text for name, text in words.items()})
    return figure


def _histogram(ax: Axes, pvalues: np.ndarray, look: style.Look) -> None:
    heights, edges = np.histogram(pvalues, _BINS, (0, 1))
    ax.stairs(heights * _BINS / len(pvalues), edges, fill=True, color=look.color, alpha=0.7)
    ax.axhline(1, color=style.INK, linewidth=0.6, linestyle="--")
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.set_ylabel("density")


def _quantiles(ax: Axes, table: pd.DataFrame, look: style.Look) -> None:
    log = -np.log10(np.maximum(table, 1e-300))
    end = log["expected"].max() * 1.05
    top = np.clip(log[["observed", "high", "low"]].max().max() * 1.05, end, _HEADROOM * end)
    ax.fill_between(log["expected"], log["low"], log["high"], color=_BAND, linewidth=0)
    ax.plot([0, end], [0, end], color=style.INK, linewidth=0.6, linestyle="--")
    beyond = log["observed"] > top
    mark = {"color": look.color, "linestyle": "none", "markeredgewidth": 0}
    ax.plot(log["expected"][~beyond], log["observed"][~beyond], marker="o", markersize=1.8, **mark)
    if beyond.any():
        edge = np.full(beyond.sum(), top)
        ax.plot(log["expected"][beyond], edge, marker="^", markersize=3, clip_on=False, **mark)
    ax.set_xlim(0, end)
    ax.set_ylim(0, top)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    ax.set_ylabel("observed")


def _rates(
    part: SubFigure,
    table: pd.DataFrame,
    names: list[str],
    methods: Mapping[str, Mapping[str, Any]],
    looks: Mapping[str, style.Look],
    confidence: float,
) -> None:
    """Rejected share at each level, a column of panels per level, on logarithmic axes."""
    alphas = sorted(set(table["alpha"]), reverse=True)
    if not alphas:
        return
    for ax, alpha in zip(part.subplots(1, len(alphas), sharey=True), alphas, strict=True):
        here = table[table["alpha"] == alpha].set_index("method")
        ax.set_xscale("log")
        ax.set_xlim(alpha / 30, min(alpha * 30, 1.0))
        ax.axvline(alpha, color=style.INK, linewidth=0.6, linestyle="--")
        for place, name in enumerate(names):
            if name in here.index:
                _rate(ax, here.loc[name], place, looks[name])
        ax.grid(axis="y")
        ax.xaxis.set_major_locator(LogLocator(numticks=4))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_title(f"p ≤ {alpha:g}", fontsize=7, fontweight="normal", loc="center")
        ax.set_xlabel("rejected share")
    for place, name in enumerate(names):
        if name in here.index and here.loc[name, "calls"]:
            calls, some, all_ = (int(here.loc[name, key]) for key in ("calls", "replicates_with_calls", "replicates"))
            text = f"{calls:,} call{'s' * (calls > 1)} in {some} of {all_}"
            style.note(ax, place, text, color=style.INK)
    first = part.axes[0]
    first.set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
    first.set_ylim(len(names) - 0.4, -0.6)
    mark = {"color": style.INK, "marker": "o", "markersize": 3.2, "linewidth": 1.0}
    handles = [
        Line2D([], [], **mark, label=f"share with its {confidence:.0%} Wilson interval (arrow: outside)"),
        Line2D([], [], color=style.INK, linewidth=0.6, linestyle="--", label="what is right"),
        Patch(color=_BAND, label=f"{confidence:.0%} of uniform samples"),
    ]
    part.legend(handles=handles, loc="outside upper center", ncols=3)


def _rate(ax: Axes, row: pd.Series, place: int, look: style.Look) -> None:
    left, right = ax.get_xlim()
    line = np.clip([max(row["low"], 1e-12), row["high"]], left, right)
    ax.plot(line, [place, place], color=look.color, linewidth=1.0)
    under, over = row["rate"] < left, row["rate"] > right
    shape = "<" if under else ">" if over else look.marker
    where = {"color": look.color, "marker": shape, "markersize": 3.2, "clip_on": False, "zorder": 3}
    ax.plot(np.clip(row["rate"], left, right), place, **where)
