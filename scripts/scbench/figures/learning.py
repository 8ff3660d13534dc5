"""How a method learns: loss and accuracy against epoch or boosting round, in training and in validation."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from scbench.figures import style

_COLORS = {"train": style.COLORS[0], "validation": style.COLORS[1]}
_MEASURES = {"loss": "Loss", "accuracy": "Accuracy"}
_COLUMNS = 5  # panels side by side


@style.use()
def plot(
    curves: pd.DataFrame, *, methods: dict[str, dict[str, Any]], title: str, names: Sequence[str] | None = None
) -> Figure:
    """Draw the mean over the folds with their range as a band, a column per method.

    Parameters
    ----------
    curves
        Rows of one dataset with columns ``method``, ``fold``, ``step`` (from 1), ``part`` (``train`` or
        ``validation``), ``loss`` and ``accuracy``.
    methods
        The registry.
    title
        Title of the figure.
    names
        Methods whose curves were asked for: those without any are shown as such. By default those in the table.

    Returns
    -------
    Figure
        Folds may stop early, each at its own step. There is a mean only as far as all of them run: beyond, it would
        be one of the folds that learn slowly. There each fold is a thin line, with a dot where it ends.
    """
    found = set(curves["method"]) if names is None else set(names)
    names = [name for name in methods if name in found]
    if not names:
        return style.blank(f"{title}: there are no learning curves.")
    columns = min(len(names), _COLUMNS)
    blocks = -(-len(names) // columns)
    figure = Figure(figsize=(style.WIDTH * min(1, 0.25 + 0.25 * columns), blocks * 2.6 + 0.6))
    grid = figure.subplots(2 * blocks, columns, squeeze=False)
    for place, name in enumerate(names):
        block, column = divmod(place, columns)
        here = curves[curves["method"] == name]
        for ax, measure in zip(grid[2 * block : 2 * block + 2, column], _MEASURES, strict=True):
            _panel(ax, here, measure)
            if column == 0:
                ax.set_ylabel(_MEASURES[measure])
        ax.set_xlabel("Epoch or round")
        grid[2 * block, column].set_title(style.shorten(methods[name]["label"], min(30, 90 // columns)), fontsize=7)
    for ax in grid.reshape(blocks, 2, columns)[-1, :, (len(names) - 1) % columns + 1 :].flat:
        ax.set_axis_off()
    figure.suptitle(textwrap.fill(title, 100), x=0.01, ha="left")
    _legend(figure, curves, lines=3 if columns < 3 else 1)
    return figure


def shared_steps(curves: pd.DataFrame) -> int:
    """Number of steps that every fold of a method has.

    Examples
    --------
    >>> shared_steps(pd.DataFrame({"fold": [0, 0, 0, 1, 1], "step": [1, 2, 3, 1, 2]}))
    2
    """
    return int(curves.groupby("fold")["step"].max().min())


def _panel(ax: Axes, curves: pd.DataFrame, measure: str) -> None:
    curves = curves.dropna(subset=[measure])
    if curves.empty:
        ax.text(0.5, 0.5, "no curves", transform=ax.transAxes, ha="center", va="center", color=style.BAD)
        ax.set_xticks([])
        ax.set_yticks([])
        return
    for part, color in _COLORS.items():
        table = curves[curves["part"] == part].pivot_table(index="step", columns="fold", values=measure)
        if not table.empty:
            _folds(ax, table, shared_steps(curves), color)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlim(0, curves["step"].max() * 1.03)
    if measure == "accuracy":
        ax.set_ylim(top=1.01)
    else:
        ax.set_ylim(bottom=0)
    ax.grid()


def _folds(ax: Axes, table: pd.DataFrame, shared: int, color: str) -> None:
    """Draw (steps, folds) values: mean and range up to step `shared`, then each fold by itself to its end."""
    together, apart = table.loc[:shared], table.loc[shared:]
    ax.fill_between(together.index, together.min(axis=1), together.max(axis=1), color=color, alpha=0.2, linewidth=0)
    ax.plot(together.index, together.mean(axis=1), color=color, linewidth=1.2)
    ax.plot(apart.index, apart, color=color, linewidth=0.5, alpha=0.8)
    last = {fold: table[fold].last_valid_index() for fold in table}
    ends = np.array([[step, table.loc[step, fold]] for fold, step in last.items()])
    ax.plot(*ends.T, color=color, marker="o", markersize=2.4, markeredgewidth=0, linestyle="none", clip_on=False)


def _legend(figure: Figure, curves: pd.DataFrame, *, lines: int) -> None:
    grey = "#777777"
    handles = [Line2D([], [], color=color, linewidth=1.2, label=part) for part, color in _COLORS.items()]
    last = curves.groupby(["method", "fold"])["step"].max().groupby("method")
    if (last.size() > 1).any():
        handles.append(Line2D([], [], color=grey, linewidth=1.2, label="mean while all folds run"))
        handles.append(Patch(color=grey, alpha=0.3, linewidth=0, label="range over the folds"))
    if (last.max() > last.min()).any():
        handles.append(Line2D([], [], color=grey, linewidth=0.5, label="single folds after the first stop"))
    handles.append(Line2D([], [], color=grey, marker="o", markersize=2.4, linestyle="none", label="end of a fold"))
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(handles) // lines), columnspacing=1.2)
