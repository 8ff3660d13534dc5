"""Patterns that add up in the totals of spots, and so leak into the genes that have none."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scbench.figures import style
from scbench.figures._spots import percentiles, spots
from scbench.stats import mean_interval
from scbench.svg.leak import Leak

_METHOD_INCH, _ROW_INCH = 0.15, 1.55
_BINS = 42
_PATTERNED, _NULL = "#D55E00", "#666666"
_METRIC = "false_positive_rate"


class Set(NamedTuple):
    """One of the two datasets: its id and label, positions, (genes,) truth, and what its totals give away."""

    dataset: str
    label: str
    coords: np.ndarray
    truth: np.ndarray
    leak: Leak


@style.use()
def plot(
    scores: pd.DataFrame, sets: tuple[Set, Set], *, methods: dict[str, dict[str, Any]], confidence: float
) -> Figure:
    """Draw spot totals, how they go along with genes, and the false positive rate of each method.

    Parameters
    ----------
    scores
        The table of this name.
    sets
        The balanced and the leaking dataset.
    methods
        The registry.
    confidence
        Level of the intervals over replicates.
    """
    names = [name for name in methods if name in set(scores.loc[scores["metric"] == _METRIC, "method"])]
    names.sort(key=lambda name: methods[name]["role"] in style.CONTROLS)
    figure = Figure(figsize=(style.WIDTH, max(2 * _ROW_INCH, _METHOD_INCH * len(names)) + 0.75))
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1))
    grid = left.subplots(2, 2, gridspec_kw={"width_ratios": (1, 1.15)})
    widest = max(np.abs(one.leak.correlation).max(initial=0.1) for one in sets)
    for (tissue, bars), one in zip(grid, sets, strict=True):
        _totals(tissue, one)
        _correlations(bars, one, widest * 1.05)
    grid[1, 1].set_xlabel("correlation with the spot total")
    left.legend(
        handles=[
            Line2D([], [], color=color, linewidth=3, label=label)
            for color, label in ((_PATTERNED, "with a pattern"), (_NULL, "without"))
        ],
        loc="outside lower center",
        ncols=2,
        title="genes",
        title_fontsize=6.5,
    )
    _rates(right.subplots(), scores, sets, names, methods, confidence)
    right.legend(handles=_marks(sets), loc="outside lower center", ncols=1)
    return figure


def _totals(ax: Axes, one: Set) -> None:
    spots(ax, one.coords, one.leak.totals, _ROW_INCH * 0.8, limits=percentiles(one.leak.totals))
    style.heading(ax, style.shorten(one.label, 44))
    p = "p < 1e-16" if one.leak.pvalue < 1e-16 else f"p = {one.leak.pvalue:.2g}"
    words = f"log total, I = {one.leak.moran_i:.2f}, {p}"
    ax.text(0.5, -0.02, words, transform=ax.transAxes, ha="center", va="top", fontsize=style.SMALL)


def _correlations(ax: Axes, one: Set, widest: float) -> None:
    """Histograms of the two kinds of genes, each with area 1."""
    bins = np.linspace(-widest, widest, _BINS)
    for kind, color in ((~one.truth, _NULL), (one.truth, _PATTERNED)):
        if kind.any():
            look = {"color": color, "alpha": 0.55, "histtype": "stepfilled"}
            ax.hist(one.leak.correlation[kind], bins, density=True, **look)
    ax.axvline(0, color=style.INK, linewidth=0.5)
    ax.set_xlim(-widest, widest)
    ax.set_yticks([])
    ax.set_ylabel("density of genes")


def _rates(
    ax: Axes, scores: pd.DataFrame, sets: tuple[Set, Set], names: list[str], methods: dict, confidence: float
) -> None:
    looks = style.looks(methods, "svg")
    kept = scores[(scores["metric"] == _METRIC) & (scores["scenario"] == "bh")]
    top = 0.0
    for place, name in enumerate(names):
        words = []
        for one, shift in zip(sets, (-0.17, 0.17), strict=True):
            here = kept[(kept["method"] == name) & (kept["dataset"] == one.dataset)]
            words.append(style.outcome(here["status"]) if len(here) else "not run")
            values = here["value"].dropna().to_numpy(float)
            if not len(values):
                continue
            mean, low, high = mean_interval(values, 0, confidence)
            high = min(high, 1) if len(values) > 1 else mean
            top = max(top, mean, min(high, 3 * mean))
            line = {"color": looks[name].color, "linewidth": 0.9}
            ax.plot([max(low, 0), high], [place + shift] * 2, **line)
            face = "white" if one is sets[0] else looks[name].color
            mark = {"marker": "o", "markersize": 3.6, "markeredgewidth": 0.8, "zorder": 3, "clip_on": False}
            ax.plot(mean, place + shift, color=looks[name].color, markerfacecolor=face, **mark)
        style.note(ax, place, "; ".join(dict.fromkeys(filter(None, words))))
    ax.set_yticks(range(len(names)), [style.shorten(methods[name]["label"], 24) for name in names])
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    ax.set_xlim(0, max(top * 1.08, 1e-3))
    ax.grid(axis="x")
    ax.set_xlabel("False positive rate of the calls (Benjamini-Hochberg)\n← lower is better")


def _marks(sets: tuple[Set, Set]) -> list[Line2D]:
    mark = {"color": style.INK, "marker": "o", "markersize": 3.6, "markeredgewidth": 0.8, "linestyle": "none"}
    return [
        Line2D([], [], **mark, markerfacecolor=face, label=style.shorten(one.label, 40))
        for one, face in zip(sets, ("white", style.INK), strict=True)
    ]
