"""Maps of cells as points, coloured by names or numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from scbench.figures import style
from scbench.figures._tissue_maps import LAYERS

_RASTER_FROM = 2000


def by_name(ax: Axes, x: np.ndarray, y: np.ndarray, names: np.ndarray, order: Sequence[str]) -> None:
    """Draw cells in the colours of their groups, in random order so that no group lies on top."""
    colors = {name: LAYERS[place % len(LAYERS)] for place, name in enumerate(order)}
    _draw(ax, x, y, [colors.get(name, "#cccccc") for name in names])


def by_number(ax: Axes, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> None:
    """Draw cells in colours from low (dark) to high (light), with a bar."""
    points = _draw(ax, x, y, np.asarray(numbers, dtype=float), cmap="viridis")
    bar = ax.get_figure().colorbar(points, ax=ax, shrink=0.6, aspect=12, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=style.SMALL)


def legend(ax: Axes, order: Sequence[str], most: int = 13) -> None:
    """Names of groups beside a panel, the first `most` of them."""
    shown = list(order)[:most]
    dot = {"linestyle": "none", "marker": "o", "markersize": 3.2, "markeredgewidth": 0}
    handles = [
        Line2D([], [], **dot, color=LAYERS[place % len(LAYERS)], label=style.shorten(str(name), 22))
        for place, name in enumerate(shown)
    ]
    if len(order) > most:
        handles.append(Line2D([], [], linestyle="none", label=f"and {len(order) - most} more"))
    place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02), "borderaxespad": 0.1}
    ax.legend(handles=handles, **place, fontsize=style.SMALL, handletextpad=0.1, labelspacing=0.25)


def _draw(ax: Axes, x: np.ndarray, y: np.ndarray, colors: Sequence, **kwargs: str):
    order = np.random.default_rng(0).permutation(len(x))
    size = float(np.clip(2500 / max(len(x), 1), 0.8, 9))
    colors = np.asarray(colors)[order]
    look = {"s": size, "linewidths": 0, "rasterized": len(x) > _RASTER_FROM}
    points = ax.scatter(np.asarray(x)[order], np.asarray(y)[order], c=colors, **look, **kwargs)
    ax.set(xticks=[], yticks=[])
    ax.set_box_aspect(1)
    return points
