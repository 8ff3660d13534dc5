"""The order of all genes in which scRobust takes those of a cell."""

from typing import Literal

import numpy as np
import scipy.sparse as sp

from scbench.errors import did_you_mean

KINDS = ("unique", "random", "hvg")


def gene_order(X: sp.csr_matrix, kind: Literal["unique", "random", "hvg"], seed: int) -> np.ndarray:
    """Order the genes, the preferred ones first.

    Parameters
    ----------
    X
        (cells, genes) log1p values.
    kind
        ``unique``: genes that are zero in most cells first, as in the paper ("highly unique genes"); ties in the order
        of the columns, where the authors' code leaves them to chance. ``random``: one permutation for all cells.
        ``hvg``: the largest standard deviation first.
    seed
        Of the permutation.

    Returns
    -------
    ndarray
        (genes,) columns of X.
    """
    if kind == "random":
        return np.random.default_rng(seed).permutation(X.shape[1])
    if kind == "unique":
        expressed = np.bincount(X.indices[X.data != 0], minlength=X.shape[1])
        return np.argsort(expressed, kind="stable")
    if kind == "hvg":
        data = X.data.astype(np.float64)
        sums = np.bincount(X.indices, weights=data, minlength=X.shape[1])
        squares = np.bincount(X.indices, weights=data**2, minlength=X.shape[1])
        return np.argsort(sums**2 / X.shape[0] - squares, kind="stable")
    raise ValueError(f"The 'kind' parameter must be a known order. {did_you_mean(kind, KINDS)}")
