"""The part that scanpy's marker tests share."""

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp


def warm_up(method: str) -> None:
    """Import scanpy and let numba compile what the test needs."""
    values = sp.csr_matrix(np.arange(12, dtype=np.float32).reshape(6, 2) / 8)
    rank_genes(values, np.repeat(["a", "b"], 3), np.array(["g", "h"]), n_genes=2, method=method)


def rank_genes(X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, n_genes: int, **kwargs: Any) -> pd.DataFrame:
    """Rank genes of each class against all other cells with `scanpy.tl.rank_genes_groups`.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    n_genes
        Genes kept per class.
    **kwargs
        Passed on to scanpy.

    Returns
    -------
    pandas.DataFrame
        Columns ``class``, ``gene``, ``rank``, ``score`` (scanpy's; higher = more over-expressed).
    """
    import anndata as ad
    import scanpy as sc

    adata = ad.AnnData(X, obs={"label": pd.Categorical(labels)}, var=pd.DataFrame(index=genes))
    # What scanpy.pp.log1p would have noted: natural logarithm.
    adata.uns["log1p"] = {"base": None}
    sc.tl.rank_genes_groups(adata, "label", n_genes=n_genes, **kwargs)
    result = adata.uns["rank_genes_groups"]
    tables = [
        pd.DataFrame({"class": name, "gene": result["names"][name], "score": result["scores"][name]})
        for name in result["names"].dtype.names
    ]
    table = pd.concat(tables, ignore_index=True)
    table["rank"] = table.groupby("class", sort=False).cumcount() + 1
    return table[["class", "gene", "rank", "score"]]
