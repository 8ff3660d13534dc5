"""Whether clusters of called genes lie somewhere on the tissue: Moran's I of the mean pattern of each."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.io import Prepared
from scbench.svg.structure.clusters import partition
from scbench.svg.structure.smoothing import neighbours
from scbench.svg.structure.study import RANDOM, sample


def trends(data: Prepared, sets: Mapping[str, np.ndarray], *, seed: int) -> pd.DataFrame:
    """Cluster the genes that each method calls, and measure how localised the clusters are.

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates.
    sets
        As `scbench.svg.structure.calls.gene_sets` makes them; those called ``all`` of a method are clustered. Random
        genes are clustered beside them: called ones, their values dealt to random spots.
    seed
        Decides components and clusters, and the random genes.

    Returns
    -------
    DataFrame
        ``set, cluster, n_genes, moran``: a row per cluster, the largest first. Sets of fewer than ten genes that vary
        have none. Time of `scbench.svg.structure.clusters.partition` for each set, memory O(stored values).
    """
    rng = np.random.default_rng(seed)
    X, pairs = data.X.tocsc(), neighbours(data.coords, data.obs.get("sample"))
    called = sample(np.unique(np.concatenate(list(sets.values()))), rng)
    chosen = {name: (X, genes) for name, genes in sets.items() if name.startswith("all ")}
    chosen[RANDOM] = dealt(X, called, rng), np.arange(len(called))
    tables = []
    for name, (values, genes) in chosen.items():
        found = partition(values, genes, seed=seed)
        columns = {"cluster": range(len(found.means)), "n_genes": np.bincount(found.number)}
        tables.append(pd.DataFrame(columns | {"moran": morans_i(found.means, pairs)}).assign(set=name))
    return pd.concat(tables, ignore_index=True)[["set", "cluster", "n_genes", "moran"]]


def dealt(X: sp.csc_matrix, genes: np.ndarray, rng: np.random.Generator) -> sp.csc_matrix:
    """Some columns, the values of each at random rows."""
    chosen = sp.csc_matrix(X[:, genes])
    for start, stop in zip(chosen.indptr, chosen.indptr[1:], strict=False):
        chosen.indices[start:stop] = rng.choice(X.shape[0], stop - start, replace=False)
    chosen.has_sorted_indices = False
    chosen.sort_indices()
    return chosen


def morans_i(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Moran's I of each row of (rows, spots) values over pairs of neighbours, all of the same weight.

    Examples
    --------
    >>> morans_i(np.array([[1.0, 1.0, -1.0, -1.0], [2.0, 0.0, 2.0, 0.0]]), np.array([[0, 1], [1, 2], [2, 3]]))
    array([ 0.33333333, -1.        ])
    """
    centred = values - values.mean(axis=1, keepdims=True)
    products = (centred[:, pairs[:, 0]] * centred[:, pairs[:, 1]]).mean(axis=1)
    variance = (centred**2).mean(axis=1)
    return np.divide(products, variance, out=np.zeros(len(values)), where=variance > 0)
