"""Last stages: score genes for each class, rank them again by a test, and check the samples."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.markers._ranks import rank_sums
from scbench.markers._table import rank_per_class
from scbench.markers.profiles import class_fractions
from scbench.markers.wilcoxon import z_scores


def mean_times_importance(X: np.ndarray, y: np.ndarray, n_classes: int, importance: np.ndarray) -> np.ndarray:
    """Score genes by their mean in a class times their importance over all classes, (genes, classes).

    References
    ----------
    smashpy 0.1.2, ``gini_importance`` with ``restrict_top=("local", k)``.
    """
    total = np.zeros((n_classes, X.shape[1]))
    np.add.at(total, y, X)
    mean = total / np.maximum(np.bincount(y, minlength=n_classes), 1)[:, None]
    return (mean * importance).T


def rank_again(
    ranking: pd.DataFrame, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, top: int, fraction: float = 0.3
) -> pd.DataFrame:
    """Rank the pooled top genes of all classes by a rank-sum test of each class against all other cells.

    Parameters
    ----------
    ranking
        As a `scbench.contract.MarkerSelector` gives it.
    X, labels, genes
        (cells, genes) log1p values with their labels and gene names.
    top
        Genes of each class that are pooled.
    fraction
        Least share of a class's cells that express its markers. A class may end with fewer genes, even none.

    References
    ----------
    smashpy 0.1.2, ``sort_and_plot``.
    """
    pooled = np.flatnonzero(np.isin(genes, ranking.loc[ranking["rank"] <= top, "gene"]))
    X, genes = X[:, pooled], genes[pooled]
    classes, y = np.unique(labels, return_inverse=True)
    z = z_scores(rank_sums(X, y, len(classes)), tie_correct=False)
    table = rank_per_class(z, genes, classes, len(genes))
    rows, columns = pd.Index(classes).get_indexer(table["class"]), pd.Index(genes).get_indexer(table["gene"])
    return ranks_from_order(table[class_fractions(X, labels, classes)[rows, columns] >= fraction])


def in_most_samples(
    ranking: pd.DataFrame,
    X: sp.csr_matrix,
    labels: np.ndarray,
    genes: np.ndarray,
    samples: np.ndarray,
    *,
    share: float = 0.7,
    fraction: float = 0.3,
) -> pd.DataFrame:
    """Keep a marker only if it marks its class in most of the samples that have cells of the class.

    Parameters
    ----------
    samples
        (cells,) sample of each cell.
    share
        Least share of the samples.
    fraction
        A sample has the marker if at least this share of its cells of the class express it. The paper asks for markers
        "distributed uniformly" and leaves the measure open.

    References
    ----------
    Nelson et al. 2022, Methods, "ranking and heterogeneity". The released code lacks this step.
    """
    kept = []
    for name, rows in ranking.groupby("class", sort=False):
        own = labels == name
        columns = pd.Index(genes).get_indexer(rows["gene"])
        fractions = class_fractions(X[own][:, columns], samples[own], np.unique(samples[own]))
        kept.append(rows[(fractions >= fraction).mean(axis=0) >= share])
    return ranks_from_order(pd.concat(kept))


def ranks_from_order(table: pd.DataFrame) -> pd.DataFrame:
    """Number the genes of each class anew, in their order."""
    return table.assign(rank=table.groupby("class", sort=False).cumcount() + 1).reset_index(drop=True)
