"""Whether the judge matters: misclassification of the same panels under each classifier."""

import textwrap
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from scbench.figures import _marker_scores as shared
from scbench.figures import style

_MEASURE = "misclassification"
_CMAP = mpl.colormaps["Blues_r"].with_extremes(bad="#eeeeee")  # dark is good, as in the confusion matrices
_CELL, _LINE_INCH = 0.25, 0.145
_LEAST = 5  # cells; a panel of fewer columns is as wide, for the words on failed runs
_GAP = 0.3  # cells between panels of different sizes
_APART = 0.3  # inches between datasets
_MARGIN = 2.3  # inches; labels of the methods and the colour bar


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
    first: str = "knn3",
) -> Figure:
    """Draw a heat map per dataset: a row per method, a column per classifier, for each number of markers per class.

    Parameters
    ----------
    scores, ranks
        The tables of these names, with rows of `track` and possibly others.
    methods, metrics, datasets
        The registries.
    track
        Track to draw.
    first
        Name of the classifier of the scenarios that do not name one (``top30``, not ``top30-svm``).

    Returns
    -------
    Figure
        Methods are in the same order everywhere, by their mean rank with the first classifier. Below are Spearman
        correlations of the methods' means (without controls) with those of the first classifier.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), additional file 1, Fig. S3.
    """
    scores, ranks = (_judged(shared.overall(table, track), first) for table in (scores, ranks))
    scores, ranks = (table[table["metric"] == _MEASURE] for table in (scores, ranks))
    blocks = [name for name in datasets if name in set(scores["dataset"])]
    if not blocks:
        return style.blank("There are no panels that classifiers have judged.")
    names = _order(scores, ranks[ranks["classifier"] == first], methods)
    real = [name for name in names if methods[name]["role"] not in style.CONTROLS]
    columns = _columns(scores, first)
    means = shared.measured(ranks, scores)
    norm = PowerNorm(0.5, metrics[_MEASURE]["min"], max(means["mean"].max(), 0.1) if len(means) else 1)
    figure, grid = _grid(len(blocks), max(columns.iloc[-1] + 1, _LEAST), len(names))
    for ax, dataset in zip(grid.flat, blocks, strict=False):
        wide = means[means["dataset"] == dataset].pivot_table(
            index="method", columns=["size", "classifier"], values="mean"
        )
        words = shared.outcomes(scores[scores["dataset"] == dataset], names)
        _panel(ax, wide.reindex(index=names, columns=columns.index), words, columns, norm)
        _below(ax, agreement(wide.reindex(real), first), columns, len(names) + 1)
        ax.set_title(style.shorten(datasets[dataset]["label"], 40), pad=13)
    labels = [*(style.shorten(methods[name]["label"]) for name in names), f"Spearman with {classifier_label(first)}"]
    grid[0, 0].set_yticks([*np.arange(len(names)) + 0.5, len(names) + 1], labels)  # for all rows of panels
    for ax in grid.flat[len(blocks) :]:
        ax.set_axis_off()
    bar = figure.colorbar(ScalarMappable(norm, _CMAP), ax=grid, shrink=min(1, 2 / figure.get_figheight()), aspect=15)
    bar.set_label(textwrap.fill(metrics[_MEASURE]["label"], 20))
    bar.outline.set_visible(False)
    if (means["n_failed"] > 0).any():
        text = "Red numbers: some runs did not end ok and count as the worst value."
        figure.supxlabel(text, x=0.01, ha="left", fontsize=style.SMALL, color=style.BAD)
    return figure


def classifier_label(name: str) -> str:
    """Words for a classifier.

    Examples
    --------
    >>> classifier_label("knn15"), classifier_label("svm")
    ('kNN 15', 'SVM')
    """
    return f"kNN {name.removeprefix('knn')}" if name.startswith("knn") else name.upper()


def agreement(means: pd.DataFrame, first: str) -> pd.Series:
    """Spearman correlation over the methods of each classifier with the first one, for panels of the same size.

    Parameters
    ----------
    means
        (methods, (size, classifier)) means; two columns are compared over the methods that have both.
    first
        Name of the first classifier.

    Returns
    -------
    pandas.Series
        By column, without those of the first classifier; NaN with fewer than three methods, or where all are equal.
    """

    def correlation(size: float, classifier: str) -> float:
        if (size, first) not in means:
            return np.nan
        both = means[[(size, first), (size, classifier)]].dropna()
        varied = len(both) > 2 and (both.max() > both.min()).all()
        return both.rank().corr().iloc[0, 1] if varied else np.nan

    return pd.Series({key: correlation(*key) for key in means.columns if key[1] != first}, dtype=float)


