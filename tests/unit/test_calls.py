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


def test_power_at_a_false_positive_rate_by_hand():
    truth = np.arange(300) < 100  # 200 null genes: 2 may pass at 1 %, 10 at 5 %
    score = np.r_[np.full(30, 9.0), np.full(50, 5.0), np.full(20, 1.0), 8.0, 7.0, 5.0, np.full(7, 3.0), np.zeros(190)]
    calls = Calls(truth, np.zeros(300, bool), score)
    assert metrics.power_at_fpr_1(calls) == 0.3, "the third null gene ties with fifty patterned ones"
    assert metrics.power_at_fpr_5(calls) == 1.0, "the eleventh null gene has the score 0"
    assert metrics.power_at(calls, 0.0) == 0.3
    swapped = calls._replace(score=np.where(score == 8.0, 10.0, score))
    assert metrics.power_at(swapped, 0.0) == 0.0


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(any), st.randoms(use_true_random=False))
def test_power_keeps_its_price(truth, random):
    truth = np.array(truth)
    score = np.array(random.choices(range(8), k=len(truth)), dtype=float)  # many ties
    for rate in (0.01, 0.05, 0.5):
        power = metrics.power_at(Calls(truth, truth, score), rate)
        if truth.all():
            assert np.isnan(power)
            continue
        # Brute force over all thresholds that let at most this share of the null genes through.
        good = [t for t in (*range(9), -1) if (score[~truth] > t).mean() <= rate]
        assert power == max((score[truth] > t).mean() for t in good)


def test_undefined_values_are_nan_and_defined_ones_are_not():
    none = Calls(np.zeros(5, bool), np.zeros(5, bool), np.zeros(5))
    for metric in (metrics.sensitivity, metrics.f1, metrics.average_precision, metrics.power_at_fpr_1):
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
        assert metrics.power_at_fpr_5(cheat) == 0 < 0.8 < metrics.power_at_fpr_5(honest)
    assert metrics.false_discovery_proportion(everything) == pytest.approx(0.9)
    assert metrics.false_positive_rate(everything) == 1


def test_ties_are_broken_against_the_method():
    truth = np.array([True, False, True, False])
    assert metrics.average_precision(Calls(truth, truth, np.zeros(4))) == pytest.approx(np.mean([1 / 3, 2 / 4]))
