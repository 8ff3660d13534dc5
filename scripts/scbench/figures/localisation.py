"""Where in a tissue the markers of each class are high: one map per class."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.markers.localisation import Localisation

_CMAP = "viridis"
_RASTER_FROM = 2000  # spots; more make a PDF slow to open
_LONGEST, _AREA = 1.9, 1.7  # inches and square inches of a map
_COLUMN = 1.4  # inches; holds the text above a map
_LINE = 0.1


@style.use()
def plot(found: Localisation, coords: np.ndarray, *, title: str) -> Figure:
    """Draw the marker score of each class over the spots, with Moran's I and how random genes compare.

    Parameters
    ----------
    found
        What `scbench.markers.localisation.localise` found for one method.
    coords
        (spots, 2 or 3) positions, of which the first two are drawn.
    title
        Title of the figure: method, marker dataset and tissue.

    Returns
    -------
    Figure
        The most localised class comes first, classes without markers in the tissue last. Each map has its own colours,
        from the first to the 99th percentile of the score.
    """
    # Missing ones come last.
    table = found.table.sort_values("statistic", ascending=False, kind="stable")
    shown, without = table[table["n_found"] > 0], table[table["n_found"] == 0]
    if shown.empty:
        return style.blank(f"{title}: there are no markers to map.")
    width, height = _size(coords)
    columns = min(len(shown), int(style.WIDTH / max(width + 0.1, _COLUMN)))
    rows = -(-len(shown) // columns)
    lines = 4 + table["auroc"].notna().any()
    figure = Figure(figsize=(style.WIDTH, rows * (height + lines * _LINE + 0.15) + 0.85))
    grid = figure.subplots(rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, (place, row) in zip(grid.flat, shown.iterrows(), strict=False):
        ax.set_title(_text(row), fontsize=style.SMALL, fontweight="normal", loc="center", linespacing=1.1)
        _map(ax, found.scores[:, place], coords, width * height)
    figure.suptitle(textwrap.fill(title, 100), x=0.01, ha="left")
    if len(without):
        text = "No marker in the tissue: " + ", ".join(style.shorten(name) for name in without["class"])
        figure.supxlabel(textwrap.fill(text, 140), x=0.01, ha="left", fontsize=style.SMALL, color=style.BAD)
    mappable = ScalarMappable(Normalize(0, 1), _CMAP)
    bar = figure.colorbar(mappable, ax=grid, location="bottom", shrink=0.25, aspect=25, pad=0.02)
    bar.set_ticks([0, 1], labels=["1st percentile", "99th percentile"])
    bar.set_label("marker score of the class")
    bar.outline.set_visible(False)
    return figure


def _size(coords: np.ndarray) -> tuple[float, float]:
    """Width and height of a map in inches: of about the same area whatever the shape of the tissue."""
    extent = np.maximum(np.ptp(coords[:, :2], axis=0), 1e-9)
    width, height = extent * np.sqrt(_AREA / extent.prod())
    shrink = min(1, _LONGEST / max(width, height))
    return width * shrink, height * shrink


def _text(row: pd.Series) -> str:
    lines = [style.shorten(row["class"] or "all classes", 26), f"{row['n_found']} of {row['n_markers']} markers found"]
    lines += [f"I = {row['statistic']:.2f}, {_short(row['qvalue'])}"]
    lines += [f"above {100 * row['random_below']:.0f} % of random sets"]
    if not np.isnan(row["auroc"]):
        lines += [f"AUROC {row['auroc']:.2f}"]
    return "\n".join(lines)


def _map(ax: Axes, score: np.ndarray, coords: np.ndarray, area: float) -> None:
    low, high = np.percentile(score, [1, 99])
    if low == high:
        low, high = score.min(), score.max()
    order = np.argsort(score, kind="stable")  # high scores on top, where spots overlap
    size = max(0.5 * 72**2 * area / len(score), 0.2)  # square points: a little less than the space of a spot
    look = {"s": size, "linewidths": 0, "rasterized": len(score) >= _RASTER_FROM, "cmap": _CMAP, "clip_on": False}
    ax.scatter(*coords[order, :2].T, c=score[order], vmin=low, vmax=high, **look)
    ax.set_aspect("equal", adjustable="box")


def _short(q: float) -> str:
    return "q < 1e-16" if q < 1e-16 else f"q = {q:.1g}"
