"""How many labels are wrong among the most confident cells, when some are of types never seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scbench.figures import _marker_scores as shared
from scbench.figures import style
from scbench.metrics.annotation import Novelty, risk_coverage, risk_coverage_area

_GRID = np.linspace(0.02, 1, 99)


@style.use()
def plot(
    novelty: Mapping[str, Sequence[Novelty]],
    *,
    statuses: Mapping[str, Sequence[str]],
    methods: dict[str, dict[str, Any]],
    title: str,
) -> Figure:
    """Draw risk-coverage curves, the mean over the types that were left out.

    Parameters
    ----------
    novelty
        By method, one per type that was left out; methods without confidences are absent.
    statuses
        By method, how its replicates ended.
    methods
        The registry.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Legend with the mean area under the curve, lowest first. Wrong labels include all those of novel cells.

    References
    ----------
    El-Yaniv R., Wiener Y. On the foundations of noise-free selective classification. JMLR 11, 1605-1641 (2010).
    """
    areas = {name: float(np.mean([risk_coverage_area(one) for one in found])) for name, found in novelty.items()}
    names = sorted((name for name in methods if name in areas), key=areas.get)
    if not names:
        return style.blank(f"{title}: no method gives confidences.")
    figure = Figure(figsize=(5.2, 2.8))
    ax = figure.subplots()
    looks = style.looks(methods, "annotation")
    handles = []
    for name in names:
        curves = [np.interp(_GRID, *risk_coverage(one)[::-1]) for one in novelty[name]]
        shape = {"color": looks[name].color, "linewidth": 1, "marker": looks[name].marker, "markersize": 3}
        ax.plot(_GRID, np.mean(curves, axis=0), **shape, markevery=14)
        handles.append(Line2D([], [], **shape, label=f"{areas[name]:.3f}  {methods[name]['label']}"))
    ax.set(xlabel="Share of the cells, the most confident first", ylabel="Share of wrong labels", xlim=(0, 1))
    ax.set_ylim(bottom=0)
    ax.grid()
    figure.legend(handles=handles, loc="outside right upper", title="Area  Method")
    figure.suptitle(title, x=0.01, ha="left")
    shared.footnote(figure, shared.undrawn(statuses, novelty, methods))
    return figure
