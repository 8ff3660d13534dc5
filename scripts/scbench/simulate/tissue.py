"""Tissue of cell types that lie in layers: one truth for marker genes and for spatially variable genes."""

from typing import TYPE_CHECKING

import numpy as np

from scbench.data.options import check_number
from scbench.errors import UserError
from scbench.simulate.cells import cell_types

if TYPE_CHECKING:
    from anndata import AnnData


def layered(
    *,
    n_cells: int,
    n_genes: int,
    n_types: int,
    seed: int,
    layers: int | None = None,
    mixing: float = 0.0,
    markers_per_type: int = 5,
    fold_change: float = 8.0,
    dispersion: float = 0.3,
) -> "AnnData":
    """Simulate cell types of which some lie in layers of a square tissue and the others everywhere.

    Expression is that of `scbench.simulate.cells.cell_types`. The layers lie across the unit square in random order,
    each as thick as its share of the cells, so that cells are equally dense everywhere.

    Parameters
    ----------
    n_cells, n_genes, n_types
        Numbers of cells, genes and cell types.
    seed
        Decides everything that is random.
    layers
        Number of types that lie in a layer: 0, or from 2 to `n_types` (a single layer would be the whole tissue). By
        default all.
    mixing
        Share of the cells of a layered type, in [0, 1), that lie anywhere instead.
    markers_per_type, fold_change, dispersion
        See `scbench.simulate.cells.cell_types`.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, types in ``obs["label"]``, positions in ``obsm["spatial"]``, in
        ``var["marker_of"]`` the type that a gene marks or "", and in ``var["spatial"]`` whether that type is layered.

    Raises
    ------
    UserError
        If a parameter is out of range.

    Notes
    -----
    The truth is that of the counts. Values relative to the total of a cell hold a trace of the layers in every gene, as
    types whose markers are high have less left for others; it fades with the share of the markers in the counts.

    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    check_number("n_types", n_types, 1, integer=True)
    layers = (n_types if n_types > 1 else 0) if layers is None else layers
    check_number("layers", layers, 0, n_types, integer=True)
    if layers == 1:
        raise UserError("The 'layers' parameter must be 0 or at least 2: a single layer is the whole tissue. Got 1.")
    check_number("mixing", mixing, 0, 1)
    if mixing == 1:
        raise UserError("The 'mixing' parameter must be below 1; for a tissue without layers, set 'layers' to 0.")
    adata = cell_types(
        n_cells=n_cells,
        n_genes=n_genes,
        n_types=n_types,
        seed=seed,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=dispersion,
    )
    rng = np.random.default_rng([seed, 1])  # apart from the stream of the expression
    order = rng.permutation(adata.obs["label"].cat.categories)[:layers]
    labels = adata.obs["label"].to_numpy()
    positions = rng.random((n_cells, 2))
    top = np.cumsum([0, *(np.count_nonzero(labels == name) for name in order)]) / max(1, np.isin(labels, order).sum())
    stay = rng.random(n_cells) >= mixing
    for name, start, end in zip(order, top[:-1], top[1:], strict=True):
        inside = stay & (labels == name)
        positions[inside, 1] = start + (end - start) * positions[inside, 1]
    adata.obsm["spatial"] = positions
    adata.var["spatial"] = adata.var["marker_of"].isin(order).to_numpy()
    return adata
