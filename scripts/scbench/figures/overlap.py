"""Which methods choose the same genes: one heat map of Jaccard indices."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from scbench.figures import style

_CMAP = "Blues"
_CELL = 0.21  # inches; holds a number of two digits
_MISSING = {"facecolor": "#eeeeee", "edgecolor": "#999999", "hatch": "////", "linewidth": 0}


@style.use()
def plot(table: pd.DataFrame, *, methods: dict[str, dict[str, Any]], title: str) -> Figure:
    """Draw the largest k below the diagonal and, where there are several, the smallest above it.

    Parameters
    ----------
    table
        Rows of one dataset, as `scbench.markers.overlap.overlap` makes them.
    methods
        The registry. References are left out: what they have in common with a method follows from the number of genes.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Methods that choose the same genes are side by side (average linkage of the largest k). Methods without a
        result come last, hatched.
    """
    found = set(table["method_a"]) | set(table["method_b"])
    names = [name for name in methods if name in found and methods[name]["role"] != "reference"]
    if not names:
        return style.blank(f"{title}: there are no two methods to compare.")
    low, high = int(table["k"].min()), int(table["k"].max())
    names = _order(table[table["k"] == high], names)
    below, above = (_matrix(table[table["k"] == k], names) for k in (high, low))
    values = np.where(np.tri(len(names), dtype=bool), below, above if low < high else np.nan)
    labels = [style.shorten(methods[name]["label"]) for name in names]
    side = float(np.clip(_CELL * len(names), 1.2, style.WIDTH - 2.3))
    figure = Figure(figsize=(max(side + 2.3, 4.2), side + 0.065 * max(map(len, labels)) + 0.6))
    ax = figure.subplots()
    shown = ~np.eye(len(names), dtype=bool) if low < high else np.tri(len(names), k=-1, dtype=bool)
    panels = _matrix(table[table["k"] == high].assign(jaccard=lambda part: part["compared"] == "panels"), names) == 1
    _heatmap(ax, values, shown, panels, labels)
    figure.suptitle(textwrap.fill(title, int(figure.get_figwidth() * 14)), x=0.01, ha="left")
    small = {"fontsize": style.SMALL, "fontweight": "normal"}
    ax.set_title(_explanation(low, high, panels=bool(panels.any())), loc="right", **small)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), _CMAP), ax=ax, shrink=min(1, 1.5 / side), aspect=15, pad=0.02)
    bar.set_label("Jaccard index")
    bar.outline.set_visible(False)
    if (np.isnan(values) & shown).any():
        figure.legend(handles=[Patch(**_MISSING, label="no common run")], loc="outside lower right", borderpad=0)
    return figure


def _explanation(low: int, high: int, *, panels: bool) -> str:
    lines = [f"lower left: first {high} genes of each class", f"upper right: first {low}"][: 1 + (low < high)]
    return "\n".join([*lines, "italic: whole panels, where one has a single list"][: len(lines) + panels])


def _matrix(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Symmetric (methods, methods) values, NaN on the diagonal."""
    wide = table.pivot_table(index="method_a", columns="method_b", values="jaccard")
    half = wide.reindex(index=names, columns=names).to_numpy(float)
    return np.where(np.isnan(half), half.T, half)


def _order(table: pd.DataFrame, names: list[str]) -> list[str]:
    """Put methods that are alike side by side, and those without any value last."""
    missing = np.isnan(_matrix(table, names)).all(axis=1)
    known = [name for name, without in zip(names, missing, strict=True) if not without]
    rest = [name for name in names if name not in known]
    if len(known) < 3:
        return known + rest
    distance = 1 - np.nan_to_num(_matrix(table, known))
    np.fill_diagonal(distance, 0)
    leaves = leaves_list(linkage(squareform(distance), "average", optimal_ordering=True))
    return [known[leaf] for leaf in leaves] + rest


def _heatmap(ax: Axes, values: np.ndarray, shown: np.ndarray, italic: np.ndarray, labels: list[str]) -> None:
    text = np.vectorize(_number, otypes=[str])(values)
    fonts = {"fontsize": style.SMALL}
    look = {"cmap": _CMAP, "vmin": 0, "vmax": 1, "cbar": False, "square": True, "linewidths": 0.4}
    hidden = ~shown | np.isnan(values)
    names = {"xticklabels": labels, "yticklabels": labels}
    sns.heatmap(np.nan_to_num(values), ax=ax, mask=hidden, annot=text, fmt="", annot_kws=fonts, **look, **names)
    for number in ax.texts:
        column, row = map(int, number.get_position())
        number.set_fontstyle("italic" if italic[row, column] else "normal")
    for row, column in np.argwhere(shown & np.isnan(values)):
        ax.add_patch(Rectangle((column, row), 1, 1, **_MISSING))
    ax.tick_params(length=0, pad=2, labelsize=6.5)
    ax.tick_params(axis="x", rotation=90)
    ax.tick_params(axis="y", rotation=0)


def _number(value: float) -> str:
    """Two digits, and no more than fit into a cell."""
    return "" if np.isnan(value) else f"{value:.2f}".removeprefix("0").replace("1.00", "1")
