"""What the methods of a track cost: CPU time and peak memory of each run."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from scbench.figures import style

# The clock is no finer than this: what took less is drawn here.
_SHORTEST_S = 1e-3
_COLUMNS = {"cpu_s": "CPU time (s)", "peak_rss_mb": "Peak memory of the process (MB)"}


@style.use()
def plot(
    status: pd.DataFrame, *, methods: dict[str, dict[str, Any]], datasets: dict[str, dict[str, Any]], track: str
) -> Figure:
    """Draw CPU time and peak memory on logarithmic axes, a dot per run and a bar at the median.

    Parameters
    ----------
    status
        The table of this name, with rows of `track` and possibly others.
    methods, datasets
        The registries.
    track
        Track to draw.

    Returns
    -------
    Figure
        Runs that did not end ``ok`` have no cost; they are crosses at the right edge, with their status in words.
    """
    status = status[status["track"] == track].assign(cpu_s=lambda table: table["cpu_s"].clip(lower=_SHORTEST_S))
    rows = [name for name in datasets if name in set(status["dataset"])]
    names = [name for name in methods if name in set(status["method"])]
    names.sort(key=lambda name: methods[name]["role"] in style.CONTROLS)
    if not (rows and names):
        return style.blank("There are no runs.")
    looks = style.looks(methods, track)
    height = len(names) * 0.15 + 0.3
    figure = Figure(figsize=(style.WIDTH, height * len(rows) + 0.75))
    grid = figure.subplots(len(rows), len(_COLUMNS), squeeze=False, sharex="col", sharey=True)
    for axes, dataset in zip(grid, rows, strict=True):
        here = status[status["dataset"] == dataset]
        for ax, column in zip(axes, _COLUMNS, strict=True):
            for place, name in enumerate(names):
                _runs(ax, here[here["method"] == name], column, place, looks[name])
            ax.grid(axis="y")
        for place, name in enumerate(names):
            runs = here.loc[here["method"] == name, "status"]
            style.note(axes[-1], place, style.outcome(runs) if len(runs) else "not run")
        style.heading(axes[0], datasets[dataset]["label"])
    grid[0, 0].set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
    grid[0, 0].set_ylim(len(names) - 0.4, -0.6)
    for ax, (column, label) in zip(grid[-1], _COLUMNS.items(), strict=True):
        _log_axis(ax, status.loc[status["status"] == "ok", column].to_numpy(float), label)
    _legend(figure, bad=(status["status"] != "ok").any())
    return figure


def _runs(ax: Axes, runs: pd.DataFrame, column: str, place: int, look: style.Look) -> None:
    values = runs.loc[runs["status"] == "ok", column].dropna()
    dots = {"color": look.color, "marker": look.marker, "linestyle": "none"}
    ax.plot(values, np.full(len(values), place), **dots, markersize=3.2, alpha=0.6, markeredgewidth=0)
    if len(values):
        ax.plot(values.median(), place, color=look.color, marker="|", markersize=8, markeredgewidth=1.4)
    if (runs["status"] != "ok").any():
        cross = {"color": style.BAD, "marker": "x", "markersize": 3.5, "markeredgewidth": 1}
        ax.plot(1, place, transform=ax.get_yaxis_transform(), clip_on=False, **cross)


def _log_axis(ax: Axes, values: np.ndarray, label: str) -> None:
    """Logarithmic axis of at least one decade, with plain numbers."""
    values = values[values > 0]
    low, high = (values.min(), values.max()) if len(values) else (1.0, 10.0)
    middle, half = np.sqrt(low * high), max(np.sqrt(high / low), np.sqrt(10)) * 1.3
    ax.set_xscale("log")
    ax.set_xlim(middle / half, middle * half)
    decades = 2 * np.log10(half)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=9))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"{label}\n← lower is better")


def _legend(figure: Figure, *, bad: bool) -> None:
    mark = {"color": style.INK, "linestyle": "none"}
    handles = [
        Line2D([], [], **mark, marker="o", markersize=3.2, alpha=0.6, markeredgewidth=0, label="one run"),
        Line2D([], [], **mark, marker="|", markersize=8, markeredgewidth=1.4, label="median"),
        Line2D(
            [],
            [],
            **mark,
            marker="o",
            markersize=3.2,
            markerfacecolor="#999999",
            markeredgewidth=0,
            label="control (grey)",
        ),
    ]
    if bad:
        handles.append(
            Line2D([], [], color=style.BAD, marker="x", markersize=3.5, linestyle="none", label="did not end ok")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.4)
