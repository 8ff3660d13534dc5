"""What the annotation track draws: it follows from the configuration, and what cannot be drawn is refused."""

import pytest

from scbench.errors import UserError
from scbench.plan import Plan
from scbench.plan_annotation import dropout_lines, figures, novel_strips, platform_strips, size_lines

NOVEL = {"methods": ["linear_svm"], "datasets": {"toy_cells": ["type0", "type2"]}}
PLATFORMS = {"methods": ["linear_svm"], "datasets": {"toy_batches": {"column": "batch", "tests": ["a", "b"]}}}
SIZES = {"methods": ["linear_svm"], "datasets": ["toy_cells"], "sizes": [20, 60]}


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


def test_experiments_have_figures_of_their_own():
    run = _config(novel=NOVEL, platforms=PLATFORMS, sizes=SIZES, comparisons={"two": ["scrobust_tiny", "linear_svm"]})
    run = Plan.load(run).tracks["annotation"]
    assert {"novel", "platforms", "coverage-toy_cells", "sizes-toy_cells", "comparison-two"} < set(figures(run))
    assert novel_strips(run)["names"] == {"toy_cells": ["type0", "type2"]}
    assert novel_strips(run)["shown"]["novel_accuracy"] == run["novel"]["reject"]
    assert platform_strips(run)["names"] == {"toy_batches": ["a", "b"]}
    assert size_lines(run, "toy_cells") == {"": {("toy_cells", "train-20"): 20, ("toy_cells", "train-60"): 60}}


def test_every_drawn_metric_is_in_the_registry():
    plan = Plan.load(_config(novel=NOVEL, platforms=PLATFORMS))
    metrics = plan.registry.metrics_of("annotation")
    run = plan.tracks["annotation"]
    for made, of in ((novel_strips(run), "novelty"), (platform_strips(run), "confusion")):
        assert {metrics[name]["of"] for name in made["shown"]} == {of}


def test_scores_do_not_depend_on_what_is_drawn():
    assert Plan.load(_config(novel=NOVEL, sizes=SIZES)).scoring("annotation") == Plan.load(_config()).scoring(
        "annotation"
    )


def test_test_only_dropout_is_drawn_where_there_is_data_without():
    run = Plan.load(_config()).tracks["annotation"]
    lines = dropout_lines(run, "toys")
    assert list(lines) == ["Dropout in all cells", "Dropout in test cells only"]
    assert lines["Dropout in all cells"] == {("toy_cells", ""): 0, ("toy_cells_dropout_50", ""): 0.5}
    assert list(dropout_lines(run | {"test_dropout": []}, "toys")) == ["Dropout in all cells"]
    shifted = {"toys": {"toy_cells": 0.1, "toy_cells_dropout_50": 0.5}}
    assert list(dropout_lines(run | {"series": shifted}, "toys")) == ["Dropout in all cells"]


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
