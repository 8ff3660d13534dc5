"""The figures of marker scores and marker genes draw what the tables hold, and say what they lack."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.legend import Legend

from scbench.errors import UserError
from scbench.figures import _marker_scores as shared
from scbench.figures import _stretch, classifiers, comparison, matrix, panel_size, style, two_step
from scbench.io import Prepared, read_table, write_table
from scbench.stats import mean_interval, paired_pvalue

METRICS = {
    "misclassification": {"label": "Misclassification (share of cells)", "min": 0, "max": 1, "direction": "lower"},
    "macro_f1": {"label": "Macro F1", "min": 0, "max": 1, "direction": "higher"},
    "specificity": {"label": "Specificity", "min": 0, "max": 1, "direction": "higher"},
}
DATASETS = {"one": {"label": "One <b>&$"}, "two": {"label": "Two"}}
SIZES = ("genes100", "genes10", "genes20")


def registry(n):
    found = {f"m{i}": {"label": f"Method $_{i}", "role": "method", "track": "markers"} for i in range(n)}
    for role in ("negative_control", "reference"):
        found[role] = {"label": role.replace("_", " "), "role": role, "track": "markers"}
    return found


def tables(methods, scenarios, *, replicates=3, bad=None, short=(), datasets=DATASETS):
    """Scores and ranks; `bad` gives the number of failed replicates, `short` the panels that are not filled."""
    rng = np.random.default_rng(0)
    scores, ranks = [], []
    for dataset in datasets:
        for scenario in scenarios:
            for place, name in enumerate(methods):
                n_bad = (bad or {}).get(name, 0)
                for metric, entry in METRICS.items():
                    values = 0.2 + 0.02 * place + 0.01 * rng.random(replicates)
                    covered = 9 if (name, scenario) in short else 10
                    failed = np.arange(replicates) < n_bad
                    for r, value in enumerate(values):
                        status, value = ("oom", np.nan) if failed[r] else ("ok", value)
                        run = ("markers", dataset, scenario, "", r, name, metric, value, 10)
                        scores.append((*run, 0 if failed[r] else covered, status))
                    worst = entry["min"] if entry["direction"] == "higher" else entry["max"]
                    interval = mean_interval(np.where(failed, worst, values), 0.25, 0.95)
                    rank = place if methods[name]["role"] == "method" else np.nan
                    ranks.append(("markers", dataset, scenario, metric, name, replicates, n_bad, *interval, rank))
    keys = ["track", "dataset", "scenario"]
    columns = ["class", "replicate", "method", "metric", "value", "n_expected", "n_covered", "status"]
    summary = ["metric", "method", "n_replicates", "n_failed", "mean", "low", "high", "rank"]
    return pd.DataFrame(scores, columns=keys + columns), pd.DataFrame(ranks, columns=keys + summary)


def words(figure):
    figure.draw_without_rendering()
    return [item.get_text() for item in figure.findobj(lambda artist: hasattr(artist, "get_text")) if item.get_text()]


def saved(figure, tmp_path):
    style.save(figure, tmp_path / "a.png", tmp_path / "a.pdf")
    return (tmp_path / "a.png").read_bytes()


def lines(ax, color):
    return [line for line in ax.lines if to_hex(line.get_color()) == color.lower()]


def given_registries(methods, **kwargs):
    return {"methods": methods, "metrics": METRICS, "datasets": DATASETS, "track": "markers"} | kwargs


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        yield


# --- what they share --------------------------------------------------------------------------------------------------


def test_a_mean_that_is_only_a_penalty_is_no_mean():
    scores, ranks = tables(registry(3), ["top5"], bad={"m0": 3, "m1": 2})
    assert set(shared.measured(ranks, scores)["method"]) == {"m1", "m2", "negative_control", "reference"}
    said = shared.outcomes(scores[scores["dataset"] == "one"], ["m0", "m1", "m2", "absent"])
    assert said == {"m0": "all 3 failed (oom)", "m1": "2 of 3 failed (oom)", "m2": "", "absent": "not run"}


def test_the_interval_over_a_failed_run_does_not_widen_an_axis():
    means = pd.DataFrame({"mean": [0.2, 0.5], "low": [0.1, 0.0], "high": [0.3, 1.0], "n_failed": [0, 1]})
    assert sorted(shared.bounds(means)) == [0.1, 0.2, 0.3, 0.5]


@pytest.mark.parametrize("value", [0.0, 0.25, 0.9, 1.0])
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_stretched_scale_and_its_inverse(metric, value):
    forward, inverse = _stretch.root_scale(metric)
    assert inverse(forward(value)) == pytest.approx(value)
    assert forward(value + 0.01 if value < 1 else 1) >= forward(value)


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 0.5))
def test_spread_labels_keep_their_order_and_stay_inside(wanted, gap):
    placed = _stretch.spread(np.array(wanted), gap)
    assert len(placed) == len(wanted)
    if wanted:
        order = np.argsort(wanted, kind="stable")
        least = min(gap, 1 / max(len(wanted) - 1, 1))
        assert (np.diff(placed[order]) >= least - 1e-9).all()
        assert -1e-9 <= placed.min() <= placed.max() <= 1 + 1e-9


def test_labels_that_are_apart_stay_where_they_are():
    np.testing.assert_allclose(_stretch.spread(np.array([0.9, 0.1, 0.5]), 0.2), [0.9, 0.1, 0.5])
    np.testing.assert_allclose(_stretch.spread(np.array([0.0, 0.0]), 0.2), [0, 0.2])  # at the edge


# --- panel size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "columns"), [(0, 1), (1, 1), (6, 1), (7, 2), (24, 4), (28, 4), (29, 5)])
def test_every_method_is_in_one_column_of_panels(n, columns):
    names = [f"m{i}" for i in range(n)]
    groups = panel_size._groups(names)
    assert len(groups) == columns
    assert [name for group in groups for name in group] == names


@pytest.mark.parametrize("n", [1, 25])
@pytest.mark.parametrize("replicates", [1, 3])
def test_panel_size_names_every_method_for_each_dataset(n, replicates, tmp_path):
    methods = registry(n)
    figure = panel_size.plot(*tables(methods, SIZES, replicates=replicates), **given_registries(methods))
    found = words(figure)
    named = [text.get_text() for ax in figure.axes for legend in ax.findobj(Legend) for text in legend.get_texts()]
    assert sorted(named) == sorted([methods[f"m{i}"]["label"] for i in range(n)] * len(DATASETS))
    assert ("interval of the mean" in found) == (replicates > 1)
    assert {"negative control", "reference", "One <b>&$"} <= set(found)
    saved(figure, tmp_path)


def test_panel_size_draws_the_means_by_increasing_size_with_open_marks_where_short():
    methods = registry(2)
    scores, ranks = tables(methods, SIZES, short={("m0", "genes100")})
    figure = panel_size.plot(scores, ranks, **given_registries(methods))
    keys = (ranks["dataset"] == "one") & (ranks["metric"] == "misclassification") & (ranks["method"] == "m0")
    means = ranks[keys].set_index("scenario").loc[["genes10", "genes20", "genes100"], "mean"].to_numpy()
    line, filled, hollow = lines(figure.axes[0], style.COLORS[0])[:3]
    np.testing.assert_allclose(line.get_ydata(), means)
    np.testing.assert_allclose(line.get_xdata(), [10, 20, 100], rtol=0.1)
    np.testing.assert_allclose(filled.get_ydata(), means[:2])
    np.testing.assert_allclose(hollow.get_ydata(), means[2:])
    assert to_hex(filled.get_markerfacecolor()) == style.COLORS[0].lower()
    assert hollow.get_markerfacecolor() == "white"
    assert shared.short(means[2]) in words(figure)
    assert "mean of a panel that was not filled" in words(figure)
    complete = panel_size.plot(*tables(methods, SIZES), **given_registries(methods))
    assert "mean of a panel that was not filled" not in words(complete)


def test_panel_size_draws_the_intervals():
    methods = registry(1)
    scores, ranks = tables(methods, SIZES)
    bars = panel_size.plot(scores, ranks, **given_registries(methods)).axes[0].collections[0].get_segments()
    keys = (ranks["dataset"] == "one") & (ranks["metric"] == "misclassification") & (ranks["method"] == "m0")
    expected = ranks[keys].set_index("scenario").loc[["genes10", "genes20", "genes100"], ["low", "high"]]
    np.testing.assert_allclose([bar[:, 1] for bar in bars], expected)


def test_panel_size_shows_failed_methods_in_red_and_without_a_line():
    methods = registry(3)
    scores, ranks = tables(methods, SIZES, bad={"m0": 3, "m1": 1, "reference": 3})
    gone = (scores["method"] == "m2") & (scores["dataset"] == "two")
    figure = panel_size.plot(
        scores[~gone], ranks[~((ranks["method"] == "m2") & (ranks["dataset"] == "two"))], **given_registries(methods)
    )
    found = words(figure)
    assert "all 3 failed (oom): Method $_0; reference\n1 of 3 failed (oom): Method $_1" in found
    assert any(text.endswith("not run: Method $_2") for text in found)
    assert lines(figure.axes[0], style.COLORS[0]) == []
    legend = figure.axes[0].findobj(Legend)[0]
    assert [text.get_color() == style.BAD for text in legend.get_texts()] == [True, True, False]
    assert [handle.get_marker() == "x" for handle in legend.legend_handles] == [True, False, False]


@pytest.mark.parametrize("scenarios", [["genes10"], SIZES])
def test_panel_size_where_nothing_ended_well(scenarios, tmp_path):
    methods = registry(2)
    bad = dict.fromkeys(methods, 3)
    saved(panel_size.plot(*tables(methods, scenarios, bad=bad), **given_registries(methods)), tmp_path)
    figure = panel_size.plot(*tables(methods, ["top5"]), **given_registries(methods))
    assert words(figure) == ["There are no panels of a given number of genes."]


def test_panel_size_of_tables_from_files_is_the_same(tmp_path):
    methods = registry(2)
    made = tables(methods, SIZES, bad={"m0": 1})
    for name, table in zip("ab", made, strict=True):
        write_table(table, tmp_path / name)
    again = [read_table(tmp_path / name) for name in "ab"]
    first, second = (saved(panel_size.plot(*part, **given_registries(methods)), tmp_path) for part in (made, again))
    assert first == second


# --- comparison -------------------------------------------------------------------------------------------------------

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
        assert {shared.short(value) for value in expected} <= set(words(figure))
    assert "A $ · 30 markers per class" in words(figure)
    saved(figure, tmp_path)


def test_comparison_says_what_failed_and_what_was_not_run(tmp_path):
    methods = registry(3)
    scores, ranks = tables(methods, TOPS, bad={"m0": 3, "m1": 1})
    scores, ranks = (table[(table["method"] != "m2") | (table["dataset"] == "one")] for table in (scores, ranks))
    figure = comparison.plot(scores, ranks, names=["m0", "m1", "m2"], title="", **given_registries(methods))
    found = words(figure)
    assert found.count("all 3 failed (oom)") == 2
    assert found.count("not run") == 1
    assert sum(text.endswith("1 of 3 failed (oom)") and text.startswith(".") for text in found) == 2
    assert lines(figure.axes[0], style.COLORS[0]) == []
    saved(figure, tmp_path)


def test_comparison_of_many_methods_of_one_replicate_in_a_given_scenario(tmp_path):
    methods = registry(15)
    made = tables(methods, TOPS, replicates=1)
    figure = comparison.plot(*made, names=list(methods), title="T", scenario="top5", **given_registries(methods))
    assert "T · 5 markers per class" in words(figure)
    saved(figure, tmp_path)
    assert words(comparison.plot(*made, names=["x"], title="T", **given_registries(methods))) == [
        "T: there are no scores."
    ]


# --- two steps --------------------------------------------------------------------------------------------------------


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
    assert {"One <b>&$ → Two", "one step", "two steps"} <= set(words(figure))
    saved(figure, tmp_path)


def test_two_step_says_what_failed_where(tmp_path):
    methods = registry(3)
    scores, ranks = tables(methods, TOPS, bad={"m2": 3}, datasets=["one"])
    more = tables(methods, TOPS, bad={"m1": 1, "m2": 3}, datasets=["two"])
    tables_of_both = [pd.concat(pair) for pair in zip((scores, ranks), more, strict=True)]
    figure = two_step.plot(*tables_of_both, pairs=[("one", "two")], overlap=0.25, **given_registries(methods))
    found = words(figure)
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
    assert any(text.startswith("two steps not run: ") for text in words(figure))
    saved(figure, tmp_path)
    figure = two_step.plot(*made, pairs=[("one", "unknown")], overlap=0.25, **given_registries(methods))
    assert words(figure) == ["There are no datasets in one step and in two."]


# --- classifiers ------------------------------------------------------------------------------------------------------

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
        assert {shared.short(value) for value in expected} <= set(words(figure))
    assert {"5 per class", "30 per class", "Spearman with kNN 3"} <= set(words(figure))
    saved(figure, tmp_path)


def test_classifiers_show_failed_runs(tmp_path):
    methods = registry(4)
    scores, ranks = tables(methods, JUDGED, bad={"m0": 3, "m1": 1})
    gone = [table[(table["method"] != "m2") | (table["dataset"] == "one")] for table in (scores, ranks)]
    figure = classifiers.plot(*gone, first="knn9", **given_registries(methods))
    found = words(figure)
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
    assert words(figure) == ["There are no panels that classifiers have judged."]


# --- matrix -----------------------------------------------------------------------------------------------------------


def expression(labels, n_genes=6, **obs):
    rng = np.random.default_rng(1)
    X = np.log1p(rng.poisson(1.0, (len(labels), n_genes))).astype(np.float32)
    genes = np.array([f"g{i}" for i in range(n_genes)], dtype=object)
    cells = np.arange(len(labels)).astype(str)
    return Prepared(sp.csr_matrix(X), cells, genes, labels=np.array(labels, dtype=object), obs=obs)


def markers(lists, within=""):
    rows = [(within, name, gene, i + 1, -i) for name, genes in lists.items() for i, gene in enumerate(genes)]
    return pd.DataFrame(rows, columns=["within", "class", "gene", "rank", "score"])


EMPTY = markers({})


def labels_of(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_matrix_shows_scaled_class_means_with_classes_by_size():
    data = Prepared(
        sp.csr_matrix(np.array([[2.0, 0, 5], [4.0, 0, 5], [0.0, 0, 5], [1.0, 0, 5], [1.0, 0, 5]])),
        np.arange(5).astype(str),
        np.array(["up", "silent", "flat"], dtype=object),
        labels=np.array(["a", "a", "rare", "b", "b"], dtype=object),
    )
    table = markers({"rare": ["flat"], "b": ["silent", "up"], "a": ["up"]})
    ax = matrix.plot(data, {"m0": table}, methods=registry(1), title="T").axes[0]
    assert labels_of(ax.yaxis) == ["a", "b", "rare"]
    assert labels_of(ax.xaxis) == ["up", "silent", "up", "flat"]
    # The means of "up" are 3, 1 and 0; the other genes are the same in all classes.
    np.testing.assert_allclose(
        ax.collections[0].get_array(), [[1, 0, 1, 0], [1 / 3, 0, 1 / 3, 0], [0, 0, 0, 0]], atol=1e-6
    )
    boxes = [(box.get_x(), box.get_y(), box.get_width()) for box in ax.patches]
    assert boxes == [(0, 0, 1), (1, 1, 2), (3, 2, 1)]


def test_matrix_draws_the_first_genes_only():
    data = expression(["a", "b"] * 5)
    table = markers({"a": ["g0", "g1", "g2"], "b": ["g3", "g4", "g5"]})
    figure = matrix.plot(data, {"m0": table}, methods=registry(1), title="T", top=2)
    assert labels_of(figure.axes[0].xaxis) == ["g0", "g1", "g3", "g4"]
    assert "T · 2 markers per class" in words(figure)


def test_a_list_for_all_classes_is_sorted_by_the_class_of_the_highest_mean():
    means = pd.DataFrame({"g0": [0.0, 1.0], "g1": [2.0, 1.0], "g2": [0.0, 3.0], "g3": [9.0, 0.0]}, index=["x", "y"])
    table = markers({"": ["g2", "g1", "g0", "g3"]})
    found = matrix.choose(table, means, 1)
    assert list(zip(found["class"], found["gene"], strict=True)) == [("x", "g1"), ("y", "g2")]  # two, for two classes
    found = matrix.choose(table, means, 2)
    assert list(zip(found["class"], found["gene"], strict=True)) == [
        ("x", "g1"),
        ("x", "g3"),
        ("y", "g2"),
        ("y", "g0"),
    ]


def test_matrix_of_several_methods_says_which_failed_and_leaves_controls_out(tmp_path):
    data = expression(["a", "b", "$c$"] * 4)
    tables_by_method = {
        "m2": markers({"": ["g5", "g4", "g3"]}),
        "m0": markers({"a": ["g0"], "$c$": ["g0", "g1"]}),
        "m1": EMPTY,
        "reference": markers({"a": ["g0"]}),
    }
    figure = matrix.plot(data, tables_by_method, methods=registry(3), title="T")
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == [
        "Method $_0",
        "Method $_1",
        "Method $_2 (one list for all classes)",
    ]
    assert words(figure).count("no markers: the run did not end ok") == 1
    assert labels_of(figure.axes[0].xaxis) == ["g0", "g1", "g0"]  # "$c$" comes first
    saved(figure, tmp_path)


def test_matrix_where_every_method_failed_or_there_is_none(tmp_path):
    data = expression(["a", "b"] * 4)
    saved(matrix.plot(data, {"m0": EMPTY}, methods=registry(1), title="T"), tmp_path)
    assert words(matrix.plot(data, {}, methods=registry(1), title="T")) == ["T: there are no methods with markers."]


def test_matrix_of_many_classes_draws_one_gene_each(tmp_path):
    names = [f"a class with a long name {i}" for i in range(47)]
    data = expression(names * 3, n_genes=60)
    table = markers({name: [f"g{i}", "g59", "g58"] for i, name in enumerate(names)})
    figure = matrix.plot(data, {"m0": table}, methods=registry(1), title="T")
    assert figure.axes[0].collections[0].get_array().shape == (47, 47)
    assert figure.axes[0].get_xlim() == (0, 47)
    saved(figure, tmp_path)


@pytest.fixture
def nested():
    """Type A with sub-types a1 and a2, type B with one only."""
    labels = ["a1", "a2", "a2", "b1"] * 3
    data = expression(labels, broad=np.array(["A", "A", "A", "B"] * 3, dtype=object))
    table = pd.concat([markers({"A": ["g0"], "B": ["g1"]}), markers({"a1": ["g2"], "a2": ["g3"]}, within="A")])
    return data, {"m0": table}


def test_matrix_of_two_label_levels(nested):
    data, found = nested
    ax = matrix.plot(data, found, methods=registry(1), title="T").axes[0]
    assert (labels_of(ax.yaxis), labels_of(ax.xaxis)) == (["A", "B"], ["g0", "g1"])
    figure = matrix.plot(data, found, methods=registry(1), title="T", within="A")
    ax = figure.axes[0]
    assert (labels_of(ax.yaxis), labels_of(ax.xaxis)) == (["a2", "a1"], ["g3", "g2"])
    assert "T · within A · 3 markers per class" in words(figure)
    # Only the cells of the type count.
    dense = data.X.toarray()
    means = [dense[data.labels == name, 2].mean() for name in ("a2", "a1")]
    assert list(ax.collections[0].get_array()[:, 1]) == [float(mean > min(means)) for mean in means]


@pytest.mark.parametrize("within", ["B", "unknown"])
def test_matrix_refuses_a_type_without_sub_types(nested, within):
    data, found = nested
    with pytest.raises(UserError, match=rf"\(A\). Got '{within}' instead"):
        matrix.plot(data, found, methods=registry(1), title="T", within=within)
    with pytest.raises(UserError, match="one label level"):
        matrix.plot(expression(["a", "b"]), found, methods=registry(1), title="T", within=within)


def test_matrix_refuses_a_gene_that_the_data_do_not_have():
    with pytest.raises(KeyError, match="nowhere"):
        matrix.plot(expression(["a", "b"]), {"m0": markers({"a": ["nowhere"]})}, methods=registry(1), title="T")
