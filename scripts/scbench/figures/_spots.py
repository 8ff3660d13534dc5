"""A value at each spot of a tissue."""

import numpy as np
from matplotlib.axes import Axes

CMAP = "viridis"
_RASTER_FROM = 2000  # spots; more make a PDF slow to open


def spots(ax: Axes, coords: np.ndarray, values: np.ndarray, side: float, *, limits: tuple[float, float]) -> None:
    """Draw spots in colours between two limits.

    Parameters
    ----------
    ax
        Axes, whose frame goes.
    coords
        (spots, 2 or 3) positions, of which the first two are drawn.
    values
        (spots,) values.
    side
        Inches that the axes are wide.
    limits
        Values that have the first and the last colour, as all beyond them have.
    """
    spacing = 72 * side * 0.85 / np.sqrt(len(values))
    order = np.argsort(values, kind="stable")  # high values on top, where spots overlap
    shape = {"s": max(spacing, 0.4) ** 2 * 0.8, "linewidths": 0, "rasterized": len(values) >= _RASTER_FROM}
    low, high = limits
    ax.scatter(*coords[order, :2].T, c=values[order], cmap=CMAP, vmin=low, vmax=high, **shape)
    ax.set_aspect("equal", adjustable="box")
    ax.set_axis_off()


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """Limits that a few extreme values do not stretch: the 1st and 99th percentile, unless nearly all are the same.

    Examples
    --------
    >>> percentiles(np.arange(101.0))
    (1.0, 99.0)
    >>> percentiles(np.array([0.0] * 200 + [3.0]))
    (0.0, 3.0)
    """
    low, high = np.percentile(values, [1, 99])
    return (float(low), float(high)) if low < high else (float(values.min()), float(values.max()))


def aspect(coords: np.ndarray) -> float:
    """Height of a tissue over its width, as far as panels follow it.

    Examples
    --------
    >>> aspect(np.array([[0.0, 0.0], [4.0, 3.0]]))
    0.75
    """
    width, height = np.ptp(coords[:, :2], axis=0)
    return float(np.clip(height / width if width else 1.0, 0.4, 1.6))
