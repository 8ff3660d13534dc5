"""How a method cuts a tissue into segments as a pattern gets harder to see."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.figures._spots import aspect, percentiles, spots
from scbench.io import Prepared
from scbench.svg.series import Example, choose_shapes, example

_SHAPES, _MAX_SIDE = 3, 1.2


class Level(NamedTuple):
    """One dataset of a series: its level, the data, and an example (or None) of each shape."""

    level: float
    data: Prepared
    examples: dict[str, Example | None]


def level_of(level: float, data: Prepared, output: pd.DataFrame, extra: Mapping[str, np.ndarray]) -> Level:
    """Find the examples of each shape that a run left.

    Parameters
    ----------
    level, data
        The dataset.
    output, extra
        The run's table and further arrays; both are empty where it failed.
    """
    shapes = [] if data.shapes is None else sorted(set(data.shapes) - {""})
    return Level(level, data, {shape: example(extra, output, data.shapes == shape) for shape in shapes})


@style.use()
def plot(levels: Sequence[Level], *, axis: str, title: str) -> Figure:
    """Draw expression and segments of a gene of up to three shapes, a column per level (scGCO, Fig. 2b and d).

    Parameters
    ----------
    levels
        The datasets, by level.
    axis
        What the levels are.
    title
        Title of the figure.

    Returns
    -------
    Figure
        A state has the colour of its mean expression; the p-value below is raw.
    """
    shapes = choose_shapes([level.examples for level in levels], _SHAPES)
    if not shapes:
        return style.blank(f"{title}: the method left no segments of a patterned gene.")
    side = min(_MAX_SIDE, (style.WIDTH - 0.9) / len(levels))
    height = side * max(aspect(level.data.coords) for level in levels)
    figure = Figure(figsize=(max(side * len(levels) + 0.9, 3.0), (2 * height + 0.35) * len(shapes) + 0.75))
    grid = figure.subplots(2 * len(shapes), len(levels), squeeze=False)
    for ax, level in zip(grid[0], levels, strict=True):
        ax.set_title(f"{level.level:g}", fontweight="normal", loc="center")
    for place, shape in enumerate(shapes):
        for (upper, lower), level in zip(grid[2 * place : 2 * place + 2].T, levels, strict=True):
            _pair(upper, lower, level.data, level.examples.get(shape), side)
        for ax, what in zip(grid[2 * place : 2 * place + 2, 0], ("expression", "segments"), strict=True):
            _side_label(ax, style.shorten(shape.replace("_", " "), 18), what)
    figure.suptitle(f"{style.shorten(title, int(12 * figure.get_figwidth()))}\n", x=0.01, ha="left")
    figure.text(0.01, 1 - 0.26 / figure.get_figheight(), axis, fontsize=7, va="center")
    return figure


def _pair(upper: Axes, lower: Axes, data: Prepared, example: Example | None, side: float) -> None:
    """Draw a gene and its segments below, or say that there are none."""
    if example is None:
        upper.set_axis_off()
        lower.set_axis_off()
        lower.text(0.5, 1, "no gene of this\nshape segmented", ha="center", va="center", transform=lower.transAxes)
        return
    values = data.X[:, [example.gene]].toarray().ravel()
    kinds, place = np.unique(example.segments, return_inverse=True)
    means = np.bincount(place, values) / np.bincount(place)
    for ax, shown in ((upper, values), (lower, means[place])):
        spots(ax, data.coords, shown, side, limits=percentiles(values))
    count = f"{len(kinds)} state{'s' * (len(kinds) != 1)}"
    below = {"ha": "center", "va": "top", "fontsize": style.SMALL, "transform": lower.transAxes}
    lower.text(0.5, -0.02, f"{_p(example.pvalue)}\n{count}", **below)


def _p(value: float) -> str:
    return "p < 1e-16" if value < 1e-16 else f"p = {value:.2g}"


def _side_label(ax: Axes, shape: str, what: str) -> None:
    ax.text(-0.06, 0.5, f"{shape}\n{what}", ha="right", va="center", fontsize=style.SMALL, transform=ax.transAxes)
