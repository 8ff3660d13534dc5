"""Accuracy on each cell type: a heat map of methods and types."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from scbench.figures import _marker_scores as shared
from scbench.figures import style

_CMAP = "Blues"
_MANY = 24  # types; with more, numbers do not fit


@style.use()
def plot(
    scores: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    dataset: str,
    sizes: dict[str, int],
    rare: float,
) -> Figure:
    """Draw the mean over the replicates of the share of each type's cells that have the right label.

    Parameters
    ----------
    scores
        The table of this name.
    methods, metrics, datasets
        The registries.
    dataset
        Dataset to draw.
    sizes
        Cells of each type in the whole dataset. Types are in the order of their size.
    rare
        Share of the cells up to which a type is rare; rare ones are right of a line.

    References
    ----------
    Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024), Figs 2b and S4.
    """
    title = f"{datasets[dataset]['label']} · accuracy by type"
    rows = scores[(scores["dataset"] == dataset) & (scores["scenario"] == "") & (scores["metric"] == "class_accuracy")]
    names = [name for name in methods if name in set(rows["method"]) and methods[name]["role"] != "positive_control"]
    if not names:
        return style.blank(f"{title}: there are no scores.")
    types = sorted(sizes, key=sizes.get, reverse=True)
    table = rows.pivot_table(index="method", columns="class", values="value", aggfunc="mean")
    table = table.reindex(index=names, columns=types)
    macro = table.mean(axis=1).sort_values(ascending=False, kind="stable")
    table = table.loc[macro.index]
    figure = Figure(figsize=(min(style.WIDTH, 2.6 + 0.3 * len(types)), 1.9 + 0.17 * len(names)))
    ax = figure.subplots()
    shown = table.map(lambda value: "" if np.isnan(value) else f"{value:.2f}".removeprefix("0"))
    marks = {"annot": shown if len(types) <= _MANY else False, "fmt": "", "annot_kws": {"fontsize": 5}}
    bar = {"label": "Share of the type's cells", "shrink": 0.7, "aspect": 15, "pad": 0.02}
    sns.heatmap(table, ax=ax, vmin=0, vmax=1, cmap=_CMAP, linewidths=0.3, cbar_kws=bar, **marks)
    ax.set_facecolor("#eeeeee")  # where all runs failed
    ax.set(xlabel="", ylabel="")
    ax.set_xticks(np.arange(len(types)) + 0.5, [f"{style.shorten(name, 26)} ({sizes[name]})" for name in types])
    ax.set_yticks(np.arange(len(names)) + 0.5, [style.shorten(methods[name]["label"]) for name in table.index])
    ax.tick_params(axis="x", rotation=90, labelsize=6)
    ax.tick_params(axis="y", rotation=0, labelsize=6.5)
    common = sum(size > rare * sum(sizes.values()) for size in sizes.values())
    if common < len(types):
        ax.axvline(common, color=style.BAD, linewidth=1)
        ax.text(common + 0.1, -0.15, "rare", color=style.BAD, fontsize=style.SMALL)
    figure.suptitle(title, x=0.01, ha="left")
    words = shared.outcomes(rows, names)
    for name, label in zip(table.index, ax.get_yticklabels(), strict=True):
        label.set_color(style.BAD if words[name] else style.INK)
    shared.footnote(figure, {methods[name]["label"]: text for name, text in words.items()})
    return figure
