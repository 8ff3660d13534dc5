"""Permutation moments against all permutations, or against many."""

from itertools import combinations, permutations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import kstest, norm

from scbench.svg.scgco.autocorrelation import Autocorrelation
from scbench.svg.scgco.moments import (
    Moments,
    Motifs,
    autocorrelation_moments,
    centred,
    linear_moments,
    members_of,
    power_sums,
)

ONE = np.zeros(7, dtype=int)


def _moments(values):
    return values.mean(), values.var(), ((values - values.mean()) ** 3).mean()


def _weights(rng, n, share):
    upper = np.triu(rng.random((n, n)) * (rng.random((n, n)) < share), 1)
    return upper + upper.T


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("n", [6, 7])
def test_moments_of_autocorrelation_are_those_over_all_permutations(n, share):
    rng = np.random.default_rng(n)
    W, z = _weights(rng, n, share), rng.exponential(size=n) ** 2
    z -= z.mean()
    every = np.array([z[list(order)] @ W @ z[list(order)] for order in permutations(range(n))])
    found = autocorrelation_moments(power_sums(z[:, None]), Motifs.of(sp.csr_matrix(W)))
    assert [found.mean[0], found.variance[0], found.third[0]] == pytest.approx(_moments(every))


def test_motifs_of_a_path_of_four_edges():
    W = sp.diags([np.ones(4), np.ones(4)], [1, -1], format="csr")
    motifs = Motifs.of(W)
    assert (motifs.total, motifs.cherry, motifs.apart) == (4, 3, 3)
    assert (motifs.triangle, motifs.star, motifs.path, motifs.cherry_apart, motifs.matching) == (0, 0, 2, 2, 0)


def test_motifs_of_two_edges_and_of_three_partition_all_pairs_and_triples():
    W = sp.csr_matrix(_weights(np.random.default_rng(3), 8, 0.6))
    motifs, edges = Motifs.of(W), sp.triu(W, 1).data
    assert motifs.cherry + motifs.apart == pytest.approx(sum(a * b for a, b in combinations(edges, 2)))
    three = motifs.triangle + motifs.star + motifs.path + motifs.cherry_apart + motifs.matching
    assert three == pytest.approx(sum(a * b * c for a, b, c in combinations(edges, 3)))


def test_moments_of_a_weighted_sum_are_those_over_all_permutations_within_samples():
    rng = np.random.default_rng(0)
    samples = np.array([0, 0, 0, 0, 1, 1, 1])
    a, b = (centred(rng.exponential(size=(7, 1)), samples) for _ in range(2))
    every = [
        (a[:4, 0] * b[list(first), 0]).sum() + (a[4:, 0] * b[list(second), 0]).sum()
        for first in permutations(range(4))
        for second in permutations(range(4, 7))
    ]
    found = linear_moments(a, b, samples)
    assert [found.mean[0], found.variance[0], found.third[0]] == pytest.approx(_moments(np.array(every)))


def test_the_tail_of_a_symmetric_statistic_is_normal_and_that_of_a_skewed_one_heavier():
    z = np.array([3.0, 3.0, -1.0])
    tail = Moments(np.zeros(3), np.ones(3), np.array([0.0, 1.0, 0.0])).upper_tail(z)[1]
    assert tail[[0, 2]] == pytest.approx(norm.sf(z[[0, 2]]))
    assert tail[1] > 3 * norm.sf(3)


def test_a_statistic_that_cannot_vary_is_no_evidence():
    z, p = Moments(np.array([2.0]), np.zeros(1), np.zeros(1)).upper_tail(np.array([2.0]))
    assert (z[0], p[0]) == (0, 1)


def test_members_of_one_sample_are_not_copied():
    assert members_of(ONE) == [slice(None)]
    assert [list(members) for members in members_of(np.array([1, 0, 1]))] == [[1], [0, 2]]


def test_autocorrelation_of_several_samples_knows_nothing_of_their_levels_and_is_uniform_under_permutation():
    rng = np.random.default_rng(1)
    samples = np.repeat([0, 1], [60, 90])
    coords = rng.random((150, 2))
    test = Autocorrelation.of(coords, samples)
    assert test.graph[samples == 0][:, samples == 1].nnz == 0
    scores = rng.exponential(size=(150, 4000))
    p = test.test(scores)[1]
    assert kstest(p, "uniform").pvalue > 0.01
    assert test.test(scores + 100.0 * samples[:, None])[1] == pytest.approx(p)


@pytest.mark.parametrize("often", [4, 12])
def test_the_tail_holds_for_genes_seen_in_few_spots_where_a_normal_one_is_too_light(often):
    rng = np.random.default_rng(often)
    scores = rng.permuted(np.repeat([[1.0], [0.0]], [often, 200 - often], axis=0) * np.ones(20_000), axis=0)
    test = Autocorrelation.of(rng.random((200, 2)), np.zeros(200, dtype=int))
    statistic, p = test.test(scores)
    assert (p < 1e-3).mean() < 2e-3
    z = (statistic - statistic.mean()) / statistic.std()
    assert (norm.sf(z) < 1e-3).mean() > 4e-3
