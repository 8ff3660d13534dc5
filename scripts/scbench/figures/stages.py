"""Cells over time before and after batch effects are removed, and the stages of their clusters."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scbench.annotation.stages import UNNAMED
from scbench.figures import _points, style


@style.use()
def plot(points: pd.DataFrame, scores: pd.DataFrame, named: np.ndarray, *, order: Sequence[str], title: str) -> Figure:
    """Draw maps of each embedding by time, and of the last one by cluster and by stage.

    Parameters
    ----------
    points, scores
        As `scbench.annotation.embeddings.study` makes them of times instead of types.
    named
        (cells,) stage of each cell's cluster in the last embedding.
    order
        Times, the first one first.
    title
        Title of the figure.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Fig. 6.
    """
    names = list(dict.fromkeys(points["embedding"]))
    purity = scores[scores["score"] == "knn_purity"].set_index("embedding")["value"]
    chance = scores.loc[scores["score"] == "chance", "value"].iloc[0]
    figure = Figure(figsize=(style.WIDTH, 4.3))
    grid = figure.subplots(2, 3)
    for ax, name in zip(grid[0], names, strict=True):
        here = points[points["embedding"] == name]
        _points.by_name(ax, here["x"].to_numpy(), here["y"].to_numpy(), here["type"].to_numpy(str), order)
        ax.set_title(f"{name}\nkNN purity of times {purity[name]:.2f} (chance {chance:.2f})", fontsize=6.5)
    _points.legend(grid[0, -1], order)
    last = points[points["embedding"] == names[-1]]
    for ax, values, label in zip(
        grid[1], (last["cluster"].to_numpy(str), named.astype(str)), ("Clusters", "Stages of clusters"), strict=False
    ):
        kinds = [kind for kind in pd.Series(values).value_counts().index if kind != UNNAMED]
        _points.by_name(ax, last["x"].to_numpy(), last["y"].to_numpy(), values, kinds)
        _points.legend(ax, kinds)
        ax.set_title(f"{label}, {names[-1]}", fontsize=6.5)
    grid[1, 2].set_axis_off()
    figure.suptitle(title, x=0.01, ha="left")
    return figure
