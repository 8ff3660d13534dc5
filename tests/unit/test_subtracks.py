"""Experiments that are tracks of their own."""

import copy

import pytest

from scbench import subtracks
from scbench.errors import UserError
from scbench.plan import Plan

CONFIG = {
    "seed": 1,
    "tracks": {
        "annotation": {
            "datasets": ["toy_cells"],
            "methods": ["linear_svm"],
            "replicates": 2,
            "folds": 2,
            "test_dropout": [0.3],
            "novel": {"methods": ["linear_svm", "knn_pca"], "datasets": {"toy_cells": ["type0", "type2"]}},
            "platforms": {
                "methods": ["knn_pca"],
                "datasets": {"toy_cells": {"column": "batch", "tests": ["a", "b", "c"]}},
            },
            "sizes": {"methods": ["linear_svm"], "datasets": ["toy_cells", "zeisel"], "sizes": [20, 50], "repeats": 2},
        }
    },
}


@pytest.fixture
def plan():
    return Plan.load(copy.deepcopy(CONFIG))


def _configured(**novel):
    config = copy.deepcopy(CONFIG)
    config["tracks"]["annotation"]["novel"] |= novel
    return config


def test_each_experiment_is_a_track(plan):
    assert list(plan.tracks) == ["annotation", "annotation-novel", "annotation-platforms", "annotation-sizes"]
    assert set(plan.tracks) == {"annotation", *subtracks.names()}
    counts = {track: len(plan.replicates(track, "toy_cells")) for track in plan.tracks}
    assert counts == {"annotation": 2, "annotation-novel": 2, "annotation-platforms": 3, "annotation-sizes": 4}
    assert plan.tracks["annotation-novel"]["methods"] == ["linear_svm", "knn_pca"]


def test_a_replicate_is_a_type_a_batch_or_a_size(plan):
    schemes = [plan.split_scheme("annotation-novel", "toy_cells", r) for r in range(2)]
    assert [(one["kind"], one["left_out"], one["replicate"]) for one in schemes] == [
        ("novel", "type0", 0),
        ("novel", "type2", 1),
    ]
    assert [plan.split_scheme("annotation-platforms", "toy_cells", r)["test"] for r in range(3)] == ["a", "b", "c"]
    sizes = [plan.split_scheme("annotation-sizes", "zeisel", r) for r in range(4)]
    assert [(one["size"], one["replicate"]) for one in sizes] == [(20, 0), (50, 0), (20, 1), (50, 1)]


def test_runs_differ_from_those_of_the_track_in_name_and_seed_only(plan):
    own, novel = (plan.spec(track, "toy_cells", "linear_svm", 0) for track in ("annotation", "annotation-novel"))
    assert own["seed"] != novel["seed"]
    assert [rate for rate, _ in own["test_dropout"]] == [0.3]
    assert novel["test_dropout"] == []
    same = set(own) - {"seed", "track", "test_dropout"}
    assert {key: own[key] for key in same} == {key: novel[key] for key in same}


def test_what_is_only_drawn_leaves_scores_as_they_are(plan):
    before = plan.scoring("annotation")
    config = _configured(reject=0.2)
    config["tracks"]["annotation"]["series"] = {}
    assert Plan.load(config).scoring("annotation") == before
    assert Plan.load(config).scoring("annotation-novel") != plan.scoring("annotation-novel")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": {"zeisel": ["microgliaa"]}}, "no type of the dataset. Got 'microgliaa'.*microglia"),
        ({"datasets": {"zeisell": ["microglia"]}}, "'zeisell' is not in the registry.*zeisel"),
        ({"methods": ["moran_i"]}, "'moran_i' is not of track 'annotation'"),
    ],
)
def test_what_cannot_be_run_is_named(change, message):
    with pytest.raises(UserError, match=message):
        Plan.load(_configured(**change))
