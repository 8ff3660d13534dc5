"""Maps of a tissue: a Voronoi cell for each spot, or a point where there are very many."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba

from scbench.figures import style
from scbench.svg.structure.smoothing import edge_lengths, neighbours
from scbench.svg.structure.voronoi import boundaries, cells

MOST_CELLS = 20_000
LAYERS = (
    *style.COLORS,
    *("#F0E442", "#882255", "#332288", "#222222", "#9AD68F", "#8C6D1F", "#F4A6A6", "#AA44C8", "#7A1F00"),
)
_NO_LAYER = "#e4e4e4"
_RASTER_FROM = 2000  # cells; more make a PDF slow to open
_LINE = 0.18  # of a cell's width
_AREA, _LONGEST = 2.0, 1.75  # square inches and inches of a map


def layer_colors(codes: np.ndarray) -> np.ndarray:
    """(spots, 4) colours of layers from 0; -1 is grey.

    Colours repeat from the sixteenth layer on.
    """
    palette = np.array([to_rgba(color) for color in (*LAYERS, _NO_LAYER)])
    return palette[np.where(codes < 0, len(LAYERS), codes % len(LAYERS))]


class Tissue:
    """The spots of a dataset, as they are drawn in every map of a figure.

    Parameters
    ----------
    coords
        (spots, 2 or 3) positions, of which the first two are drawn.
    samples
        Sample of each spot, or None. Samples are drawn side by side.

    Attributes
    ----------
    size
        Width and height of a map in inches.
    has_cells
        Whether spots are drawn as Voronoi cells; from 20,000 on they are points.
    """

    def __init__(self, coords: np.ndarray, samples: np.ndarray | None = None) -> None:
        flat = coords[:, :2] - coords[:, :2].min(axis=0)
        spacing = np.median(edge_lengths(flat, neighbours(flat, samples)))
        self._coords = _side_by_side(flat, samples, 4 * spacing)
        self.has_cells = len(coords) <= MOST_CELLS
        self._cells = cells(self._coords, spacing) if self.has_cells else None
        self._margin = spacing
        extent = np.ptp(self._coords, axis=0) + 2 * spacing
        width, height = extent * np.sqrt(_AREA / extent.prod())
        shrink = min(1, _LONGEST / max(width, height))
        self.size = (width * shrink, height * shrink)

    def draw(self, ax: Axes, colors: np.ndarray) -> None:
        """Fill each spot with a colour, given as (spots, 4)."""
        raster = len(colors) >= _RASTER_FROM
        if self.has_cells:
            face = colors[self._cells.spots]
            # Edges in the colour of the cell: otherwise white hair lines show between cells.
            shapes = PolyCollection(self._cells.polygons, facecolors=face, edgecolors=face, linewidths=0.3)
            ax.add_collection(shapes, autolim=False)
            shapes.set_rasterized(raster)
        else:
            area = max(72**2 * np.prod(self.size) / len(colors), 0.1)
            ax.scatter(*self._coords.T, c=colors, s=area, linewidths=0, rasterized=raster)
        low, high = self._coords.min(axis=0) - self._margin, self._coords.max(axis=0) + self._margin
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        ax.set_aspect("equal", adjustable="box")
        ax.set_axis_off()

    def outline(self, ax: Axes, segments: np.ndarray) -> None:
        """Draw the borders between spots of different segments; nothing where spots are points."""
        if self.has_cells:
            cell = 72 * np.sqrt(np.prod(self.size) / len(segments))  # points
            look = {"linewidths": np.clip(_LINE * cell, 0.25, 1.1), "colors": "black", "capstyle": "round"}
            lines = LineCollection(boundaries(self._cells, segments), **look)
            lines.set_rasterized(len(segments) >= _RASTER_FROM)
            ax.add_collection(lines, autolim=False)


def _side_by_side(coords: np.ndarray, samples: np.ndarray | None, gap: float) -> np.ndarray:
    """Move samples apart, into the rows of a square grid."""
    names, number = np.unique(np.zeros(len(coords)) if samples is None else samples, return_inverse=True)
    if len(names) == 1:
        return coords
    start = np.array([coords[number == place].min(axis=0) for place in range(len(names))])
    moved = coords - start[number]
    step = moved.max(axis=0) + gap
    columns = int(np.ceil(np.sqrt(len(names))))
    return moved + step * np.column_stack([number % columns, -(number // columns)])
