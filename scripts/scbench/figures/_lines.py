"""Panels with a line per method: rows for what is measured, columns for groups of methods."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from scbench.figures import style
from scbench.figures._stretch import stretch

PANEL_INCH = 1.05
LEGEND_INCH = 0.13  # per method above a column
_COLUMNS = 3
_MARK = 3.0
_DODGE = 1.1  # points between methods at the same place
_OTHERS = "#dddddd"
_DASHED = {"linestyle": (0, (4, 2)), "linewidth": 0.8, "marker": ".", "markersize": 2.5}


class Row(NamedTuple):
    """What a row of panels shows: its key in the table, the label of its axis, and a range with a direction."""

    key: str
    label: str
    metric: Mapping[str, Any]


def columns(methods: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> list[list[str]]:
    """Split methods, without controls, into as few groups as leave each method a colour of its own."""
    real = [name for name in names if methods[name]["role"] not in style.CONTROLS]
    fitting = max(1, -(-len(real) // len(style.COLORS)))
    return [list(part) for part in np.array_split(real, min(fitting, _COLUMNS))]


def height(rows: int, groups: Sequence[Sequence[str]]) -> float:
    """Height in inches that `draw` needs."""
    return rows * PANEL_INCH + LEGEND_INCH * max(len(group) for group in groups) + 0.35


def draw(
    part: FigureBase,
    table: pd.DataFrame,
    rows: Sequence[Row],
    groups: Sequence[Sequence[str]],
    *,
    methods: Mapping[str, Mapping[str, Any]],
    looks: Mapping[str, style.Look],
    words: Mapping[str, str],
    dashed: pd.DataFrame | None = None,
) -> np.ndarray:
    """Draw the lines.

    Parameters
    ----------
    part
        Empty figure, or part of one.
    table
        Columns ``row`` (a key of `rows`), ``method``, ``x``, ``mean``, ``low``, ``high`` (NaN for no interval) and
        ``whole`` (whether all runs ended ``ok``), by ``x``.
    rows, groups
        Rows and columns of panels; methods of other columns are pale lines, controls are grey ones in all.
    methods, looks
        The registry, and how methods are drawn.
    words
        By method what became of bad runs; "" if there are none. A method that has words is red in the legend.
    dashed
        Like `table`, a second line of each method, drawn in dashes without intervals.

    Returns
    -------
    numpy.ndarray
        (rows, groups) axes. Vertical axes are stretched towards the ideal value; the horizontal one is the caller's.
    """
    grid = part.subplots(len(rows), len(groups), squeeze=False, sharex=True, sharey="row")
    names = [name for group in groups for name in group]
    dashed = table.iloc[:0] if dashed is None else dashed[dashed["method"].isin(names)]
    for axes, row in zip(grid, rows, strict=True):
        here, below = (lines[lines["row"] == row.key] for lines in (table, dashed))
        lines, second = (dict(iter(part.groupby("method", sort=False))) for part in (here, below))
        real = here[here["method"].isin(names)]
        # Of few runs where others failed, an interval may be very wide.
        intervals = real.loc[real["whole"], ["low", "high"]].to_numpy(float).ravel()
        seen = np.concatenate([real["mean"], intervals, below["mean"]])
        stretch(axes[0], "y", seen, dict(row.metric), gap=0.13)
        better = "higher is better" if row.metric["direction"] == "higher" else "lower is better"
        axes[0].set_ylabel(f"{textwrap.fill(row.label, 20)}\n{better}", fontsize=6.5)
        for ax, group in zip(axes, groups, strict=True):
            ax.grid()
            for name, line in lines.items():
                if methods[name]["role"] in style.CONTROLS:
                    ax.plot(line["x"], line["mean"], **_control(looks[name]), zorder=1.5)
                elif name not in group:
                    ax.plot(line["x"], line["mean"], color=_OTHERS, linewidth=0.5, zorder=1)
            _panel(ax, {name: lines[name] for name in group if name in lines}, looks)
            for name in group:
                if name in second:
                    ax.plot(second[name]["x"], second[name]["mean"], color=looks[name].color, **_DASHED)
    known = set(table.loc[table["mean"].notna(), "method"])
    for ax, group in zip(grid[0], groups, strict=True):
        _legend(ax, group, known, methods, looks, words)
    return grid


def _control(look: style.Look) -> dict[str, Any]:
    return {"color": look.color, "linewidth": 1.0, "marker": ".", "markersize": 2}


def _panel(ax: Axes, lines: Mapping[str, pd.DataFrame], looks: Mapping[str, style.Look]) -> None:
    """Draw a group of methods, some points beside each other where they would lie over each other."""
    shifts = (np.arange(len(lines)) - (len(lines) - 1) / 2) * _DODGE
    for shift, (name, line) in zip(shifts, lines.items(), strict=True):
        beside = ax.transData + ScaledTranslation(shift / 72, 0, ax.get_figure(root=True).dpi_scale_trans)
        color, place = looks[name].color, {"transform": beside}
        ax.plot(line["x"], line["mean"], color=color, linewidth=0.8, alpha=0.8, **place)
        ax.vlines(line["x"], line["low"], line["high"], color=color, linewidth=0.7, alpha=0.6, **place)
        for face, kept in ((color, line["whole"]), ("white", ~line["whole"])):
            mark = {"marker": looks[name].marker, "markersize": _MARK, "markeredgewidth": 0.7, "linestyle": "none"}
            some = line[kept & line["mean"].notna()]
            if len(some):  # an empty line that is not clipped would count as ink at the corner of the figure
                dots = {"color": color, "markerfacecolor": face, "clip_on": False, "zorder": 3}
                ax.plot(some["x"], some["mean"], **dots, **mark, **place)


def _legend(
    ax: Axes,
    group: Sequence[str],
    known: set[str],
    methods: Mapping[str, Mapping[str, Any]],
    looks: Mapping[str, style.Look],
    words: Mapping[str, str],
) -> None:
    """Names above a column; red where not all runs ended well."""
    handles = []
    for name in group:
        shape = {"color": looks[name].color, "marker": looks[name].marker, "linewidth": 0.8}
        if name not in known:
            shape = {"color": style.BAD, "marker": "x", "linestyle": "none"}
        handles.append(Line2D([], [], **shape, markersize=_MARK, label=style.shorten(methods[name]["label"])))
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderpad": 0.2, "borderaxespad": 0.2}
    font = {"fontsize": style.SMALL, "labelspacing": 0.25, "handlelength": 1.6, "handletextpad": 0.5}
    for name, text in zip(group, ax.legend(handles=handles, **place, **font).get_texts(), strict=True):
        text.set_color(style.BAD if words.get(name) else style.INK)


def key(
    part: FigureBase,
    table: pd.DataFrame,
    *,
    methods: Mapping[str, Mapping[str, Any]],
    looks: Mapping[str, style.Look],
    interval: str,
    several: bool,
    kinds: tuple[str, str] | None = None,
) -> None:
    """Explain the marks below the panels.

    Parameters
    ----------
    part
        The figure.
    table
        As for `draw`.
    methods, looks
        As for `draw`.
    interval
        What a vertical bar is.
    several
        Whether there are several columns, with pale lines.
    kinds
        What lines and dashed lines are.
    """
    mark = {"color": style.INK, "linestyle": "none", "marker": "o", "markersize": _MARK, "markeredgewidth": 0.7}
    handles = [Line2D([], [], **mark, label="mean over replicates")]
    if not table.loc[table["mean"].notna(), "whole"].all():
        handles.append(Line2D([], [], **mark, markerfacecolor="white", label="some of the runs failed"))
    if table["low"].notna().any():
        bar = {"marker": "|", "markersize": 7, "markeredgewidth": 0.7, "linestyle": "none"}
        handles.append(Line2D([], [], color=style.INK, **bar, label=interval))
    if kinds is not None:
        handles.append(Line2D([], [], color=style.INK, linewidth=0.8, marker="o", markersize=_MARK, label=kinds[0]))
        handles.append(Line2D([], [], color=style.INK, label=kinds[1], **_DASHED))
    for name in dict.fromkeys(table["method"]):
        if methods[name]["role"] in style.CONTROLS:
            handles.append(Line2D([], [], **_control(looks[name]), label=style.shorten(methods[name]["label"])))
    if several:
        handles.append(Line2D([], [], color=_OTHERS, linewidth=1, label="other methods"))
    fitting = 5 if part.bbox.width / part.get_figure(root=True).dpi > 6 else 2
    place = {"loc": "outside lower center", "ncols": min(len(handles), fitting)}
    part.legend(handles=handles, **place, handletextpad=0.4, columnspacing=1.3)
