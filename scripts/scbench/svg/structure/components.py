"""Main patterns of a set of genes: principal components of their standardised values."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp


class Components(NamedTuple):
    """Main patterns of a set of genes.

    Attributes
    ----------
    spots
        (spots, components) scores.
    genes
        (genes, components) correlation of each gene with each component.
    kept
        (genes,) columns of the matrix that the rows of `genes` are: those of the set that vary.
    """

    spots: np.ndarray
    genes: np.ndarray
    kept: np.ndarray


def moments(X: sp.csc_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, and whether it varies."""
    mean = np.asarray(X.mean(axis=0)).ravel()
    squares = np.asarray(X.multiply(X).mean(axis=0)).ravel()
    variance = squares - mean**2
    varies = variance > 1e-12 * squares
    return mean, np.sqrt(np.where(varies, variance, 1)), varies


def components(X: sp.csc_matrix, genes: np.ndarray, *, n: int = 10, seed: int = 0) -> Components:
    """Find the principal components of some genes, each scaled to mean 0 and standard deviation 1 over the spots.

    Parameters
    ----------
    X
        (spots, all genes) log1p values.
    genes
        Columns of the set.
    n
        Number of components; fewer where there are fewer genes or spots.
    seed
        Start of the iterations.

    Returns
    -------
    Components
        Empty in its second dimension if none of the genes varies.

    Notes
    -----
    The values stay sparse (centred implicitly): time O(n x stored values), memory O(stored values of the set).
    """
    from sklearn.decomposition import PCA

    values = X[:, genes].astype(np.float64)
    _, sd, varies = moments(values)
    kept = np.asarray(genes)[varies]
    n = min(n, len(kept), X.shape[0] - 1)
    if n < 1:
        return Components(np.empty((X.shape[0], 0)), np.empty((len(kept), 0)), kept)
    scaled = sp.csr_matrix(values[:, varies] @ sp.diags_array(1 / sd[varies]))
    if n == min(scaled.shape):
        pca = PCA(n, svd_solver="full")
        scaled = scaled.toarray()  # of n columns
    else:
        pca = PCA(n, svd_solver="arpack", random_state=seed)
    spots = pca.fit_transform(scaled)
    return Components(spots, pca.components_.T * np.sqrt(pca.explained_variance_ * (1 - 1 / len(spots))), kept)
