"""Clusters of the genes that a method calls: their map, and where in the tissue each cluster is high."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.figures._tissue_maps import LAYERS, Tissue
from scbench.svg.structure.clusters import FEWEST

_CMAP = "viridis"
_GENES = 3  # names of typical genes
_TEXT = 0.42  # inches above a map


@style.use()
def plot(table: pd.DataFrame, means: np.ndarray, tissue: Tissue, *, title: str, n_called: int) -> Figure:
    """Draw the UMAP of called genes and, for each cluster, the mean of its genes in the tissue (scGCO, Figs 3b and 3d).

    Parameters
    ----------
    table, means
        As `scbench.svg.structure.clusters.cluster` makes them, with names in ``gene``.
    tissue
        The spots.
    title
        Title of the figure.
    n_called
        Number of called genes, of which those that vary are in the table.

    Returns
    -------
    Figure
        Clusters have the same colour on the left as the names on the right.
    """
    if table.empty:
        return style.blank(f"{title}: clusters need {FEWEST} called genes that vary. Called: {n_called}.")
    k = len(means)
    width, height = tissue.size
    columns = min(k, max(1, int((style.WIDTH - 2.3) / (width + 0.12))))
    rows = -(-k // columns)
    figure = Figure(figsize=(style.WIDTH, max(rows * (height + _TEXT), 2.2) + 0.4))
    left, right = figure.subfigures(1, 2, width_ratios=[2.3, style.WIDTH - 2.3])
    _map_of_genes(left.subplots(), table)
    grid = right.subplots(rows, columns, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for number, ax in zip(range(k), grid.flat, strict=False):
        members = table[table["cluster"] == number].sort_values("typical", ascending=False)
        _map_of_cluster(ax, tissue, means[number])
        names = ", ".join(style.shorten(str(name), 12) for name in members["gene"].head(_GENES))
        ax.set_title(f"cluster {number + 1}: {len(members):,} genes\n", color=LAYERS[number], loc="center", fontsize=7)
        place = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
        ax.annotate(names, (0.5, 1), **place, ha="center", fontsize=style.SMALL, fontstyle="italic")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _map_of_genes(ax: Axes, table: pd.DataFrame) -> None:
    size = float(np.clip(2500 / len(table), 1.5, 14))
    mixed = table.sample(frac=1, random_state=0)  # no cluster lies on top of all others
    colors = [LAYERS[number] for number in mixed["cluster"]]
    ax.scatter(mixed["x"], mixed["y"], c=colors, s=size, linewidths=0, rasterized=len(table) > 2000)
    ax.set_title(f"{len(table):,} called genes")
    ax.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
    ax.set_box_aspect(1)


def _map_of_cluster(ax: Axes, tissue: Tissue, mean: np.ndarray) -> None:
    low, high = np.percentile(mean, [1, 99])
    tissue.draw(ax, colormaps[_CMAP](np.clip((mean - low) / ((high - low) or 1), 0, 1)))
