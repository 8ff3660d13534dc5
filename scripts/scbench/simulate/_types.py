"""Expression of cell types with marker genes, in groups of cells that differ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.options import check_number
from scbench.simulate._counts import negative_binomial_counts

if TYPE_CHECKING:
    from anndata import AnnData

SMALLEST = 10  # cells of a type, where there are enough cells


def draw_types(n_cells: int, n_types: int, rng: np.random.Generator) -> np.ndarray:
    """Share the cells out to types of unequal size, in random order.

    Returns
    -------
    numpy.ndarray
        (cells,) number of the type; each has at least `SMALLEST` cells, or its even share if that is less.
    """
    check_number("n_types", n_types, 1, integer=True)
    check_number("n_cells", n_cells, 2 * n_types, integer=True)
    smallest = min(SMALLEST, n_cells // n_types)
    rest = rng.multinomial(n_cells - smallest * n_types, rng.dirichlet(np.full(n_types, 2.0)))
    return rng.permutation(np.repeat(np.arange(n_types), smallest + rest))


def express(
    types: np.ndarray,
    names: Sequence[str],
    n_genes: int,
    rng: np.random.Generator,
    *,
    markers_per_type: int,
    fold_change: float,
    dispersion: float,
    groups: np.ndarray | None = None,
    factors: np.ndarray | None = None,
) -> "AnnData":
    """Count the genes of cells whose types have marker genes.

    Library sizes are lognormal(0, 0.3), mean expression of the genes is lognormal(0, 1), counts are negative binomial.

    Parameters
    ----------
    types
        (cells,) number of each cell's type.
    names
        Names of the types.
    rng
        Source of the random numbers.
    markers_per_type, fold_change, dispersion
        See `scbench.simulate.cells.cell_types`.
    groups, factors
        (cells,) number of each cell's group, and (groups, genes) factors of its means; by default all are 1.

    Returns
    -------
    AnnData
        As `scbench.simulate.cells.cell_types` returns it.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    from anndata import AnnData

    n_cells, n_types = len(types), len(names)
    check_number("markers_per_type", markers_per_type, 0, integer=True)
    check_number("n_genes", n_genes, max(1, n_types * markers_per_type), integer=True)
    check_number("fold_change", fold_change, 1)
    check_number("dispersion", dispersion, 0)
    groups = np.zeros(n_cells, dtype=int) if groups is None else groups
    factors = np.ones((1, n_genes)) if factors is None else factors
    names = np.asarray(names)
    marks = np.full(n_genes, -1)
    marks[rng.permutation(n_genes)[: n_types * markers_per_type]] = np.repeat(np.arange(n_types), markers_per_type)
    base = rng.lognormal(0, 1, n_genes)
    library = rng.lognormal(0, 0.3, n_cells)

    def mean(cells: slice) -> np.ndarray:
        raised = np.where(types[cells, None] == marks, fold_change, 1.0)
        return library[cells, None] * base * raised * factors[groups[cells]]

    counts = negative_binomial_counts(mean, (n_cells, n_genes), dispersion, rng)
    obs = pd.DataFrame({"label": pd.Categorical(names[types])}, index=[f"cell{i}" for i in range(n_cells)])
    marker_of = pd.Categorical(np.where(marks < 0, "", names[marks]))
    var = pd.DataFrame({"marker_of": marker_of}, index=[f"gene{i}" for i in range(n_genes)])
    return AnnData(obs=obs, var=var, layers={"counts": counts})