def _judged(table: pd.DataFrame, first: str) -> pd.DataFrame:
    """Rows of panels of the top markers per class, with their ``size`` and the ``classifier`` that judged them."""
    parts = table["scenario"].str.extract(r"^top(?P<size>\d+)(?:-(?P<classifier>.+))?$")
    table = table.assign(size=parts["size"].astype(float), classifier=parts["classifier"].fillna(first))
    return table.dropna(subset="size")


def _order(scores: pd.DataFrame, ranks: pd.DataFrame, methods: dict) -> list[str]:
    mean, present = ranks.groupby("method")["rank"].mean().dropna(), set(scores["method"])
    names = [name for name in methods if name in present]
    return sorted(names, key=lambda name: (methods[name]["role"] in style.CONTROLS, mean.get(name, np.inf)))


def _columns(scores: pd.DataFrame, first: str) -> pd.Series:
    """Place of each pair of size and classifier, in cells; sizes are apart, and the first classifier comes first."""
    order = list(dict.fromkeys([first, *scores["classifier"]]))
    found = sorted(
        {*zip(scores["size"], scores["classifier"], strict=True)}, key=lambda key: (key[0], order.index(key[1]))
    )
    index = pd.MultiIndex.from_tuples(found, names=["size", "classifier"])
    sizes = pd.factorize(index.get_level_values("size"))[0]
    return pd.Series(np.arange(len(index)) + _GAP * sizes, index=index)


def _grid(blocks: int, cells: float, lines: int) -> tuple[Figure, np.ndarray]:
    """Figure with as many panels side by side as a page holds."""
    width = _CELL * cells
    across = int(np.clip((style.WIDTH - _MARGIN + _APART) // (width + _APART), 1, blocks))
    down = -(-blocks // across)
    size = max(_MARGIN + across * (width + _APART), 4.0), down * (_LINE_INCH * (lines + 1.5) + 1.0) + 0.15
    figure = Figure(figsize=size)
    return figure, figure.subplots(down, across, squeeze=False, sharey=True, gridspec_kw={"wspace": _APART / width})


def _panel(ax: Axes, means: pd.DataFrame, words: dict[str, str], columns: pd.Series, norm: PowerNorm) -> None:
    """Draw the (methods, (size, classifier)) means of one dataset; `words` say what became of the methods' runs."""
    names = list(words)
    for key, left in columns.items():
        values = np.ma.masked_invalid(means[key].to_numpy(float)[:, None])
        edges = [left, left + 1], np.arange(len(names) + 1)
        ax.pcolormesh(*edges, values, cmap=_CMAP, norm=norm, edgecolors="white", linewidth=0.4)
        for row, value in enumerate(means[key]):
            if not np.isnan(value):
                color = "white" if norm(value) < 0.5 else style.INK
                font = {"color": style.BAD, "fontweight": "bold"} if words[names[row]] else {"color": color}
                _write(ax, left, row + 0.5, shared.short(value), **font)
    for row in np.flatnonzero(means.isna().all(axis=1)):
        text = words[names[row]] or "not judged"
        ax.text(0.15, row + 0.5, text, va="center", fontsize=style.SMALL, color=style.BAD, in_layout=False)
    ax.set_xlim(0, max(columns.iloc[-1] + 1, _LEAST))
    ax.set_ylim(len(names) + 1.5, 0)
    ax.set_xticks(columns + 0.5, [classifier_label(name) for _, name in columns.index], rotation=90)
    ax.tick_params(length=0, pad=1)
    ax.tick_params(axis="x", labelsize=style.SMALL)
    ax.spines[:].set_visible(False)
    for size, places in columns.groupby(level="size"):
        where = {"xycoords": ax.get_xaxis_transform(), "xytext": (0, 2.5), "textcoords": "offset points"}
        ax.annotate(f"{size:g} per class", (places.mean() + 0.5, 1), ha="center", fontsize=style.SMALL, **where)


def _below(ax: Axes, correlations: pd.Series, columns: pd.Series, height: float) -> None:
    """Write the correlations below the columns of a panel."""
    for key, value in correlations.items():
        _write(ax, columns[key], height, "\N{EN DASH}" if np.isnan(value) else shared.short(round(value, 2))[:-1])


def _write(ax: Axes, left: float, height: float, text: str, **font: Any) -> None:
    ax.text(left + 0.5, height, text, ha="center", va="center_baseline", fontsize=5.6, **font)
