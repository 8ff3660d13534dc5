"""How many genes each method calls, which methods call the same ones, and how many negative controls are called."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scbench.figures import style
from scbench.svg.structure.calls import intersections, jaccard

_MOST, _FEWEST = 22, 7  # combinations of methods that are shown, and for which there is room
_ROW = 0.19  # inches
_LIGHT = 0.4
_FILLS = {"bh": {}, "authors": {"alpha": _LIGHT}, "matched": {"fill": False, "hatch": "////", "linewidth": 0.6}}


@style.use()
def plot(
    summary: pd.DataFrame, called: pd.DataFrame, *, methods: dict[str, dict[str, Any]], title: str, fdr: float
) -> Figure:
    """Draw counts, negative controls, exact intersections and Jaccard indices.

    Parameters
    ----------
    summary
        As `scbench.svg.structure.calls.summarise` makes it: all methods, whatever became of them.
    called
        (genes, methods) booleans: the calls that intersections and Jaccard indices are about.
    methods
        The registry's entries with ``label``, ``role`` and ``track``.
    title
        Title of the figure.
    fdr
        Level at which genes were called.

    Returns
    -------
    Figure
        Runs that did not end ``ok`` have a note in place of bars. The largest 22 intersections are shown.
    """
    names = list(dict.fromkeys(summary["method"]))
    if not names:
        return style.blank(f"{title}: there is no method to show.")
    ok = [name for name in names if (summary.loc[summary["method"] == name, "status"] == "ok").all()]
    colors = {name: look.color for name, look in style.looks(methods, "svg").items()}
    labels = {name: style.shorten(methods[name]["label"], 26) for name in names}
    controls = bool(summary["n_controls"].max())
    overlap = len(ok) > 1
    top, bottom = 0.75 + 0.24 * len(names), (1.6 + _ROW * len(ok) + 0.6) * overlap
    figure = Figure(figsize=(style.WIDTH, top + bottom + 0.3))
    parts = figure.subfigures(1 + overlap, 1, height_ratios=[top, bottom][: 1 + overlap], squeeze=False)[:, 0]
    grid = parts[0].subplots(
        1, 2 if controls else 1, sharey=True, width_ratios=[2, 1] if controls else None, squeeze=False
    )
    _counts(grid[0, 0], summary, names, colors, fdr)
    grid[0, 0].set_yticks(range(len(names)), [labels[name] for name in names])
    if controls:
        _controls(grid[0, 1], summary, names, colors)
    if overlap:
        _overlap(parts[1], called[ok], [labels[name] for name in ok], [colors[name] for name in ok])
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _counts(ax: Axes, summary: pd.DataFrame, names: list[str], colors: dict[str, str], fdr: float) -> None:
    """Two bars a method, with their numbers."""
    most = max(summary["n_called"].max(), 1)
    shown = set(summary["adjustment"])
    for place, name in enumerate(names):
        rows = summary[summary["method"] == name]
        if (rows["status"] != "ok").any():
            bad = {"color": style.BAD, "fontsize": style.SMALL, "va": "center"}
            ax.text(most * 0.01, place, style.outcome(rows["status"].head(1)), **bad)
            continue
        height = 0.8 / len(rows)
        for number, (_, row) in enumerate(rows.iterrows()):
            y = place + (number - (len(rows) - 1) / 2) * height
            look = {"color": colors[name]} if row["adjustment"] != "matched" else {"edgecolor": colors[name]}
            ax.barh(y, row["n_called"], height=min(height, 0.5) * 0.95, **look, **_FILLS[row["adjustment"]])
            ax.text(row["n_called"] + most * 0.01, y, f"{row['n_called']:,}", va="center", fontsize=style.SMALL)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, most * 1.12)
    ax.set_xlabel(f"called of {summary['n_genes'].max():,} genes at a false discovery rate of {fdr:g}")
    words = {"bh": "Benjamini-Hochberg", "authors": "as the authors adjust", "matched": "first genes, median number"}
    handles = [Patch(**{"color": style.INK} | _FILLS[kind], label=words[kind]) for kind in words if kind in shown]
    ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0, columnspacing=1)


def _controls(ax: Axes, summary: pd.DataFrame, names: list[str], colors: dict[str, str]) -> None:
    """Share of the negative controls that are called, by the same adjustments."""
    for place, name in enumerate(names):
        rows = summary[(summary["method"] == name) & summary["share"].notna()]
        height = 0.8 / max(len(rows), 1)
        for number, (_, row) in enumerate(rows.iterrows()):
            y = place + (number - (len(rows) - 1) / 2) * height
            alpha = _LIGHT if row["adjustment"] == "authors" else 1
            ax.plot([row["low"], row["high"]], [y, y], color=colors[name], linewidth=1.2, alpha=alpha)
            ax.plot(row["share"], y, "o", color=colors[name], markersize=3, alpha=alpha, clip_on=False)
            style.note(ax, y, f"{row['n_controls_called']} of {row['n_controls']}", color=style.INK)
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the negative controls called")
    ax.grid(axis="x")


def _overlap(part: Any, called: pd.DataFrame, labels: list[str], colors: list[str]) -> None:
    """Exact intersections as columns of dots below bars; to the right, Jaccard indices."""
    exact = intersections(called)
    shown, hidden = exact.head(_MOST), exact.iloc[_MOST:]
    n = len(labels)
    ratios = {"width_ratios": [max(len(shown), _FEWEST) * 0.8, n - 0.5], "height_ratios": [1.2, _ROW * n]}
    grid = part.subplots(2, 2, gridspec_kw=ratios)
    bars, dots, matrix = grid[0, 0], grid[1, 0], grid[1, 1]
    grid[0, 1].set_axis_off()
    _bars(bars, shown["n"].to_numpy(int), hidden["n"])
    _dots(dots, shown[list(called)].to_numpy(bool), colors)
    dots.set_yticks(range(n), labels)
    _matrix(matrix, jaccard(called), list(called), labels)


def _bars(ax: Axes, numbers: np.ndarray, hidden: pd.Series) -> None:
    ax.bar(range(len(numbers)), numbers, width=0.65, color=style.INK)
    for place, number in enumerate(numbers):
        upright = number > 999 and len(numbers) > 12
        look = {"ha": "center", "va": "bottom", "fontsize": style.SMALL, "rotation": 90 * upright}
        ax.text(place, number + numbers.max() * 0.02, f"{number:,}", **look)
    style.heading(ax, "Genes that exactly these methods call")
    ax.set_ylabel("genes")
    ax.set_xticks([])
    ax.set_xlim(-0.6, max(len(numbers), _FEWEST) - 0.4)
    ax.margins(y=0.3)
    if len(hidden):
        text = f"and {hidden.sum():,} genes in {len(hidden)} smaller combinations"
        ax.text(1, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=style.SMALL)
    if not len(numbers):
        ax.text(0.5, 0.5, "no gene is called", transform=ax.transAxes, ha="center", va="center")
        ax.set_yticks([])


def _dots(ax: Axes, member: np.ndarray, colors: list[str]) -> None:
    columns, n = member.shape
    for row in range(n):
        if row % 2 == 0:
            ax.axhspan(row - 0.5, row + 0.5, color="#f4f4f4", linewidth=0)
    x, y = np.nonzero(member)
    empty = np.argwhere(~member)
    ax.scatter(empty[:, 0], empty[:, 1], s=9, color="#dddddd", linewidths=0)
    ends = [np.flatnonzero(column)[[0, -1]] for column in member]
    for place, (first, last) in enumerate(ends):
        ax.plot([place, place], [first, last], color="#999999", linewidth=0.9, zorder=1)
    ax.scatter(x, y, s=15, c=[colors[row] for row in y] or None, linewidths=0, zorder=2)
    ax.set_xlim(-0.6, max(columns, _FEWEST) - 0.4)
    ax.set_ylim(n - 0.5, -0.5)
    ax.set_xticks([])
    ax.spines[:].set_visible(False)


def _matrix(ax: Axes, pairs: pd.DataFrame, names: list[str], labels: list[str]) -> None:
    """Jaccard indices below the diagonal, in the rows of the dots."""
    n = len(names)
    values = np.full((n, n), np.nan)
    place = {name: number for number, name in enumerate(names)}
    for row in pairs.itertuples():
        values[place[row.method_b], place[row.method_a]] = row.jaccard
    ax.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if row > column:
            text = "-" if np.isnan(value) else f"{value:.2f}".removeprefix("0").replace("1.00", "1")
            ink = "white" if value > 0.6 else style.INK
            ax.text(column, row, text, ha="center", va="center", fontsize=style.SMALL, color=ink)
    style.heading(ax, "Jaccard index")
    ax.set_xticks(range(n - 1), [style.shorten(label, 18) for label in labels[:-1]], rotation=90, fontsize=style.SMALL)
    ax.set_xlim(-0.5, n - 1.5)
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
