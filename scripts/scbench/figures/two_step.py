"""Fine labels found in one step or in two: both scores of each method, joined, with their difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.figures._stretch import stretch
from scbench.figures.scores import scenario_label
from scbench.stats import holm, paired_pvalue

_LINE_INCH = 0.19
_ASIDE = 0.2  # lines between the two marks of a method


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    pairs: Sequence[tuple[str, str]],
    overlap: float,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
    scenario: str | None = None,
) -> Figure:
    """Draw means with intervals of one step and of two, and the difference over shared replicates.

    Parameters
    ----------
    scores, ranks
        The tables of these names, with rows of `track` and possibly others.
    pairs
        The same cells, split alike, as a dataset in one step and as one in two; pairs that `datasets` does not hold
        are left out.
    overlap
        Test cells over training cells of the replicates.
    methods, metrics, datasets
        The registries.
    track
        Track to draw.
    scenario
        By default the largest number of markers per class that there is.

    Returns
    -------
    Figure
        One row of panels per pair, with the methods in the order of their mean misclassification in two steps. As in
        the means, a run that did not end ``ok`` counts as the worst value in the difference. There is none where a
        method has no ``ok`` run at one of the two, or not the same replicates.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Fig. 4.
    """
    scores, ranks = (shared.overall(table, track) for table in (scores, ranks))
    scenario = scenario or shared.largest_top(scores["scenario"])
    scores, ranks = (table[table["scenario"] == scenario] for table in (scores, ranks))
    present, measures = set(scores["dataset"]), shared.measures(metrics)
    rows = [pair for pair in pairs if present.intersection(pair) and set(pair) <= set(datasets)]
    if not (rows and measures):
        return style.blank("There are no datasets in one step and in two.")
    means = shared.measured(ranks, scores)
    orders = [_order(means[means["metric"] == measures[0]], scores, pair, methods) for pair in rows]
    heights = [(len(names) + 1) * _LINE_INCH + 0.8 for names in orders]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + 0.4))
    parts = np.ravel(figure.subfigures(len(rows), 1, height_ratios=heights))
    for part, pair, names in zip(parts, rows, orders, strict=True):
        words = _outcomes(scores, pair, names)
        panels = part.subplots(1, len(measures), squeeze=False)[0]
        for ax, measure in zip(panels, measures, strict=True):
            here = means[(means["metric"] == measure) & means["dataset"].isin(pair)]
            stretch(ax, "x", shared.bounds(here), metrics[measure], gap=0.12)
            ax.set_xlabel(f"{metrics[measure]['label']}\n{shared.better(metrics[measure])}")
            _panel(ax, [here[here["dataset"] == dataset] for dataset in pair], names, style.looks(methods, track))
            values = _penalised(scores[scores["metric"] == measure], metrics[measure])
            tests = differences(*(values[values["dataset"] == dataset] for dataset in pair), overlap=overlap)
            tests["p"] = _holm(tests["p"], methods)
            _beside(ax, tests.reindex(names), words)
        panels[0].set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names])
        part.suptitle(" → ".join(datasets[name]["label"] for name in pair), x=0.01, ha="left", fontsize=7.5)
        shared.footnote(part, {methods[name]["label"]: text for name, text in words.items()})
    _legend(figure, scenario, intervals=means["low"].notna().any())
    return figure


def differences(one: pd.DataFrame, two: pd.DataFrame, *, overlap: float) -> pd.DataFrame:
    """Compare the values of the same methods on two datasets.

    Parameters
    ----------
    one, two
        Columns ``method``, ``replicate`` and ``value``.
    overlap
        Test cells over training cells of the replicates.

    Returns
    -------
    pandas.DataFrame
        For each method with the same replicates in both, the mean ``difference``, two minus one, and the ``p`` of the
        corrected resampled t-test, NaN for one replicate.
    """
    wide = [table.pivot_table(index="method", columns="replicate", values="value") for table in (one, two)]
    found = {}
    for name in wide[0].index.intersection(wide[1].index):
        a, b = (table.loc[name].dropna() for table in wide)
        if a.index.equals(b.index):
            found[name] = ((b - a).mean(), paired_pvalue(b.to_numpy(), a.to_numpy(), overlap))
    return pd.DataFrame.from_dict(found, orient="index", columns=["difference", "p"])


def _holm(pvalues: pd.Series, methods: dict) -> pd.Series:
    """Correct for the number of methods; controls are not tested."""
    tested = pvalues.drop([name for name in pvalues.index if methods[name]["role"] in style.CONTROLS]).dropna()
    tested[:] = holm(tested.to_numpy())
    return tested.reindex(pvalues.index)


def _penalised(scores: pd.DataFrame, metric: dict) -> pd.DataFrame:
    """Methods with an ``ok`` run; as in the table of ranks, their other runs count as the worst value."""
    worst = metric["min"] if metric["direction"] == "higher" else metric["max"]
    table = shared.measured(scores, scores)
    return table.assign(value=table["value"].mask(table["status"] != "ok", worst))


def _order(means: pd.DataFrame, scores: pd.DataFrame, pair: tuple[str, str], methods: dict) -> list[str]:
    """Methods of a pair by their mean in two steps; those without one follow, and then the controls."""
    present = set(scores.loc[scores["dataset"].isin(pair), "method"])
    two = means[means["dataset"] == pair[1]].set_index("method")["mean"]
    names = [name for name in methods if name in present]
    return sorted(names, key=lambda name: (methods[name]["role"] in style.CONTROLS, two.get(name, np.inf)))


def _panel(ax: Axes, means: list[pd.DataFrame], names: list[str], looks: dict[str, style.Look]) -> None:
    """Draw one pair and metric: one step open and above, two filled and below."""
    ax.set_ylim(len(names) - 0.4, -1.2)
    ax.set_yticks(range(len(names)), [])
    ax.grid(axis="y")
    steps = [table.set_index("method") for table in means]
    for place, name in enumerate(names):
        rows = [table.loc[name] if name in table.index else None for table in steps]
        heights = [place - _ASIDE, place + _ASIDE]
        if all(row is not None for row in rows):
            ax.plot([row["mean"] for row in rows], heights, color=looks[name].color, linewidth=2.2, alpha=0.3)
        for row, height, hollow in zip(rows, heights, (True, False), strict=True):
            if row is not None:
                shared.draw_mean(ax, row, height, looks[name], hollow=hollow)


def _outcomes(scores: pd.DataFrame, pair: tuple[str, str], names: list[str]) -> dict[str, str]:
    """Say for each method what became of its runs in one step and in two."""
    steps = [shared.outcomes(scores[scores["dataset"] == dataset], names) for dataset in pair]
    said = {
        name: [(label, words[name]) for label, words in zip(("one step", "two steps"), steps, strict=True)]
        for name in names
    }
    return {name: ", ".join(f"{label} {text}" for label, text in parts if text) for name, parts in said.items()}


def _beside(ax: Axes, tests: pd.DataFrame, words: dict[str, str]) -> None:
    """Write the differences beside a panel."""
    style.note(ax, -0.85, "change (p)", color="#777777")
    for place, name in enumerate(tests.index):
        style.note(ax, place, _change(*tests.loc[name]), color=style.BAD if words[name] else style.INK)


def _change(difference: float, p: float) -> str:
    """Difference with its p-value, where there are any.

    Examples
    --------
    >>> _change(0.0214, 0.0331), _change(0.002, 1e-5), _change(0.1, float("nan"))
    ('+.021 (.03)', '+.002 (<.001)', '+.100')
    """
    if np.isnan(difference):
        return "\N{EN DASH}"
    text = ("+" if difference >= 0 else "\N{MINUS SIGN}") + shared.short(abs(difference))
    if np.isnan(p):
        return text
    level = "<.001" if p < 0.001 else f"{p:.1g}".removeprefix("0") if p < 0.095 else f"{p:.2f}".removeprefix("0")
    return f"{text} ({level})"


def _legend(figure: Figure, scenario: str, *, intervals: bool) -> None:
    mark = {"color": style.INK, "marker": "o", "markersize": shared.MARK, "linestyle": "none"}
    handles = [
        Line2D([], [], **mark, markerfacecolor="white", label="one step"),
        Line2D([], [], **mark, label="two steps"),
    ]
    if intervals:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.0, label="interval of the mean"))
    title = f"{scenario_label(scenario)}; change: two steps minus one (p: paired test, corrected for the methods)"
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.4)
    legend.set_title(title, prop={"size": 6.5})
