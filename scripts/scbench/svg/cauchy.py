"""Cauchy combination of p-values."""

import numpy as np
from scipy.special import logsumexp

# exp of this is far below every p that could matter beside it, and well above the smallest double.
_LOG_SMALL = -600.0


def cauchy_combination(pvalues: np.ndarray, axis: int = 0) -> np.ndarray:
    """Combine p-values, dependent or not, with equal weights.

    T = mean cot(pi p) is standard Cauchy under the null, nearly so in its upper tail where the p-values depend on each
    other; the combined p-value is its upper tail, arctan2(1, T) / pi, to full relative precision for the smallest p.

    Parameters
    ----------
    pvalues
        p-values in [0, 1], of any shape.
    axis
        Axis along which to combine.

    Returns
    -------
    numpy.ndarray
        Combined p-values. A p of exactly 0 gives 0; otherwise one of exactly 1 gives 1; one that is NaN gives NaN. A p
        just under 1 pulls the combination towards 1, however small the others are: the nature of this test.

    References
    ----------
    Liu Y., Xie J. Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary dependency
    structures. J. Am. Stat. Assoc. 115, 393-402 (2020), eq. 1.

    Examples
    --------
    >>> cauchy_combination(np.array([1e-30, 0.5])).round(32)
    np.float64(2e-30)
    """
    p = np.asarray(pvalues, dtype=float)
    # 1 - p is exact where p > 1/2, and the cotangent is odd about there: no digit of a p near 1 is lost.
    near_one = p > 0.5
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        cot = 1 / np.tan(np.pi * np.where(near_one, 1 - p, p))
        cot = np.where(near_one, -cot, cot)
        # Any p of 0 (or so small that its cotangent is no double) decides, even against one of 1.
        decided = (cot == np.inf).any(axis=axis) & ~np.isnan(p).any(axis=axis)
        return np.where(decided, 0.0, np.arctan2(1, cot.mean(axis=axis)) / np.pi)[()]


def log_cauchy_combination(log_pvalues: np.ndarray, axis: int = 0) -> np.ndarray:
    """Combine p-values given as natural logarithms, which may be far below the smallest double.

    Returns
    -------
    numpy.ndarray
        Natural logarithm of `cauchy_combination`: finite where every log p is, for ranking genes whose p is 0 in
        double precision.
    """
    log_p = np.asarray(log_pvalues, dtype=float)
    with np.errstate(divide="ignore"):
        near = np.log(cauchy_combination(np.exp(log_p), axis=axis))
    # cot(pi p) = 1 / (pi p) for so small a p, and the others do not count beside it: the harmonic mean is left.
    far = np.log(log_p.shape[axis]) - logsumexp(-log_p, axis=axis)
    return np.where(near < _LOG_SMALL, far, near)[()]
