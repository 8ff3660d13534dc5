"""Highly variable genes, blind to space."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest


class HighlyVariable(SpatialTest):
    """Rank genes by their dispersion relative to genes of a like mean (scanpy, flavour "seurat").

    It shows how much of "spatially variable" is just "variable". It ranks and does not test: p-values are NaN.

    Parameters
    ----------
    n_bins
        Bins of mean expression.

    Notes
    -----
    Time and memory O(stored values). Deterministic. `scbench.svg.hvg_cutoffs` calls genes by the same dispersion.

    References
    ----------
    Satija R. et al. Spatial reconstruction of single-cell gene expression data. Nature Biotechnology 33, 495-502
    (2015).
    """

    def __init__(self, *, n_bins: int = 20) -> None:
        self.n_bins = n_bins

    def warm_up(self) -> None:
        """Import scanpy."""
        import scanpy  # noqa: F401

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "HighlyVariable":
        """Rank the genes; see `scbench.contract.SpatialTest`."""
        import anndata as ad
        import scanpy as sc

        adata = ad.AnnData(X)
        adata.uns["log1p"] = {"base": None}
        table = sc.pp.highly_variable_genes(adata, flavor="seurat", n_bins=self.n_bins, inplace=False)
        dispersion = table["dispersions_norm"].to_numpy(float)
        # Genes that are never seen have no dispersion; they come last.
        last = np.nanmin(dispersion, initial=0.0) - 1
        score = np.where(np.isfinite(dispersion), dispersion, last)
        self.table_ = pd.DataFrame({"statistic": score, "pvalue": np.nan, "score": score})
        return self
