import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from scbench.metrics import calls as metrics
from scbench.metrics.calls import Calls

TRUTH = np.array([True] * 4 + [False] * 6)
# 3 of 4 patterned genes and 2 of 6 others are called.
HAND = Calls(TRUTH, np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=bool), np.arange(10, 0, -1.0))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (metrics.accuracy, 7 / 10),
        (metrics.sensitivity, 3 / 4),
        (metrics.false_positive_rate, 2 / 6),
        (metrics.false_discovery_proportion, 2 / 5),
        (metrics.f1, 6 / 9),
        (metrics.average_precision, 1.0),
    ],
)
def test_values_computed_by_hand(metric, value):
    assert metric(HAND) == pytest.approx(value)


def test_average_precision_of_one_swap_by_hand():
    score = np.array([10, 9, 7, 6, 8, 5, 4, 3, 2, 1.0])  # one null gene ranks third
    assert metrics.average_precision(HAND._replace(score=score)) == pytest.approx(np.mean([1, 1, 3 / 4, 4 / 5]))


def test_undefined_values_are_nan_and_defined_ones_are_not():
    none = Calls(np.zeros(5, bool), np.zeros(5, bool), np.zeros(5))
    for metric in (metrics.sensitivity, metrics.f1, metrics.average_precision):
        assert np.isnan(metric(none))
    assert metrics.false_discovery_proportion(none) == 0
    assert metrics.false_positive_rate(none) == 0
    assert metrics.accuracy(none) == 1


@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(any), st.randoms(use_true_random=False))
def test_average_precision_agrees_with_scikit_learn_without_ties(truth, random):
    score = np.array(random.sample(range(1000), len(truth)), dtype=float)
    calls = Calls(np.array(truth), np.array(truth), score)
    assert metrics.average_precision(calls) == pytest.approx(average_precision_score(truth, score))


def test_cheats_do_not_win():
    rng = np.random.default_rng(0)
    truth = np.zeros(1000, bool)
    truth[:100] = True
    z = rng.normal(size=1000) + 3 * truth
    honest = Calls(truth, z > 2.5, z)
    everything = Calls(truth, np.ones(1000, bool), np.zeros(1000))
    nothing = Calls(truth, np.zeros(1000, bool), np.full(1000, -np.inf))
    for cheat in (everything, nothing):
        assert metrics.f1(cheat) < metrics.f1(honest)
        assert metrics.average_precision(cheat) < 0.2 < metrics.average_precision(honest)
    assert metrics.false_discovery_proportion(everything) == pytest.approx(0.9)
    assert metrics.false_positive_rate(everything) == 1


def test_ties_are_broken_against_the_method():
    truth = np.array([True, False, True, False])
    assert metrics.average_precision(Calls(truth, truth, np.zeros(4))) == pytest.approx(np.mean([1 / 3, 2 / 4]))
