"""trendSceek: four mark statistics against permuted marks."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from scbench.contract import SpatialTest
from scbench.errors import SkipRunError, UserError
from scbench.svg.graph import check_coords
from scbench.svg.trendsceek.curves import STATISTICS, MarkCurves
from scbench.svg.trendsceek.envelope import permutation_test
from scbench.svg.trendsceek.variable import most_variable

_BLOCK_BYTES = 64 * 2**20


class TrendSceek(SpatialTest):
    """Test whether the marks of pairs of spots depend on their distance, by four statistics.

    Marks are log(1 + counts scaled to equal totals). Their four curves over distance (`MarkCurves`) are compared with
    those of permuted marks (`envelope`).

    Parameters
    ----------
    n_permutations
        Permutations of the marks at most; the authors' analyses have 10,000. No p-value of a statistic is below
        1 / (n_permutations + 1), none of a gene below four times that: with 999, Benjamini and Hochberg at 5 % over
        1,000 genes call none unless 80 genes or more have the least p-value.
    early_stop
        Whether to give up genes after 10, 100, ... permutations if their p-values are large, as the authors' software
        does (see `permutation_test`).
    n_variable
        Test only so many genes, chosen as in the published analyses (500 there; see `most_variable`). The others have
        p = NaN and come last. None tests all genes.
    max_spots
        More spots are refused: there are up to 1,000 pairs for each.

    Attributes
    ----------
    table_
        ``pvalue`` is the smallest of the gene's four p-values times 4 (Bonferroni), at most 1; ``qvalue`` is the
        authors' rule: Benjamini and Hochberg for each statistic, then the smallest of the four. ``statistic`` is the
        deviation from the null mean over the largest of any permutation, for the statistic with the smallest p-value.
        ``score`` is the gene's place (0 is last) by smallest p-value, then by ``statistic``, as the authors rank. A
        gene with the same count everywhere has ``statistic`` 0 and p = 1.
    extras_
        ``statistics``: the four names; ``pvalues``: (genes, 4) p-values.

    Raises
    ------
    SkipRunError
        For more than `max_spots` spots, coordinates that are not in a plane, spots on one line along an axis, or none
        within reach of each other.

    Notes
    -----
    Calibration: the envelope takes each order statistic's largest value over the distances, not the order statistics
    of the largest value, which makes p-values too small in principle. But deviations are not scaled by their spread, so
    that the shortest distances, with few pairs, decide. Measured on 500 genes of seqFISH field 43 (131 spots), each
    permuted by itself, and on 500 negative binomial genes (250 spots): each statistic has p < 0.05 in 3 to 6 % of the
    genes, the four together (Bonferroni) in 2.4 and 3.2 %, and the authors' rule calls none.

    Power, for the same reason, is low where spots lie anywhere: of 50 genes with folds of 1.5 to 3 among 800 such
    spots, markvario has p < 0.05 for 13, the others for 1 to 7. Scaled deviations in the same envelope would find 30 to
    45, but also a third of the negative binomial genes above. On a lattice there are no such distances.

    Deviations from the package: the curves are made from binned distances; all genes have the same permutations;
    spots are scaled to equal totals (DESeq's size factors there). The answer does not depend on the order of spots,
    which are first sorted by place, nor on that of the genes.

    Time O(pairs + 513 spots + 513^2) for each permutation of a gene: 0.05, 0.2 and 11 ms of 250, 1,000 and 10,000
    spots. Without a pattern most genes stop after 10 or 100. Memory as in `MarkCurves`, and (spots + 4,104) x
    permutations numbers.

    References
    ----------
    Edsgard D., Johnsson P., Sandberg R. Identification of spatial expression trends in single-cell gene expression
    data. Nature Methods 15, 339-342 (2018); package trendsceek 1.0.0.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> rng = np.random.default_rng(0)
    >>> coords = rng.random((150, 2))
    >>> X = rng.poisson(5, (150, 20))
    >>> X[:, 7] += rng.poisson(10, 150) * (coords[:, 0] < 0.5)
    >>> int(TrendSceek(n_permutations=99).fit(sp.csr_matrix(X), coords, seed=0).table_["score"].idxmax())
    7
    """

    def __init__(
        self,
        *,
        n_permutations: int = 999,
        early_stop: bool = True,
        n_variable: int | None = None,
        max_spots: int = 10_000,
    ) -> None:
        self.n_permutations = n_permutations
        self.early_stop = early_stop
        self.n_variable = n_variable
        self.max_spots = max_spots

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "TrendSceek":
        """Test the genes of counts; see `scbench.contract.SpatialTest`."""
        if self.n_permutations < 1:
            raise UserError(f"The 'n_permutations' parameter must be at least 1. Got {self.n_permutations} instead.")
        coords = self._plane(check_coords(coords, X.shape[0]))
        order = np.lexsort(coords.T)
        curves, X = MarkCurves(coords[order]), X[order]
        scaled = _equal_totals(X)
        tested = np.full(X.shape[1], True) if self.n_variable is None else most_variable(X, scaled, self.n_variable)
        permutations = np.tile(np.arange(X.shape[0]), (self.n_permutations, 1))
        np.random.default_rng(seed).permuted(permutations, axis=1, out=permutations)
        stop_above = (0.02 if tested.sum() >= 500 else 0.2) if self.early_stop else None

        pvalues, deviation = np.ones((len(STATISTICS), X.shape[1])), np.zeros((len(STATISTICS), X.shape[1]))
        varying, width = np.flatnonzero(tested & _varies(X)), max(1, _BLOCK_BYTES // (8 * X.shape[0]))
        scaled = scaled.tocsc()
        for genes in np.split(varying, range(width, len(varying), width)):
            marks = np.log1p(scaled[:, genes].toarray())
            pvalues[:, genes], deviation[:, genes] = permutation_test(curves, marks, permutations, stop_above)
        self.table_ = _table(pvalues, deviation, tested)
        self.extras_ = {"statistics": np.array(STATISTICS), "pvalues": np.where(tested, pvalues, np.nan).T}
        return self

    def _plane(self, coords: np.ndarray) -> np.ndarray:
        n, dimensions = coords.shape
        if dimensions != 2:
            raise SkipRunError(f"trendSceek is defined in the plane. Got coordinates in {dimensions} dimensions.")
        if n > self.max_spots:
            raise SkipRunError(f"trendSceek holds all pairs of near spots: at most {self.max_spots} spots. Got {n}.")
        return coords


def _equal_totals(counts: sp.csr_matrix) -> sp.csr_matrix:
    totals = np.asarray(counts.sum(axis=1, dtype=float)).ravel()
    return (sp.diags_array(np.median(totals) / np.maximum(totals, 1)) @ counts).tocsr()


def _varies(counts: sp.csr_matrix) -> np.ndarray:
    return counts.max(axis=0).toarray().ravel() > counts.min(axis=0).toarray().ravel()


def _table(pvalues: np.ndarray, deviation: np.ndarray, tested: np.ndarray) -> pd.DataFrame:
    """Put the four statistics of each gene together, from (4, genes) values."""
    best = np.lexsort((-deviation, pvalues), axis=0)[0][None]
    p, statistic = (np.take_along_axis(values, best, axis=0)[0] for values in (pvalues, deviation))
    _, score = np.unique(np.column_stack([tested, -p, statistic]), axis=0, return_inverse=True)
    q = np.full(len(tested), np.nan)
    q[tested] = false_discovery_control(pvalues[:, tested], axis=1).min(axis=0)
    return pd.DataFrame(
        {
            "statistic": statistic,
            "pvalue": np.where(tested, np.minimum(len(STATISTICS) * p, 1), np.nan),
            "qvalue": q,
            "score": score.astype(float),
        }
    )
