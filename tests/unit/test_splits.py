import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.errors import UserError
from scbench.splits import fold, holdout

LABELS = np.repeat(["a", "b", "c"], [100, 50, 10])
HOLDOUT = {"base_seed": 1, "dataset": "d", "test_fraction": 0.2}
FOLD = {"base_seed": 1, "dataset": "d", "folds": 5}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 30))
def test_a_split_has_every_cell_once_and_every_class_in_its_share(base, replicate):
    for train, test in (
        holdout(LABELS, **HOLDOUT | {"base_seed": base}, replicate=replicate),
        fold(LABELS, **FOLD | {"base_seed": base}, replicate=replicate),
    ):
        assert sorted([*train, *test]) == list(range(160))
        assert {k: int((LABELS[test] == k).sum()) for k in "abc"} == {"a": 20, "b": 10, "c": 2}


def test_replicates_differ_and_repeat():
    first, again, other = (holdout(LABELS, **HOLDOUT, replicate=r)[1] for r in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_folds_of_a_repeat_cover_the_cells_once_and_repeats_differ():
    tests = [fold(LABELS, **FOLD, replicate=r)[1] for r in range(10)]
    assert sorted(np.concatenate(tests[:5])) == list(range(160))
    assert sorted(np.concatenate(tests[5:])) == list(range(160))
    assert not np.array_equal(tests[0], tests[5])


def test_a_class_that_is_too_small_is_named():
    labels = np.append(LABELS, "lonely")
    with pytest.raises(UserError, match=r"dataset 'd': class 'lonely' has 1 cell\(s\).*at least 2.*drop_labels"):
        holdout(labels, **HOLDOUT, replicate=0)
    with pytest.raises(UserError, match=r"class 'lonely' has 1 cell\(s\).*at least 5"):
        fold(labels, **FOLD, replicate=0)


def test_a_test_set_that_cannot_hold_every_class_is_an_error():
    with pytest.raises(UserError, match=r"test_fraction=0\.01"):
        holdout(LABELS, **HOLDOUT | {"test_fraction": 0.01}, replicate=0)
