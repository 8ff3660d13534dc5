"""Variable genes by cut-offs, as Seurat chose them before it ranked genes; blind to space."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.data.normalise import log1p_normalised
from scbench.errors import SkipRunError


class VariableByCutoffs(SpatialTest):
    """Call genes whose mean and normalised dispersion are within cut-offs (scanpy, flavour "seurat").

    How the scGCO paper calls variable genes to compare with (Methods). Where `scbench.svg.hvg.HighlyVariable` ranks all
    genes, this decides.

    Parameters
    ----------
    min_genes
        Genes that a spot must have; others are left out.
    min_cells
        Spots, of those that are left, that a gene must be found in.
    min_mean
        What the log of one plus the mean, of the values before logs, must exceed.
    max_mean
        What it must be below.
    min_dispersion
        What the normalised dispersion must exceed.
    n_bins
        Bins of mean expression, in each of which the log of the dispersion is standardised.
    target_sum
        Total that each spot is normalised to; Seurat's by default.

    Attributes
    ----------
    table_
        ``statistic`` and ``score`` are the normalised dispersion, and for genes that are left out less than all others;
        ``called`` those within the cut-offs. There are no p-values.

    Raises
    ------
    SkipRunError
        If no spot has `min_genes` genes, or no gene is in `min_cells` of those that have.

    Notes
    -----
    Time and memory O(stored values). Deterministic. scanpy calls the same genes as Seurat 2.3's FindVariableGenes.

    References
    ----------
    Satija R. et al. Spatial reconstruction of single-cell gene expression data. Nature Biotechnology 33, 495-502
    (2015).
    """

    def __init__(
        self,
        *,
        min_genes: int = 200,
        min_cells: int = 3,
        min_mean: float = 0.0125,
        max_mean: float = 3.0,
        min_dispersion: float = 0.6,
        n_bins: int = 20,
        target_sum: float = 10_000,
    ) -> None:
        self.min_genes = min_genes
        self.min_cells = min_cells
        self.min_mean = min_mean
        self.max_mean = max_mean
        self.min_dispersion = min_dispersion
        self.n_bins = n_bins
        self.target_sum = target_sum

    def warm_up(self) -> None:
        """Import scanpy."""
        import scanpy  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "VariableByCutoffs":
        """Call genes; see `scbench.contract.SpatialTest`."""
        import anndata as ad
        import scanpy as sc

        there = X > 0
        spots = np.flatnonzero(there.getnnz(axis=1) >= self.min_genes)
        genes = np.flatnonzero(there[spots].getnnz(axis=0) >= self.min_cells)
        if not len(genes):
            few = f"{len(spots)} of {X.shape[0]} spots have {self.min_genes} genes or more"
            raise SkipRunError(f"{few}, and no gene is in {self.min_cells} of these spots.")
        kept = ad.AnnData(log1p_normalised(X[spots][:, genes], self.target_sum))
        kept.uns["log1p"] = {"base": None}
        cutoffs = {"min_mean": self.min_mean, "max_mean": self.max_mean, "min_disp": self.min_dispersion}
        found = sc.pp.highly_variable_genes(kept, flavor="seurat", n_bins=self.n_bins, inplace=False, **cutoffs)
        dispersion, called = np.full(X.shape[1], np.nan), np.zeros(X.shape[1], dtype=bool)
        dispersion[genes], called[genes] = found["dispersions_norm"], found["highly_variable"]
        score = np.where(np.isfinite(dispersion), dispersion, np.nanmin(dispersion, initial=0.0) - 1)
        self.table_ = pd.DataFrame({"statistic": score, "pvalue": np.nan, "called": called, "score": score})
        return self
