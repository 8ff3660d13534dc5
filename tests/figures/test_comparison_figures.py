"""Methods side by side: a few in a given order, and one step against two."""

import numpy as np
import pandas as pd
import pytest
from drawn import lines, saved, texts
from toy_scores import METRICS, given_registries, registry, tables

from scbench.figures import _marker_scores as shared
from scbench.figures import comparison, style, two_step
from scbench.stats import paired_pvalue

TOPS = ("top5", "top30", "top30-svm", "genes100")


def test_comparison_draws_the_given_methods_in_the_given_order(tmp_path):
    methods = registry(4)
    scores, ranks = tables(methods, TOPS)
    figure = comparison.plot(scores, ranks, names=["m3", "m0", "unknown"], title="A $", **given_registries(methods))
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Method $_3", "Method $_0"] * 2
    part = ranks[(ranks["scenario"] == "top30") & (ranks["metric"] == "misclassification")]
    for name in ("m3", "m0"):
        marks = [line for line in lines(ax, style.looks(methods, "markers")[name].color) if line.get_marker() != "None"]
        expected = part[part["method"] == name]["mean"]
        np.testing.assert_allclose([line.get_xdata()[0] for line in marks], expected)
        assert {shared.short(value) for value in expected} <= set(texts(figure))
    assert "A $ · 30 markers per class" in texts(figure)
    saved(figure, tmp_path)


def test_comparison_says_what_failed_and_what_was_not_run(tmp_path):
    methods = registry(3)
    scores, ranks = tables(methods, TOPS, bad={"m0": 3, "m1": 1})
    scores, ranks = (table[(table["method"] != "m2") | (table["dataset"] == "one")] for table in (scores, ranks))
    figure = comparison.plot(scores, ranks, names=["m0", "m1", "m2"], title="", **given_registries(methods))
    found = texts(figure)
    assert found.count("all 3 failed (oom)") == 2
    assert found.count("not run") == 1
    assert sum(text.endswith("1 of 3 failed (oom)") and text.startswith(".") for text in found) == 2
    assert lines(figure.axes[0], style.COLORS[0]) == []
    saved(figure, tmp_path)


def test_comparison_of_many_methods_of_one_replicate_in_a_given_scenario(tmp_path):
    methods = registry(15)
    made = tables(methods, TOPS, replicates=1)
    figure = comparison.plot(*made, names=list(methods), title="T", scenario="top5", **given_registries(methods))
    assert "T · 5 markers per class" in texts(figure)
    saved(figure, tmp_path)
    assert texts(comparison.plot(*made, names=["x"], title="T", **given_registries(methods))) == [
        "T: there are no scores."
    ]


def values(**by_method):
    return pd.DataFrame(
        [(name, r, value) for name, part in by_method.items() for r, value in enumerate(part)],
        columns=["method", "replicate", "value"],
    )


def test_differences_are_two_steps_minus_one_over_the_same_replicates():
    one = values(a=[0.3, 0.4, 0.5], b=[0.1, 0.1], c=[0.2, 0.2], only=[1.0])
    two = values(a=[0.2, 0.35, 0.3], b=[0.1, 0.1, 0.1], c=[0.1, 0.1])
    found = two_step.differences(one, two, overlap=0.25)
    assert set(found.index) == {"a", "c"}  # b has another replicate
    assert found.loc["a", "difference"] == pytest.approx((-0.1 - 0.05 - 0.2) / 3)
    # The standard error of -0.1, -0.05, -0.2 is sqrt((1/3 + 0.25) * 0.0175 / 3).
    assert found.loc["a", "p"] == pytest.approx(paired_pvalue([0.2, 0.35, 0.3], [0.3, 0.4, 0.5], 0.25))
    assert found.loc["c", "p"] == 0
    assert np.isnan(two_step.differences(values(a=[1.0]), values(a=[0.5]), overlap=0).loc["a", "p"])


def test_pvalues_are_corrected_for_the_methods_and_controls_are_not_tested():
    methods = registry(2)
    found = two_step._holm(pd.Series({"m0": 0.01, "m1": 0.04, "reference": 0.001}), methods)
    assert found["m0"] == pytest.approx(0.02)
    assert found["m1"] == pytest.approx(0.04)
    assert np.isnan(found["reference"])


def test_a_failed_run_counts_as_the_worst_value_in_the_difference():
    scores, _ = tables(registry(2), ["top5"], bad={"m0": 3, "m1": 1})
    scores = scores[(scores["metric"] == "macro_f1") & (scores["dataset"] == "one")]
    found = two_step._penalised(scores, METRICS["macro_f1"]).set_index("method")["value"]
    assert "m0" not in found
    assert found["m1"].iloc[0] == 0
    assert (found["m1"].iloc[1:] > 0.2).all()


@pytest.mark.parametrize(("n", "replicates"), [(1, 1), (2, 3), (20, 3)])
def test_two_step_draws_one_open_and_one_filled_mark(n, replicates, tmp_path):
    methods = registry(n)
    scores, ranks = tables(methods, TOPS, replicates=replicates)
    figure = two_step.plot(scores, ranks, pairs=[("one", "two")], overlap=0.25, **given_registries(methods))
    part = ranks[(ranks["scenario"] == "top30") & (ranks["metric"] == "misclassification") & (ranks["method"] == "m0")]
    marks = [line for line in lines(figure.axes[0], style.COLORS[0]) if line.get_marker() == style.MARKERS[0]]
    assert [line.get_xdata()[0] for line in marks] == list(part.set_index("dataset").loc[["one", "two"], "mean"])
    assert [line.get_markerfacecolor() == "white" for line in marks] == [True, False]
    assert {"One <b>&$ → Two", "one step", "two steps"} <= set(texts(figure))
    saved(figure, tmp_path)


def test_two_step_says_what_failed_where(tmp_path):
    methods = registry(3)
    scores, ranks = tables(methods, TOPS, bad={"m2": 3}, datasets=["one"])
    more = tables(methods, TOPS, bad={"m1": 1, "m2": 3}, datasets=["two"])
    tables_of_both = [pd.concat(pair) for pair in zip((scores, ranks), more, strict=True)]
    figure = two_step.plot(*tables_of_both, pairs=[("one", "two")], overlap=0.25, **given_registries(methods))
    found = texts(figure)
    assert (
        "two steps 1 of 3 failed (oom): Method $_1\n"
        "one step all 3 failed (oom), two steps all 3 failed (oom): Method $_2"
    ) in found
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-2:] == ["negative control", "reference"]
    assert found.count("\N{EN DASH}") == 2  # the method without any value, in both panels
    saved(figure, tmp_path)


def test_two_step_of_one_side_only_or_of_none(tmp_path):
    methods = registry(2)
    made = tables(methods, TOPS, datasets=["one"])
    pairs = [("one", "two"), ("one", "unknown")]
    figure = two_step.plot(*made, pairs=pairs, overlap=0.25, **given_registries(methods))
    assert any(text.startswith("two steps not run: ") for text in texts(figure))
    saved(figure, tmp_path)
    figure = two_step.plot(*made, pairs=[("one", "unknown")], overlap=0.25, **given_registries(methods))
    assert texts(figure) == ["There are no datasets in one step and in two."]
