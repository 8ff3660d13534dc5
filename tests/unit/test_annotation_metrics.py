"""Rare types, calibration, novelty."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from scbench.metrics.annotation import (
    Confidences,
    Novelty,
    Rare,
    bins,
    expected_calibration_error,
    known_accuracy,
    known_rejected,
    novel_accuracy,
    novelty_auroc,
    rare_f1,
    risk_coverage,
    risk_coverage_area,
)

NOVELTY = Novelty(
    novel=np.array([False, False, False, True, True]),
    right=np.array([True, True, False, False, False]),
    confidence=np.array([0.9, 0.4, 0.8, 0.3, 0.7]),
    threshold=0.5,
)


def test_rare_types_are_scored_on_their_own():
    confusion = np.array([[8, 2, 0], [1, 1, 0]])
    assert rare_f1(Rare(confusion, np.array([False, True]))) == pytest.approx(2 / 5)
    assert rare_f1(Rare(confusion, np.array([True, True]))) == pytest.approx((16 / 19 + 2 / 5) / 2)
    assert np.isnan(rare_f1(Rare(confusion, np.array([False, False]))))
    assert np.isnan(rare_f1(Rare(np.array([[9, 0, 0], [0, 0, 0]]), np.array([False, True])))), "none in the test"


def test_calibration_error_is_the_distance_weighted_by_cells():
    subject = Confidences(np.array([True, False, True, True]), np.array([0.9, 0.9, 0.9, 0.5]))
    assert expected_calibration_error(subject) == pytest.approx((3 * abs(0.9 - 2 / 3) + 0.5) / 4)
    assert expected_calibration_error(Confidences(np.array([True]), np.array([1.0]))) == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40))
def test_calibration_error_is_bounded_and_does_not_see_the_order(cells):
    right, confidence = (np.array(values) for values in zip(*cells, strict=True))
    error = expected_calibration_error(Confidences(right, confidence))
    assert 0 <= error <= 1
    order = np.random.default_rng(0).permutation(len(right))
    assert expected_calibration_error(Confidences(right[order], confidence[order])) == pytest.approx(error)


def test_cells_below_the_threshold_are_called_novel():
    assert novel_accuracy(NOVELTY) == 0.5
    assert known_accuracy(NOVELTY) == pytest.approx(1 / 3), "one is rejected, one is wrong"
    assert known_rejected(NOVELTY) == pytest.approx(1 / 3)
    assert novelty_auroc(NOVELTY) == pytest.approx(5 / 6)


def test_without_confidences_nothing_is_rejected():
    none = NOVELTY._replace(confidence=np.full(5, np.nan), threshold=-np.inf)
    assert novel_accuracy(none) == 0
    assert known_accuracy(none) == pytest.approx(2 / 3)
    assert known_rejected(none) == 0
    assert np.isnan(novelty_auroc(none))
    assert np.isnan(risk_coverage_area(none))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.5, 0.9])), min_size=2, max_size=30))
def test_auroc_is_that_of_scikit_learn(cells):
    novel, confidence = (np.array(values) for values in zip(*cells, strict=True))
    assume(novel.any() and not novel.all())
    subject = Novelty(novel, ~novel, confidence, 0.5)
    assert novelty_auroc(subject) == pytest.approx(roc_auc_score(novel, -confidence))


def test_risk_and_coverage():
    risk, coverage = risk_coverage(NOVELTY)
    np.testing.assert_allclose(risk, [0, 1 / 2, 2 / 3, 2 / 4, 3 / 5])
    np.testing.assert_allclose(coverage, [0.2, 0.4, 0.6, 0.8, 1])
    assert risk_coverage_area(NOVELTY) == pytest.approx(np.mean([0, 1 / 2, 2 / 3, 1 / 2, 3 / 5]))
    tied = NOVELTY._replace(confidence=np.full(5, 0.5))
    np.testing.assert_allclose(risk_coverage(tied), [[0.6], [1.0]])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_area_is_bounded_and_does_not_see_the_scale_of_confidences(cells):
    right, confidence = (np.array(values) for values in zip(*cells, strict=True))
    subject = Novelty(~right, right, confidence, 0.5)
    area = risk_coverage_area(subject)
    assert 0 <= area <= 1
    order = np.random.default_rng(0).permutation(len(right))
    shuffled = Novelty(~right[order], right[order], confidence[order], 0.5)
    assert risk_coverage_area(shuffled) == pytest.approx(area)
    ranks = np.unique(confidence, return_inverse=True)[1] / len(right)
    assert risk_coverage_area(subject._replace(confidence=ranks)) == pytest.approx(area)


# --- answers that cheat -----------------------------------------------------------------------------------------------


def test_calling_everything_novel_costs_the_known_types():
    everything = NOVELTY._replace(confidence=np.zeros(5))
    assert novel_accuracy(everything) == 1
    assert known_accuracy(everything) == 0
    assert known_rejected(everything) == 1
    assert novelty_auroc(everything) == 0.5
    assert risk_coverage_area(everything) == pytest.approx(3 / 5), "no better than the error of all labels"


@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_the_same_confidence_in_all_cells_rejects_none(value):
    """The threshold is a quantile of confidences of the same method."""
    threshold = float(np.quantile(np.full(20, value), 0.05))
    constant = NOVELTY._replace(confidence=np.full(5, value), threshold=threshold)
    assert novel_accuracy(constant) == known_rejected(constant) == 0
    assert novelty_auroc(constant) == 0.5


def test_random_confidences_find_no_more_novel_cells_than_known_ones():
    rng = np.random.default_rng(0)
    novel = np.repeat([False, True], 2000)
    threshold = float(np.quantile(rng.random(2000), 0.05))
    guess = Novelty(novel, ~novel, rng.random(4000), threshold)
    assert novel_accuracy(guess) == pytest.approx(0.05, abs=0.02)
    assert known_rejected(guess) == pytest.approx(0.05, abs=0.02)
    assert novelty_auroc(guess) == pytest.approx(0.5, abs=0.03)


def test_full_confidence_in_wrong_labels_is_the_worst_calibration():
    wrong = np.zeros(10, dtype=bool)
    assert expected_calibration_error(Confidences(wrong, np.ones(10))) == 1
    # Silence without confidence is right about itself: this is why the error is neither primary nor scaled.
    assert expected_calibration_error(Confidences(wrong, np.zeros(10))) == 0


@pytest.mark.parametrize("edge", [0.0, 1 / 15, 0.2, 0.6, 1.0])
def test_a_confidence_on_an_edge_is_in_one_bin(edge):
    counts, confidence, right = bins(Confidences(np.array([True]), np.array([edge])))
    assert (len(counts), counts.sum()) == (15, 1)
    assert confidence[counts > 0] == pytest.approx(edge)
    assert right[counts > 0] == 1


def test_leaving_rare_types_out_is_no_way_to_a_good_score():
    all_common = Rare(np.array([[90, 0, 0], [10, 0, 0]]), np.array([False, True]))
    silent = Rare(np.array([[90, 0, 0], [0, 0, 10]]), np.array([False, True]))
    assert rare_f1(all_common) == rare_f1(silent) == 0
