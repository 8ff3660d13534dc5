"""Cells and gene sets in the space of an encoder, and how often the closest set is that of the cell's type."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from scbench.annotation.pathways import COMMONEST, EXPRESSION
from scbench.figures import style
from scbench.figures._tissue_maps import LAYERS

_LABELS = {
    "as_coded": "|c| cos / |p|, as coded",
    "symmetric": "|c| |p| cos",
    "cosine": "cos",
    EXPRESSION: "mean z-score of the genes",
    COMMONEST: "commonest type for all",
}
# By encoder. Not in colours: those are of the types.
_LOOKS = {
    "pretrained": {"marker": "o", "markerfacecolor": style.INK},
    "untrained": {"marker": "o", "markerfacecolor": "white"},
    "": {"marker": "^", "markerfacecolor": "#8a8a8a"},
}
_MARK = {"color": style.INK, "markersize": 4.5, "markeredgewidth": 0.8, "linestyle": "none"}
_METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro F1"}
_CHANCE = "#d5d5d5"
_MAP = 3.0  # inches
_ROW = 0.19
_LONGEST = 18  # letters of a type
_RASTER_FROM = 2000


@style.use()
def plot(table: pd.DataFrame, points: pd.DataFrame, *, title: str) -> Figure:
    """Draw one dataset (scRobust, Fig. 4a).

    Parameters
    ----------
    table
        As `scbench.annotation.pathways.study` makes it, of encoders ``pretrained`` and ``untrained``.
    points
        As `scbench.annotation.pathways.place_points` makes it.
    title
        Title of the figure.

    Returns
    -------
    Figure
        On the left cells and, as stars, sets; on the right accuracy and macro F1 of each closeness, and the accuracy
        of each type, whose colour is that of the map. Grey: from the lowest to the highest of random sets, and their
        mean.
    """
    types = list(dict.fromkeys(table.loc[table["class"] != "", "class"]))
    colors = {name: LAYERS[place % len(LAYERS)] for place, name in enumerate(types)}
    heights = len(_LABELS) * _ROW + 0.45, len(types) * _ROW + 0.9
    figure = Figure(figsize=(style.WIDTH, max(sum(heights), _MAP) + 0.35))
    left, right = figure.subfigures(1, 2, width_ratios=[_MAP, style.WIDTH - _MAP])
    _map(left.subplots(), points, colors)
    upper, lower = right.subfigures(2, 1, height_ratios=heights)
    _overall(upper, table)
    _by_type(lower, table, colors)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _map(ax: Axes, points: pd.DataFrame, colors: dict[str, str]) -> None:
    cells = points[points["kind"] == "cell"].sample(frac=1, random_state=0)  # no type lies on top of all others
    size = float(np.clip(3000 / max(len(cells), 1), 1.5, 10))
    look = {"s": size, "linewidths": 0, "alpha": 0.7, "rasterized": len(cells) > _RASTER_FROM}
    ax.scatter(cells["x"], cells["y"], c=cells["class"].map(colors), **look)
    sets = points[points["kind"] == "set"]
    look = {"s": 110, "marker": "*", "edgecolors": "black", "linewidths": 0.7, "zorder": 3}
    ax.scatter(sets["x"], sets["y"], c=sets["class"].map(colors), **look)
    ax.set_title(f"{len(cells):,} cells, without labels; stars: gene sets")
    ax.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2")
    ax.set_box_aspect(1)
    ax.set_anchor("N")


def _overall(part: SubFigure, table: pd.DataFrame) -> None:
    panels = part.subplots(1, len(_METRICS), sharey=True)
    for ax, (metric, label) in zip(panels, _METRICS.items(), strict=True):
        rows = table[(table["metric"] == metric) & (table["class"] == "")]
        for y, name in enumerate(_LABELS):
            shown = _row(ax, y, rows[rows["closeness"] == name])
            style.note(ax, y, " / ".join(f"{value:.2f}" for value in shown), color=style.INK)
        _scale(ax, len(_LABELS))
        ax.set_title(label)
    panels[0].set_yticks(range(len(_LABELS)), list(_LABELS.values()))


def _by_type(part: SubFigure, table: pd.DataFrame, colors: dict[str, str]) -> None:
    ax = part.subplots()
    sizes = {
        metric: rows.set_index("class")["value"] for metric, rows in table[table["closeness"] == ""].groupby("metric")
    }
    accuracy = table[(table["metric"] == "accuracy") & table["closeness"].isin(["as_coded", EXPRESSION])]
    for y, name in enumerate(colors):
        own = accuracy[accuracy["class"] == name]
        _row(ax, y, own[(own["sets"] == "given") | (own["closeness"] == "as_coded")])
        n_cells = own["n_cells"].iloc[0]
        text = f"{sizes['genes_found'][name]:.0f} of {sizes['genes'][name]:.0f} genes, {n_cells:,} cells"
        style.note(ax, y, text, color=style.INK)
    _scale(ax, len(colors))
    ax.set_yticks(range(len(colors)), [f"{style.shorten(name, _LONGEST)} ★" for name in colors])
    for label, color in zip(ax.get_yticklabels(), colors.values(), strict=True):
        label.set(color=color, fontweight="bold")
    ax.set_title("Accuracy by type, as coded")
    words = {"pretrained": "pre-trained", "untrained": "untrained encoder", "": "no encoder"}
    handles = [Line2D([], [], **_MARK, **_LOOKS[name], label=label) for name, label in words.items()]
    handles.append(Line2D([], [], color=_CHANCE, linewidth=5, label="random sets"))
    part.legend(handles=handles, loc="outside lower right", ncols=4, columnspacing=1.2, handlelength=1)


def _row(ax: Axes, y: float, rows: pd.DataFrame) -> list[float]:
    """Draw a row, random sets and each encoder, and return the values of the encoders."""
    chance = rows.loc[rows["sets"] == "random", "value"]
    if len(chance):
        ax.plot([chance.min(), chance.max()], [y, y], color=_CHANCE, linewidth=5, solid_capstyle="butt", zorder=1)
        ax.plot(chance.mean(), y, marker="|", color="#888888", markersize=6, zorder=2)
    given = rows[rows["sets"] == "given"].set_index("encoder")["value"]
    names = [name for name in _LOOKS if name in given.index]
    for name in reversed(names):
        ax.plot(given[name], y, **_MARK, **_LOOKS[name], clip_on=False, zorder=3)
    return [float(given[name]) for name in names]


def _scale(ax: Axes, rows: int) -> None:
    ax.set(xlim=(0, 1), ylim=(rows - 0.4, -0.6))
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.grid(axis="x")
