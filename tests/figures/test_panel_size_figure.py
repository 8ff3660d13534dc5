"""Scores by number of genes: every method has its line, and the scales serve where lines are close."""

import numpy as np
import pandas as pd
import pytest
from drawn import lines, saved, texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from toy_scores import DATASETS, METRICS, given_registries, registry, tables

from scbench.figures import _marker_scores as shared
from scbench.figures import _stretch, panel_size, style
from scbench.io import read_table, write_table

SIZES = ("genes100", "genes10", "genes20")


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
    found = texts(figure)
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
    assert shared.short(means[2]) in texts(figure)
    assert "mean of a panel that was not filled" in texts(figure)
    complete = panel_size.plot(*tables(methods, SIZES), **given_registries(methods))
    assert "mean of a panel that was not filled" not in texts(complete)


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
    found = texts(figure)
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
    assert texts(figure) == ["There are no panels of a given number of genes."]


def test_panel_size_of_tables_from_files_is_the_same(tmp_path):
    methods = registry(2)
    made = tables(methods, SIZES, bad={"m0": 1})
    for name, table in zip("ab", made, strict=True):
        write_table(table, tmp_path / name)
    again = [read_table(tmp_path / name) for name in "ab"]
    first, second = (saved(panel_size.plot(*part, **given_registries(methods)), tmp_path) for part in (made, again))
    assert first == second
