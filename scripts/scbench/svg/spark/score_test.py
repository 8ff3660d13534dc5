"""Score test of one kernel for many genes at once."""

import numpy as np
from scipy.special import chdtrc, gammaln

# Where the tail probability, as a logarithm, comes near the end of the doubles.
_LOG_SMALL = -600.0
# Kernels of which independent noise explains more than all but this share are, in effect, independent noise.
_LEAST_LEFT = 1e-4


def score_moments(
    kernel: np.ndarray, h: np.ndarray, projected: np.ndarray, residual: np.ndarray, *, corrected: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score statistics S = y'PKPy / 2 with their mean tr(PK) / 2 and variance tr(PKPK) / 2 under the null.

    Parameters
    ----------
    kernel
        (spots, spots) positive definite.
    h
        (genes, spots) weights, P = diag(h) - h h' / sum(h).
    projected, residual
        (genes, spots) P y with the updated and with the last iteration's working vector y.
    corrected
        Whether to take from the variance what the estimate of the independent variance explains,
        tr(PKP)^2 / 2 tr(PP). Where next to nothing would be left the variance stays: the kernel links hardly any spots,
        and its statistic is as good as fixed at the mean by the fit.

    Returns
    -------
    tuple of numpy.ndarray
        (genes,) each. Three matrix products, 6 spots^2 genes operations; memory: three arrays like `h` and one like
        `kernel`.
    """
    total = h.sum(axis=1)
    kh = h @ kernel
    hkh = _dot(h, kh)
    statistic = _dot(projected, residual @ kernel) / 2
    mean = (h @ kernel.diagonal() - hkh / total) / 2
    variance = (_dot(h, h @ kernel**2) - 2 / total * _dot(h, kh**2) + (hkh / total) ** 2) / 2
    if corrected:
        squares = _dot(h, h)
        # tr(PKP) and tr(PP), with P P = H^2 - (H^2 11' H + H 11' H^2) / sum(h) + H 11' H sum(h^2) / sum(h)^2.
        pkp = h**2 @ kernel.diagonal() - 2 / total * _dot(h**2, kh) + squares / total**2 * hkh
        pp = squares - 2 / total * _dot(h, h**2) + (squares / total) ** 2
        left = variance - pkp**2 / pp / 2
        variance = np.where(left > _LEAST_LEFT * variance, left, variance)
    return statistic, mean, variance


def satterthwaite(statistic: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper tail of a scaled chi-squared variable with the given moments.

    Returns
    -------
    tuple of numpy.ndarray
        p-values, and their natural logarithms, which go on where doubles end.
    """
    scale, freedom = variance / (2 * mean), 2 * mean**2 / variance
    # Rounding may leave a gene without residual just below zero.
    scaled = np.maximum(statistic, 0) / scale
    p = chdtrc(freedom, scaled)
    a, x = freedom / 2, scaled / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        log_p = np.log(p)
        # First term of the continued fraction of the incomplete gamma function.
        far = a * np.log(x) - x - gammaln(a) - np.log(x + 1 - a)
    return p, np.where(log_p < _LOG_SMALL, far, log_p)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)
