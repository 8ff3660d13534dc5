"""Cells and gene sets in the space of an encoder, and how often the closest set is that of the cell's type."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from scbench.annotation.pathways import CLOSENESS, COMMONEST, EXPRESSION
from scbench.figures import style
from scbench.figures._tissue_maps import LAYERS

_LABELS = {
    "as_coded": "|c| cos / |p|, as coded",
    "symmetric": "|c| |p| cos",
    "cosine": "cos",
    EXPRESSION: "mean z-score of the genes",
    COMMONEST: "commonest type for all",
}
# Not in colours: those are of the types.
_LOOKS = {
    "as_coded": {"marker": "o", "markerfacecolor": style.INK},
    "symmetric": {"marker": "s", "markerfacecolor": "white"},
    "cosine": {"marker": "D", "markerfacecolor": "white"},
    EXPRESSION: {"marker": "^", "markerfacecolor": "#8a8a8a"},
    COMMONEST: {"marker": "x"},
}
_METRICS = {"accuracy": "Accuracy", "macro_f1": "Macro F1"}
_CHANCE = "#d5d5d5"
_MAP = 3.1  # inches
_ROW = 0.19
_LONGEST = 18  # letters of a type
_RASTER_FROM = 2000


@style.use()
def plot(table: pd.DataFrame, points: pd.DataFrame, *, title: str) -> Figure:
    """Draw one dataset (scRobust, Fig. 4a).

    Parameters
    ----------
    table
        As `scbench.annotation.pathways.study` makes it.
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
    kinds = list(dict.fromkeys(table.loc[table["class"] != "", "class"]))
    colors = {kind: LAYERS[place % len(LAYERS)] for place, kind in enumerate(kinds)}
    heights = len(_LOOKS) * _ROW + 0.55, len(kinds) * _ROW + 0.75
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
    names = [name for name in _LOOKS if name in set(table["closeness"])]
    panels = part.subplots(1, len(_METRICS), sharey=True)
    for ax, (metric, label) in zip(panels, _METRICS.items(), strict=True):
        rows = table[(table["metric"] == metric) & (table["class"] == "")]
        for y, name in enumerate(names):
            own = rows[rows["closeness"] == name]
            _chance(ax, y, own)
            value = own.loc[own["sets"] == "given", "value"].item()
            _mark(ax, value, y, name)
            right = value < 0.8
            place = {"xytext": (5 if right else -5, 0), "textcoords": "offset points", "va": "center"}
            ax.annotate(f"{value:.2f}", (value, y), **place, ha="left" if right else "right", fontsize=style.SMALL)
        _scale(ax, len(names))
        ax.set_title(label)
    panels[0].set_yticks(range(len(names)), [_LABELS[name] for name in names])


def _by_type(part: SubFigure, table: pd.DataFrame, colors: dict[str, str]) -> None:
    ax = part.subplots()
    accuracy = table[table["metric"] == "accuracy"]
    sizes = {
        metric: rows.set_index("class")["value"] for metric, rows in table[table["closeness"] == ""].groupby("metric")
    }
    cells = accuracy.groupby("class")["n_cells"].first()
    names = [*CLOSENESS, EXPRESSION]
    for y, kind in enumerate(colors):
        own = accuracy[accuracy["class"] == kind]
        _chance(ax, y, own[own["closeness"] == "as_coded"])
        for name in reversed(names):
            value = own.loc[(own["closeness"] == name) & (own["sets"] == "given"), "value"]
            _mark(ax, value.item(), y, name)
        text = f"{sizes['genes_found'][kind]:.0f} of {sizes['genes'][kind]:.0f} genes, {cells[kind]:,} cells"
        style.note(ax, y, text, color=style.INK)
    _scale(ax, len(colors))
    ax.set_yticks(range(len(colors)), [f"{style.shorten(kind, _LONGEST)} ★" for kind in colors])
    for label, color in zip(ax.get_yticklabels(), colors.values(), strict=True):
        label.set(color=color, fontweight="bold")
    ax.set_title("Accuracy by type")
    ax.set_xlabel("grey: random sets of as many genes, as coded; lowest to highest and mean", fontsize=style.SMALL)


def _mark(ax: Axes, value: float, y: float, name: str) -> None:
    ax.plot(value, y, color=style.INK, markersize=4.5, markeredgewidth=0.8, clip_on=False, zorder=3, **_LOOKS[name])


def _chance(ax: Axes, y: int, rows: pd.DataFrame) -> None:
    values = rows.loc[rows["sets"] == "random", "value"]
    if len(values):
        ax.plot([values.min(), values.max()], [y, y], color=_CHANCE, linewidth=5, solid_capstyle="butt", zorder=1)
        ax.plot(values.mean(), y, marker="|", color="#888888", markersize=6, zorder=2)


def _scale(ax: Axes, rows: int) -> None:
    ax.set(xlim=(0, 1), ylim=(rows - 0.4, -0.6))
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.grid(axis="x")
