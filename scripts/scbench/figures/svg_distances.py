"""How near the genes of each set are to the structure of the tissue: cumulative curves of three distances."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.figures.svg_structure import set_look, set_name
from scbench.svg.structure.distances import METRICS

_LABELS = {
    "hamming": "normalised Hamming distance",
    "jaccard": "Jaccard distance",
    "hausdorff": "Hausdorff distance (spacings)",
}


@style.use()
def plot(
    table: pd.DataFrame,
    cutoffs: pd.DataFrame,
    tests: pd.DataFrame,
    *,
    methods: dict[str, dict[str, Any]],
    title: str,
) -> Figure:
    """Draw the curves and, below, the share of each set that is as near as 95 % of the common genes (scGCO, Fig. 3i).

    Parameters
    ----------
    table
        A row per gene and set, with ``set``, ``segmentation`` and the three distances. Rows whose segmentation is not
        ``shared`` are those that a method left itself; they are dashed.
    cutoffs
        As `scbench.svg.structure.distances.passing` makes them.
    tests
        As `scbench.svg.structure.distances.compare` makes them.
    methods
        The registry's entries with ``label``, ``role`` and ``track``.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Curves end below 1 where genes have no segment. Beside each share: Holm's p-value against random genes.
    """
    shared = table[table["segmentation"] == "shared"]
    if shared.empty:
        return style.blank(f"{title}: no gene is called, or the structure has no layers.")
    names = list(dict.fromkeys(shared["set"]))
    registered = style.looks(methods, "svg")
    looks = {name: set_look(name, registered) for name in names}
    below = 0.2 * len(names) + 0.5
    figure = Figure(figsize=(style.WIDTH, 2.2 + below + 0.5))
    grid = figure.subplots(2, len(METRICS), sharey="row", gridspec_kw={"height_ratios": [2.0, below]})
    for metric, upper, lower in zip(METRICS, *grid, strict=True):
        _curves(upper, table, metric, looks)
        chosen = cutoffs[cutoffs["metric"] == metric]
        if len(chosen):
            upper.axvline(chosen["cutoff"].iloc[0], color="#888888", linestyle=(0, (4, 2)), linewidth=0.8)
        upper.set_xlabel(_LABELS[metric])
        _shares(lower, chosen, tests[tests["metric"] == metric], looks)
    grid[0, 0].set_ylabel("share of the genes")
    counts = shared["set"].value_counts()
    labels = [f"{set_name(name, methods)} ({counts[name]:,})" for name in names]
    grid[1, 0].set_yticks(range(len(names)), labels)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _curves(ax: Axes, table: pd.DataFrame, metric: str, looks: dict[str, style.Look]) -> None:
    """Cumulative share of the genes of each set over their distance."""
    finite = table.loc[np.isfinite(table[metric]), metric]
    end = float(finite.quantile(0.995)) if len(finite) else 1.0
    for (name, segmentation), rows in table.groupby(["set", "segmentation"], sort=False):
        values = np.sort(rows[metric].to_numpy(float))
        share = np.arange(1, len(values) + 1) / len(values)
        near = values <= end
        x, y = np.r_[0, values[near], end], np.r_[0, share[near], share[near][-1:] if near.any() else 0]
        marks = {"markevery": max(1, len(x) // 8), "markersize": 3}
        kind = {"linestyle": "-", "linewidth": 1.3} if segmentation == "shared" else {"linestyle": ":", "linewidth": 1}
        ax.step(x, y, where="post", **looks[name]._asdict(), **marks, **kind)
    ax.set_xlim(0, end)
    ax.set_ylim(0, 1.01)
    ax.grid(axis="both")


def _shares(ax: Axes, cutoffs: pd.DataFrame, tests: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """Share of each set within the cutoff, with its interval."""
    names = list(looks)
    for row in cutoffs.itertuples():
        y, look = names.index(row.set), looks[row.set]
        ax.plot([row.low, row.high], [y, y], color=look.color, linewidth=1.2)
        ax.plot(row.share, y, look.marker, color=look.color, markersize=3, clip_on=False)
        found = tests[(tests["set_a"] == row.set) & (tests["set_b"] == "random")]
        if len(found):
            style.note(ax, y, _short(found["p_holm"].iloc[0]), color=style.INK)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(names) - 0.5, -0.5)
    cutoff = f" of {cutoffs['cutoff'].iloc[0]:.2f}" if len(cutoffs) else ""
    ax.set_xlabel(f"share within the cutoff{cutoff}")
    ax.grid(axis="x")


def _short(p: float) -> str:
    return "p < 1e-16" if p < 1e-16 else f"p = {p:.1g}"
