"""How specific the chosen markers are: their expression in their own class and outside."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.errors import UserError
from scbench.markers.lists import first_genes
from scbench.markers.profiles import class_fractions, class_means, tau

COLUMNS = [
    "method", "class", "rank", "gene", "mean", "mean_next", "next_class", "share", "share_outside", "tau", "own_list",
]  # fmt: skip


def specificity(
    X: sp.csr_matrix,
    labels: np.ndarray,
    genes: np.ndarray,
    rankings: Mapping[str, pd.DataFrame],
    *,
    k: int = 5,
) -> pd.DataFrame:
    """Describe the first markers of each method.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    labels
        (cells,) class of each cell.
    genes
        (genes,) unique names.
    rankings
        For each method, of which there is at least one, its ranking (see `scbench.contract.MarkerSelector`). A method
        with an empty table, which a failed run leaves, has one row without values.
    k
        Markers per class.

    Returns
    -------
    pandas.DataFrame
        A row per method, class and marker with ``COLUMNS``: the mean in the class (``mean``); the highest mean of
        another class and its name (``mean_next``, ``next_class``); the share of cells that express the marker in the
        class and in all others together (``share``, ``share_outside``); ``tau`` of the means, 1 for a gene of one class
        only. A marker from a global list has no class of its own: it is given to the class with its highest mean,
        and ``own_list`` is False.

    Raises
    ------
    UserError
        If a ranking has a gene or a class that the data lack.

    Notes
    -----
    Two products of the class indicator with X: time O(stored values), memory a copy of the stored values and
    O(classes x genes).

    References
    ----------
    Yanai I. et al. Genome-wide midrange transcription profiles reveal expression level relationships in human tissue
    specification. Bioinformatics 21, 650-659 (2005).
    """
    classes, sizes = np.unique(labels, return_counts=True)
    chosen = [first_genes(table, k, len(classes)).assign(method=method) for method, table in rankings.items()]
    chosen = pd.concat([part for part in chosen if len(part)] or chosen, ignore_index=True)
    means, shares = class_means(X, labels, classes), class_fractions(X, labels, classes)
    gene = pd.Index(genes).get_indexer(chosen["gene"])
    _check("gene", chosen["gene"], gene)
    own_list = (chosen["class"] != "").to_numpy()
    own = np.where(own_list, pd.Index(classes).get_indexer(chosen["class"]), means[:, gene].argmax(axis=0))
    _check("class", chosen["class"], own)
    others = means[:, gene]
    others[own, np.arange(len(gene))] = -np.inf
    following = others.argmax(axis=0)
    alone = len(classes) < 2
    outside = sizes.sum() - sizes[own]
    expressing = np.rint(shares * sizes[:, None])[:, gene]
    elsewhere = expressing.sum(axis=0) - expressing[own, np.arange(len(gene))]
    values = {
        "class": classes[own],
        "mean": means[own, gene],
        "mean_next": np.nan if alone else others[following, np.arange(len(gene))],
        "next_class": "" if alone else classes[following],
        "share": shares[own, gene],
        "share_outside": np.where(outside > 0, elsewhere / np.maximum(outside, 1), np.nan),
        "tau": tau(means)[gene],
        "own_list": own_list,
    }
    table = pd.DataFrame({"method": list(rankings)}).merge(chosen.assign(**values)[COLUMNS], how="left", on="method")
    return table.astype({"rank": "Int64", "own_list": "boolean"})


def _check(what: str, names: pd.Series, places: np.ndarray) -> None:
    if (places < 0).any():
        raise UserError(f"The {what} {names[places < 0].iloc[0]!r} of a ranking is not in the data.")
