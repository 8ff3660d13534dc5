"""Whether the markers of a class lie together in a tissue that they were not chosen from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import false_discovery_control, rankdata

from scbench.errors import UserError
from scbench.io import Prepared
from scbench.markers.lists import first_genes
from scbench.svg.moran import MoranI

COLUMNS = [
    "class", "n_markers", "n_found", "statistic", "pvalue", "qvalue", "random_mean", "random_below", "auroc", "found",
]  # fmt: skip

_NEAR = 50  # genes of about the same mean from which a random one is drawn


class Localisation(NamedTuple):
    """What `localise` finds: a table with a row per class, and (spots, classes) marker scores (NaN without markers)."""

    table: pd.DataFrame
    scores: np.ndarray


def localise(
    ranking: pd.DataFrame,
    tissue: Prepared,
    *,
    classes: Sequence[str],
    k: int = 5,
    n_random: int = 99,
    seed: int = 0,
    names: tuple[str, str] = ("the marker dataset", "the spatial dataset"),
) -> Localisation:
    """Map the marker score of each class and test it for spatial structure.

    The score of a spot is the mean, over the first `k` markers of the class that the tissue has, of their values scaled
    to mean 0 and standard deviation 1 over the spots. So each marker counts the same, however high it is expressed.

    Parameters
    ----------
    ranking
        Ranking of one method (see `scbench.contract.MarkerSelector`); empty for a run that failed.
    tissue
        Spatial dataset with log1p values, coordinates and, where they are known, labels named like the classes.
    classes
        All classes of the marker dataset. Those without markers have a row, too.
    k
        Markers per class. A global list has one row, of class "", for its first ``k * classes`` genes.
    n_random
        Random panels per class, of as many genes as were found. Each gene is one of the 50 (or 5 %) that are nearest to
        a marker in mean expression, because high genes are less noisy and so seem more localised than low ones.
    seed
        Decides the random panels.
    names
        Names of the marker dataset and of the tissue, for messages.

    Returns
    -------
    Localisation
        Columns of the table: ``n_markers`` asked for and ``n_found`` among the varying genes of the tissue, their
        names in ``found``; Moran's I of the score (``statistic``) with its one-sided ``pvalue``, and ``qvalue`` after
        Benjamini and Hochberg over the classes; mean I of the random panels (``random_mean``) and the share of them
        with a smaller I (``random_below``): where that is far from 1, any genes would do; ``auroc`` of the score for
        the cells with that label.

    Raises
    ------
    UserError
        If the tissue has none of the markers of any class, or has no coordinates.

    Notes
    -----
    `scanpy.tl.score_genes` takes the mean of the unscaled values less that of control genes, so the highest expressed
    marker decides, and the few hundred genes of an in situ assay leave no controls; here the random panels do their
    part, and in the open.

    Moran's I is that of `scbench.svg.moran.MoranI` with its default graph. Time O(stored values + classes x n_random x
    edges); memory O(stored values) and two blocks of (spots, n_random).

    References
    ----------
    Nelson M.E. et al. SMaSH: a scalable, general marker gene identification framework for single-cell RNA-sequencing.
    BMC Bioinformatics 23, 328 (2022), Fig. S4.
    Benjamini Y., Hochberg Y. Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300 (1995).
    """
    if tissue.coords is None:
        raise UserError(f"{names[1]} has no coordinates.")
    chosen = first_genes(ranking, k, len(classes))
    if len(chosen) and not np.isin(chosen["gene"], tissue.genes).any():
        raise UserError(
            f"{names[1]} has none of the markers from {names[0]}. Genes are called {_examples(tissue.genes)} in the "
            f"first and {_examples(chosen['gene'].unique())} in the second: are both of one species, named alike?"
        )
    scaled = _Scaled(tissue.X)
    rng = np.random.default_rng(seed)
    rows, scores = [], []
    for name in [""] if (chosen["class"] == "").any() else classes:
        markers = chosen.loc[chosen["class"] == name, "gene"]
        genes = pd.Index(tissue.genes).get_indexer(markers)
        genes = genes[(genes >= 0) & scaled.varies[genes]]
        row = {"class": name, "n_markers": len(markers), "n_found": len(genes), "found": ",".join(tissue.genes[genes])}
        scores.append(np.full(tissue.X.shape[0], np.nan))
        if len(genes):
            scores[-1] = scaled.means(genes[None])[:, 0]
            row |= _structure(scores[-1], scaled.means(scaled.alike(genes, n_random, rng)), tissue.coords)
            row["auroc"] = np.nan if tissue.labels is None else auroc(scores[-1], tissue.labels == name)
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    tested = table["pvalue"].notna()
    if tested.any():
        table.loc[tested, "qvalue"] = false_discovery_control(table.loc[tested, "pvalue"])
    return Localisation(table, np.column_stack(scores))


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive has a higher score than a negative, ties counting one half; NaN without either.

    Examples
    --------
    >>> auroc(np.array([3.0, 1.0, 2.0, 1.0]), np.array([True, False, False, True]))
    0.625
    """
    n = positive.sum()
    pairs = n * (len(positive) - n)
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / pairs) if pairs else np.nan


class _Scaled:
    """Means over panels of the scaled values of genes, without scaling the matrix."""

    def __init__(self, X: sp.csr_matrix) -> None:
        self.X = X.tocsc().astype(np.float64)
        self.mean = np.asarray(self.X.mean(axis=0)).ravel()
        squares = np.asarray(self.X.multiply(self.X).mean(axis=0)).ravel()
        variance = squares - self.mean**2
        self.varies = variance > 1e-12 * squares
        self.sd = np.sqrt(np.where(self.varies, variance, 1))

    def means(self, panels: np.ndarray) -> np.ndarray:
        """(spots, panels) means over (panels, genes of a panel)."""
        n, size = panels.shape
        weights = (1 / (size * self.sd))[panels].ravel()
        W = sp.csc_matrix((weights, panels.ravel(), np.arange(0, n * size + 1, size)), (self.X.shape[1], n))
        return (self.X @ W).toarray() - (self.mean / self.sd)[panels].mean(axis=1)

    def alike(self, genes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n, genes) random varying genes, each with about the mean of the gene that it stands for."""
        order = np.flatnonzero(self.varies)
        order = order[np.argsort(self.mean[order], kind="stable")]
        near = min(len(order), max(_NEAR, len(order) // 20))
        place = np.empty(len(self.mean), dtype=int)
        place[order] = np.arange(len(order))
        start = np.clip(place[genes] - near // 2, 0, len(order) - near)
        return order[start + rng.integers(near, size=(n, len(genes)))]


def _structure(score: np.ndarray, random: np.ndarray, coords: np.ndarray) -> dict[str, float]:
    """Moran's I of a score and of those of random panels."""
    table = MoranI().fit(sp.csr_matrix(np.column_stack([score, random])), coords, seed=0).table_
    own, others = table["statistic"].iloc[0], table["statistic"].iloc[1:]
    found = {"statistic": own, "pvalue": table["pvalue"].iloc[0]}
    return found | {"random_mean": others.mean(), "random_below": float((others < own).mean())}


def _examples(names: np.ndarray) -> str:
    return ", ".join(map(str, names[:3]))
