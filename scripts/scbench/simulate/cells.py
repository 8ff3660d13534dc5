"""Cell types with known marker genes."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.options import check_number
from scbench.simulate._counts import negative_binomial_counts

if TYPE_CHECKING:
    from anndata import AnnData

SMALLEST = 10  # cells of a type, where there are enough cells


def cell_types(
    *,
    n_cells: int,
    n_genes: int,
    n_types: int,
    seed: int,
    markers_per_type: int = 5,
    fold_change: float = 8.0,
    dispersion: float = 0.3,
) -> "AnnData":
    """Simulate cell types of unequal size, each with marker genes of its own.

    Library sizes are lognormal(0, 0.3), mean expression of the genes is lognormal(0, 1), counts are negative binomial.

    Parameters
    ----------
    n_cells, n_genes, n_types
        Numbers of cells, genes and cell types.
    seed
        Decides everything that is random.
    markers_per_type
        Marker genes of each type; no gene marks two types.
    fold_change
        Ratio of a marker's mean in its type to that in the other types.
    dispersion
        The variance of a count with mean m is ``m + dispersion * m**2``.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, types in ``obs["label"]``, and in ``var["marker_of"]`` the type that a gene
        marks or "". With 30 genes or more, empty cells do not occur in practice.

    Raises
    ------
    UserError
        If a parameter is out of range, or there are too few cells or genes for that many types.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    from anndata import AnnData

    check_number("n_types", n_types, 1, integer=True)
    check_number("n_cells", n_cells, 2 * n_types, integer=True)
    check_number("markers_per_type", markers_per_type, 0, integer=True)
    check_number("n_genes", n_genes, max(1, n_types * markers_per_type), integer=True)
    check_number("fold_change", fold_change, 1)
    check_number("dispersion", dispersion, 0)
    rng = np.random.default_rng(seed)
    names = np.array([f"type{i}" for i in range(n_types)])
    types = rng.permutation(np.repeat(np.arange(n_types), _sizes(n_cells, n_types, rng)))
    marks = np.full(n_genes, -1)
    marks[rng.permutation(n_genes)[: n_types * markers_per_type]] = np.repeat(np.arange(n_types), markers_per_type)
    base = rng.lognormal(0, 1, n_genes)
    library = rng.lognormal(0, 0.3, n_cells)

    def mean(cells: slice) -> np.ndarray:
        return library[cells, None] * base * np.where(types[cells, None] == marks, fold_change, 1.0)

    counts = negative_binomial_counts(mean, (n_cells, n_genes), dispersion, rng)
    obs = pd.DataFrame({"label": pd.Categorical(names[types])}, index=[f"cell{i}" for i in range(n_cells)])
    marker_of = pd.Categorical(np.where(marks < 0, "", names[marks]))
    var = pd.DataFrame({"marker_of": marker_of}, index=[f"gene{i}" for i in range(n_genes)])
    return AnnData(obs=obs, var=var, layers={"counts": counts})


def _sizes(n_cells: int, n_types: int, rng: np.random.Generator) -> np.ndarray:
    """Share out the cells: the smallest allowed number to each type, the rest unequally."""
    smallest = min(SMALLEST, n_cells // n_types)
    return smallest + rng.multinomial(n_cells - smallest * n_types, rng.dirichlet(np.full(n_types, 2.0)))
