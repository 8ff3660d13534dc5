"""Second stage: keep the genes with the largest loadings on the leading principal components."""

from collections.abc import Iterator

import numpy as np
import scipy.linalg
import scipy.sparse as sp

_BLOCK_VALUES = 2**24  # float64 values of a dense block: 128 MB
_CONSTANT = 1e-9  # standard deviation below which a gene is constant


def inverse_pca(
    X: sp.csr_matrix, *, variance: float = 0.8, top: int = 20, clip: float | None = 10.0
) -> tuple[np.ndarray, int]:
    """Select genes by their loadings.

    Genes are centred and scaled to unit variance, values above `clip` standard deviations are cut off, and genes are
    scaled again, as the released code does on its way. The components are exact: eigenvectors of the correlations of
    the genes, or of the cells where there are fewer of those.

    Parameters
    ----------
    X
        (cells, genes) values, none of them negative.
    variance
        The leading components that together explain more than this share of the variance are looked at; the one that
        crosses it is the last.
    top
        Genes taken from each component.
    clip
        None not to cut off.

    Returns
    -------
    genes
        Sorted indices of the genes.
    components
        Number of components looked at.

    Notes
    -----
    Time O(cells x genes^2 + min(cells, genes)^3), memory O(min(cells, genes)^2) and dense blocks of 128 MB.

    References
    ----------
    Nelson et al. 2022, Methods, "inverse PCA"; smashpy 0.1.2, ``scale_filter_features``.
    """
    mean, deviation = moments(X)
    cap = np.full(X.shape[1], np.inf) if clip is None else mean + clip * deviation
    varying = np.flatnonzero(deviation > _CONSTANT)
    if not len(varying):
        return varying, 0
    if len(varying) < X.shape[1]:
        X, cap = X[:, varying], cap[varying]
    values, loadings = (_of_genes if X.shape[1] <= X.shape[0] else _of_cells)(X, cap)
    share = np.cumsum(values) / values.sum()
    components = min(int(np.searchsorted(share, variance, side="right")) + 1, len(values))
    top = min(top, len(varying))
    kept = np.argpartition(np.abs(loadings(components)), -top, axis=0)[-top:]
    return varying[np.unique(kept)], components


def moments(X: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (of a sample: n - 1) of each gene, from stored values alone.

    Notes
    -----
    Memory: 8 bytes per stored value for a moment.
    """
    n, p = X.shape
    total = np.bincount(X.indices, weights=X.data, minlength=p)
    square = np.bincount(X.indices, weights=np.square(X.data, dtype=np.float64), minlength=p)
    mean = total / n
    return mean, np.sqrt(np.maximum(square - n * mean**2, 0) / max(n - 1, 1))


def _of_genes(X: sp.csr_matrix, cap: np.ndarray) -> tuple:
    """Variances of the components, and loadings as a function of their number, from the genes' correlations."""
    n, p = X.shape
    products, total = np.zeros((p, p)), np.zeros(p)
    for block in _dense(X, _BLOCK_VALUES // p):
        np.minimum(block, cap, out=block)
        products += block.T @ block
        total += block.sum(axis=0)
    mean = total / n
    products /= n
    products -= np.outer(mean, mean)
    deviation = np.sqrt(np.diagonal(products))
    products /= np.outer(deviation, deviation)
    values, vectors = scipy.linalg.eigh(products, overwrite_a=True, check_finite=False)
    return np.maximum(values[::-1], 0), lambda components: vectors[:, ::-1][:, :components]


def _of_cells(X: sp.csr_matrix, cap: np.ndarray) -> tuple:
    """The same from the products of the cells; loadings then differ by a factor for each component."""
    n, p = X.shape
    genes = sp.csr_matrix(X.T)

    def scaled() -> Iterator[np.ndarray]:
        done = 0
        for block in _dense(genes, _BLOCK_VALUES // n):
            np.minimum(block, cap[done : done + len(block), None], out=block)
            done += len(block)
            block -= block.mean(axis=1, keepdims=True)
            block /= block.std(axis=1, keepdims=True)
            yield block

    products = np.zeros((n, n))
    for block in scaled():
        products += block.T @ block
    values, vectors = scipy.linalg.eigh(products / p, overwrite_a=True, check_finite=False)
    leading = vectors[:, ::-1]
    return np.maximum(values[::-1], 0), lambda components: np.vstack([b @ leading[:, :components] for b in scaled()])


def _dense(X: sp.csr_matrix, rows: int) -> Iterator[np.ndarray]:
    for start in range(0, X.shape[0], max(rows, 1)):
        yield X[start : start + max(rows, 1)].toarray().astype(np.float64, copy=False)
