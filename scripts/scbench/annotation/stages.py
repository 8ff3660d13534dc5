"""Stages over time: batches removed by ComBat, clusters named by the times of their cells, and marker genes.

Each time is a batch, so that ComBat removes what differs between times on the whole. What is left to tell times apart
is which mixture of cells each has, and an artefact: ComBat makes of a zero another constant in each batch, from which a
method that looks at single genes can read the batch even where nothing else is left of it. The released encoder reads
which genes are not zero, and with such zeros it tells days apart in simulated data without any stage. Ours therefore
has the zeros put back. The paper does not say what became of zeros and of negative values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.annotation import embeddings
from scbench.annotation.variable_genes import highly_variable
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from scbench.annotation.scrobust.pretrained import Pretrained

UNNAMED = "unnamed"
MARKERS = 10
_HVGS = 1000  # in the paper
COLUMNS = ["stage", "against", "gene", "rank", "t", "pvalue", "difference"]


@dataclass(frozen=True)
class Study:
    """Embeddings over time, and stages in the last of them.

    Attributes
    ----------
    scores, points
        As `scbench.annotation.embeddings.study` makes them, of times instead of types.
    stages
        (cells,) stage of each cell's cluster in the last embedding.
    clusters
        See `by_cluster`.
    markers
        See `markers`; the column ``by`` says whether stages are those of ``clusters`` or of ``times``.
    """

    scores: pd.DataFrame
    points: pd.DataFrame
    stages: np.ndarray
    clusters: pd.DataFrame
    markers: pd.DataFrame


def check_times(times: np.ndarray, stages: Mapping[str, Sequence[str]], column: str) -> None:
    """Check that cells have the times of the stages, and enough of them.

    Raises
    ------
    UserError
        If a cell has no time, a time has only one cell, there is one time alone, or a stage names an unknown time.
    """
    found, counts = np.unique(times, return_counts=True)
    if "" in found or "nan" in found:
        raise UserError(
            f"{np.isin(times, ['', 'nan']).sum()} cells have no time in the column {column!r}; all need one."
        )
    if len(found) < 2 or counts.min() < 2:
        few = ", ".join(f"{str(time)!r} has {count}" for time, count in zip(found, counts, strict=True))
        raise UserError(f"Stages need two times or more, with two cells or more each. In the column {column!r} {few}.")
    for name, own in stages.items():
        for time in own:
            if time not in found:
                raise UserError(f"No cell of stage {name!r} has the time {time!r}. {did_you_mean(time, found)}")


def study(
    encoder: "Pretrained",
    X: sp.csr_matrix,
    corrected: sp.csr_matrix,
    times: np.ndarray,
    stages: Mapping[str, Sequence[str]],
    *,
    share: float,
    seed: int,
) -> Study:
    """Embed cells before and after ComBat, name clusters by stages, and find marker genes of the stages.

    Parameters
    ----------
    encoder
        Pre-trained on the corrected cells.
    X, corrected
        (cells, genes) log1p values before and after `without_batches`.
    times
        (cells,) names.
    stages
        Times of each stage.
    share
        See `by_cluster`.

    Notes
    -----
    Clusters, maps, scores and markers are those of at most 5,000 cells, among which each time keeps its share.
    """
    cells = embeddings.sample(times, seed)
    times, after = times[cells], corrected[cells]
    found = {
        "HVGs": _hvgs(X[cells], seed),
        "HVGs after ComBat": _hvgs(after, seed),
        "scRobust after ComBat": embeddings.components(encoder.embed(after)[-1], seed=seed),
    }
    scores, points = embeddings.study(found, times, None, kind="tsne", seed=seed)
    groups = points.loc[points["embedding"] == list(found)[-1], "cluster"].to_numpy()
    named, clusters = by_cluster(groups, times, stages, share)
    compared = {"clusters": named, "times": by_time(times, stages)}
    tables = [markers(after, names, encoder.genes).assign(by=by) for by, names in compared.items()]
    return Study(scores, points, named, clusters, pd.concat(tables, ignore_index=True))


def _hvgs(X: sp.csr_matrix, seed: int) -> np.ndarray:
    return embeddings.components(X[:, highly_variable(X, _HVGS)], seed=seed)


def without_batches(X: sp.csr_matrix, times: np.ndarray, *, keep_zeros: bool) -> sp.csr_matrix:
    """Remove the differences between times by ComBat.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    times
        (cells,) the batch of each cell.
    keep_zeros
        Whether there is a zero again where there was one (ours), or what ComBat made of it (with the released variant,
        as the paper says no more than that it pre-trains on corrected data).

    Returns
    -------
    csr_matrix
        Corrected values, float32. Negative values become zero, because our encoders do not take them.

    Notes
    -----
    ComBat is dense: memory 8 bytes x cells x genes, a few times. Genes that do not vary within a time are left as they
    are: one of them would end the iterations of all.

    References
    ----------
    Johnson W.E., Li C., Rabinovic A. Adjusting batch effects in microarray expression data using empirical Bayes
    methods. Biostatistics 8, 118-127 (2007). Park S., Lee H. (2024), "Identifying drug tolerance stages".
    """
    import scanpy as sc
    from anndata import AnnData

    dense = X.toarray().astype(np.float64)
    varied = np.all([dense[times == time].std(axis=0) > 0 for time in np.unique(times)], axis=0)
    if varied.any():
        adata = AnnData(dense[:, varied].copy(), obs={"batch": pd.Categorical(times)})
        dense[:, varied] = sc.pp.combat(adata, key="batch", inplace=False)
    corrected = sp.csr_matrix(np.clip(dense, 0, None).astype(np.float32))
    return sp.csr_matrix(corrected.multiply(X > 0)) if keep_zeros else corrected


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
        Columns ``cluster, n_cells, stage``, and a share for each stage; the largest cluster first.
    """
    expected = by_time(times, stages)
    counts = pd.crosstab(pd.Series(clusters, name="cluster"), pd.Series(expected, name="time"))
    counts = counts.loc[pd.Series(clusters).value_counts().index.rename("cluster")]
    shares = counts.div(counts.sum(axis=1), axis=0).reindex(columns=list(stages), fill_value=0.0)
    stage = shares.idxmax(axis=1).where(shares.max(axis=1) > share, UNNAMED)
    table = pd.concat([counts.sum(axis=1).rename("n_cells"), stage.rename("stage"), shares], axis=1).reset_index()
    return stage.reindex(clusters).to_numpy(dtype=object), table


