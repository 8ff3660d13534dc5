"""Figures of the annotation track, from tables made here."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.lines import Line2D

from scbench.collect import rank_table
from scbench.figures import (
    annotation_classes,
    annotation_lines,
    annotation_strips,
    comparison,
    coverage,
    embeddings,
    pretraining,
    reliability,
    style,
)
from scbench.metrics.annotation import Confidences, Novelty
from scbench.registry import Registry

REGISTRY = Registry.load()
METHODS = {name: REGISTRY.method(name) for name in ("scrobust", "linear_svm", "knn_pca", "majority_type", "true_type")}
METRICS = REGISTRY.metrics_of("annotation")
DATASETS = {name: REGISTRY.dataset(name) for name in ("zeisel", "zeisel_dropout_30", "zeisel_dropout_50")}
LABELS = {"methods": METHODS, "metrics": METRICS, "datasets": DATASETS}
TYPES = {"many": 90, "some <&>": 40, "few": 3}


def _scores(status="ok"):
    rng = np.random.default_rng(0)
    rows = [
        ("annotation", dataset, scenario, name, method, replicate, metric, rng.random(), "ok")
        for dataset in DATASETS
        for scenario in ("", "test-dropout-30")
        for method in METHODS
        for replicate in range(3)
        for metric, names in (("macro_f1", [""]), ("accuracy", [""]), ("class_accuracy", TYPES))
        for name in names
    ]
    columns = ["track", "dataset", "scenario", "class", "method", "replicate", "metric", "value", "status"]
    table = pd.DataFrame(rows, columns=columns)
    bad = (table["method"] == "knn_pca") & (table["replicate"] == 1)
    table.loc[bad, "status"] = status
    return table.assign(value=table["value"].mask(table["status"] != "ok"))


def _texts(figure):
    return [text.get_text() for text in figure.findobj(lambda item: hasattr(item, "get_text"))]


def _saved(figure, tmp_path):
    style.save(figure, tmp_path / "it.png", tmp_path / "it.pdf")
    assert (tmp_path / "it.png").stat().st_size > 2000
    return _texts(figure)


def test_types_are_by_size_and_rare_ones_are_marked(tmp_path):
    figure = annotation_classes.plot(_scores("oom"), **LABELS, dataset="zeisel", sizes=TYPES, rare=0.05)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["many (90)", "some <&> (40)", "few (3)"]
    assert {"rare", "1 of 3 failed (oom): kNN on PCA"} < set(_saved(figure, tmp_path))
    red = [label.get_text() for label in figure.axes[0].get_yticklabels() if label.get_color() == style.BAD]
    assert red == ["kNN on PCA"]
    assert len(figure.axes[0].get_yticklabels()) == 4, "the truth is not drawn"


def test_lines_of_dropout_in_all_cells_and_in_test_cells(tmp_path):
    lines = {
        "Dropout in all cells": {("zeisel", ""): 0, ("zeisel_dropout_30", ""): 0.3, ("zeisel_dropout_50", ""): 0.5},
        "Dropout in test cells only": {("zeisel", ""): 0, ("zeisel", "test-dropout-30"): 0.3},
    }
    scores = _scores("oom")
    options = {"lines": lines, "axis": "dropout", "title": "It", "track": "annotation"}
    figure = annotation_lines.plot(scores, scores, **LABELS, **options)
    texts = _saved(figure, tmp_path)
    assert {"Dropout in all cells", "Dropout in test cells only"} <= set(texts)
    assert any("failed (oom): kNN on PCA" in text for text in texts)
    means = scores[(scores["metric"] == "macro_f1") & (scores["method"] == "scrobust") & (scores["scenario"] == "")]
    expected = means.groupby("dataset", sort=False)["value"].mean().to_numpy()
    drawn = [line.get_ydata() for line in figure.findobj(lambda item: hasattr(item, "get_ydata"))]
    assert any(len(line) == 3 and np.allclose(np.asarray(line, float), expected) for line in drawn)
    poorer = scores[
        (scores["metric"] == "macro_f1") & (scores["method"] == "scrobust") & (scores["dataset"] == "zeisel")
    ]
    expected = poorer.groupby("scenario", sort=False)["value"].mean().to_numpy()
    dashed = [line for line in figure.findobj(Line2D) if line.is_dashed() and len(line.get_ydata()) == 2]
    assert any(np.allclose(line.get_ydata(), expected) for line in dashed)


def test_a_comparison_of_annotators_has_macro_f1_and_accuracy(tmp_path):
    scores = _scores("oom")
    ranks = rank_table(scores, METHODS, METRICS, overlap=0.25, confidence=0.95)
    names = ["scrobust", "knn_pca"]
    figure = comparison.plot(scores, ranks, **LABELS, names=names, title="Ablation", track="annotation")
    texts = _saved(figure, tmp_path)
    assert "Ablation" in texts, "no scenario in the title"
    assert [ax.get_xlabel().partition("\n")[0] for ax in figure.axes] == ["Macro F1", "Accuracy"]
    assert any(text.endswith("1 of 3 failed (oom)") for text in texts)


def test_a_logarithmic_axis_shows_every_size(tmp_path):
    lines = {"": {("zeisel", ""): 50, ("zeisel_dropout_30", ""): 800}}
    options = {"lines": lines, "axis": "Training cells", "title": "It", "track": "annotation-sizes", "log": True}
    figure = annotation_lines.plot(_scores(), _scores(), **LABELS, **options)
    _saved(figure, tmp_path)
    low, high = figure.findobj(lambda item: hasattr(item, "get_xlim"))[0].get_xlim()
    assert low < 50 < 800 < high < 2000


# --- replicates with names --------------------------------------------------------------------------------------------

NOVEL = {"shown": {"macro_f1": None, "accuracy": 0.5}, "scenario": "", "title": "It", "track": "annotation"}


def _strips(scores, *, names="xyz", **changes):
    ranks = rank_table(scores, METHODS, METRICS, overlap=0, confidence=0.95)
    one = LABELS | {"datasets": {"zeisel": DATASETS["zeisel"]}}
    return annotation_strips.plot(scores, ranks, **one, **NOVEL | {"names": {"zeisel": names}} | changes)


def test_each_replicate_has_a_mark_and_a_name(tmp_path):
    scores = _scores()
    figure = _strips(scores, names=["$type", "a type with a name that is quite long", "b"])
    assert {"$type", "a type with a…s quite long", "b"} < set(_saved(figure, tmp_path))
    ax = figure.axes[0]
    marks = [line for line in ax.lines if line.get_marker() in style.MARKERS]
    expected = scores[(scores["dataset"] == "zeisel") & (scores["metric"] == "macro_f1") & (scores["scenario"] == "")]
    drawn = sorted((line.get_marker(), line.get_xdata()[0]) for line in marks)
    assert drawn == sorted((style.MARKERS[row.replicate], row.value) for row in expected.itertuples())
    means = sorted(segment[0][0] for lines in ax.collections for segment in lines.get_segments())
    np.testing.assert_allclose(means, sorted(expected.groupby("method")["value"].mean()))
    dashed = [[line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] for ax in figure.axes[:2]]
    assert dashed == [[], [0.5]]


def test_runs_that_failed_have_no_mark_and_lower_the_mean(tmp_path):
    figure = _strips(_scores("timeout"))
    assert _saved(figure, tmp_path).count("1 of 3 failed (timeout)") == 1
    scores = _scores("oom")
    scores.loc[scores["method"] == "linear_svm", ["value", "status"]] = [np.nan, "oom"]
    figure = _strips(scores)
    order = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert order[2:] == ["Linear SVM", "Majority", "Truth"], "controls have no rank"
    assert len([line for line in figure.axes[0].lines if line.get_marker() in style.MARKERS]) == 3 * 4 - 1
    assert "all 3 failed (oom)" in _saved(figure, tmp_path)


def test_a_metric_that_a_method_has_not_is_said_to_be_undefined(tmp_path):
    scores = _scores()
    figure = _strips(scores[(scores["method"] != "knn_pca") | (scores["metric"] != "accuracy")])
    assert _saved(figure, tmp_path).count("not defined") == 1


def test_too_many_replicates_for_marks_have_no_names(tmp_path):
    more = [_scores().assign(replicate=lambda table, n=n: table["replicate"] + 3 * n) for n in range(3)]
    figure = _strips(pd.concat(more, ignore_index=True), names=[f"batch {n}" for n in range(9)])
    texts = _saved(figure, tmp_path)
    assert "batch 0" not in texts
    assert DATASETS["zeisel"]["label"] in texts


def test_without_scores_a_figure_says_so(tmp_path):
    nothing = _scores().iloc[:0]
    options = {"lines": {"": {}}, "axis": "", "title": "It", "track": "annotation"}
    assert any("no scores" in text for text in _texts(annotation_lines.plot(nothing, nothing, **LABELS, **options)))
    figure = annotation_classes.plot(nothing, **LABELS, dataset="zeisel", sizes=TYPES, rare=0.05)
    assert any("no scores" in text for text in _saved(figure, tmp_path))
    assert "It: there are no scores." in _texts(_strips(_scores(), scenario="another"))
    assert any("no method" in text for text in _texts(reliability.plot({}, statuses={}, methods=METHODS, title="It")))
    assert any("no method" in text for text in _texts(coverage.plot({}, statuses={}, methods=METHODS, title="It")))
    assert any("no losses of pre-training" in text for text in _texts(pretraining.plot({}, title="It")))


def test_reliability_of_each_method_with_its_error(tmp_path):
    rng = np.random.default_rng(1)
    confidence = rng.random(300)
    subjects = {
        "linear_svm": Confidences(rng.random(300) < confidence, confidence),
        "knn_pca": Confidences(np.ones(300, bool), np.full(300, 0.5)),
    }
    statuses = {"linear_svm": ["ok", "oom"], "knn_pca": ["ok"], "scrobust": ["oom", "oom"], "majority_type": ["ok"]}
    texts = _saved(reliability.plot(subjects, statuses=statuses, methods=METHODS, title="It"), tmp_path)
    assert "ECE 0.500" in texts
    assert {"Linear SVM", "kNN on PCA"} <= set(texts)
    notes = ["1 of 2 failed (oom): Linear SVM", "all 2 failed (oom): scRobust, ours", "no confidences: Majority"]
    assert "\n".join(notes) in texts


def test_risk_and_coverage_are_ordered_by_area(tmp_path):
    novel = np.repeat([False, True], [60, 20])
    good = Novelty(novel, ~novel, np.where(novel, 0.2, 0.9), 0.5)
    bad = good._replace(confidence=np.where(novel, 0.9, 0.2))
    statuses = {"knn_pca": ["ok", "timeout"], "linear_svm": ["ok", "ok"]}
    subjects = {"knn_pca": [bad], "linear_svm": [good, good]}
    figure = coverage.plot(subjects, statuses=statuses, methods=METHODS, title="It")
    found = _saved(figure, tmp_path)
    assert "1 of 2 failed (timeout): kNN on PCA" in found
    texts = [text for text in dict.fromkeys(found) if text.startswith("0.") and " " in text]
    # Three quarters at no risk, then a quarter; or a quarter at risk one, then a quarter for the rest.
    assert texts == ["0.062  Linear SVM", "0.438  kNN on PCA"]


def test_losses_of_both_parts(tmp_path):
    parts, losses = ("train", "validation"), ("contrastive", "expression")
    rows = [(e, part, loss, 1 / e) for e in range(1, 6) for part in parts for loss in losses]
    epoch, part, loss, value = map(np.array, zip(*rows, strict=True))
    extra = {"history_epoch": epoch, "history_part": part, "history_loss": loss, "history_value": value}
    figure = pretraining.plot(extra, title="It")
    _saved(figure, tmp_path)
    assert [len(ax.lines) for ax in figure.axes] == [2, 2]


@pytest.mark.parametrize("covariate", [None, "number", "name"])
def test_maps_of_embeddings(tmp_path, covariate):
    rng = np.random.default_rng(2)
    values = {"number": rng.random(60), "name": rng.choice(["x", "y"], 60)}
    points = pd.DataFrame({"x": rng.random(120), "y": rng.random(120)})
    points["embedding"] = np.repeat(["scRobust, 400 genes", "PCA, 2000 HVGs"], 60)
    points["cluster"], points["type"] = rng.choice(["0", "1"], 120), rng.choice(["a", "b"], 120)
    scores = [(name, "types", score, 0.5) for name in points["embedding"].unique() for score in ("ari", "knn_purity")]
    scores += [(name, "types", "chance", 0.4) for name in points["embedding"].unique()]
    if covariate:
        points["covariate"] = np.tile(values[covariate], 2)
        scores += [(name, "covariate", "knn_r2", 0.3) for name in points["embedding"].unique()]
    table = pd.DataFrame(scores, columns=["embedding", "of", "score", "value"])
    texts = _saved(embeddings.plot(table, points, covariate=covariate, title="It"), tmp_path)
    assert {"Leiden clusters", "Types", "ARI"} <= set(texts)
    assert (covariate in texts) == bool(covariate)
