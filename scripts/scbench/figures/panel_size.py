"""How many genes a panel needs: scores against the number of genes, two rows of panels per dataset."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.figures._stretch import apart, spread, stretch

_COLUMNS = 4  # panels side by side
_PANEL_INCH = 1.35  # height
_NUMBER_POINTS = 6.4  # height of the number at the end of a line
_MARK = 3.0
_DODGE = 0.018  # share of the axis by which the first and the last method are beside the true number of genes
_OTHERS = "#dddddd"


@style.use()
def plot(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    metrics: dict[str, dict[str, Any]],
    datasets: dict[str, dict[str, Any]],
    track: str,
) -> Figure:
    """Draw means with intervals for panels of N genes (scenarios ``genesN``), a line per method.

    Parameters
    ----------
    scores, ranks
        The tables of these names, with rows of `track` and possibly others.
    methods, metrics, datasets
        The registries.
    track
        Track to draw.

    Returns
    -------
    Figure
        Methods share a panel in groups of six or seven, in the order of the registry; in the others they are pale. A
        mark is open where the method named fewer than N genes in a replicate. A method without any ``ok`` run has a red
        cross in the legend of its panel.

    Notes
    -----
    Both axes are stretched where panels differ least: N is on a logarithmic axis, a score on one of the square root of
    its distance to the ideal value.
    """
    scores, ranks = (_sized(shared.overall(table, track)) for table in (scores, ranks))
    ranks = shared.measured(ranks, scores)
    rows = [name for name in datasets if name in set(scores["dataset"])]
    measures = shared.measures(metrics)
    if not (rows and measures):
        return style.blank("There are no panels of a given number of genes.")
    found = {name: entry for name, entry in methods.items() if name in set(scores["method"])}
    real = [name for name, entry in found.items() if entry["role"] not in style.CONTROLS]
    groups = _groups(real)
    looks = style.looks(methods, track)
    width = min(style.WIDTH, 0.8 + 3 * len(groups))
    height = _PANEL_INCH * len(measures) + 0.13 * len(groups[0]) + 0.65
    letters = int(((width - 0.65) * 72 / len(groups) - 24) / 3.15)
    figure = Figure(figsize=(width, height * len(rows) + 0.35))
    for part, dataset in zip(np.ravel(figure.subfigures(len(rows), 1)), rows, strict=True):
        here, means = (table[table["dataset"] == dataset] for table in (scores, ranks))
        means = _mark_short(means, here)
        words = shared.outcomes(here, list(found))
        grid = part.subplots(len(measures), len(groups), squeeze=False, sharex=True, sharey="row")
        _axes(grid, means, np.unique(here["size"]), {name: metrics[name] for name in measures})
        for axes, metric in zip(grid, measures, strict=True):
            lines = dict(iter(means[means["metric"] == metric].groupby("method")))
            for ax, group in zip(axes, groups, strict=True):
                _background(ax, lines, group, looks, found)
                _panel(ax, {name: lines[name] for name in group if name in lines}, looks)
        for ax, group in zip(grid[0], groups, strict=True):
            _names(ax, group, set(means["method"]), words, looks, found, letters=letters)
        part.suptitle(datasets[dataset]["label"], x=0.01, ha="left", fontsize=7.5)
        shared.footnote(part, {found[name]["label"]: text for name, text in words.items()})
    _legend(figure, scores, ranks, looks, found, several=len(groups) > 1)
    return figure


def _groups(names: list[str]) -> list[list[str]]:
    """Methods by panel: as many as there are colours, and one more where that saves a column beyond the page."""
    columns = min(-(-len(names) // len(style.COLORS)), _COLUMNS)
    columns = max(columns, -(-len(names) // (len(style.COLORS) + 1)), 1)
    return [list(part) for part in np.array_split(names, columns)]


def _sized(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of panels of a given number of genes, with that number as ``size``, by which they are sorted."""
    size = table["scenario"].str.extract(r"^genes(\d+)$", expand=False).astype(float)
    return table.assign(size=size).dropna(subset="size").sort_values("size", kind="stable")


