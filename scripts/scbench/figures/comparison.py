"""A few methods side by side on every dataset: misclassification or accuracy and macro F1, with the numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.figures._stretch import stretch
from scbench.figures.scores import scenario_label

_LINE_INCH = 0.14
_GAP = 0.6  # lines between datasets


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    names: Sequence[str],
    title: str,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
    scenario: str | None = None,
) -> Figure:
    """Draw the mean of each method on each dataset with its interval and its value.

    Parameters
    ----------
    scores, ranks
        The tables of these names, with rows of `track` and possibly others.
    names
        Methods to compare, in this order; those that are not in `methods` are left out.
    title
        Title of the figure.
    methods, metrics, datasets
        The registries.
    track
        Track to draw.
    scenario
        By default the largest number of markers per class that there is; annotators have none.

    Returns
    -------
    Figure
        One block of lines per dataset. What became of bad runs is said in red; a method without any ``ok`` run has no
        mark.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Fig. 2B and 2C. Park S., Lee H. Briefings in Bioinformatics 25, bbae586 (2024),
    Fig. 3d.
    """
    scores, ranks = (shared.overall(table, track) for table in (scores, ranks))
    names = [name for name in names if name in methods]
    scenario = scenario or shared.largest_top(scores["scenario"])
    scores, ranks = (table[(table["scenario"] == scenario) & table["method"].isin(names)] for table in (scores, ranks))
    blocks = [name for name in datasets if name in set(scores["dataset"])]
    measures = shared.measures(metrics)
    if not (blocks and measures):
        return style.blank(f"{title}: there are no scores.")
    step = len(names) + 1 + _GAP  # a line for the name of the dataset, and one for each method
    figure = Figure(figsize=(style.WIDTH, _LINE_INCH * step * len(blocks) + 0.85))
    panels = figure.subplots(1, len(measures), squeeze=False, sharey=True)[0]
    for ax, measure in zip(panels, measures, strict=True):
        means = shared.measured(ranks, scores)
        means = means[means["metric"] == measure]
        stretch(ax, "x", shared.bounds(means), metrics[measure], gap=0.1)
        ax.set_xlabel(f"{metrics[measure]['label']}\n{shared.better(metrics[measure])}")
        for place, dataset in enumerate(blocks):
            words = shared.outcomes(scores[scores["dataset"] == dataset], names)
            here = means[means["dataset"] == dataset].set_index("method")
            _block(ax, here, words, place * step + 1, style.looks(methods, track), last=ax is panels[-1])
        ax.grid(axis="x")
    ticks = [place * step + line for place in range(len(blocks)) for line in range(1, len(names) + 1)]
    panels[0].set_yticks(ticks, [style.shorten(methods[name]["label"]) for name in names] * len(blocks))
    panels[0].set_ylim(ticks[-1] + 0.6, -0.6)
    for place, dataset in enumerate(blocks):
        _heading(panels[0], place * step, datasets[dataset]["label"])
    figure.suptitle(" · ".join(filter(None, [title, scenario_label(scenario)])), x=0.01, ha="left")
    return figure


def _block(
    ax: Axes, means: pd.DataFrame, words: dict[str, str], top: float, looks: dict[str, style.Look], *, last: bool
) -> None:
    """Draw one dataset, from the line `top` downwards; the last panel says what became of bad runs."""
    for line, (name, text) in enumerate(words.items()):
        ax.axhline(top + line, color="#eeeeee", linewidth=0.6, zorder=0)
        number = ""
        if name in means.index:
            shared.draw_mean(ax, means.loc[name], top + line, looks[name])
            number = shared.short(means.loc[name, "mean"])
        said = [number or "\N{EN DASH}" * (not last), text * last]
        style.note(ax, top + line, "  ".join(filter(None, said)), color=style.BAD if text else style.INK)


def _heading(ax: Axes, y: float, text: str) -> None:
    """Name of a dataset over its block; it may be wider than the panel."""
    where = {"transform": ax.get_yaxis_transform(), "va": "center", "in_layout": False}
    ax.text(0.01, y, text, fontweight="bold", **where)
