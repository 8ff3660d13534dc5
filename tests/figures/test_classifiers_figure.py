"""Scores by classifier: a cell for every mean, and whether classifiers agree on the order."""

import numpy as np
import pandas as pd
import pytest
from drawn import saved, texts
from toy_scores import given_registries, registry, tables

from scbench.figures import _marker_scores as shared
from scbench.figures import classifiers, style

JUDGED = ("top5", "top30", "top5-svm", "top30-svm", "top30-knn15")


def test_agreement_compares_the_order_of_the_methods_with_that_of_the_first_classifier():
    means = pd.DataFrame(
        {
            (5.0, "knn3"): [0.1, 0.2, 0.3, 0.4],
            (5.0, "svm"): [0.4, 0.3, 0.2, 0.1],
            (5.0, "knn5"): [0.1, 0.2, 0.9, np.nan],
            (5.0, "knn9"): [0.1, 0.2, np.nan, np.nan],
            (30.0, "svm"): [0.1, 0.2, 0.3, 0.4],
            (5.0, "flat"): [0.1] * 4,
        }
    )
    found = classifiers.agreement(means, "knn3")
    assert found[5.0, "svm"] == pytest.approx(-1)
    assert found[5.0, "knn5"] == pytest.approx(1)
    assert found[[(5.0, "knn9"), (30.0, "svm"), (5.0, "flat")]].isna().all()
    assert (5.0, "knn3") not in found


@pytest.mark.parametrize("n", [1, 20])
def test_classifiers_draw_every_mean_in_its_cell(n, tmp_path):
    methods = registry(n)
    scores, ranks = tables(methods, JUDGED)
    figure = classifiers.plot(scores, ranks, **given_registries(methods))
    ax = figure.axes[0]
    ticks = ["kNN 3", "SVM", "kNN 3", "SVM", "kNN 15"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ticks
    part = ranks[(ranks["dataset"] == "one") & (ranks["metric"] == "misclassification")]
    for mesh, scenario in zip(ax.collections, ("top5", "top5-svm", "top30", "top30-svm", "top30-knn15"), strict=True):
        expected = part[part["scenario"] == scenario].sort_values("rank", kind="stable")["mean"]
        np.testing.assert_allclose(np.ravel(mesh.get_array()), expected)
        assert {shared.short(value) for value in expected} <= set(texts(figure))
    assert {"5 per class", "30 per class", "Spearman with kNN 3"} <= set(texts(figure))
    saved(figure, tmp_path)


def test_classifiers_show_failed_runs(tmp_path):
    methods = registry(4)
    scores, ranks = tables(methods, JUDGED, bad={"m0": 3, "m1": 1})
    gone = [table[(table["method"] != "m2") | (table["dataset"] == "one")] for table in (scores, ranks)]
    figure = classifiers.plot(*gone, first="knn9", **given_registries(methods))
    found = texts(figure)
    assert found.count("all 3 failed (oom)") == 2
    assert found.count("not run") == 1
    assert "Spearman with kNN 9" in found
    red = [text.get_text() for text in figure.axes[0].texts if text.get_color() == style.BAD]
    assert len([text for text in red if text.startswith(".")]) == len(JUDGED)  # the one method that failed once
    saved(figure, tmp_path)


def test_classifiers_without_any_result(tmp_path):
    methods = registry(2)
    bad = dict.fromkeys(methods, 3)
    saved(classifiers.plot(*tables(methods, ["top5"], bad=bad), **given_registries(methods)), tmp_path)
    figure = classifiers.plot(*tables(methods, ["genes10"]), **given_registries(methods))
    assert texts(figure) == ["There are no panels that classifiers have judged."]
