"""Whether confidences are what they say: share of right labels against confidence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import style
from scbench.metrics.annotation import Confidences, bins, expected_calibration_error

_COLUMNS = 5


@style.use()
def plot(confidences: Mapping[str, Confidences], *, methods: dict[str, dict[str, Any]], title: str) -> Figure:
    """Draw a reliability diagram for each method, over the shares of the cells in each bin.

    Parameters
    ----------
    confidences
        By method, test cells of all replicates; methods without confidences are absent.
    methods
        The registry.
    title
        Title of the figure.

    References
    ----------
    Guo C. et al. On calibration of modern neural networks. ICML (2017).
    """
    names = [name for name in methods if name in confidences]
    if not names:
        return style.blank(f"{title}: no method gives confidences.")
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(style.WIDTH * max(columns, 2) / _COLUMNS, 1.6 * rows + 0.5))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    looks = style.looks(methods, "annotation")
    for ax, name in zip(grid.flat, names, strict=False):
        _panel(ax, confidences[name], looks[name].color)
        ax.set_title(style.shorten(methods[name]["label"], 24), fontsize=6.5)
    for ax in grid.flat[len(names) :]:
        ax.set_axis_off()
    figure.supxlabel("Confidence", fontsize=7)
    figure.supylabel("Share of right labels (dots), share of the cells (bars)", fontsize=7)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _panel(ax: Axes, subject: Confidences, color: str) -> None:
    counts, confidence, right = bins(subject)
    edges = np.linspace(0, 1, len(counts) + 1)
    ax.bar(edges[:-1], counts / counts.sum(), np.diff(edges), align="edge", color="#dddddd", linewidth=0)
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=0.7, linestyle="--")
    some = counts > 0
    ax.plot(confidence[some], right[some], color=color, marker="o", markersize=2.5, linewidth=0.9, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.text(0.03, 0.9, f"ECE {expected_calibration_error(subject):.3f}", fontsize=style.SMALL)
