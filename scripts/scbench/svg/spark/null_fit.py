"""SPARK's model without space: counts are Poisson around a log-normal mean, spots are independent."""

from typing import NamedTuple

import numpy as np

TOLERANCE = 1e-5
# The value at which the variance of a gene is held when it was estimated as zero.
HELD_VARIANCE = 0.1
_MAX_ITERATIONS = 500
_RIDGE = 1e-5


class NullFit(NamedTuple):
    """Fits of some genes.

    Attributes
    ----------
    variance
        (genes,) variance of the log mean between spots.
    working
        (genes, spots) working vector of the last update.
    mean
        (genes, spots) fitted mean of the last update.
    residual
        (genes, spots) projected working vector P y of the last iteration, from before the last update.
    """

    variance: np.ndarray
    working: np.ndarray
    mean: np.ndarray
    residual: np.ndarray


def fit_null(y: np.ndarray, library: np.ndarray) -> NullFit:
    """Fit log mean = a + log(library) + e with var(e) = t to each gene by penalised quasi-likelihood.

    Average information steps to a tolerance of 1e-5, as in the package. A gene whose variance is estimated as 0 is
    fitted once more with the variance held at 0.1: there the package alternates between a free and a held fit, and
    its limit of 500 refits ends on a held one.

    Parameters
    ----------
    y
        (genes, spots) counts, each gene with at least one.
    library
        (spots,) positive library sizes.

    Returns
    -------
    NullFit
        A gene that diverges keeps its starting values. Time O(genes x spots x iterations); genes that have converged
        are left out of further iterations. Memory: about 12 arrays like `y`.
    """
    fit = _fit(y, library, held=False)
    at_zero = np.flatnonzero(fit.variance < 1.01 * TOLERANCE)
    if len(at_zero):
        for values, again in zip(fit, _fit(y[at_zero], library, held=True), strict=True):
            values[at_zero] = again
    return fit


def weights(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Inverse variances of the working vector, (genes, spots), with the ridge of the package."""
    return 1 / (1 / (mean + _RIDGE) + variance[:, None] + _RIDGE)


def project(h: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Product of P = diag(h) - h h' / sum(h) and a vector, gene by gene."""
    return h * (values - (_dot(h, values) / h.sum(axis=1))[:, None])


def _fit(y: np.ndarray, library: np.ndarray, *, held: bool) -> NullFit:
    offset = np.log(library)
    intercept = np.log(y.sum(axis=1) / library.sum())
    mean = np.exp(intercept[:, None] + offset)
    working = intercept[:, None] + (y - mean) / mean
    variance, residual = _start(working, mean)
    if held:
        variance[:] = HELD_VARIANCE
    fit = NullFit(variance.copy(), working.copy(), mean.copy(), residual)
    active = np.arange(len(y))
    for iteration in range(_MAX_ITERATIONS):
        intercept_before, variance_before = intercept, variance
        # What overflows here is found to have diverged below.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            intercept, variance, residual, eta = _step(working, mean, variance, held=held)
            mean = np.exp(eta + offset)
            working = _without_outliers(eta + (y - mean) / mean)
        change = np.maximum(_relative_change(intercept, intercept_before), _relative_change(variance, variance_before))
        done = (2 * change < TOLERANCE) | (iteration == _MAX_ITERATIONS - 1)
        diverged = (variance > TOLERANCE**-2) | ~np.isfinite(eta + mean + working).all(axis=1)
        done &= ~diverged
        if done.any():
            for kept, values in zip(fit, (variance, working, mean, residual), strict=True):
                kept[active[done]] = values[done]
        going = ~(done | diverged)
        if not going.all():
            active, y, intercept, variance, working, mean = (
                values[going] for values in (active, y, intercept, variance, working, mean)
            )
        if not len(active):
            break
    return fit


def _start(working: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance and projected working vector at the Poisson fit: one expectation-maximisation step."""
    guess = np.minimum(0.9, working.var(axis=1, ddof=1) / 2)
    h = 1 / (1 / mean + guess[:, None])
    residual = project(h, working)
    score = _dot(working, project(h, residual)) - _trace(h)
    variance = np.maximum(0, guess + guess**2 * score / working.shape[1])
    return np.where(variance > 10, 0.5, variance), residual


def _step(
    working: np.ndarray, mean: np.ndarray, variance: np.ndarray, *, held: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Update intercept, variance, projected working vector and linear predictor (without the offset)."""
    h = weights(mean, variance)
    intercept = _dot(h, working) / h.sum(axis=1)
    residual = h * (working - intercept[:, None])
    eta = working - residual / mean
    if not held:
        twice = project(h, residual)
        score, information = _dot(working, twice) - _trace(h), _dot(residual, twice)
        # A gene in exact proportion to the library has no residual, and no information either.
        step = np.divide(score, information, out=np.zeros_like(score), where=information > 0)
        variance = _stepped(variance, np.where(np.isfinite(step), step, 0.0))
    return intercept, variance, residual, eta


def _stepped(variance: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Add the step, halved until the variance is not negative; below the tolerance it is zero."""
    new = variance + step
    # Zero cannot go down: it stays.
    too_far = (new < 0) & (variance >= TOLERANCE)
    while too_far.any():
        step = np.where(too_far, step / 2, step)
        new = variance + step
        too_far &= new < 0
    return np.where(new < TOLERANCE, 0.0, new)


def _without_outliers(working: np.ndarray) -> np.ndarray:
    """Replace values beyond 1000 by the median of their gene, in place."""
    far = np.abs(working) > 1e3
    genes = np.flatnonzero(far.any(axis=1))
    if len(genes):
        working[genes] = np.where(far[genes], np.median(working[genes], axis=1)[:, None], working[genes])
    return working


def _relative_change(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.abs(new - old) / (np.abs(new) + np.abs(old) + TOLERANCE)


def _trace(h: np.ndarray) -> np.ndarray:
    """Trace of P."""
    return h.sum(axis=1) - _dot(h, h) / h.sum(axis=1)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)