def _mark_short(means: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Add whether each panel was ``filled`` in all replicates."""
    ok = scores[scores["status"] == "ok"]
    keys = pd.MultiIndex.from_frame(ok.loc[ok["n_covered"] < ok["n_expected"], ["method", "size"]])
    return means.assign(filled=~pd.MultiIndex.from_frame(means[["method", "size"]]).isin(keys))


def _axes(grid: np.ndarray, means: pd.DataFrame, sizes: np.ndarray, metrics: dict[str, dict]) -> None:
    """Scales, limits, ticks and labels; the panels of a row share one axis, and so do those of a column."""
    span = np.log(sizes[-1] / sizes[0]) or 1.0
    labelled = set(sizes[apart(-np.log(sizes[::-1]), 0.17 * span)[::-1]])  # the last one in any case
    axis = grid[0, 0].xaxis
    grid[0, 0].set_xscale("log")
    grid[0, 0].set_xlim(sizes[0] * np.exp(-0.06 * span), sizes[-1] * np.exp(0.05 * span))
    axis.set_major_locator(FixedLocator(sizes))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value in labelled else ""))
    for ax, (name, metric) in zip(grid[:, 0], metrics.items(), strict=True):
        stretch(ax, "y", shared.bounds(means[means["metric"] == name]), metric, gap=0.11)
        better = shared.better(metric).strip("←→ ")
        ax.set_ylabel(f"{textwrap.fill(metric['label'], 24)}\n{better}")
    for ax in grid[-1]:
        ax.set_xlabel("Genes in the panel")


def _background(
    ax: Axes, lines: dict[str, pd.DataFrame], group: list[str], looks: dict[str, style.Look], found: dict
) -> None:
    """Draw what a group of methods is compared with: the other methods, and the controls."""
    ax.grid()
    for name, line in lines.items():
        if found[name]["role"] in style.CONTROLS:
            ax.plot(line["size"], line["mean"], **_control(looks[name], found[name]), zorder=1.5)
        elif name not in group:
            ax.plot(line["size"], line["mean"], color=_OTHERS, linewidth=0.5, zorder=1)


def _control(look: style.Look, entry: dict) -> dict[str, Any]:
    dashes = "--" if entry["role"] == "reference" else "-"
    return {"color": look.color, "linewidth": 1.1, "linestyle": dashes, "marker": ".", "markersize": 2}


def _panel(ax: Axes, lines: dict[str, pd.DataFrame], looks: dict[str, style.Look]) -> None:
    """Draw a group of methods, side by side where they would lie over each other, and the values that they end at."""
    low, high = np.log(ax.get_xlim())
    beside = np.linspace(-1, 1, len(lines)) if len(lines) > 1 else np.zeros(len(lines))
    ends = []
    for shift, (name, line) in zip(beside, lines.items(), strict=True):
        color, x = looks[name].color, line["size"].to_numpy() * np.exp(_DODGE * (high - low) * shift)
        ax.plot(x, line["mean"], color=color, linewidth=0.8, alpha=0.8)
        ax.vlines(x, line["low"], line["high"], color=color, linewidth=0.7, alpha=0.6)
        for face, place in ((color, line["filled"].to_numpy()), ("white", ~line["filled"].to_numpy())):
            mark = {"marker": looks[name].marker, "markersize": _MARK, "markeredgewidth": 0.7, "linestyle": "none"}
            ax.plot(x[place], line["mean"][place], color=color, markerfacecolor=face, **mark, zorder=3)
        ends.append((x[-1], line["mean"].iloc[-1]))
    if not lines:
        return
    places = (ax.transScale + ax.transLimits).transform(ends)
    heights = spread(places[:, 1], _NUMBER_POINTS / 72 / _PANEL_INCH)
    for name, (_, value), (x, y), height in zip(lines, ends, places, heights, strict=True):
        color, where = looks[name].color, {"transform": ax.transAxes}
        ax.plot([x, 1.02], [y, height], color=color, linewidth=0.4, alpha=0.7, clip_on=False, **where)
        font = {"fontsize": style.SMALL, "va": "center_baseline"}
        ax.text(1.035, height, shared.short(value), color=color, **font, **where)


def _names(
    ax: Axes, group: list[str], known: set[str], words: dict[str, str], looks: dict, found: dict, *, letters: int
) -> None:
    """Legend above a column of panels; red where not all runs ended well."""
    handles = []
    for name in group:
        shape = {"color": looks[name].color, "marker": looks[name].marker, "linewidth": 0.8}
        if name not in known:
            shape = {"color": style.BAD, "marker": "x", "linestyle": "none"}
        handles.append(Line2D([], [], **shape, markersize=_MARK, label=style.shorten(found[name]["label"], letters)))
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderpad": 0.2, "borderaxespad": 0.2}
    font = {"fontsize": style.SMALL, "labelspacing": 0.25, "handlelength": 1.6, "handletextpad": 0.5}
    for name, text in zip(group, ax.legend(handles=handles, **place, **font).get_texts(), strict=True):
        text.set_color(style.BAD if words[name] else style.INK)


def _legend(
    figure: Figure, scores: pd.DataFrame, ranks: pd.DataFrame, looks: dict, found: dict, *, several: bool
) -> None:
    mark = {"color": style.INK, "linestyle": "none", "marker": "o", "markersize": _MARK, "markeredgewidth": 0.7}
    handles = [Line2D([], [], **mark, label="mean")]
    ok = scores[scores["status"] == "ok"]
    if (ok["n_covered"] < ok["n_expected"]).any():
        handles.append(Line2D([], [], **mark, markerfacecolor="white", label="mean of a panel that was not filled"))
    if ranks["low"].notna().any():
        handles.append(Line2D([], [], color=style.INK, linewidth=0.7, label="interval of the mean"))
    for name, entry in found.items():
        if entry["role"] in style.CONTROLS:
            handles.append(Line2D([], [], **_control(looks[name], entry), label=entry["label"]))
    if several:
        handles.append(Line2D([], [], color=_OTHERS, linewidth=1, label="other methods"))
    fitting = len(handles) if figure.get_figwidth() > 6 else 2
    figure.legend(handles=handles, loc="outside lower center", ncols=fitting, handletextpad=0.4, columnspacing=1.3)
