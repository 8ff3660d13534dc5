"""Expression states of genes as released: a Gaussian mixture of the distinct positive values of each gene."""

from collections.abc import Iterator, Sequence

import numpy as np

from scbench.svg.scgco.mixture import Mixture, fit_mixtures

_SEED = 2020
_COMPONENTS = (2, 3, 4)
_SMALLEST_SHARE = 0.1
_BATCH = 2**16  # numbers times components that are fitted together: they stay in the cache


def fit_states(values: np.ndarray) -> list[Mixture]:
    """Fit the mixture of each gene that scGCO 1.1.2 fits.

    Of 2, 3 and 4 components (but fewer than there are distinct positive values) the mixture with the lowest BIC is
    taken; if that puts less than a tenth of the spots into one of the components that it predicts at all, the one of 2
    components. A gene with one or two distinct positive values is given zeros to make three.

    Parameters
    ----------
    values
        (genes, spots) log-normalised values; each gene has a positive one.

    Returns
    -------
    list of Mixture
        One for each gene, its components in no order.

    Notes
    -----
    Genes are fitted together in batches of like size: about a hundredth of the time of one call of scikit-learn for
    each.
    """
    sets = [np.unique(gene[gene > 0]) for gene in values]
    sets = [np.append(own, np.zeros(3 - len(own))) if len(own) < 3 else own for own in sets]
    sizes = np.array([len(own) for own in sets])
    fits = [fit_sets(sets, [np.ones(size) for size in sizes], k, _SEED) for k in _COMPONENTS]
    best = np.argmin([np.where(sizes > k, bic, np.inf) for k, (_, bic) in zip(_COMPONENTS, fits, strict=True)], axis=0)
    states = []
    for i, choice in enumerate(best):
        mixture = fits[choice][0].of(i)
        if choice and _smallest(mixture.predict(values[i])) < _SMALLEST_SHARE * values.shape[1]:
            mixture = fits[0][0].of(i)
        states.append(mixture)
    return states


def _smallest(labels: np.ndarray) -> int:
    sizes = np.bincount(labels)
    return sizes[sizes > 0].min()


def observed_labels(values: np.ndarray, mixture: Mixture) -> np.ndarray:
    """State of each spot, as predicted; zeros have the state of the smallest positive value."""
    labels = mixture.predict(values)
    zero = values == 0
    labels[zero] = labels[np.where(zero, np.inf, values).argmin()]
    return labels


def fit_sets(sets: Sequence[np.ndarray], counts: Sequence[np.ndarray], k: int, seed: int) -> tuple[Mixture, np.ndarray]:
    """Fit `k` components to each set that has at least `k` numbers.

    Parameters
    ----------
    sets
        Distinct numbers of each set.
    counts
        How often each of them occurs.
    k
        Components.
    seed
        Seed of the k-means start of every set.

    Returns
    -------
    Mixture
        (sets, k) parameters; NaN where a set is too small.
    ndarray
        (sets,) Bayesian information criterion; infinite where a set is too small.
    """
    mixture = Mixture(*np.full((3, len(sets), k), np.nan))
    bic = np.full(len(sets), np.inf)
    for batch in _batches(np.array([len(own) for own in sets]), k):
        width = len(sets[batch[-1]])
        x, weights = np.zeros((2, len(batch), width))
        for row, i in enumerate(batch):
            x[row, : len(sets[i])], weights[row, : len(sets[i])] = sets[i], counts[i]
        fitted, bic[batch] = fit_mixtures(x, weights, k, seed)
        for part, now in zip(mixture, fitted, strict=True):
            part[batch] = now
    return mixture, bic


def _batches(sizes: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """Cut the sets with at least `k` numbers into batches of like size, each in ascending order."""
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] >= k]
    while len(order):
        padded = np.arange(1, len(order) + 1) * sizes[order] * k
        fits = max(1, int(np.searchsorted(padded, _BATCH, side="right")))
        yield order[:fits]
        order = order[fits:]
