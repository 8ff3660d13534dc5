"""Highly variable genes."""

import numpy as np
import scipy.sparse as sp


def highly_variable(X: sp.csr_matrix, n_genes: int) -> np.ndarray:
    """Sorted columns of the genes with the largest dispersion for their mean (scanpy, flavour "seurat").

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    n_genes
        Number of genes; all where there are no more.
    """
    if n_genes >= X.shape[1]:
        return np.arange(X.shape[1])
    import scanpy as sc
    from anndata import AnnData

    table = sc.pp.highly_variable_genes(AnnData(X), n_top_genes=n_genes, inplace=False)
    return np.flatnonzero(table["highly_variable"])
