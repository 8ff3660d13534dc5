"""Clusters of called genes by their spatial pattern."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.svg.structure.components import components, moments
from scbench.svg.structure.reconstruct import choose_k

FEWEST = 10  # genes, below which clusters say nothing


class Clusters(NamedTuple):
    """Clusters of genes.

    Attributes
    ----------
    table
        ``gene`` (place among all genes), ``cluster`` from 0 (the largest), ``x`` and ``y`` of the map, and ``typical``:
        the cosine of gene and centre of its cluster.
    means
        (clusters, spots) mean of the standardised values of the genes of each cluster.
    """

    table: pd.DataFrame
    means: np.ndarray


def cluster(X: sp.csc_matrix, genes: np.ndarray, *, seed: int) -> Clusters:
    """Cluster genes by where they are high, and map them in two dimensions.

    Each gene is the direction of its correlations with the first ten principal components of the standardised genes;
    so a gene with noise and one without are near if their patterns are alike. Clusters are those of k-means, as many as
    have the largest mean silhouette; the map is UMAP's.

    Parameters
    ----------
    X
        (spots, all genes) log1p values.
    genes
        Columns of the called genes.
    seed
        Decides components, clusters and map.

    Returns
    -------
    Clusters
        Empty where fewer than ten of the genes vary.

    Notes
    -----
    The paper clusters by the same idea (Fig. 3b). The Leiden algorithm, which is usual with UMAP, would need packages
    beyond those of the workflow and a resolution in place of the number of clusters.

    Time O(stored values of the genes + genes log(genes)), beside about ten seconds in which UMAP is compiled.
    """
    from umap import UMAP

    found = partition(X, genes, seed=seed)
    if not len(found.genes):
        return Clusters(pd.DataFrame(columns=["gene", "cluster", "x", "y", "typical"]), found.means)
    place = UMAP(n_neighbors=min(15, len(found.genes) - 1), metric="cosine", random_state=seed, n_jobs=1)
    x, y = place.fit_transform(found.directions).T
    columns = {"gene": found.genes, "cluster": found.number, "x": x, "y": y, "typical": found.typical}
    return Clusters(pd.DataFrame(columns), found.means)


class Partition(NamedTuple):
    """Genes in clusters.

    Attributes
    ----------
    genes
        Columns of those that vary; none where they are fewer than ten.
    number
        (genes,) clusters from 0, the largest.
    directions
        (genes, components) unit vectors that were clustered.
    typical
        (genes,) cosine of gene and centre of its cluster.
    means
        (clusters, spots) mean of the standardised values of the genes of each cluster.
    """

    genes: np.ndarray
    number: np.ndarray
    directions: np.ndarray
    typical: np.ndarray
    means: np.ndarray


def partition(X: sp.csc_matrix, genes: np.ndarray, *, seed: int) -> Partition:
    """Cluster genes by where they are high, as `cluster` does, without a map."""
    from sklearn.cluster import KMeans

    _, directions, kept = components(X, genes, seed=seed)
    if len(kept) < FEWEST:
        none = np.empty(0, dtype=int)
        return Partition(none, none, directions[:0], np.empty(0), np.empty((0, X.shape[0])))
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / np.maximum(length, 1e-12)
    k = choose_k(directions, seed=seed)
    found = KMeans(k, n_init=20, random_state=seed).fit(directions)
    number = np.argsort(np.argsort(-np.bincount(found.labels_, minlength=k), kind="stable"))[found.labels_]
    centres = found.cluster_centers_[found.labels_]
    typical = (directions * centres).sum(axis=1) / np.linalg.norm(centres, axis=1)
    return Partition(kept, number, directions, typical, _means(X, kept, number, k))


def _means(X: sp.csc_matrix, genes: np.ndarray, number: np.ndarray, k: int) -> np.ndarray:
    """(clusters, spots) means of standardised values, without standardising the matrix."""
    values = X[:, genes].astype(np.float64)
    mean, sd, _ = moments(values)
    size = np.bincount(number, minlength=k)
    weights = sp.csc_array((1 / (sd * size[number]), (np.arange(len(genes)), number)), shape=(len(genes), k))
    offset = np.bincount(number, mean / (sd * size[number]), minlength=k)
    return (sp.csr_array(values) @ weights).toarray().T - offset[:, None]
