"""Which classes are taken for which: one heat map per method."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from scbench.contract import UNASSIGNED
from scbench.figures import style

_CMAP = "Blues"
_MAX_ANNOTATED = 12  # classes; with more, numbers do not fit into the cells


@style.use()
def plot(
    confusion: pd.DataFrame, *, methods: dict[str, dict[str, Any]], title: str, scenario: str | None = None
) -> Figure:
    """Draw, for each method, the share of the cells of each class that were given each label.

    Parameters
    ----------
    confusion
        Table with columns ``method``, ``scenario``, ``replicate``, ``true``, ``predicted`` and ``n``; replicates are
        summed.
    methods
        The registry.
    title
        Title of the figure.
    scenario
        Only rows of this scenario; all if None.

    Returns
    -------
    Figure
        Classes are in the order of their size. The diagonal is the recall of the class.
    """
    if scenario is not None:
        confusion = confusion[confusion["scenario"].fillna("") == scenario]
    names = [name for name in methods if name in set(confusion["method"])]
    if not names:
        return style.blank(f"{title}: there are no predictions.")
    confusion = confusion.astype({"true": str, "predicted": str})
    classes = list(confusion.groupby("true")["n"].sum().sort_values(ascending=False, kind="stable").index)
    labels = classes + [UNASSIGNED] * (UNASSIGNED in set(confusion["predicted"]))
    side = max(1.35, 0.075 * len(labels))
    size = float(np.clip(72 * side / len(labels) * 0.8, 4.5, 7))
    height = side * len(classes) / len(labels) + 0.36
    figure, panels = _grid(len(names), side, height, max(map(len, labels)))
    figure.suptitle(textwrap.fill(title, 100), x=0.01, ha="left")
    columns = panels.shape[1]
    for place, (ax, name) in enumerate(zip(panels.flat, names, strict=False)):
        _panel(ax, confusion[confusion["method"] == name], classes, labels, methods[name]["label"], size)
        if place % columns:
            ax.set_ylabel("")
            ax.set_yticklabels([])
        if place // columns < panels.shape[0] - 1:
            ax.set_xlabel("")
            ax.set_xticklabels([])
            if place + columns >= len(names):
                _labels_below(ax, labels, size)
    for ax in panels.flat[len(names) :]:
        ax.set_axis_off()
    mappable = ScalarMappable(Normalize(0, 1), _CMAP)
    bar = figure.colorbar(mappable, ax=panels, shrink=min(1, 1.5 / (side * panels.shape[0])), aspect=15, pad=0.02)
    bar.set_label("Share of the cells of the true class")
    bar.outline.set_visible(False)
    return figure


def _grid(n: int, side: float, height: float, longest: int) -> tuple[Figure, np.ndarray]:
    """Figure for `n` panels of this size, with room for labels of `longest` letters and for the colour bar."""
    margin = 0.35 + 0.055 * min(longest, 32)
    # Panels of many classes may be wider than a page rather than one below the other.
    columns = min(n, max(2, int((style.WIDTH - margin - 0.7) / (side + 0.1))))
    rows = -(-n // columns)
    figure = Figure(figsize=(margin + columns * (side + 0.1) + 0.7, rows * height + margin + 0.15))
    return figure, figure.subplots(rows, columns, squeeze=False)


def _panel(ax: Axes, counts: pd.DataFrame, classes: list[str], labels: list[str], label: str, size: float) -> None:
    table = counts.pivot_table(index="true", columns="predicted", values="n", aggfunc="sum", fill_value=0)
    table = table.reindex(index=classes, columns=labels, fill_value=0)
    total = table.sum(axis=1)
    share = table.div(total.where(total > 0), axis=0)
    few = len(labels) <= _MAX_ANNOTATED
    text = share.map(lambda value: f"{value:.2f}".removeprefix("0") if value >= 0.005 else "") if few else False
    names = {"xticklabels": _ticks(labels), "yticklabels": _ticks(classes)}
    fonts = {"fontsize": 4.2 if len(labels) > 7 else 5.2}
    sns.heatmap(
        share, ax=ax, vmin=0, vmax=1, cmap=_CMAP, cbar=False, square=True, annot=text, fmt="", annot_kws=fonts, **names
    )
    ax.set_facecolor("#eeeeee")  # classes without cells
    ax.tick_params(length=0, labelsize=size, pad=1)
    ax.tick_params(axis="x", rotation=90)
    ax.set(xlabel="Predicted", ylabel="True")
    recall = np.nanmean(np.diag(share[classes])) if (total > 0).any() else np.nan
    ax.set_title(style.shorten(label), fontsize=7, pad=10)
    where = {"xycoords": "axes fraction", "xytext": (0, 2.5), "textcoords": "offset points", "fontsize": style.SMALL}
    ax.annotate(f"mean recall {recall:.2f}", (0, 1), **where)
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.6, color="#bbbbbb")


def _labels_below(ax: Axes, labels: list[str], size: float) -> None:
    """Label the columns of a panel with nothing below it, without moving the next row down."""
    where = {"transform": ax.get_xaxis_transform(), "rotation": 90, "ha": "center", "va": "top", "in_layout": False}
    for place, label in enumerate(_ticks(labels)):
        ax.text(place + 0.5, -0.02, label, fontsize=size, **where)


def _ticks(names: list[str]) -> list[str]:
    return [style.shorten(name, 32) for name in names]
