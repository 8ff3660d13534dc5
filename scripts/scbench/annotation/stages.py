"""Stages over time: batches removed by ComBat, clusters named by the times of their cells, and marker genes.

Each time is a batch, so that ComBat removes what differs between times on the whole. What is left to tell times apart
is which mixture of cells each has. Beware that after ComBat a zero is another constant in each batch, from which any
method could read the batch; zeros are therefore put back.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

UNNAMED = "unnamed"
MARKERS = 10


def without_batches(X: sp.csr_matrix, times: np.ndarray) -> sp.csr_matrix:
    """Remove the differences between times by ComBat.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    times
        (cells,) the batch of each cell.

    Returns
    -------
    csr_matrix
        Corrected values, float32. Where there was a zero, there is one again, and negative values become zero: so the
        encoder reads no other genes than before, as it does not take negative values.

    Notes
    -----
    ComBat is dense: memory 8 bytes x cells x genes, a few times. Genes without any variance are left as they are.

    References
    ----------
    Johnson W.E., Li C., Rabinovic A. Adjusting batch effects in microarray expression data using empirical Bayes
    methods. Biostatistics 8, 118-127 (2007). Park S., Lee H. (2024), "Identifying drug tolerance stages".
    """
    import scanpy as sc
    from anndata import AnnData

    dense = X.toarray().astype(np.float64)
    # A gene that does not vary within a batch would be divided by zero.
    varied = np.all([dense[times == time].std(axis=0) > 0 for time in np.unique(times)], axis=0)
    if varied.any():
        adata = AnnData(dense[:, varied].copy(), obs={"batch": pd.Categorical(times)})
        dense[:, varied] = sc.pp.combat(adata, key="batch", inplace=False)
    corrected = np.where(X.toarray() > 0, np.clip(dense, 0, None), 0)
    return sp.csr_matrix(corrected.astype(np.float32))


def by_time(times: np.ndarray, stages: Mapping[str, Sequence[str]]) -> np.ndarray:
    """(cells,) stage of each cell by its time alone; "unnamed" for times without a stage."""
    stage_of = {time: name for name, own in stages.items() for time in own}
    return np.array([stage_of.get(time, UNNAMED) for time in times], dtype=object)


def by_cluster(
    clusters: np.ndarray, times: np.ndarray, stages: Mapping[str, Sequence[str]], share: float
) -> tuple[np.ndarray, pd.DataFrame]:
    """Name clusters by the stage that more than a share of their cells is of, by time.

    Returns
    -------
    names
        (cells,) stage of each cell's cluster, "unnamed" where no stage has that share.
    table
        Columns ``cluster, n_cells, stage``, and a share for each stage.
    """
    expected = by_time(times, stages)
    counts = pd.crosstab(pd.Series(clusters, name="cluster"), pd.Series(expected, name="time"))
    shares = counts.div(counts.sum(axis=1), axis=0).reindex(columns=list(stages), fill_value=0.0)
    stage = shares.idxmax(axis=1).where(shares.max(axis=1) > share, UNNAMED)
    table = pd.concat([counts.sum(axis=1).rename("n_cells"), stage.rename("stage"), shares], axis=1).reset_index()
    return stage.reindex(clusters).to_numpy(dtype=object), table


def markers(X: sp.csr_matrix, stages: np.ndarray, genes: np.ndarray) -> pd.DataFrame:
    """Ten genes of each stage that Welch's t-test sets highest above all other cells with a stage.

    Returns
    -------
    pandas.DataFrame
        Columns ``class, gene, rank, score``; empty where fewer than two stages have two cells.
    """
    from scbench.markers.t_test import TTest

    names, counts = np.unique(stages[stages != UNNAMED].astype(str), return_counts=True)
    kept = np.isin(stages, names[counts > 1])
    if (counts > 1).sum() < 2:
        return pd.DataFrame(columns=["class", "gene", "rank", "score"])
    return TTest(n_genes=MARKERS).fit(X[kept], stages[kept], genes, seed=0).ranking_
