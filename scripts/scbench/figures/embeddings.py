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
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    grid = above.subplots(len(names), len(kinds), squeeze=False)
    for axes, name in zip(grid, names, strict=True):
        here = points[points["embedding"] == name]
        for ax, kind in zip(axes, kinds, strict=True):
            _map(ax, here, kind, legend=kind == "cluster" or axes is grid[0])
        axes[0].set_ylabel(style.shorten(name, 30), fontsize=6.5)
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
    order = [str(name) for name in here[kind].astype(str).value_counts().index]
    _points.by_name(ax, x, y, values.astype(str), order)
    if legend:
        _points.legend(ax, order)


def _agreement(part, scores: pd.DataFrame, names: list[str], covariate: str | None) -> None:
    shown = [name for name in _SCORES if name in set(scores["score"])]
    panels = part.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    rows = [(of, name) for of in dict.fromkeys(scores["of"]) for name in names]
    for ax, score in zip(panels, shown, strict=True):
        values = scores[scores["score"] == score].set_index(["of", "embedding"])["value"]
        chance = scores[scores["score"] == "chance"].set_index(["of", "embedding"])["value"]
        for place, row in enumerate(rows):
            if row not in values.index:
                continue
            color = style.COLORS[0] if row[1].startswith("scRobust") else style.COLORS[1]
            ax.plot(values[row], place, color=color, marker="o", markersize=3.5, clip_on=False)
            style.note(ax, place, f"{values[row]:.2f}", color=style.INK)
            if score == "knn_purity":
                ax.plot([chance[row]] * 2, [place - 0.3, place + 0.3], color="#999999", linewidth=1)
        ax.set(xlim=(min(0, values.min()), 1), ylim=(len(rows) - 0.4, -0.6), xticks=[0, 0.5, 1])
        ax.set_title(_SCORES[score], fontsize=6.5)
        ax.grid(axis="x")
    labels = [f"{style.shorten(name, 24)} · {covariate if of == 'covariate' else 'types'}" for of, name in rows]
    panels[0].set_yticks(range(len(rows)), labels)
