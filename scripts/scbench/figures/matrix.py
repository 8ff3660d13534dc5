"""Where the markers are expressed: classes against the first markers of each class, one panel per method."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from scbench.errors import UserError
from scbench.figures import style
from scbench.figures.scores import scenario_label
from scbench.io import Prepared
from scbench.markers.lists import first_genes
from scbench.markers.nested import Step, steps
from scbench.markers.profiles import class_means

_CMAP = "YlOrBr"
_COLUMNS = 66  # genes side by side; with more classes, fewer genes of each are shown
_CELL = (0.11, 0.21)  # inches; least and greatest width of a gene
_ROW = 0.125  # inches; height of a class
_LONGEST = 28  # letters of a name
_LETTER = 0.062  # inches; of the names of classes


@style.use()
def plot(
    data: Prepared,
    tables: dict[str, pd.DataFrame],
    *,
    methods: dict[str, dict[str, Any]],
    title: str,
    top: int = 3,
    within: str = "",
) -> Figure:
    """Draw the mean expression of each method's first markers in each class, scaled from 0 to 1 for each gene.

    Parameters
    ----------
    data
        Dataset with log1p values and labels, and with ``obs["broad"]`` if it has two label levels.
    tables
        For each method its table with columns ``within``, ``class``, ``gene``, ``rank`` and ``score``; empty for a run
        that failed, which is shown as such. Controls are left out.
    methods
        The registry.
    title
        Title of the figure.
    top
        Markers per class; fewer are drawn where there are so many classes that they would not fit.
    within
        With two label levels: the broad type whose sub-types are drawn, or "" for the broad types themselves.

    Returns
    -------
    Figure
        Genes stand with the class that they mark, in the order of the classes: the boxes on the diagonal. Classes are
        sorted by size. Of one list for all classes as many genes are drawn, each with the class of its highest mean.

    Raises
    ------
    UserError
        If there is no such broad type with at least two labels.

    Notes
    -----
    Memory: a copy of the stored values and (classes, genes) means.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Fig. 3B and 5.
    """
    names = [name for name in methods if name in tables and methods[name]["role"] not in style.CONTROLS]
    if not names:
        return style.blank(f"{title}: there are no methods with markers.")
    step = _step(data, within)
    classes = pd.Series(step.labels).value_counts().rename_axis("class").reset_index(name="n")
    classes = classes.sort_values(["n", "class"], ascending=[False, True])["class"].to_numpy()
    means = pd.DataFrame(class_means(data.X[step.cells], step.labels, classes), index=classes, columns=data.genes)
    top = int(np.clip(_COLUMNS // len(classes), 1, top))
    chosen = {name: choose(tables[name], means, top, within) for name in names}
    figure, panels, cell = _grid(chosen, classes)
    for ax, (name, genes) in zip(panels, chosen.items(), strict=True):
        one_list = len(genes) and (tables[name]["class"] == "").any()
        ax.set_title(methods[name]["label"] + " (one list for all classes)" * bool(one_list), pad=3)
        if len(genes):
            _panel(ax, genes, means, cell)
        else:
            ax.text(0, 0.5, "no markers: the run did not end ok", transform=ax.transAxes, va="center", color=style.BAD)
            ax.set_axis_off()
    where = f"within {within}" if within else ""
    heading = " · ".join(filter(None, [title, where, scenario_label(f"top{top}")]))
    figure.suptitle(textwrap.fill(heading, int(figure.get_figwidth() * 13)), x=0.01, ha="left")
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), _CMAP),
        ax=list(panels),
        pad=0.02,
        shrink=min(1, 1.5 / figure.get_figheight() + 0.1),
        aspect=15,
    )
    bar.set_label("Mean log1p expression\n(0 to 1 for each gene)", fontsize=style.SMALL)
    bar.outline.set_visible(False)
    return figure


def choose(table: pd.DataFrame, means: pd.DataFrame, top: int, within: str = "") -> pd.DataFrame:
    """Choose the genes to draw.

    Parameters
    ----------
    table
        A method's markers, with columns ``within``, ``class``, ``gene`` and ``rank``.
    means
        (classes, genes) mean expression.
    top
        Genes per class.
    within
        Step of a run with two label levels.

    Returns
    -------
    pandas.DataFrame
        Rows of `table` in the order of the classes of `means`, and for one class by rank. In one list for all classes,
        the class of a gene is that of its highest mean.
    """
    genes = first_genes(table[table["within"] == within].drop(columns="within"), top, len(means))
    if len(genes) and (genes["class"] == "").all():
        genes = genes.assign(**{"class": means[genes["gene"]].idxmax().to_numpy()})
    return genes.iloc[np.argsort(means.index.get_indexer(genes["class"]), kind="stable")]


def scaled(means: pd.DataFrame) -> np.ndarray:
    """Scale each column to 0 to 1; 0 where all rows are equal.

    Examples
    --------
    >>> scaled(pd.DataFrame({"g1": [1.0, 3.0, 2.0], "g2": [4.0, 4.0, 4.0]}))[:, 0].tolist()
    [0.0, 1.0, 0.5]
    """
    values = means.to_numpy() - means.to_numpy().min(axis=0)
    highest = values.max(axis=0)
    return values / np.where(highest > 0, highest, 1)


def _step(data: Prepared, within: str) -> Step:
    found = {step.within: step for step in steps(data.labels, data.obs.get("broad"))}
    if within not in found:
        allowed = ", ".join(name for name in found if name) or "none: the data have one label level"
        raise UserError(
            f"The 'within' must be a broad type with at least two labels ({allowed}). Got {within!r} instead."
        )
    return found[within]


def _grid(chosen: dict[str, pd.DataFrame], classes: np.ndarray) -> tuple[Figure, np.ndarray, float]:
    """Figure, its panels one below the other, and the width of a gene in inches."""
    columns = max(1, *(len(genes) for genes in chosen.values()), 0)
    margin = _LETTER * min(max(map(len, classes)), _LONGEST) + 1.0
    cell = float(np.clip((style.WIDTH - margin) / columns, *_CELL))
    letters = min(max((len(gene) for genes in chosen.values() for gene in genes["gene"]), default=0), _LONGEST)
    rows = [len(classes) if len(genes) else 1 for genes in chosen.values()]
    below = [0.35 + 0.058 * letters if len(genes) else 0.35 for genes in chosen.values()]
    size = max(margin + cell * columns, 4.0), _ROW * sum(rows) + sum(below) + 0.3
    figure = Figure(figsize=size)
    panels = figure.subplots(len(chosen), squeeze=False, gridspec_kw={"height_ratios": rows})[:, 0]
    for ax in panels:
        ax.set_xlim(0, columns)  # a gene is as wide in all panels
    return figure, panels, cell


def _panel(ax: Axes, genes: pd.DataFrame, means: pd.DataFrame, cell: float) -> None:
    look = {"cmap": _CMAP, "vmin": 0, "vmax": 1, "edgecolors": "white", "linewidth": 0.3}
    ax.pcolormesh(np.arange(len(genes) + 1), np.arange(len(means) + 1), scaled(means[genes["gene"]]), **look)
    ax.set_ylim(len(means), 0)
    ax.spines[:].set_visible(False)
    font = min(6.5, 72 * cell * 0.85)
    ax.set_xticks(np.arange(len(genes)) + 0.5, [style.shorten(gene, _LONGEST) for gene in genes["gene"]], rotation=90)
    ax.set_yticks(np.arange(len(means)) + 0.5, [style.shorten(name, _LONGEST) for name in means.index])
    ax.tick_params(axis="x", length=0, labelsize=font, pad=1)
    ax.tick_params(axis="y", labelsize=6.5, pad=2)
    place = means.index.get_indexer(genes["class"])
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(genes)], strict=True):
        ax.add_patch(Rectangle((start, place[start]), end - start, 1, fill=False, linewidth=0.7, edgecolor=style.INK))
        if start and len(genes) >= 2 * len(starts):  # between single genes, lines would only be in the way
            ax.axvline(start, color="#888888", linewidth=0.4)
