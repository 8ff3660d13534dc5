"""Rare types, calibration, novelty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from scbench.errors import UserError
from scbench.metrics.annotation import (
    Confidences,
    Novelty,
    Rare,
    expected_calibration_error,
    known_accuracy,
    novel_accuracy,
    novelty_auroc,
    rare_f1,
    risk_coverage,
    risk_coverage_area,
)
from scbench.plan import Plan
from scbench.plan_annotation import figures

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
    assert novelty_auroc(NOVELTY) == pytest.approx(5 / 6)


def test_without_confidences_nothing_is_rejected():
    none = NOVELTY._replace(confidence=np.full(5, np.nan), threshold=-np.inf)
    assert novel_accuracy(none) == 0
    assert known_accuracy(none) == pytest.approx(2 / 3)
    assert np.isnan(novelty_auroc(none))
    assert np.isnan(risk_coverage_area(none))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.5, 0.9])), min_size=2, max_size=30))
def test_auroc_is_that_of_scikit_learn(cells):
    novel, confidence = (np.array(values) for values in zip(*cells, strict=True))
    if novel.all() or not novel.any():
        return
    subject = Novelty(novel, ~novel, confidence, 0.5)
    assert novelty_auroc(subject) == pytest.approx(roc_auc_score(novel, -confidence))


def test_risk_and_coverage():
    risk, coverage = risk_coverage(NOVELTY)
    np.testing.assert_allclose(risk, [0, 1 / 2, 2 / 3, 2 / 4, 3 / 5])
    np.testing.assert_allclose(coverage, [0.2, 0.4, 0.6, 0.8, 1])
    assert risk_coverage_area(NOVELTY) == pytest.approx(np.mean([0, 1 / 2, 2 / 3, 1 / 2, 3 / 5]))
    tied = NOVELTY._replace(confidence=np.full(5, 0.5))
    np.testing.assert_allclose(risk_coverage(tied), [[0.6], [1.0]])


# --- what is drawn ------------------------------------------------------------------------------------------------


def _config(**changes):
    run = {
        "datasets": ["toy_cells", "toy_cells_dropout_50"],
        "methods": ["scrobust_tiny", "linear_svm"],
        "replicates": 2,
        "folds": 2,
        "test_dropout": [0.5],
        "series": {"toys": {"toy_cells": 0, "toy_cells_dropout_50": 0.5}},
        "pretraining": ["scrobust_tiny"],
    }
    return {"seed": 1, "tracks": {"annotation": run | changes}}


def test_figures_follow_from_the_configuration():
    run = Plan.load(_config()).tracks["annotation"]
    datasets = ("toy_cells", "toy_cells_dropout_50")
    expected = [
        *(f"{kind}-{name}" for kind in ("classes", "reliability") for name in datasets),
        "dropout-toys",
        *(f"pretraining-scrobust_tiny-{name}" for name in datasets),
    ]
    assert figures(run) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"series": {"toys": {"toy_cells": 0, "zeisel": 0.5}}},
            "series.toys' names 'zeisel', which",
        ),
        (
            {"series": {"toys": {"toy_cells": 0, "toy_cells_dropout_50": 0}}},
            "toys' must have levels that differ",
        ),
        ({"comparisons": {"two": ["linear_svm", "knn_pca"]}}, "comparisons.two' names 'knn_pca'"),
        ({"pretraining": ["linear_svm"]}, "'linear_svm', which has no losses.*these have: scrobust_tiny"),
        ({"embeddings": [{"dataset": "toy_cells", "method": "linear_svm"}]}, "needs a variant of scRobust"),
        ({"stages": [{"dataset": "toy_cells", "method": "scrobust_tiny"}]}, "stages"),
    ],
)
def test_what_cannot_be_drawn_is_named(change, message):
    with pytest.raises(UserError, match=message):
        Plan.load(_config(**change))
