"""Panels of a given number of genes from a ranking, and which genes are in whose list."""

import numpy as np
import pandas as pd


def first(ranking: pd.DataFrame, n: int, classes: np.ndarray) -> np.ndarray:
    """Give the first n different genes, taken rank by rank and, of the same rank, class by class.

    Which class comes first at a rank matters only where the panel ends. It goes round, so that no class is always
    first: rank 1 starts with the first class in order, rank 2 with the second, and so on. The same for every method.

    Parameters
    ----------
    ranking
        Columns ``class``, ``gene`` and ``rank`` (1 is best); of one list for all classes every class is "".
    n
        Number of genes. Fewer are given where the ranking has fewer. Genes that a class ranks equal are not taken
        apart; as only the all-genes reference may rank so, only it may give more.
    classes
        (classes,) the question's labels, in order.

    Returns
    -------
    numpy.ndarray
        Names of the genes, in that order.

    Notes
    -----
    Time O(rows log rows). Memory: a few copies of the ranking.
    """
    rank = ranking["rank"].to_numpy()
    turn = (pd.Index(classes).get_indexer(ranking["class"]) - (rank - 1)) % len(classes)
    ordered = ranking.assign(turn=turn).sort_values(["rank", "turn"], kind="stable")
    ordered["draw"] = ordered.groupby(["rank", "turn"], sort=False).ngroup()
    different = ordered.drop_duplicates("gene")
    if len(different) > n:
        different = different[different["draw"] <= different["draw"].iloc[n - 1]]
    return different["gene"].to_numpy()


def membership(top: pd.DataFrame, classes: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """Show which genes are in which list.

    Parameters
    ----------
    top
        Rows of a ranking (`scbench.markers.lists.first_genes`).

    Returns
    -------
    numpy.ndarray
        (lists, genes) booleans. One list per class; or one in all, if the ranking is one list for all classes.
    """
    lists = [""] if len(top) and (top["class"] == "").all() else classes
    member = np.zeros((len(lists), len(genes)), dtype=bool)
    member[pd.Index(lists).get_indexer(top["class"]), pd.Index(genes).get_indexer(top["gene"])] = True
    return member
