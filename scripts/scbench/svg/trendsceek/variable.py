"""The genes that the published analyses of trendSceek test: well seen, and more variable than their mean explains."""

import numpy as np
import scipy.sparse as sp

_BLOCK_BYTES = 64 * 2**20
_EXTREME = 2


def most_variable(counts: sp.csr_matrix, normalised: sp.csr_matrix, n_genes: int) -> np.ndarray:
    """Choose genes by their squared coefficient of variation over that of genes of a like mean.

    Genes need more than 5 counts in 3 spots or more. What is expected is a robust line of log CV^2 on log mean (Huber),
    fitted to the genes whose mean is at least the 90 % quantile among genes with CV^2 > 0.3. For the genes to be chosen
    the two most extreme values at either end are first set to the third.

    Parameters
    ----------
    counts, normalised
        (spots, genes) counts as they are, and scaled to equal totals.
    n_genes
        Number of genes to keep.

    Returns
    -------
    numpy.ndarray
        (genes,) booleans; all genes that are seen well enough, where they are no more than `n_genes`.

    Notes
    -----
    Source: genefilter_exprmat and calc_varstats (method rlm) of the authors' package. Deviation: spots are scaled to
    equal totals instead of by DESeq's medians of ratios. Time O(genes spots log(spots)); memory one block of 64 MB.
    """
    import statsmodels.api as sm

    seen = np.asarray((counts > 5).sum(axis=0)).ravel() >= 3
    if seen.sum() <= n_genes:
        return seen
    genes = np.flatnonzero(seen)
    whole, trimmed = _log_moments(normalised[:, genes].tocsc())
    noisy = whole[1] > np.log(0.3)
    fitted = np.isfinite(whole[1]) & (whole[0] >= (np.quantile(whole[0][noisy], 0.9) if noisy.any() else -np.inf))
    huber = sm.robust.norms.HuberT(t=1.345)
    line = sm.RLM(whole[1][fitted], sm.add_constant(whole[0][fitted]), M=huber).fit().params
    excess = trimmed[1] - (line[0] + line[1] * trimmed[0])
    chosen = np.zeros(len(seen), dtype=bool)
    chosen[genes[np.argsort(-excess, kind="stable")[:n_genes]]] = True
    return chosen


def _log_moments(X: sp.csc_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Log mean and log CV^2 (2, genes), of all values and without the extremes."""
    whole, trimmed = np.empty((2, 2, X.shape[1]))
    width = max(1, _BLOCK_BYTES // (8 * X.shape[0]))
    for start in range(0, X.shape[1], width):
        genes = slice(start, start + width)
        values = np.sort(X[:, genes].toarray().astype(float), axis=0)
        for moments in (whole, trimmed):
            mean = values.mean(axis=0)
            with np.errstate(divide="ignore"):  # without any variation: -inf
                moments[:, genes] = np.log(mean), np.log(values.var(axis=0, ddof=1) / mean**2)
            values[:_EXTREME], values[-_EXTREME:] = values[_EXTREME], values[-_EXTREME - 1]
    return whole, trimmed
