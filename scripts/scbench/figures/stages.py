"""Cells over time before and after batch effects are removed, and the stages of their clusters."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.annotation.stages import UNNAMED, Study
from scbench.figures import _points, style
from scbench.figures._tissue_maps import LAYERS


@style.use()
def plot(found: Study, row: dict[str, Any], *, keep_zeros: bool, title: str) -> Figure:
    """Draw maps of each embedding by time, and of the last one by cluster and by stage.

    Parameters
    ----------
    found
        The study.
    row
        The experiment: its ``stages`` with their times, the first one first, and its ``share``.
    keep_zeros
        See `scbench.annotation.stages.without_batches`.
    title
        Title of the figure.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Fig. 6.
    """
    points, names = found.points, list(dict.fromkeys(found.points["embedding"]))
    purity = found.scores[found.scores["score"] == "knn_purity"].set_index("embedding")["value"]
    chance = found.scores.loc[found.scores["score"] == "chance", "value"].iloc[0]
    figure = Figure(figsize=(style.WIDTH, 4.6))
    above, below = figure.subplots(2, 3)
    of_stages = [time for own in row["stages"].values() for time in own]
    times = of_stages + [time for time in dict.fromkeys(points["type"]) if time not in of_stages]
    for ax, name in zip(above, names, strict=True):
        _map(ax, points[points["embedding"] == name], "type", times)
        ax.set_title(f"{name}\n", fontsize=7)
        text = f"kNN purity of times {purity[name]:.2f}, chance {chance:.2f}"
        ax.annotate(text, (0, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", fontsize=6.5)
    _points.legend(above[-1], times)
    last = points[points["embedding"] == names[-1]].assign(stage=found.stages)
    clusters = last["cluster"].value_counts().index.tolist()
    for ax, column, kinds, text in (
        (below[0], "cluster", clusters, "Clusters"),
        (below[1], "stage", list(row["stages"]), "Stages of clusters"),
    ):
        _map(ax, last, column, kinds)
        _points.legend(ax, kinds)
        ax.set_title(text, fontsize=7)
    _shares(below[2], found.clusters, list(row["stages"]), row["share"])
    zeros = "zeros put back after ComBat" if keep_zeros else "zeros as ComBat makes them"
    figure.suptitle(f"{title} · {zeros}", x=0.01, ha="left")
    return figure


def _map(ax: Axes, here: pd.DataFrame, column: str, order: list[str]) -> None:
    _points.by_name(ax, here["x"].to_numpy(), here["y"].to_numpy(), here[column].to_numpy(str), order)


def _shares(ax: Axes, clusters: pd.DataFrame, stages: list[str], share: float) -> None:
    """Share of each cluster's cells that are of the commonest stage, in the colour of that stage."""
    shares = clusters[stages].to_numpy()
    place, commonest = np.arange(len(clusters)), shares.argmax(axis=1)
    color = [LAYERS[stage % len(LAYERS)] for stage in commonest]
    face = [own if name != UNNAMED else "white" for own, name in zip(color, clusters["stage"], strict=True)]
    ax.scatter(shares.max(axis=1), place, edgecolors=color, color=face, s=14, linewidths=1, clip_on=False)
    ax.axvline(share, color="#999999", linewidth=0.8, zorder=0)
    few = len(clusters) <= 20
    ax.set_yticks(place if few else [], clusters["cluster"] if few else [], fontsize=style.SMALL)
    ax.set(xlim=(0, 1), ylim=(len(clusters) - 0.4, -0.6), ylabel="Cluster")
    ax.set_xlabel("Share of its cells at the times of one stage")
    ax.set_title("Commonest stage of each cluster", fontsize=7)
    ax.grid(axis="x")
