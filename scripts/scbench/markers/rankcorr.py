"""RankCorr: correlation of a gene's ranks with a class."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import UserError
from scbench.markers._ranks import RankSums, rank_sums
from scbench.markers._table import rank_per_class


class RankCorr(MarkerSelector):
    """Rank genes by the inner product of their standardised ranks with the sign of a class.

    Parameters
    ----------
    lamb
        Sparsity: the square of the largest 1-norm of a class's unit vector of weights, at least 1. A class then keeps
        the genes with a weight, somewhat more than `lamb` of them, and at most `n_genes`. None keeps `n_genes`.
    signed
        Whether only genes that are higher in the class count. RankCorr takes absolute values: a gene that is missing in
        a class marks it as well.
    n_genes
        Genes kept per class. Genes without any correlation are left out.

    Attributes
    ----------
    coefficients_
        (genes, classes) inner products; 0 for a constant gene.

    Notes
    -----
    For gene g with average ranks standardised over the cells to z_g, and tau = 1 in the class and -1 elsewhere, the
    coefficient is <tau, z_g>. The weights w maximise <c, w> under ||w||_2 <= 1 and ||w||_1 <= sqrt(lamb), so they are
    the soft-thresholded c; as in the released code the threshold is the first of the sorted |c| at which the 1-norm
    binds. Where it binds at none (few genes, large `lamb`) every gene with a coefficient keeps a weight; the released
    code stops with an IndexError.

    Within a class the coefficient is a constant times the z-score of the rank-sum test with tie correction. So
    ``signed=True`` without `lamb` ranks genes exactly as that test does.

    Time O(stored values + genes x classes x log(genes)). Memory: a column-wise copy of X and four matrices of genes x
    classes. Deterministic.

    References
    ----------
    Vargo A.H.S., Gilbert A.C. A rank-based marker selection method for high throughput scRNA-seq data. BMC
    Bioinformatics 21, 477 (2020); ``Rocks.CSrankMarkers`` of the released code.
    """

    def __init__(self, *, lamb: float | None = None, signed: bool = False, n_genes: int = 300) -> None:
        self.lamb = lamb
        self.signed = signed
        self.n_genes = n_genes

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "RankCorr":
        """Rank genes from values on any scale; see `scbench.contract.MarkerSelector`."""
        if self.lamb is not None and not self.lamb >= 1:
            raise UserError(f"RankCorr: the 'lamb' parameter must be at least 1 or None. Got {self.lamb!r} instead.")
        codes, classes = pd.factorize(labels, sort=True)
        self.coefficients_ = coefficients(rank_sums(X, codes, len(classes)))
        strength = self.coefficients_.clip(min=0) if self.signed else np.abs(self.coefficients_)
        table = rank_per_class(strength, genes, classes, self.n_genes)
        kept = table["score"] > 0
        if self.lamb is not None:
            sizes = pd.Series(support_sizes(strength, self.lamb), index=classes)
            kept &= table["rank"] <= table["class"].map(sizes)
        self.ranking_ = table[kept].reset_index(drop=True)
        return self


def coefficients(ranks: RankSums) -> np.ndarray:
    """Inner products of standardised ranks with classes, (genes, classes).

    Standardised ranks sum to 0, so what a class lacks the other cells have: <tau, z> is twice the sum over the class.
    """
    deviation = np.sqrt(ranks.variance)[:, None]
    return np.divide(2 * ranks.centred, deviation, out=np.zeros_like(ranks.centred), where=deviation > 0)


def support_sizes(strength: np.ndarray, lamb: float) -> np.ndarray:
    """Count the genes that keep a weight in each class.

    Parameters
    ----------
    strength
        (genes, classes) absolute coefficients.
    lamb
        Square of the largest 1-norm of a unit vector.

    Returns
    -------
    ndarray
        (classes,) number of genes above the threshold.

    Notes
    -----
    Lowering the threshold from one sorted coefficient to the next, by d, adds d to each of the j weights above it: the
    1-norm grows by j d and the squared 2-norm by 2 d ||w||_1 + j d^2. Sums of these terms do not cancel.
    """
    levels = np.vstack([-np.sort(-strength, axis=0), np.zeros((1, strength.shape[1]))])
    step = -np.diff(levels, axis=0)
    added = np.arange(1, len(levels))[:, None] * step
    norm_1 = np.cumsum(added, axis=0)
    norm_2 = np.sqrt(np.cumsum(step * (2 * (norm_1 - added) + added), axis=0))
    binds = norm_1 > np.sqrt(lamb) * norm_2
    first = np.where(binds.any(axis=0), binds.argmax(axis=0) + 1, -1)
    return (strength > np.take_along_axis(levels, first[None], axis=0)).sum(axis=0)
