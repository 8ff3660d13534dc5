"""Where clusters of called genes lie: Moran's I of the mean pattern of each, and the layers of its genes."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.io import Prepared
from scbench.svg.structure.clusters import Partition, partition
from scbench.svg.structure.reconstruct import layers_of
from scbench.svg.structure.smoothing import neighbours
from scbench.svg.structure.study import RANDOM, sample

_MOST_RANDOM = 1000  # genes


class Trends(NamedTuple):
    """Where clusters of genes lie.

    Attributes
    ----------
    table
        ``set, cluster, n_genes, moran``: a row per cluster, the largest first. Sets of fewer than ten genes that vary
        have none.
    layers
        ``set, cluster, n_genes, layer, n_highest, n_lowest``: for each cluster and annotated layer the number of genes
        whose mean is highest, or lowest, there. Empty without annotation.
    """

    table: pd.DataFrame
    layers: pd.DataFrame


def trends(data: Prepared, sets: Mapping[str, np.ndarray], *, seed: int) -> Trends:
    """Cluster the genes that each method calls, and measure how localised the clusters are.

    Parameters
    ----------
    data
        Dataset with log1p values and coordinates; annotated layers (`labels`) are used where there are any.
    sets
        As `scbench.svg.structure.calls.gene_sets` makes them; those called ``all`` of a method are clustered. Random
        genes are clustered beside them: called ones, their values dealt to random spots.
    seed
        Decides components and clusters, and the random genes.

    Notes
    -----
    Time of `scbench.svg.structure.clusters.partition` for each set, memory O(stored values).
    """
    rng = np.random.default_rng(seed)
    X, pairs = data.X.tocsc(), neighbours(data.coords, data.obs.get("sample"))
    called = sample(np.unique(np.concatenate(list(sets.values()))), _MOST_RANDOM, rng)
    chosen = {name: (X, genes) for name, genes in sets.items() if name.startswith("all ")}
    chosen[RANDOM] = dealt(X, called, rng), np.arange(len(called))
    annotated = layers_of(data.labels)
    tables, layers = [], [pd.DataFrame(columns=["set", "cluster", "n_genes", "layer", "n_highest", "n_lowest"])]
    for name, (values, genes) in chosen.items():
        found = partition(values, genes, seed=seed)
        columns = {"cluster": range(len(found.means)), "n_genes": np.bincount(found.number)}
        tables.append(pd.DataFrame({"set": name} | columns | {"moran": morans_i(found.means, pairs)}))
        if annotated is not None and len(found.genes):
            layers.append(_in_layers(values, found, *annotated).assign(set=name)[layers[0].columns])
    return Trends(*(pd.concat(parts, ignore_index=True) for parts in (tables, layers)))


def _in_layers(X: sp.csc_matrix, found: Partition, names: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
    """Count the genes of each cluster by the layer in which their mean is highest, and lowest."""
    inside = np.eye(len(names))[codes[codes >= 0]]
    means = (X[codes >= 0][:, found.genes].T @ inside) / inside.sum(axis=0)  # (genes, layers)
    size = np.bincount(found.number)
    counts = {}
    for column, layer in (("n_highest", means.argmax(axis=1)), ("n_lowest", means.argmin(axis=1))):
        counts[column] = np.zeros((len(size), len(names)), dtype=int)
        np.add.at(counts[column], (found.number, layer), 1)
    table = pd.DataFrame({name: count.ravel() for name, count in counts.items()})
    number = np.repeat(np.arange(len(size)), len(names))
    return table.assign(cluster=number, n_genes=size[number], layer=np.tile(names, len(size)))


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
