"""Example genes as Voronoi cells, with the borders of their segments."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.figures._tissue_maps import Tissue, layer_colors
from scbench.svg.structure.study import Example

_CMAP = "viridis"
_TEXT = 0.42  # inches above a map


@style.use()
def plot(examples: list[Example], tissue: Tissue, *, structure: np.ndarray | None, title: str) -> Figure:
    """Draw each gene's expression (above) and its borders over the structure of the tissue (scGCO, Figs 3e, 4e).

    Parameters
    ----------
    examples
        The genes.
    tissue
        The spots.
    structure
        (spots,) layers from 0, -1 for none; None to leave the lower row out.
    title
        Title of the figure.
    """
    if not examples:
        return style.blank(f"{title}: no gene is called.")
    width, height = tissue.size
    columns = min(len(examples), max(1, int((style.WIDTH - 0.8) / (max(width, 1.0) + 0.1))))
    rows = -(-len(examples) // columns)
    kinds = 1 if structure is None else 2
    figure = Figure(figsize=(columns * (max(width, 1.0) + 0.1) + 0.9, rows * (kinds * height + _TEXT) + 0.45))
    grid = figure.subplots(rows * kinds, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for place, example in enumerate(examples):
        row, column = divmod(place, columns)
        _expression(grid[kinds * row, column], tissue, example)
        if structure is not None:
            below = grid[kinds * row + 1, column]
            tissue.draw(below, layer_colors(structure))
            tissue.outline(below, example.segments)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), _CMAP), ax=grid, shrink=0.6 / rows, aspect=15, pad=0.02)
    bar.set_label("log1p expression\n(1 = 99th percentile)", fontsize=style.SMALL)
    bar.outline.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _expression(ax: Axes, tissue: Tissue, example: Example) -> None:
    top = np.percentile(example.values, 99) or example.values.max() or 1.0
    tissue.draw(ax, colormaps[_CMAP](np.clip(example.values / top, 0, 1)))
    tissue.outline(ax, example.segments)
    ax.set_title(f"{style.shorten(example.gene, 20)}\n", fontsize=7, loc="center")
    place = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    ax.annotate(example.text, (0.5, 1), **place, ha="center", fontsize=style.SMALL)
