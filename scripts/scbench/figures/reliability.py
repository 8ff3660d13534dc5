"""Whether confidences are what they say: share of right labels against confidence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.metrics.annotation import Confidences, bins, expected_calibration_error

_COLUMNS = 5
_FEW = 10  # cells; the dot of a bin with fewer is open


@style.use()
def plot(
    confidences: Mapping[str, Confidences],
    *,
    statuses: Mapping[str, Sequence[str]],
    methods: dict[str, dict[str, Any]],
    title: str,
) -> Figure:
    """Draw a reliability diagram for each method, over the shares of the cells in each bin.

    Parameters
    ----------
    confidences
        By method, test cells of all replicates; methods without confidences are absent.
    statuses
        By method, how its replicates ended.
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
    figure = Figure(figsize=(style.WIDTH * max(columns, 3) / _COLUMNS, 1.6 * rows + 0.9))
    part = figure.subfigures()  # apart from the footnote
    grid = part.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    looks = style.looks(methods, "annotation")
    for ax, name in zip(grid.flat, names, strict=False):
        _panel(ax, confidences[name], looks[name].color)
        ax.set_title(style.shorten(methods[name]["label"], 22), fontsize=6.5, fontweight="normal")
    for ax in grid.flat[len(names) :]:
        ax.set_axis_off()
    part.supxlabel("Confidence", fontsize=7)
    part.supylabel("Share of right labels (dots)\nand share of the cells (bars)", fontsize=7)
    part.suptitle(title, x=0.01, ha="left")
    shared.footnote(figure, shared.undrawn(statuses, confidences, methods))
    return figure


def _panel(ax: Axes, subject: Confidences, color: str) -> None:
    counts, confidence, right = bins(subject)
    edges = np.linspace(0, 1, len(counts) + 1)
    ax.bar(edges[:-1], counts / counts.sum(), np.diff(edges), align="edge", color="#dddddd", linewidth=0)
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=0.7, linestyle="--")
    ax.plot(confidence[counts > 0], right[counts > 0], color=color, linewidth=0.9)
    for some, face in ((counts >= _FEW, color), ((counts > 0) & (counts < _FEW), "white")):
        dots = {"color": color, "marker": "o", "markersize": 2.5, "markeredgewidth": 0.7, "linestyle": "none"}
        if some.any():  # an empty line that is not clipped would count as ink at the corner of the figure
            ax.plot(confidence[some], right[some], **dots, markerfacecolor=face, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    text = f"ECE {expected_calibration_error(subject):.3f}"
    ax.text(0.03, 0.9, text, fontsize=style.SMALL, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
