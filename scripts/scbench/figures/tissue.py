"""A few genes of one dataset drawn in the tissue, with what each method says of them."""

from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.stats import false_discovery_control

from scbench.figures import style
from scbench.io import Prepared

_CMAP = "viridis"
_CALLED = "#d7e8f5"
_RASTER_FROM = 2000  # spots; more make a PDF slow to open


@style.use()
def plot(
    data: Prepared,
    tables: dict[str, pd.DataFrame],
    *,
    methods: dict[str, dict[str, Any]],
    title: str,
    n_genes: int = 4,
    fdr: float = 0.05,
) -> Figure:
    """Draw example genes over the spots and, below, each method's adjusted p-value (its rank where it gives none).

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates, of which the first two are drawn.
    tables
        For each method its table with columns ``gene``, ``statistic``, ``pvalue`` and ``score``. Controls and
        empty tables, which failed runs leave, are left out.
    methods
        The registry.
    title
        Title of the figure.
    n_genes
        Number of genes.
    fdr
        Benjamini-Hochberg level at which a gene counts as called.
    """
    shown = {name for name, table in tables.items() if len(table) and methods[name]["role"] not in style.CONTROLS}
    names = [name for name in methods if name in shown]
    if not names:
        return style.blank(f"{title}: no method has a result.")
    adjusted = pd.DataFrame({name: _adjust(tables[name]["pvalue"]) for name in names})
    ranks = pd.DataFrame({name: tables[name]["score"].rank(ascending=False).to_numpy() for name in names})
    calls = (adjusted <= fdr).sum(axis=1).to_numpy()
    genes = choose(data, calls, ranks.mean(axis=1).to_numpy(), n_genes)
    side = min(1.6, (style.WIDTH - 2.1) / len(genes))
    below = 0.14 * len(names)
    figure = Figure(figsize=(side * len(genes) + 2.1, side + below + 0.85))
    ratios = {"height_ratios": [side, below], "hspace": 0}
    grid = figure.subplots(2, len(genes), squeeze=False, gridspec_kw=ratios)
    for (top, bottom), gene in zip(grid.T, genes, strict=True):
        _map(top, data, gene, side)
        top.set_title(_heading(data, gene), fontsize=style.SMALL, fontweight="normal", loc="center")
        _verdicts(bottom, adjusted.iloc[gene], ranks.iloc[gene], len(data.genes), fdr)
    grid[1, 0].set_yticks(range(len(names)), [style.shorten(methods[name]["label"]) for name in names], fontsize=6.5)
    figure.suptitle(title, x=0.01, ha="left")
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), _CMAP), ax=grid[0], shrink=0.9, aspect=15, pad=0.01)
    bar.set_label("log1p expression\n(1 = 99th percentile)", fontsize=style.SMALL)
    bar.outline.set_visible(False)
    shade = Patch(color=_CALLED, label=f"called at a false discovery rate of {fdr:g}")
    figure.legend(handles=[shade], loc="outside lower right", borderpad=0)
    return figure


def choose(data: Prepared, calls: np.ndarray, rank: np.ndarray, n: int) -> list[int]:
    """Choose genes to show.

    Parameters
    ----------
    data
        The dataset.
    calls
        For each gene, the number of methods that call it.
    rank
        For each gene, its mean rank (1 is most spatial).
    n
        Number of genes.

    Returns
    -------
    list of int
        Where the truth is unknown, the genes with the best ranks. Else in turn: patterned and called, patterned and
        missed, null, null but called.
    """
    best = np.lexsort([rank, -calls])
    if data.truth is None:
        return list(np.argsort(rank, kind="stable")[:n])
    # Among null genes that nobody calls, a well expressed one shows best what "no pattern" looks like.
    quiet = np.lexsort([-np.asarray(data.X.mean(axis=0)).ravel(), calls])
    patterned, null = data.truth, ~data.truth
    queues = [best[patterned[best]], best[::-1][patterned[best[::-1]]], quiet[null[quiet]], best[null[best]]]
    turns = [gene for turn in zip_longest(*queues) for gene in turn if gene is not None]
    return list(dict.fromkeys(turns))[:n]


def _adjust(pvalues: pd.Series) -> np.ndarray:
    """Benjamini-Hochberg; all NaN for a method without p-values, else a missing one counts as 1."""
    values = pvalues.to_numpy(float)
    return values if np.isnan(values).all() else false_discovery_control(np.nan_to_num(values, nan=1.0))


def _heading(data: Prepared, gene: int) -> str:
    name = style.shorten(str(data.genes[gene]), 20)
    if data.truth is None:
        return name
    return f"{name}\ntruly {'patterned' if data.truth[gene] else 'without pattern'}"


def _map(ax: Axes, data: Prepared, gene: int, side: float) -> None:
    values = data.X[:, [gene]].toarray().ravel()
    top = np.percentile(values, 99) or values.max() or 1.0
    x, y = data.coords[:, 0], data.coords[:, 1]
    spacing = 72 * side * 0.85 / np.sqrt(len(values))
    raster = len(values) >= _RASTER_FROM
    # Spots with high values on top, where spots overlap.
    order = np.argsort(values, kind="stable")
    shape = {"s": max(spacing, 0.4) ** 2 * 0.8, "linewidths": 0, "rasterized": raster}
    ax.scatter(x[order], y[order], c=values[order] / top, cmap=_CMAP, vmin=0, vmax=1, **shape)
    ax.set_aspect("equal", adjustable="box")
    ax.set_axis_off()


def _verdicts(ax: Axes, adjusted: pd.Series, ranks: pd.Series, n_genes: int, fdr: float) -> None:
    """Column of text below a gene, a line per method."""
    for place, (q, rank) in enumerate(zip(adjusted, ranks, strict=True)):
        if q <= fdr:
            ax.axhspan(place - 0.46, place + 0.46, color=_CALLED, linewidth=0)
        text = f"rank {rank:,.0f} of {n_genes:,}" if np.isnan(q) else _short(q)
        ax.text(0.5, place, text, transform=ax.get_yaxis_transform(), ha="center", va="center", fontsize=style.SMALL)
    ax.set_ylim(len(adjusted) - 0.5, -0.5)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _short(q: float) -> str:
    return "q < 1e-16" if q < 1e-16 else f"q = {q:.2g}"
