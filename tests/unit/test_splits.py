import logging
from itertools import pairwise

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.errors import UserError
from scbench.splits import fold, holdout, make, novel, platforms, sizes

LABELS = np.repeat(["a", "b", "c"], [100, 50, 10])
HOLDOUT = {"base_seed": 1, "dataset": "d", "test_fraction": 0.2}
FOLD = {"base_seed": 1, "dataset": "d", "folds": 5}
NOVEL = HOLDOUT | {"calibration": 0.1}
BATCHES = np.tile(["x", "y", "z", "z"], 40)
PLATFORMS = {"batches": BATCHES, "dataset": "d"}

labelled = st.lists(st.integers(5, 60), min_size=3, max_size=6).map(
    lambda counts: np.random.default_rng(sum(counts)).permutation(np.repeat([*"abcdef"[: len(counts)]], counts))
)


def _counts(labels):
    return {str(name): int((labels == name).sum()) for name in np.unique(labels)}


# --- hold-out and folds -----------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 30))
def test_a_split_has_every_cell_once_and_every_class_in_its_share(base, replicate):
    for split in (
        holdout(LABELS, **HOLDOUT | {"base_seed": base}, replicate=replicate),
        fold(LABELS, **FOLD | {"base_seed": base}, replicate=replicate),
    ):
        assert sorted([*split.train, *split.test]) == list(range(160))
        assert _counts(LABELS[split.test]) == {"a": 20, "b": 10, "c": 2}
        assert (len(split.calibration), split.scenario) == (0, "")


def test_replicates_differ_and_repeat():
    first, again, other = (holdout(LABELS, **HOLDOUT, replicate=r).test for r in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_folds_of_a_repeat_cover_the_cells_once_and_repeats_differ():
    tests = [fold(LABELS, **FOLD, replicate=r).test for r in range(10)]
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


def test_a_test_set_that_takes_all_of_a_class_is_an_error():
    labels = np.repeat(["a", "b"], [200, 2])
    with pytest.raises(UserError, match=r"no cell of class 'b' is left to train with test_fraction=0\.9"):
        holdout(labels, **HOLDOUT | {"test_fraction": 0.9}, replicate=0)


# --- novel types ------------------------------------------------------------------------------------------------------


def test_the_type_left_out_is_tested_whole_and_never_learned():
    split = novel(LABELS, **NOVEL, replicate=0, left_out="c")
    assert _counts(LABELS[split.train]) == {"a": 72, "b": 36}
    assert _counts(LABELS[split.calibration]) == {"a": 8, "b": 4}
    assert _counts(LABELS[split.test]) == {"a": 20, "b": 10, "c": 10}


@settings(max_examples=40, deadline=None)
@given(labelled, st.integers(0, 5), st.integers(0, 1000))
def test_parts_are_disjoint_sorted_and_cover_the_cells(labels, replicate, base):
    split = novel(
        labels, base_seed=base, dataset="d", replicate=replicate, left_out="b", calibration=0.4, test_fraction=0.4
    )
    assert sorted(np.concatenate(split[:3])) == list(range(len(labels)))
    assert all((np.diff(part) > 0).all() for part in split[:3])
    assert "b" not in labels[np.append(split.train, split.calibration)]
    known = set(labels) - {"b"}
    assert set(labels[split.train]) == known
    for name in known:
        total = (labels == name).sum()
        assert abs((labels[split.test] == name).sum() - 0.4 * total) < 1.5


def test_left_out_types_and_replicates_have_splits_of_their_own():
    one, again, other = (novel(LABELS, **NOVEL, replicate=r, left_out="c") for r in (0, 0, 1))
    for part in range(3):
        np.testing.assert_array_equal(one[part], again[part])
    assert not np.array_equal(one.test, other.test)
    assert not np.array_equal(one.calibration, other.calibration)


@pytest.mark.parametrize(
    ("labels", "left_out", "message"),
    [
        (LABELS, "bb", r"dataset 'd' has no type 'bb' to leave out. Did you mean 'b'\? Allowed: a, b, c\."),
        (LABELS[:150], "a", r"dataset 'd': without 'a' it has 1 type\(s\), but two or more must train"),
        (np.append(LABELS, "lonely"), "a", r"class 'lonely' has 1 cell\(s\), but a split with test_fraction=0\.2 need"),
    ],
)
def test_types_that_cannot_be_left_out_or_divided_are_named(labels, left_out, message):
    with pytest.raises(UserError, match=message):
        novel(labels, **NOVEL, replicate=0, left_out=left_out)


# --- platforms --------------------------------------------------------------------------------------------------------


def test_other_batches_train_and_all_cells_of_the_test_batch_are_asked():
    split = platforms(LABELS, **PLATFORMS, test="z")
    np.testing.assert_array_equal(split.train, np.flatnonzero(BATCHES != "z"))
    np.testing.assert_array_equal(split.test, np.flatnonzero(BATCHES == "z"))
    np.testing.assert_array_equal(
        platforms(LABELS, **PLATFORMS, test="z", train=["y"]).train, np.flatnonzero(BATCHES == "y")
    )


def test_test_cells_of_types_that_nobody_trains_are_left_out_and_counted(caplog):
    labels = np.where((LABELS == "c") & (BATCHES != "z"), "b", LABELS)
    with caplog.at_level(logging.INFO, "scbench"):
        split = platforms(labels, **PLATFORMS, test="z")
    assert set(labels[split.test]) == {"a", "b"}
    assert len(split.test) == 74
    assert "d: cells of batch 'z' left out, as no training batch has their type: 'c' 6" in caplog.text


def test_types_that_only_training_batches_have_stay():
    labels = np.where((LABELS == "c") & (BATCHES == "z"), "b", LABELS)
    split = platforms(labels, **PLATFORMS, test="z")
    assert set(labels[split.train]) == {"a", "b", "c"}
    assert set(labels[split.test]) == {"a", "b"}


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (LABELS, {"test": "zz"}, r"dataset 'd' has no batch 'zz'. Did you mean 'z'\? Allowed: x, y, z\."),
        (LABELS, {"test": "z", "train": ["x", "w"]}, "has no batch 'w'"),
        (LABELS, {"test": "z", "train": ["x", "z"]}, "the batch 'z' cannot both train and test"),
        (BATCHES, {"test": "z", "train": ["x"]}, r"40 training cell\(s\) of 1 type\(s\) outside the batch 'z'"),
        (BATCHES, {"test": "z"}, r"no type of the batch 'z' is in its training batches \['x', 'y'\]"),
    ],
)
def test_batches_that_cannot_be_used_are_named(labels, options, message):
    with pytest.raises(UserError, match=message):
        platforms(labels, **PLATFORMS, **options)


