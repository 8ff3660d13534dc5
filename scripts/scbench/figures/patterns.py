"""The patterns of a simulated dataset: one gene of each shape in the tissue."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.figures._spots import CMAP, aspect, percentiles, spots
from scbench.io import Prepared

_COLUMNS, _SIDE = 5, 1.2


@style.use()
def plot(data: Prepared, *, title: str) -> Figure:
    """Draw the first gene of each shape, in alphabetic order (scGCO, Fig. 2a).

    Parameters
    ----------
    data
        Dataset with log1p values, coordinates, and shapes where it has patterns.
    title
        Title of the figure.
    """
    shapes = [] if data.shapes is None else sorted(set(data.shapes) - {""})
    if not shapes:
        return style.blank(f"{title}: the dataset has no genes of known shape.")
    columns = min(_COLUMNS, len(shapes))
    rows = -(-len(shapes) // columns)
    figure = Figure(figsize=(_SIDE * columns + 0.9, (_SIDE * aspect(data.coords) + 0.2) * rows + 0.4))
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax, shape in zip(grid.flat, shapes, strict=False):
        gene = int(np.argmax(data.shapes == shape))
        values = data.X[:, [gene]].toarray().ravel()
        spots(ax, data.coords, values, _SIDE, limits=percentiles(values))
        ax.set_title(
            style.shorten(shape.replace("_", " "), 22), fontsize=style.SMALL, fontweight="normal", loc="center"
        )
    for ax in grid.flat[len(shapes) :]:
        ax.set_axis_off()
    figure.suptitle(style.shorten(title, int(12 * figure.get_figwidth())), x=0.01, ha="left")
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), CMAP), ax=grid, shrink=0.9, aspect=15 * rows, pad=0.01)
    bar.set_ticks([0, 1], labels=["1st", "99th"])
    bar.set_label("percentile of log1p expression", fontsize=style.SMALL, labelpad=-8)
    bar.outline.set_visible(False)
    return figure
