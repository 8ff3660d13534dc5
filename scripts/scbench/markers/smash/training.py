"""From a sparse matrix to what a classifier learns from: the stages before it, one after the other."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from scbench.errors import InvalidOutputError, UserError
from scbench.markers.sampling import stratified
from scbench.markers.smash.filters import filter_genes
from scbench.markers.smash.inverse_pca import inverse_pca
from scbench.markers.smash.settings import Settings
from scbench.markers.smash.values import classifier_values


class Training(NamedTuple):
    """What a classifier learns from.

    Attributes
    ----------
    X
        (cells, kept genes) float32 values.
    y
        (cells,) class numbers.
    classes, genes
        Names.
    rng
        State of all further random choices.
    """

    X: np.ndarray
    y: np.ndarray
    classes: np.ndarray
    genes: np.ndarray
    rng: np.random.Generator


def checked(X: sp.csr_matrix | np.ndarray, labels: np.ndarray) -> sp.csr_matrix:
    """Check the input, and give it as CSR.

    Raises
    ------
    UserError
        If a value is negative, or there is one class only.
    """
    X = sp.csr_matrix(X)
    if X.nnz and X.data.min() < 0:
        raise UserError(f"SMaSH needs log1p values, none of them negative. Got {X.data.min()}.")
    if len(classes := np.unique(labels)) < 2:
        raise UserError(f"SMaSH needs cells of at least two classes. Got {classes.tolist()}.")
    return X


def training(
    X: sp.csr_matrix,
    labels: np.ndarray,
    genes: np.ndarray,
    species: str | None,
    choices: Settings,
    *,
    seed: int,
    samples: np.ndarray | None = None,
) -> Training:
    """Filter genes, keep those with large loadings, and take their values.

    Raises
    ------
    InvalidOutputError
        If no gene passes the filters, or those that do are constant.
    """
    classes, y = np.unique(labels, return_inverse=True)
    passed = filter_genes(X, labels, genes, species, choices)
    loaded, _ = inverse_pca(X[:, passed], variance=choices.variance, top=choices.top_loadings)
    if not len(loaded):
        raise InvalidOutputError(f"none of the {len(genes)} genes passes SMaSH's filters")
    kept = passed[loaded]
    rng = np.random.default_rng(seed)
    cells = stratified(y, choices.most_cells, rng)
    samples = samples if choices.harmony else None
    return Training(
        classifier_values(X, kept, cells, scale=choices.scale, samples=samples), y[cells], classes, genes[kept], rng
    )