def markers(X: sp.csr_matrix, stages: np.ndarray, genes: np.ndarray) -> pd.DataFrame:
    """Ten genes with the lowest p-values of Welch's t-test, between each stage and the others, and between any two.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    stages
        (cells,) names; cells that are "unnamed" are left out.
    genes
        (genes,) names.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: ``against`` is a stage, or "others" where there are more than two; ``difference`` is that of
        the means, positive for genes that are higher in ``stage``. Empty where fewer than two stages have two cells.

    Notes
    -----
    Clusters were found in the same cells, so their p-values rank genes and say nothing of significance. Time and extra
    memory O(stored values).
    """
    named, counts = np.unique(stages[stages != UNNAMED].astype(str), return_counts=True)
    named = named[counts > 1]
    cells = {name: stages == name for name in named}
    pairs = [(a, b, cells[b]) for a, b in combinations(named, 2)]
    if len(named) > 2:
        known = np.isin(stages.astype(str), named)
        pairs = [(name, "others", known & ~cells[name]) for name in named] + pairs
    rows = [_lowest(X[cells[a]], X[other], genes).assign(stage=a, against=b) for a, b, other in pairs]
    return pd.concat(rows, ignore_index=True)[COLUMNS] if rows else pd.DataFrame(columns=COLUMNS)


def _lowest(a: sp.csr_matrix, b: sp.csr_matrix, genes: np.ndarray) -> pd.DataFrame:
    """Ten genes with the lowest p-values; where these are alike, as zeros are, those with the largest statistics."""
    from scipy.stats import ttest_ind_from_stats
    from sklearn.utils.sparsefuncs import mean_variance_axis

    (mean_a, var_a), (mean_b, var_b) = (mean_variance_axis(part.astype(np.float64), axis=0) for part in (a, b))
    n_a, n_b = a.shape[0], b.shape[0]
    sd_a, sd_b = np.sqrt(var_a * n_a / (n_a - 1)), np.sqrt(var_b * n_b / (n_b - 1))
    varied = np.flatnonzero(sd_a + sd_b > 0)
    of_a, of_b = ((mean[varied], sd[varied], n) for mean, sd, n in ((mean_a, sd_a, n_a), (mean_b, sd_b, n_b)))
    t, p = ttest_ind_from_stats(*of_a, *of_b, equal_var=False)
    best = np.lexsort((-np.abs(t), p))[:MARKERS]
    found = {"gene": genes[varied[best]], "rank": np.arange(1, len(best) + 1), "t": t[best], "pvalue": p[best]}
    return pd.DataFrame(found | {"difference": (mean_a - mean_b)[varied[best]]})
