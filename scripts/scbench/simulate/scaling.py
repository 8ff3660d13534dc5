"""The input of the scGCO paper's measurements of time and memory (Fig. 7a and b)."""

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from scbench.data.options import check_number
from scbench.simulate._spots import as_spots

if TYPE_CHECKING:
    from anndata import AnnData


def step(*, n_spots: int, seed: int, n_genes: int = 100) -> "AnnData":
    """Give every gene one count left of the middle and a higher one right of it, without noise.

    Spots are uniform in the unit square. Where x < 0.5 the count is from 1 to 10, elsewhere from 20 to 50, both drawn
    once for each gene. With one seed, the smaller of two datasets is the first rows of the larger.

    Parameters
    ----------
    n_spots, n_genes
        Numbers of spots and genes.
    seed
        Decides everything that is random.

    Returns
    -------
    AnnData
        Counts in ``layers["counts"]``, positions in ``obsm["spatial"]``, and the truth, which is that all genes have
        the pattern, in ``var["spatial"]`` and ``var["shape"]``.

    Raises
    ------
    UserError
        If a parameter is out of range.

    Notes
    -----
    Source: Methods, on "the scalabilities of algorithms", which refers to Edsgard et al. 2018; values from the released
    `Computation-Performance/Bigdata_script/create_performance_bigdata_R.ipynb`.

    The data are degenerate: all genes have the same pattern, so the totals have it too, and what normalisation leaves
    of a gene are two values without variance around them. Measurements that should say something of real data use
    `scbench.simulate.spatial.negative_binomial` instead.

    No count is zero, so the matrix is full: memory 12 bytes for each spot and gene.
    """
    check_number("n_spots", n_spots, 1, integer=True)
    check_number("n_genes", n_genes, 1, integer=True)
    rng = np.random.default_rng(seed)
    low, high = rng.integers(1, 10, n_genes, endpoint=True), rng.integers(20, 50, n_genes, endpoint=True)
    positions = rng.random((n_spots, 2))
    values = np.where(positions[:, :1] < 0.5, low.astype(np.int32), high.astype(np.int32))
    starts = np.arange(0, values.size + 1, n_genes)
    counts = sp.csr_matrix((values.ravel(), np.tile(np.arange(n_genes, dtype=np.int32), n_spots), starts), values.shape)
    return as_spots(counts, positions, ["step"] * n_genes)
