"""Genes that the summary token of each type looks at, where they are expressed, and how well they tell the types."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from scbench.annotation.attention_markers import RANDOM, WILCOXON
from scbench.figures import style
from scbench.figures._stretch import stretch
from scbench.figures.matrix import scaled
from scbench.io import Prepared
from scbench.markers.lists import first_genes
from scbench.markers.profiles import class_means
from scbench.stats import mean_interval

# Lists of markers, by encoder and name.
_LABELS = {
    ("pretrained", "mean"): "attention: mean in the type",
    ("untrained", "mean"): "untrained encoder",
    ("pretrained", "difference"): "less that of other types",
    ("untrained", "difference"): "untrained encoder",
    ("pretrained", "ratio"): "over that of other types",
    ("untrained", "ratio"): "untrained encoder",
    ("", WILCOXON): "Wilcoxon",
    ("", RANDOM): "random genes",
}
_COLORS = {"pretrained": style.COLORS[0], "untrained": style.COLORS[1], "": "#888888"}
_SHAPES = ("o", "s", "D", "^")
_MISCLASSIFICATION = {"min": 0, "max": 1, "direction": "lower"}
_SHARE = {"min": 0, "max": 1, "direction": "higher"}
_COLUMNS = 66  # genes side by side; with more types, fewer genes of each are shown
_LONGEST = 20  # letters of a name
_ROW, _LINE = 0.125, 0.17  # inches; of a type, of a list of markers


@style.use()
def plot(
    data: Prepared,
    attention: sp.csr_matrix,
    ranking: pd.DataFrame,
    table: pd.DataFrame,
    *,
    title: str,
    top: int,
    confidence: float,
) -> Figure:
    """Draw one dataset (scRobust, Fig. 5a, and what the marker track asks of markers).

    Parameters
    ----------
    data
        Log1p values and labels.
    attention
        (cells, genes) of the summary token of the pre-trained encoder.
    ranking
        Genes by mean attention in the type, of all cells (`scbench.annotation.attention_markers.rank_genes`).
    table
        As `scbench.annotation.attention_markers.judge_markers` makes it, of encoders ``pretrained`` and ``untrained``.
    title
        Title of the figure.
    top
        Genes per type; fewer are drawn where they would not fit.
    confidence
        Level of the intervals over the folds.

    Returns
    -------
    Figure
        Above, mean expression and attention of the first genes of each type, which stand in the order of the types,
        the largest first. Below, how test cells are classified by them.
    """
    classes = pd.Series(data.labels).value_counts().rename_axis("class").reset_index(name="n")
    classes = classes.sort_values(["n", "class"], ascending=[False, True])["class"].to_numpy()
    shown = int(np.clip(_COLUMNS // len(classes), 1, top))
    genes = first_genes(ranking, shown, len(classes))
    genes = genes.iloc[np.argsort(pd.Index(classes).get_indexer(genes["class"]), kind="stable")]
    letters = min(max(map(len, genes["gene"])), _LONGEST)
    heights = 2 * len(classes) * _ROW + 0.062 * letters + 0.75, len(_LABELS) * _LINE + 0.85
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.2))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    _heat_maps(upper, data, attention, classes, genes)
    _scores(lower, table, confidence)
    figure.suptitle(f"{title} · first {shown} per type", x=0.01, ha="left")
    return figure


def _heat_maps(
    part: SubFigure, data: Prepared, attention: sp.csr_matrix, classes: np.ndarray, genes: pd.DataFrame
) -> None:
    panels = part.subplots(2, 1, sharex=True)
    columns = pd.Index(data.genes).get_indexer(genes["gene"])
    means = [class_means(X, data.labels, classes)[:, columns] for X in (data.X, attention)]
    expression, looked = scaled(pd.DataFrame(means[0])), 1000 * means[1]
    shades = ((expression, "YlOrBr", "Mean log1p expression, 0 to 1 for each gene"),)
    shades += ((looked, "BuPu", "Mean attention, per mille"),)
    for ax, (values, cmap, name) in zip(panels, shades, strict=True):
        drawn = ax.pcolormesh(
            np.arange(len(genes) + 1),
            np.arange(len(classes) + 1),
            values,
            cmap=cmap,
            vmin=0,
            edgecolors="white",
            lw=0.3,
        )
        ax.set_ylim(len(classes), 0)
        ax.spines[:].set_visible(False)
        ax.set_yticks(np.arange(len(classes)) + 0.5, [style.shorten(name, _LONGEST) for name in classes])
        ax.tick_params(length=0, pad=1)
        ax.set_title(name)
        bar = part.colorbar(drawn, ax=ax, aspect=8, pad=0.015, fraction=0.03)
        bar.outline.set_visible(False)
        _boxes(ax, pd.Index(classes).get_indexer(genes["class"]))
    names = [style.shorten(name, _LONGEST) for name in genes["gene"]]
    panels[1].set_xticks(np.arange(len(genes)) + 0.5, names, rotation=90, fontsize=style.SMALL)


def _boxes(ax: Axes, place: np.ndarray) -> None:
    """Frame the genes of each type in the row of the type."""
    for row in np.unique(place):
        start, end = np.flatnonzero(place == row)[[0, -1]]
        ax.add_patch(Rectangle((start, row), end + 1 - start, 1, fill=False, linewidth=0.7, edgecolor=style.INK))


def _scores(part: SubFigure, table: pd.DataFrame, confidence: float) -> None:
    wrong = table[table["metric"] == "misclassification"]
    known = table[table["metric"] == "true_markers"]
    cases = [(rows, _scenario(name), _MISCLASSIFICATION) for name, rows in wrong.groupby("scenario", sort=False)]
    cases += [(known, "True markers listed", _SHARE)] * (len(known) > 0)
    classifiers = list(dict.fromkeys(wrong["classifier"]))
    shapes = dict(zip(classifiers, _SHAPES, strict=False)) | {"": "o"}
    panels = np.atleast_1d(part.subplots(1, len(cases), sharey=True))
    for ax, (rows, label, metric) in zip(panels, cases, strict=True):
        drawn = _panel(ax, rows, shapes, confidence)
        stretch(ax, "x", drawn, metric, gap=0.16)
        ax.grid(axis="x")
        ax.set_title(label)
        ax.set_xlabel({"lower": "misclassified, share of test cells", "higher": "share"}[metric["direction"]])
    panels[0].set_yticks(range(len(_LABELS)), list(_LABELS.values()))
    panels[0].set_ylim(len(_LABELS) - 0.4, -0.6)
    for label, (encoder, _) in zip(panels[0].get_yticklabels(), _LABELS, strict=True):
        label.set_color(_COLORS[encoder] if encoder else style.INK)
    look = {"color": style.INK, "linestyle": "none", "markersize": 4, "markerfacecolor": "white"}
    handles = [Line2D([], [], marker=shapes[name], label=name, **look) for name in classifiers]
    handles.append(Line2D([], [], color=style.INK, linewidth=0.8, label=f"{confidence:.0%} interval of the mean"))
    part.legend(handles=handles, loc="outside lower right", ncols=len(handles))


def _panel(ax: Axes, rows: pd.DataFrame, shapes: dict[str, str], confidence: float) -> np.ndarray:
    """Draw the means and intervals, and return all that is to be seen."""
    folds = rows["fold"].nunique()
    asked, seen = list(dict.fromkeys(rows["classifier"])), []
    for y, (encoder, name) in enumerate(_LABELS):
        found, color = rows[(rows["encoder"] == encoder) & (rows["markers"] == name)], _COLORS[encoder]
        for place, classifier in enumerate(asked):
            values = found.loc[found["classifier"] == classifier, "value"].to_numpy()
            mean, low, high = mean_interval(values, 1 / max(folds - 1, 1), confidence)
            low, high = np.clip([low, high], 0, 1)
            at = y + 0.3 * (place - (len(asked) - 1) / 2)
            ax.plot([low, high], [at, at], color=color, linewidth=0.8)
            ax.plot(
                mean, at, marker=shapes[classifier], color=color, markersize=4, markerfacecolor="white", clip_on=False
            )
            seen += [mean, low, high]
        style.note(ax, y, f"{found['n_genes'].mean():.0f}", color=style.INK)
    ax.annotate(
        "genes", (1, 1), xycoords="axes fraction", xytext=(5, 4), textcoords="offset points", fontsize=style.SMALL
    )
    return np.array(seen)


def _scenario(name: str) -> str:
    """Say what a panel holds.

    Examples
    --------
    >>> _scenario("top10"), _scenario("genes40")
    ('First 10 of each type', 'First 40 different genes')
    """
    if name.startswith("top"):
        return f"First {name.removeprefix('top')} of each type"
    return f"First {name.removeprefix('genes')} different genes"
