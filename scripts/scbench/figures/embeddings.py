"""Maps of embeddings by cluster, type and covariate, over how well each agrees with types and covariate."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import _points, style

_SCORES = {
    "ari": "ARI",
    "nmi": "NMI",
    "silhouette": "Silhouette",
    "knn_purity": "kNN purity",
    "knn_purity_within_types": "kNN purity\nwithin types",
    "knn_r2": "kNN R²",
    "knn_r2_within_types": "kNN R²\nwithin types",
}
_COLORS = {"scRobust": style.COLORS[0], "PCA": style.COLORS[1], "Untrained": style.CONTROLS["negative_control"]}
_PANEL = 1.75  # inches


@style.use()
def plot(scores: pd.DataFrame, points: pd.DataFrame, *, covariate: str | None, title: str) -> Figure:
    """Draw one dataset.

    Parameters
    ----------
    scores, points
        As `scbench.annotation.embeddings.study` makes them.
    covariate
        Its name, or None.
    title
        Title of the figure.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Figs 4b, 4c, S7 and S8.
    """
    names = list(dict.fromkeys(points["embedding"]))
    kinds = ["cluster", "type", *(["covariate"] if covariate else [])]
    heights = [_PANEL * len(names), 0.75 + 0.17 * len(names) * (1 + bool(covariate))]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.4))
    figure.get_layout_engine().set(w_pad=0.08)  # square panels with legends take a little more than they are given
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    grid = above.subplots(len(names), len(kinds), squeeze=False)
    for place, (axes, name) in enumerate(zip(grid, names, strict=True)):
        here = points[points["embedding"] == name]
        for ax, kind in zip(axes, kinds, strict=True):
            _map(ax, here, kind, legend=place == 0 or kind == "cluster")
        axes[0].set_ylabel(name, fontsize=6.5)
    for ax, kind in zip(grid[0], kinds, strict=True):
        ax.set_title({"cluster": "Leiden clusters", "type": "Types"}.get(kind, covariate))
    _agreement(below, scores, names, covariate)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _map(ax: Axes, here: pd.DataFrame, kind: str, *, legend: bool) -> None:
    x, y, values = here["x"].to_numpy(), here["y"].to_numpy(), here[kind].to_numpy()
    if np.issubdtype(values.dtype, np.number) and kind == "covariate":
        _points.by_number(ax, x, y, values)
        return
    order = [name for name in here[kind].astype(str).value_counts().index if name]  # grey without a name
    _points.by_name(ax, x, y, values.astype(str), order)
    if legend:
        _points.legend(ax, order)


def _agreement(part, scores: pd.DataFrame, names: list[str], covariate: str | None) -> None:
    shown = [name for name in _SCORES if name in set(scores["score"])]
    panels = part.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    rows = [(of, name) for of in dict.fromkeys(scores["of"]) for name in names]
    for ax, score in zip(panels, shown, strict=True):
        values = scores[scores["score"] == score].set_index(["of", "embedding"])["value"]
        by_chance = score.replace("knn_purity", "chance")
        chance = scores[scores["score"] == by_chance].set_index(["of", "embedding"])["value"]
        for place, row in enumerate(rows):
            if row not in values.index:
                continue
            color = _COLORS[row[1].split(",")[0]]
            ax.plot(values[row], place, color=color, marker="o", markersize=3.5, clip_on=False)
            style.note(ax, place, f"{values[row]:.2f}", color=style.INK)
            if score.startswith("knn_purity"):
                ax.plot([chance[row]] * 2, [place - 0.3, place + 0.3], color="#999999", linewidth=1)
        ax.set(xlim=(min(0, values.min()), 1), ylim=(len(rows) - 0.4, -0.6), xticks=[0, 0.5, 1])
        ax.set_title(_SCORES[score], fontsize=6.5)
        ax.grid(axis="x")
    labels = [f"{name} · {style.shorten(covariate, 16) if of == 'covariate' else 'types'}" for of, name in rows]
    panels[0].set_yticks(range(len(rows)), labels)
