"""Gaussian mixtures of scGCO against scikit-learn, and the released rules for choosing one."""

import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from scbench.svg.scgco.kmeans import kmeans_labels
from scbench.svg.scgco.mixture import Mixture, fit_mixtures
from scbench.svg.scgco.paper import fit_all_values
from scbench.svg.scgco.states import fit_sets, fit_states, observed_labels


def _random_set(rng, kind):
    """Distinct positive values: counts over library sizes, two bumps, or heavy tails."""
    size = rng.integers(5, 60)
    if kind == 0:
        values = np.log1p(rng.negative_binomial(2, 0.3, size) / rng.lognormal(0, 0.3, size))
    elif kind == 1:
        values = np.concatenate([rng.normal(3, 0.1, size), rng.normal(rng.uniform(3.2, 6), 0.3, size // 2)])
    else:
        values = rng.exponential(size=size) ** 2
    return np.unique(values[values > 0])


def _padded(sets):
    x, counts = np.zeros((2, len(sets), max(map(len, sets))))
    for row, own in enumerate(sets):
        x[row, : len(own)], counts[row, : len(own)] = own, 1
    return x, counts


def _sklearn(values, k):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixture(k, random_state=2020).fit(values[:, None])


@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_same_mixture_as_scikit_learn(k):
    rng = np.random.default_rng(k)
    sets = [own for i in range(80) if len(own := _random_set(rng, i % 3)) >= k]
    fit, bic = fit_mixtures(*_padded(sets), k, 2020)
    for i, own in enumerate(sets):
        theirs = _sklearn(own, k)
        np.testing.assert_allclose(fit.means[i], theirs.means_[:, 0], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(fit.variances[i], theirs.covariances_[:, 0, 0], rtol=1e-8)
        np.testing.assert_allclose(fit.weights[i], theirs.weights_, rtol=1e-8)
        assert bic[i] == pytest.approx(theirs.bic(own[:, None]), rel=1e-8, abs=1e-8)
        points = rng.uniform(0, own.max(), 50)
        np.testing.assert_array_equal(fit.of(i).predict(points), theirs.predict(points[:, None]))


def test_many_iterations_and_many_components():
    rng = np.random.default_rng(7)
    values = np.sort(rng.normal(size=1500))
    for k in (3, 10):
        fit, _ = fit_mixtures(values[None], np.ones((1, 1500)), k, 2020)
        np.testing.assert_allclose(fit.means[0], _sklearn(values, k).means_[:, 0], rtol=1e-7, atol=1e-9)


def test_sets_do_not_influence_each_other():
    rng = np.random.default_rng(8)
    sets = [_random_set(rng, i % 3) for i in range(30)]
    together = fit_mixtures(*_padded(sets), 3, 2020)
    for i, own in enumerate(sets):
        alone = fit_mixtures(own[None], np.ones((1, len(own))), 3, 2020)
        np.testing.assert_allclose(together[0].means[i], alone[0].means[0], rtol=1e-10)


def test_a_count_is_as_good_as_a_repeated_value():
    rng = np.random.default_rng(9)
    values, counts = np.sort(rng.exponential(size=40)), rng.integers(1, 6, 40)
    start = (
        KMeans(2, n_init=1, random_state=np.random.RandomState(0)).fit(values[:, None], sample_weight=counts).labels_
    )
    np.testing.assert_array_equal(kmeans_labels(values[None], counts[None], 2, 0)[0], start)
    parts = [np.repeat(values, counts)[np.repeat(start, counts) == label] for label in (0, 1)]
    theirs = GaussianMixture(
        2,
        weights_init=[len(part) / counts.sum() for part in parts],
        means_init=[[part.mean()] for part in parts],
        precisions_init=[[[1 / (part.var() + 1e-6)]] for part in parts],
    ).fit(np.repeat(values, counts)[:, None])
    fit, bic = fit_mixtures(values[None], counts[None], 2, 0)
    np.testing.assert_allclose(fit.means[0], theirs.means_[:, 0], rtol=1e-8)
    assert bic[0] == pytest.approx(theirs.bic(np.repeat(values, counts)[:, None]))


def test_values_that_differ_in_their_last_digits_only():
    """K-means loses a cluster, and scikit-learn refills it."""
    values = np.array([1.0, 1 + 1e-15, 1 + 2e-15, 1 + 3e-15, 2105.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = kmeans_labels(values[None], np.ones((1, 5)), 4, 2020)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = KMeans(4, n_init=1, random_state=np.random.RandomState(2020)).fit(values[:, None]).labels_
    np.testing.assert_array_equal(labels, theirs)


# --- which mixture a gene gets -------------------------------------------------------------------------------------


def _released(values):
    """The rules of the released code, with scikit-learn, for one gene."""
    distinct = np.unique(values[values > 0])
    if len(distinct) < 3:
        return _sklearn(np.append(distinct, np.zeros(3 - len(distinct))), 2)
    fits = [_sklearn(distinct, k) for k in range(2, min(5, max(len(distinct), 3)))]
    best = min(fits, key=lambda fit: fit.bic(distinct[:, None]))
    sizes = np.unique(best.predict(values[:, None]), return_counts=True)[1]
    return fits[0] if sizes.min() < 0.1 * len(values) else best


def test_released_rules():
    rng = np.random.default_rng(11)
    genes = [
        np.where(rng.random(100) < rng.random(), np.exp(rng.normal(i % 3, 0.1 + i % 2, 100)), 0) for i in range(50)
    ]
    genes += [np.append(np.arange(1, distinct + 1.0) ** 2, np.zeros(100 - distinct)) for distinct in (1, 2, 3, 4, 5)]
    # Three bumps of which none is small: three components stay.
    genes += [np.concatenate([rng.normal(center, 0.05, 34)[: 33 + (center == 1)] for center in (1, 4, 7)])]
    values = np.array([gene if gene.any() else gene + np.eye(100)[0] for gene in genes])
    found = fit_states(values)
    for gene, mixture in zip(values, found, strict=True):
        theirs = _released(gene)
        np.testing.assert_allclose(mixture.means, theirs.means_[:, 0], rtol=1e-8)
        np.testing.assert_allclose(mixture.variances, theirs.covariances_[:, 0, 0], rtol=1e-8)
    assert {len(mixture.means) for mixture in found} == {2, 3}


def test_zeros_get_the_state_of_the_smallest_positive_value():
    mixture = Mixture(np.array([0.5, 0.5]), np.array([3.0, 1.0]), np.array([0.01, 0.2]))
    assert mixture.predict(np.array([0.0, 2.9, 3.1, 1.0])).tolist() == [1, 0, 0, 1]
    assert observed_labels(np.array([0.0, 2.9, 3.1]), mixture).tolist() == [0, 0, 0]
    assert observed_labels(np.array([0.0, 1.0, 3.1]), mixture).tolist() == [1, 1, 0]


def test_sets_with_too_few_numbers_are_left_out():
    mixture, bic = fit_sets([np.arange(3.0), np.arange(9.0)], [np.ones(3), np.ones(9)], 4, 0)
    assert bic[0] == np.inf
    assert np.isfinite(bic[1])
    assert np.isnan(mixture.means[0]).all()


def test_the_text_fits_all_values_and_sorts_the_states():
    rng = np.random.default_rng(12)
    values = np.stack([np.concatenate([np.zeros(50), rng.normal(5, 0.3, 50)]), np.repeat([0.0, 1.0], 50)])
    many, two = fit_all_values(values, seed=0)
    assert (np.diff(many.means) > 0).all()
    assert many.means[0] == pytest.approx(0, abs=1e-6)
    assert many.weights[0] == pytest.approx(0.5, abs=0.01)
    assert two.means.tolist() == [0, 1]
