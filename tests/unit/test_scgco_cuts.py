"""Cuts, expansion and exact labels of scGCO, against all labellings of tiny graphs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.svg.scgco import convex
from scbench.svg.scgco.convex import minimise_steps
from scbench.svg.scgco.expansion import energy, expand
from scbench.svg.scgco.flow import largest_minimum_cut, minimise_two_labels


@st.composite
def problems(draw, most_labels=4):
    """Unary costs, edges (some repeated) and a weight, all integers, so that ties occur."""
    n, n_labels = draw(st.integers(2, 6)), draw(st.integers(2, most_labels))
    costs = draw(st.lists(st.integers(-9, 9), min_size=n * n_labels, max_size=n * n_labels))
    pairs = [(i, j) for i in range(n) for j in range(i)]
    edges = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=9))
    return np.array(costs).reshape(n, n_labels), np.array(edges), draw(st.integers(0, 6))


def _all_labels(n, n_labels):
    return [np.array(labels) for labels in itertools.product(range(n_labels), repeat=n)]


def _steps(n_labels, weight):
    labels = np.arange(n_labels)
    return weight * np.abs(labels[:, None] - labels)


def _released(n_labels, weight):
    """The metric of the released code, which is not convex: a step costs one more than it should."""
    return _steps(n_labels, weight) + weight * (1 - np.eye(n_labels, dtype=int))


@given(problems(most_labels=2))
@settings(max_examples=60, deadline=None)
def test_two_labels_are_cut_exactly_and_ties_go_to_the_source(problem):
    unary, edges, weight = problem
    gain = unary[:, 0] - unary[:, 1]
    cut = largest_minimum_cut(gain, edges, weight, weight)
    values = {tuple(x): energy(x, unary, edges, _steps(2, weight)) for x in _all_labels(len(unary), 2)}
    best = [np.array(x) for x, value in values.items() if value == min(values.values())]
    np.testing.assert_array_equal(cut, np.any(best, axis=0))  # minimum cuts are a lattice: this is the largest


@given(problems(most_labels=2), st.lists(st.integers(0, 5), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_cost_that_cuts_can_express_is_minimised(problem, costs):
    unary, edges, _ = problem
    e00, e11, slack = costs[0], costs[1], costs[2]
    table = np.array([[e00, costs[3]], [e00 + e11 + slack - min(costs[3], e00 + e11), e11]])
    gain = unary[:, 0] - unary[:, 1]
    found = minimise_two_labels(gain, edges, *(np.full(len(edges), cost) for cost in table.ravel()))
    lowest = min(energy(x, unary, edges, table) for x in _all_labels(len(unary), 2))
    assert energy(found.astype(int), unary, edges, table) == lowest


@given(problems())
@settings(max_examples=80, deadline=None)
def test_steps_are_minimised_exactly_and_never_above_expansion(problem):
    unary, edges, weight = problem
    pairwise = _steps(unary.shape[1], weight)
    found = energy(minimise_steps(unary, edges, weight), unary, edges, pairwise)
    assert found == min(energy(x, unary, edges, pairwise) for x in _all_labels(*unary.shape))
    assert found <= energy(expand(unary, edges, pairwise, sweeps=100), unary, edges, pairwise)


@pytest.mark.parametrize("n_labels", [3, 4])
def test_unevenly_spread_means_need_layers(n_labels, monkeypatch):
    """The distance to a mean is not convex in its number: then cuts one by one are not always nested."""
    rng, layered = np.random.default_rng(n_labels), []
    original = convex._layered
    monkeypatch.setattr(convex, "_layered", lambda *args: layered.append(1) or original(*args))
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0], [1, 3]])
    for _ in range(40):
        means = np.cumsum(rng.exponential(size=n_labels) ** 3)
        unary = np.abs(rng.choice(means, 5)[:, None] - means)
        weight = rng.exponential()
        found = energy(minimise_steps(unary, edges, weight), unary, edges, _steps(n_labels, weight))
        lowest = min(energy(x, unary, edges, _steps(n_labels, weight)) for x in _all_labels(5, n_labels))
        assert found == pytest.approx(lowest, abs=1e-9)
    assert layered


def test_a_steep_last_step_does_not_lift_a_label_over_the_one_before():
    """Means 0, 10, 100: alone, the last step (gain 90, cost 88) is worth it and the first (gain 10, cost 88) is not."""
    unary = np.array([[0, 10, 100], [100, 90, 0], [0, 10, 100]])
    assert minimise_steps(unary, np.array([[0, 1], [1, 2]]), 44).tolist() == [0, 0, 0]


@given(problems())
@settings(max_examples=60, deadline=None)
def test_no_single_expansion_improves_an_expanded_labelling(problem):
    unary, edges, weight = problem
    n, n_labels = unary.shape
    pairwise = _released(n_labels, weight)
    labels = expand(unary, edges, pairwise, sweeps=100)
    reached = energy(labels, unary, edges, pairwise)
    for alpha, mask in itertools.product(range(n_labels), itertools.product([False, True], repeat=n)):
        assert energy(np.where(mask, alpha, labels), unary, edges, pairwise) >= reached


@given(problems(most_labels=2))
@settings(max_examples=40, deadline=None)
def test_expansion_of_two_labels_is_exact_and_keeps_label_0_unless_something_is_gained(problem):
    unary, edges, weight = problem
    pairwise = _released(2, weight)
    labels = expand(unary, edges, pairwise, sweeps=10)
    values = {tuple(x): energy(x, unary, edges, pairwise) for x in _all_labels(len(unary), 2)}
    assert values[tuple(labels)] == min(values.values())
    if values[(0,) * len(unary)] == min(values.values()):
        assert not labels.any()


def test_a_repeated_edge_weighs_twice():
    unary = np.array([[0, -5], [0, 4]])
    pairwise = _released(2, 2)  # different labels cost 4: giving both label 1 gains 1, parting them gains 1
    assert expand(unary, np.array([[0, 1]]), pairwise, sweeps=10).tolist() == [1, 1]
    unary = np.array([[0, -9], [0, 6]])
    assert expand(unary, np.array([[0, 1]]), pairwise, sweeps=10).tolist() == [1, 0]  # -9 + 4 < -3
    assert expand(unary, np.array([[0, 1], [0, 1]]), pairwise, sweeps=10).tolist() == [1, 1]  # -3 < -9 + 8


def test_sweeps_are_limited():
    """A chain in which labels pass on only one step for each round over the labels."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        unary = rng.integers(-20, 20, (12, 4))
        edges = np.column_stack([np.arange(11), np.arange(1, 12)])
        pairwise = _released(4, 5)
        one, many = (expand(unary, edges, pairwise, sweeps=sweeps) for sweeps in (1, 10))
        assert energy(many, unary, edges, pairwise) <= energy(one, unary, edges, pairwise)
        if (one != many).any():
            break
    else:
        pytest.fail("no case needs a second round")
