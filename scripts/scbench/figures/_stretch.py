"""Axes on which scores near the ideal value have more room, and labels that keep apart."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.scale import FuncScale
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from scipy.optimize import isotonic_regression

_ROUND = np.array([0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1])


def stretch(ax: Axes, which: Literal["x", "y"], values: np.ndarray, metric: dict[str, Any], *, gap: float) -> None:
    """Give an axis of scores its scale, limits and ticks.

    Parameters
    ----------
    ax, which
        The panel and its axis.
    values
        What is to be seen, NaN ignored. The whole range of the metric if there is nothing.
    metric
        Registry entry.
    gap
        Least distance of ticks, as a share of the axis.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        values = np.array([metric["min"], metric["max"]], dtype=float)
    forward, inverse = root_scale(metric)
    low, high = forward(np.array([values.min(), values.max()]))
    pad = max(0.05 * (high - low), 0.01)
    low, high = inverse(np.array([low - pad, high + pad]))
    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    ax.set(**{f"{which}scale": FuncScale(axis, (forward, inverse)), f"{which}lim": (low, high)})
    axis.set_major_locator(FixedLocator(_ticks(low, high, metric, gap)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def root_scale(metric: dict[str, Any]) -> tuple[Callable, Callable]:
    """Square root of the distance to the ideal value of a metric, and its inverse; both increase.

    Examples
    --------
    >>> forward, inverse = root_scale({"min": 0, "max": 1, "direction": "higher"})
    >>> forward(np.array([0.0, 0.75, 1.0])).tolist()
    [-1.0, -0.5, -0.0]
    >>> inverse(np.array([-1.0, -0.5])).tolist()
    [0.0, 0.75]
    """
    sign, ideal = (-1, metric["max"]) if metric["direction"] == "higher" else (1, metric["min"])

    def forward(values: np.ndarray) -> np.ndarray:
        return sign * np.sqrt(np.maximum(sign * (np.asarray(values) - ideal), 0))

    def inverse(values: np.ndarray) -> np.ndarray:
        return ideal + sign * np.maximum(sign * np.asarray(values), 0) ** 2

    return forward, inverse


def _ticks(low: float, high: float, metric: dict, gap: float) -> np.ndarray:
    forward, _ = root_scale(metric)
    distances = _ROUND * (metric["max"] - metric["min"])
    values = metric["max"] - distances if metric["direction"] == "higher" else metric["min"] + distances
    values = values[(low <= values) & (values <= high)]
    start, end = forward(np.array([low, high]))
    values = values[apart(np.abs(forward(values)), gap * (end - start))]
    return values if len(values) > 2 else MaxNLocator(4).tick_values(low, high)


def apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Which of some increasing places to keep, so that they are `gap` apart.

    Examples
    --------
    >>> apart(np.array([0.0, 1.0, 2.0, 5.0]), 2).tolist()
    [True, False, True, True]
    """
    kept, last = np.zeros(len(places), dtype=bool), -np.inf
    for number, place in enumerate(places):
        if place - last >= gap:
            kept[number], last = True, place
    return kept


def spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Move heights within 0 to 1 apart, as little as possible.

    Parameters
    ----------
    wanted
        (labels,) heights.
    gap
        Least distance; less where the labels would not fit otherwise.

    Returns
    -------
    numpy.ndarray
        (labels,) heights in the same order, with the least sum of squared moves.

    Notes
    -----
    With each label moved down by the room that those below it need, what remains is an isotonic regression.

    Examples
    --------
    >>> spread(np.array([0.5, 0.5, 0.9]), 0.2).round(2).tolist()
    [0.4, 0.6, 0.9]
    """
    if len(wanted) == 0:
        return np.asarray(wanted, dtype=float)
    room = min(gap, 1 / max(len(wanted) - 1, 1)) * np.arange(len(wanted))
    order = np.argsort(wanted, kind="stable")
    placed = np.empty(len(wanted))
    placed[order] = np.clip(isotonic_regression(wanted[order] - room).x, 0, 1 - room[-1]) + room
    return placed
