"""Memory and time against the number of cells, with budgets, extrapolations and exponents."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation, Transform

from scbench.figures import _marker_scores as shared
from scbench.figures import style

# By measure its label, the limit that it may run into, how a run that did so ends, and the unit of both on the axis.
_MEASURES = {
    "peak_rss_mb": ("Peak memory (GB)", "mem_mb", "oom", 1 / 1024),
    "cpu_s": ("CPU time (s)", "timeout_s", "timeout", 1.0),
    "wall_s": ("Wall time (s)", "timeout_s", "timeout", 1.0),
}
_BUDGET = {"oom": "X", "timeout": "P"}
_SHORTEST_S = 1e-3
_METHOD_INCH, _PANEL_INCH = 0.15, 2.6
_LIMITS = 1 / 30, 30  # of measured over predicted
_MARK = 3.4


@style.use()
def plot(
    runs: pd.DataFrame,
    fits: pd.DataFrame,
    *,
    methods: Mapping[str, Mapping[str, Any]],
    budgets: Mapping[str, Mapping[str, float]],
    title: str,
    confidence: float,
) -> Figure:
    """Draw one family of datasets (scGCO, Fig. 7a and b).

    Parameters
    ----------
    runs, fits
        Tables of `scbench.svg.scaling`, of one family.
    methods
        The registry.
    budgets
        Limits of each method's runs: ``mem_mb`` and ``timeout_s``.
    title
        Title of the figure.
    confidence
        Level of the intervals.

    Returns
    -------
    Figure
        Above, a line per method, dashed where it is extrapolated, with a bar for the prediction interval at its end. A
        run that was cut short is a mark above its budget, in the panel of what it ran out of. Below, the exponents, and
        the largest run against its prediction from the others.
    """
    names = [name for name in methods if name in set(runs["method"])]
    if not names:
        return style.blank(f"{title}: there are no runs.")
    looks = style.looks(methods, "svg")
    heights = _PANEL_INCH, 2 * (len(names) * _METHOD_INCH + 0.55)
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.9))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    for ax, measure in zip(upper.subplots(1, len(_MEASURES), sharex=True), _MEASURES, strict=True):
        _growth(ax, measure, runs, fits[fits["measure"] == measure].set_index("method"), names, looks, budgets)
    grid = lower.subplots(2, len(_MEASURES), sharey=True)
    for (exponents, checks), measure in zip(grid.T, _MEASURES, strict=True):
        here = fits[fits["measure"] == measure].set_index("method").reindex(names)
        _exponents(exponents, here, looks)
        _checks(checks, here, looks)
    for ax in grid[:, 0]:
        ax.set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
        ax.set_ylim(len(names) - 0.4, -0.6)
    upper.suptitle(title, x=0.01, ha="left")
    other = runs[~runs["status"].isin(["ok", *_BUDGET])]
    texts = {name: _words(other[other["method"] == name]) for name in names}
    shared.footnote(lower, {methods[name]["label"]: text for name, text in texts.items()})
    _legend(lower, set(runs["status"]), confidence)
    return figure


def _words(runs: pd.DataFrame) -> str:
    """What became of runs that neither ended well nor ran into a limit."""
    sizes = runs.groupby("status", sort=False)["cells"].agg(lambda cells: "; ".join(f"{size:,}" for size in cells))
    return ", ".join(f"{status} at {found} cells" for status, found in sizes.items())


def _growth(
    ax: Axes,
    measure: str,
    runs: pd.DataFrame,
    fits: pd.DataFrame,
    names: list[str],
    looks: Mapping[str, style.Look],
    budgets: Mapping[str, Mapping[str, float]],
) -> None:
    label, limit, cut, unit = _MEASURES[measure]
    seen = [budgets[name][limit] * unit for name in names]
    for budget in set(seen):
        ax.axhline(budget, color=style.BAD, linewidth=0.6, linestyle=":", zorder=1)
    stacked: dict[tuple, int] = {}
    for place, name in enumerate(names):
        mine, look, budget = runs[runs["method"] == name], looks[name], budgets[name][limit] * unit
        ok = mine[mine["status"] == "ok"]
        values = np.maximum(ok[measure] * unit, _SHORTEST_S)
        mark = {"color": look.color, "marker": look.marker, "markersize": _MARK, "markeredgewidth": 0}
        ax.plot(ok["cells"], values, linewidth=0.9, **mark)
        seen += list(values)
        if name in fits.index and fits.loc[name, "to_cells"] < fits.loc[name, "target_cells"]:
            _extrapolate(ax, fits.loc[name], unit, look, place - (len(names) - 1) / 2)
            seen.append(fits.loc[name, "extrapolated"] * unit)
        for cells in mine.loc[mine["status"] == cut, "cells"]:
            height = stacked[cells, budget] = stacked.get((cells, budget), 0) + 1
            _stopped(ax, cells, budget, _BUDGET[cut], look, (height - 0.3) * 4.5)
    ax.set(xscale="log", yscale="log", xlabel="Cells", ylabel=label, ylim=(min(seen) / 1.6, max(seen) * 2.5))
    ax.grid()
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"1e{np.log10(value):.0f}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _shifted(ax: Axes, right: float, up: float) -> Transform:
    """Coordinates of the data, moved by points."""
    return ax.transData + ScaledTranslation(right / 72, up / 72, ax.get_figure(root=True).dpi_scale_trans)


def _stopped(ax: Axes, cells: int, budget: float, marker: str, look: style.Look, up: float) -> None:
    """Mark a run that was cut short, above its budget and above others there."""
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "zorder": 4}
    ax.plot(cells, budget, color=look.color, marker=marker, markersize=5, transform=_shifted(ax, 0, up), **edge)


def _extrapolate(ax: Axes, row: pd.Series, unit: float, look: style.Look, shift: float) -> None:
    """Dashed line from the largest run that was fitted on, with the prediction interval at its end."""
    end = row["target_cells"]
    cells = np.geomspace(row["to_cells"], end, 20)
    above = (row["extrapolated"] - row["floor"]) * (cells / end) ** row["exponent"]
    ax.plot(cells, (above + row["floor"]) * unit, color=look.color, linewidth=0.8, linestyle="--", alpha=0.8)
    bounds = np.array([row["extrapolated_low"], row["extrapolated_high"]]) * unit
    bar = {"color": look.color, "linewidth": 1.2, "alpha": 0.45, "transform": _shifted(ax, 1.4 * shift, 0)}
    ax.plot([end, end], bounds, **bar)


def _exponents(ax: Axes, fits: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    for place, (name, row) in enumerate(fits.iterrows()):
        if np.isnan(row["exponent"]):
            ax.text(0.5, place, "too few sizes", **_beside(ax))
            continue
        ax.plot([row["low"], row["high"]], [place, place], color=looks[name].color, linewidth=1.0, scalex=False)
        ax.plot(row["exponent"], place, color=looks[name].color, marker=looks[name].marker, markersize=_MARK)
    known = fits["exponent"].dropna()
    ax.set_xlim(min([0, *(known - 0.2)]), max([2.2, *(known + 0.2)]))
    for value in (1, 2):
        ax.axvline(value, color=style.INK, linewidth=0.5, linestyle="--", zorder=0)
    ax.grid(axis="y")
    ax.set_xlabel("exponent (1: linear)")


def _checks(ax: Axes, fits: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    ax.set_xscale("log")
    ax.set_xlim(_LIMITS)
    for place, (name, row) in enumerate(fits.iterrows()):
        if np.isnan(row["check_predicted"]):
            ax.text(0.5, place, "too few sizes", **_beside(ax))
            continue
        bounds = np.clip(np.array([row["check_low"], row["check_high"]]) / row["check_predicted"], *_LIMITS)
        ax.plot(bounds, [place, place], color=looks[name].color, linewidth=3.2, alpha=0.25, solid_capstyle="butt")
        face = looks[name].color if row["check_inside"] else "white"
        ratio = np.clip(row["check_measured"] / row["check_predicted"], *_LIMITS)
        mark = {"marker": looks[name].marker, "markersize": _MARK, "markeredgewidth": 0.8, "clip_on": False}
        ax.plot(ratio, place, color=looks[name].color, markerfacecolor=face, zorder=3, **mark)
    ax.axvline(1, color=style.INK, linewidth=0.5, linestyle="--", zorder=0)
    ax.grid(axis="y")
    ax.xaxis.set_major_locator(LogLocator(numticks=5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("largest run, measured / predicted")


def _beside(ax: Axes) -> dict[str, Any]:
    place = {"transform": ax.get_yaxis_transform(), "ha": "center", "va": "center"}
    patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.2}
    return {"fontsize": style.SMALL, "color": "#777777", "bbox": patch} | place


def _legend(part: SubFigure, statuses: set[str], confidence: float) -> None:
    mark = {"color": style.INK, "markersize": _MARK}
    handles = [
        Line2D([], [], **mark, marker="o", linewidth=0.9, label="measured"),
        Line2D([], [], color=style.INK, linewidth=0.8, linestyle="--", label="extrapolated"),
        Line2D([], [], color=style.INK, linewidth=1.2, alpha=0.45, label=f"{confidence:.0%} interval"),
        Line2D([], [], color=style.BAD, linewidth=0.6, linestyle=":", label="budget"),
    ]
    if "oom" in statuses:
        handles.append(
            Line2D([], [], color=style.INK, marker="X", markersize=5, linestyle="none", label="out of memory")
        )
    if "timeout" in statuses:
        handles.append(Line2D([], [], color=style.INK, marker="P", markersize=5, linestyle="none", label="out of time"))
    handles.append(
        Line2D([], [], **mark, marker="o", markerfacecolor="white", linestyle="none", label="outside its interval")
    )
    part.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2)
