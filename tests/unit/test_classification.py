import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from scbench.metrics import classification as metrics
from scbench.metrics.classification import confusion_matrix

CLASSES = np.array(["a", "b", "c"])
LABELS = st.lists(st.sampled_from(CLASSES.tolist()), min_size=1, max_size=40)

# 4 a's: 3 right, 1 as b. 2 b's: both right. 4 c's: 1 right, 2 as a, 1 unassigned.
HAND = np.array([[3, 1, 0, 0], [0, 2, 0, 0], [2, 0, 1, 1]])


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (metrics.accuracy, 6 / 10),
        (metrics.misclassification, 4 / 10),
        (metrics.misclassification_recall, np.mean([1 / 4, 0, 3 / 4])),
        (metrics.misclassification_precision, np.mean([2 / 5, 1 / 3, 0])),
        (metrics.macro_f1, np.mean([6 / 9, 4 / 5, 2 / 5])),
        (metrics.weighted_f1, (4 * 6 / 9 + 2 * 4 / 5 + 4 * 2 / 5) / 10),
    ],
)
def test_values_computed_by_hand(metric, value):
    assert metric(HAND) == pytest.approx(value)


def test_values_per_class_computed_by_hand():
    np.testing.assert_allclose(metrics.class_f1(HAND), [6 / 9, 4 / 5, 2 / 5])
    np.testing.assert_allclose(metrics.class_accuracy(HAND), [3 / 4, 1, 1 / 4])


def test_confusion_matrix_counts_unassigned_cells_in_the_last_column():
    true = np.array(["a", "c", "c"])
    predicted = np.array(["a", "unassigned", "b"])
    np.testing.assert_array_equal(
        confusion_matrix(true, predicted, CLASSES), [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]]
    )


def test_confusion_matrix_refuses_a_label_that_is_no_class():
    with pytest.raises(ValueError, match="not among the classes"):
        confusion_matrix(np.array(["a"]), np.array(["A"]), CLASSES)


@given(LABELS, st.randoms(use_true_random=False))
def test_agrees_with_scikit_learn(true, random):
    predicted = [random.choice(CLASSES.tolist()) for _ in true]
    matrix = confusion_matrix(np.array(true), np.array(predicted), CLASSES)
    assert metrics.accuracy(matrix) == pytest.approx(accuracy_score(true, predicted))
    assert metrics.macro_f1(matrix) == pytest.approx(f1_score(true, predicted, average="macro", zero_division=0))
    assert metrics.weighted_f1(matrix) == pytest.approx(f1_score(true, predicted, average="weighted", zero_division=0))


ALL = [metrics.accuracy, metrics.macro_f1, metrics.weighted_f1]
ERRORS = [metrics.misclassification, metrics.misclassification_recall, metrics.misclassification_precision]


def _score(metric, true, predicted):
    value = metric(confusion_matrix(true, predicted, CLASSES))
    return -value if metric in ERRORS else value


@pytest.mark.parametrize("metric", ALL + ERRORS)
def test_no_cheat_beats_an_honest_answer(metric):
    """An annotator that is right on the easy cells and on most of the hard ones must beat every cheat."""
    rng = np.random.default_rng(0)
    true = np.repeat(CLASSES, [600, 300, 100])
    hard = rng.random(1000) < 0.4
    honest = np.where(hard & (rng.random(1000) < 0.4), rng.choice(CLASSES, 1000), true)
    cheats = {
        "majority class": np.full(1000, "a"),
        "rarest class": np.full(1000, "c"),
        "nothing at all": np.full(1000, "unassigned"),
        "rejects the hard cells": np.where(hard, "unassigned", true),
    }
    for name, cheat in cheats.items():
        if name == "rejects the hard cells" and metric is metrics.misclassification_precision:
            continue  # precision alone cannot see what is left out: that is why it is not the primary metric
        assert _score(metric, true, cheat) < _score(metric, true, honest), name


@pytest.mark.parametrize("metric", ALL + ERRORS)
def test_more_errors_never_score_better_and_order_does_not_matter(metric):
    rng = np.random.default_rng(1)
    true = rng.choice(CLASSES, 200)
    predicted = true.astype(object)
    scores = [_score(metric, true, predicted)]
    for chunk in np.array_split(rng.permutation(200), 5):
        predicted[chunk] = "unassigned"
        scores.append(_score(metric, true, predicted))
        order = rng.permutation(200)
        assert _score(metric, true[order], predicted[order]) == scores[-1]
    if metric is not metrics.misclassification_precision:
        assert scores == sorted(scores, reverse=True)
    assert scores[-1] == (-1 if metric in ERRORS else 0)
