"""Cell types that differ in open chromatin."""

from typing import TYPE_CHECKING

import numpy as np

from scbench.data.options import check_number
from scbench.simulate._types import draw_types, express

if TYPE_CHECKING:
    from anndata import AnnData


def peaks(
    *,
    n_cells: int,
    n_peaks: int,
    n_types: int,
    seed: int,
    depth: float = 0.04,
    markers_per_type: int = 20,
    fold_change: float = 8.0,
) -> "AnnData":
    """Simulate the open chromatin of cell types: a sparse matrix of peaks, with counts of 0, 1 and 2.

    Parameters
    ----------
    n_cells, n_peaks, n_types
        Numbers of cells, peaks and cell types.
    seed
        Decides everything that is random.
    depth
        What the lognormal means of the peaks are multiplied by; reads are Poisson.
    markers_per_type
        Peaks that are open in one type; no peak marks two types.
    fold_change
        See `scbench.simulate.cells.cell_types`.

    Returns
    -------
    AnnData
        As `scbench.simulate.cells.cell_types` returns it, with peaks that are named as places in the genome. A cell has
        two copies of it, so counts above 2 are set to 2.

    Raises
    ------
    UserError
        If a parameter is out of range.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    rng = np.random.default_rng(seed)
    types = draw_types(n_cells, n_types, rng)
    check_number("depth", depth, 0)
    check_number("markers_per_type", markers_per_type, 0, integer=True)
    check_number("n_peaks", n_peaks, max(1, n_types * markers_per_type), integer=True)
    adata = express(
        types,
        [f"type{i}" for i in range(n_types)],
        n_peaks,
        rng,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=0.0,
        factors=np.full((1, n_peaks), depth),
    )
    counts = adata.layers["counts"]
    counts.data = np.minimum(counts.data, 2)
    adata.var_names = [f"chr1:{10_000 * i + 1}-{10_000 * i + 500}" for i in range(n_peaks)]
    return adata
