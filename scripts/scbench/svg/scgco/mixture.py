"""Gaussian mixtures of many small sets of numbers at once, as scikit-learn fits them one by one."""

from typing import NamedTuple

import numpy as np

from scbench.svg.scgco.kmeans import kmeans_labels

_TOL = 1e-3
_FLOOR = 1e-6  # of variances: scikit-learn's reg_covar
_MAX_ITER = 100
_SMALLEST = 10 * np.finfo(float).eps  # added to the size of a component, which may be empty


class Mixture(NamedTuple):
    """One-dimensional Gaussian mixtures; every array has the components as its last axis."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def of(self, i: int) -> "Mixture":
        """The mixture of one set."""
        return Mixture(*(part[i] for part in self))

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """(..., components, width) log of weight times density at the (..., width) numbers `x`."""
        scale = 1 / np.sqrt(self.variances)
        z = x[..., None, :] * scale[..., None]
        z -= (self.means * scale)[..., None]
        z *= z
        z *= -0.5
        z += (np.log(scale) + np.log(self.weights) - 0.5 * np.log(2 * np.pi))[..., None]
        return z

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(..., width) most probable component."""
        return self.log_densities(x).argmax(axis=-2)


def fit_mixtures(x: np.ndarray, counts: np.ndarray, k: int, seed: int) -> tuple[Mixture, np.ndarray]:
    """Fit a mixture of `k` components to each row, by expectation and maximisation from a k-means start.

    The same as ``GaussianMixture(k, random_state=seed)`` of scikit-learn 1.9 on each row, to rounding: k-means++ with
    the same stream, at most 100 iterations, until the mean log-likelihood gains less than 1e-3, 1e-6 added to
    variances.

    Parameters
    ----------
    x
        (sets, width) numbers; each set has at least `k` distinct ones.
    counts
        (sets, width) how often each number occurs; 0 behind the last number of a set.
    k
        Components.
    seed
        Seed of the k-means start of every set.

    Returns
    -------
    Mixture
        (sets, k) parameters, in scikit-learn's order: components are not sorted.
    ndarray
        (sets,) Bayesian information criterion; lower is better.

    Notes
    -----
    Time O(sets x width x k x iterations), memory a few times sets x width x k; give sets of like width together.
    """
    counts = counts.astype(float)
    start = kmeans_labels(x, counts, k, seed)[:, None] == np.arange(k)[:, None]
    mixture = _iterate(x, counts, _maximise(x, counts, start.astype(float)))
    log_likelihood = (_expect(x, mixture)[0] * counts).sum(axis=1)
    return mixture, (3 * k - 1) * np.log(counts.sum(axis=1)) - 2 * log_likelihood


def _iterate(x: np.ndarray, counts: np.ndarray, mixture: Mixture) -> Mixture:
    """Expect and maximise until the mean log-likelihood of a set stands still."""
    result = Mixture(*(part.copy() for part in mixture))
    active, bound, totals = np.arange(len(x)), np.full(len(x), -np.inf), counts.sum(axis=1)
    for _ in range(_MAX_ITER):
        log_likelihoods, responsibilities = _expect(x, mixture)
        mixture = _maximise(x, counts, responsibilities)
        previous, bound = bound, np.einsum("sw,sw->s", log_likelihoods, counts) / totals
        going = np.abs(bound - previous) >= _TOL
        if not going.all():
            for part, now in zip(result, mixture, strict=True):
                part[active[~going]] = now[~going]
            if not going.any():
                return result
            active, bound, totals, x, counts = (array[going] for array in (active, bound, totals, x, counts))
            mixture = Mixture(*(part[going] for part in mixture))
    for part, now in zip(result, mixture, strict=True):
        part[active] = now
    return result


def _expect(x: np.ndarray, mixture: Mixture) -> tuple[np.ndarray, np.ndarray]:
    """(sets, width) log-likelihoods and (sets, k, width) probabilities of the components."""
    joint = mixture.log_densities(x)
    top = joint.max(axis=1)
    joint -= top[:, None]
    np.exp(joint, out=joint)
    total = joint.sum(axis=1)
    joint /= total[:, None]
    return top + np.log(total), joint


def _maximise(x: np.ndarray, counts: np.ndarray, responsibilities: np.ndarray) -> Mixture:
    responsibilities *= counts[:, None]
    sizes = responsibilities.sum(axis=2) + _SMALLEST
    means = np.einsum("skw,sw->sk", responsibilities, x) / sizes
    deviations = x[:, None] - means[:, :, None]
    deviations *= deviations
    variances = np.einsum("skw,skw->sk", responsibilities, deviations) / sizes + _FLOOR
    return Mixture(sizes / sizes.sum(axis=1, keepdims=True), means, variances)