# --- numbers of cells -------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(labelled, st.data())
def test_smaller_samples_lie_in_larger_ones_and_each_type_has_its_share(labels, data):
    options = {"base_seed": 1, "dataset": "d", "replicate": data.draw(st.integers(0, 5)), "test_fraction": 0.4}
    pool = holdout(labels, **options)
    kinds = _counts(labels[pool.train])
    wanted = sorted(data.draw(st.sets(st.integers(len(kinds), len(pool.train)), min_size=1, max_size=5)))
    splits = [sizes(labels, **options, size=size) for size in wanted]
    for size, split in zip(wanted, splits, strict=True):
        assert (len(split.train), split.scenario) == (size, f"train-{size}")
        np.testing.assert_array_equal(split.test, pool.test)
        assert set(split.train) <= set(pool.train)
        found = _counts(labels[split.train])
        assert found.keys() == kinds.keys()
        # The cells that rare types have beyond their share are missing from the others.
        surplus = sum(max(0, found[k] - size * kinds[k] / len(pool.train)) for k in kinds)
        assert surplus <= len(kinds)
    for small, large in pairwise(splits):
        assert set(small.train) < set(large.train)


def test_a_sample_has_the_shares_of_its_types():
    split = sizes(LABELS, **HOLDOUT, replicate=0, size=64)
    assert _counts(LABELS[split.train]) == {"a": 40, "b": 20, "c": 4}
    assert _counts(LABELS[sizes(LABELS, **HOLDOUT, replicate=0, size=3).train]) == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize("size", [2, 129])
def test_a_sample_has_room_for_every_type_and_no_more_cells_than_there_are(size):
    with pytest.raises(UserError, match=rf"dataset 'd': .* 3 \(one cell of each type\) to 128 cells .* size {size}"):
        sizes(LABELS, **HOLDOUT, replicate=0, size=size)


# --- from a file ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = tmp_path_factory.mktemp("splits") / "d.h5ad"
    obs = pd.DataFrame({"label": LABELS, "batch": pd.Categorical(BATCHES), "run": np.arange(160) % 2})
    ad.AnnData(sp.csr_matrix(np.ones((160, 2), np.float32)), obs=obs.set_axis(obs.index.astype(str))).write_h5ad(path)
    return path


def test_a_scheme_names_the_function_and_its_arguments(prepared):
    shared = {"base_seed": 1, "dataset": "d", "replicate": 0}
    for kind, function, own in (
        ("fold", fold, {"folds": 5}),
        ("holdout", holdout, {"test_fraction": 0.2}),
        ("novel", novel, {"left_out": "c", "calibration": 0.1, "test_fraction": 0.2}),
        ("sizes", sizes, {"size": 20, "test_fraction": 0.2}),
    ):
        made, direct = make(prepared, {"kind": kind} | shared | own), function(LABELS, **shared, **own)
        assert all(np.array_equal(one, two) for one, two in zip(made, direct, strict=True)), kind
    made = make(prepared, shared | {"kind": "platforms", "column": "batch", "test": "x", "train": None})
    np.testing.assert_array_equal(made.test, np.flatnonzero(BATCHES == "x"))
    made = make(prepared, shared | {"kind": "platforms", "column": "run", "test": "1", "train": ["0"]})
    np.testing.assert_array_equal(made.test, np.arange(1, 160, 2))


def test_a_column_that_is_not_there_is_named(prepared):
    scheme = {"kind": "platforms", "column": "bach", "test": "x", "train": None, "dataset": "d"}
    with pytest.raises(UserError, match=r"no column 'bach' of its cells. Did you mean 'batch'\?"):
        make(prepared, scheme)
