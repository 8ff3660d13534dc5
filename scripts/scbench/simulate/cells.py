"""Cell types with known marker genes."""

from typing import TYPE_CHECKING

import numpy as np

from scbench.simulate._types import draw_types, express

if TYPE_CHECKING:
    from anndata import AnnData


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
    rng = np.random.default_rng(seed)
    types = draw_types(n_cells, n_types, rng)
    return express(
        types,
        [f"type{i}" for i in range(n_types)],
        n_genes,
        rng,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=dispersion,
    )
