"""Which genes a network decides by, and for which classes: stacked bars of mean absolute Shapley values."""

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scbench.figures import style

# Fifteen colours that stay apart side by side (CIE76 distance above 25); the first six are those of the methods.
_COLORS = (
    *style.COLORS,
    *("#F0E442", "#882255", "#332288", "#222222", "#9AD68F", "#8C6D1F", "#F4A6A6", "#AA44C8", "#7A1F00"),
)
_OTHERS = "#c4c4c4"
_GENE_INCH = 0.135


@style.use()
def plot(shapley: Mapping[str, np.ndarray], *, title: str, n_genes: int = 30) -> Figure:
    """Draw the genes with the largest sums over the classes, one bar each, stacked by class.

    Parameters
    ----------
    shapley
        ``shapley_genes`` (genes,), ``shapley_classes`` (classes,) and ``shapley_mean_abs`` (genes, classes): the mean
        absolute Shapley value of a gene for the output of a class. Empty for a run that has none.
    title
        Title of the figure.
    n_genes
        Number of genes.

    Returns
    -------
    Figure
        Classes are stacked in the order of their sum over the genes shown. Where there are more than 15, the largest
        14 have a colour and the rest are summed.

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Fig. 3A.
    """
    if not shapley or not np.size(shapley["shapley_mean_abs"]):
        return style.blank(f"{title}: there are no Shapley values.")
    values = np.asarray(shapley["shapley_mean_abs"], dtype=float)
    top = np.argsort(-values.sum(axis=1), kind="stable")[:n_genes]
    parts, names = _stack(values[top], shapley["shapley_classes"])
    figure = Figure(figsize=(style.WIDTH, max(len(top) * _GENE_INCH + 0.85, len(names) * 0.14 + 0.6)))
    ax = figure.subplots()
    left = np.zeros(len(top))
    colors = _COLORS if values.shape[1] <= len(_COLORS) else (*_COLORS[:-1], _OTHERS)
    for part, name, color in zip(parts, names, colors, strict=False):
        ax.barh(range(len(top)), part, left=left, height=0.8, color=color, edgecolor="white", linewidth=0.3, label=name)
        left += part
    genes = [style.shorten(str(gene), 20) for gene in np.asarray(shapley["shapley_genes"])[top]]
    ax.set_yticks(range(len(top)), genes, fontsize=6.5)
    ax.set_ylim(len(top) - 0.4, -0.6)
    ax.set_xlim(0, left.max() * 1.02 or 1)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.grid(axis="x")
    ax.set_xlabel(f"Mean |Shapley value|, summed over the classes ({len(top)} of {len(values):,} genes)")
    figure.suptitle(textwrap.fill(title, 100), x=0.01, ha="left")
    figure.legend(loc="outside right upper", title="Class", handlelength=1, handleheight=1, alignment="left")
    return figure


def _stack(values: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(parts, genes) lengths of the bars and the names of the parts, the largest class first."""
    order = np.argsort(-values.sum(axis=0), kind="stable")
    names = [style.shorten(str(name), 32) for name in np.asarray(classes)[order]]
    parts = values[:, order].T
    if len(names) <= len(_COLORS):
        return parts, names
    kept = len(_COLORS) - 1
    rest = f"{len(names) - kept} other classes"
    return np.vstack([parts[:kept], parts[kept:].sum(axis=0)]), [*names[:kept], rest]
