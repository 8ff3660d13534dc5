"""Figures of the spatial experiments are drawn from ordinary and from degenerate results."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from drawn import UGLY, saved, texts

from scbench.figures import calibration, leak, patterns, power, scaling, segments, series, style
from scbench.figures._lines import columns
from scbench.io import Prepared, read_table, write_table
from scbench.svg import scaling as growth
from scbench.svg.calibration import calibrate, pool
from scbench.svg.leak import Leak
from scbench.svg.power import discoveries
from scbench.svg.series import Example

LEVELS = {"easy": 0.1, "hard": 0.6, "middle": 0.35}
CLASSES = (
    "svg_accuracy",
    "sensitivity",
    "false_positive_rate",
    "average_precision",
    "power_at_fpr_1",
    "power_at_fpr_5",
)
METRICS = {
    name: {"label": f"{name} $x$", "min": 0, "max": 1, "direction": "lower" if name.startswith("false") else "higher"}
    for name in CLASSES
}


def registry(n):
    labels = [*UGLY, *(f"Method {place}" for place in range(n))][:n]
    found = {f"m{place}": {"label": label, "role": "method", "track": "svg"} for place, label in enumerate(labels)}
    for role in ("negative_control", "positive_control"):
        found[role] = {"label": role.replace("_", " "), "role": role, "track": "svg"}
    return found


def scores(methods, *, replicates=3, bad=(), ranking_only=()):
    rng = np.random.default_rng(0)
    rows = []
    for dataset, level in LEVELS.items():
        for scenario in ("bh", "authors"):
            for place, name in enumerate(methods):
                for metric in CLASSES[3:] if name in ranking_only else CLASSES:
                    for r in range(replicates):
                        failed = name in bad
                        value = np.nan if failed else (1 - level) * 0.9**place * rng.uniform(0.9, 1)
                        status = "timeout" if failed else "ok"
                        rows.append(("svg", dataset, scenario, "", name, metric, r, value, status))
    names = ["track", "dataset", "scenario", "class", "method", "metric", "replicate", "value", "status"]
    return pd.DataFrame(rows, columns=names)


def output(pvalues, qvalues=np.nan):
    pvalues = np.asarray(pvalues, dtype=float)
    genes = [f"g{place}" for place in range(len(pvalues))]
    return pd.DataFrame({"gene": genes, "pvalue": pvalues, "qvalue": qvalues, "score": -pvalues})


def data(n=60, dims=2, shapes=("", "disc", "ring_of_a_very_long_name", "disc")):
    rng = np.random.default_rng(1)
    X = sp.csr_matrix(rng.poisson(2.0, (n, len(shapes))).astype(float))
    names = np.arange(len(shapes)).astype(str)
    found = None if shapes is None else np.array(shapes, dtype=object)
    return Prepared(X, np.arange(n).astype(str), names, coords=rng.random((n, dims)), shapes=found)


# --- series -----------------------------------------------------------------------------------------------------------


def draw_series(table, methods, scenario="bh"):
    options = {"levels": LEVELS, "axis": "Noise", "title": "T$x$", "scenario": scenario}
    return series.plot(table, methods=methods, metrics=METRICS, **options)


@pytest.mark.parametrize(("n", "replicates"), [(1, 1), (4, 3), (14, 2)])
def test_series_of_few_and_many_methods(n, replicates, tmp_path):
    methods = registry(n)
    figure = draw_series(
        scores(methods, replicates=replicates, bad=["m0"] if n > 1 else [], ranking_only=["m3"]), methods
    )
    assert len(figure.axes) == 4 * len(columns(methods, list(methods))), "metrics that the registry lacks have no row"
    assert (f"all {3 * replicates} failed (timeout): <b>x</b>&" in texts(figure)) == (n > 1)
    saved(figure, tmp_path)


def test_a_series_goes_by_level_and_shows_what_it_says():
    methods = registry(1)
    table = scores(methods)
    figure = draw_series(table, methods)
    own = {"color": style.COLORS[0], "marker": "o"}
    line = next(
        line
        for line in figure.axes[1].lines
        if own.items() <= {"color": line.get_color(), "marker": line.get_marker()}.items()
    )
    np.testing.assert_array_equal(line.get_xdata(), sorted(LEVELS.values()))
    mean = (
        table.query("method == 'm0' and metric == 'sensitivity' and scenario == 'bh'")
        .groupby("dataset")["value"]
        .mean()
    )
    np.testing.assert_allclose(line.get_ydata(), mean[["easy", "middle", "hard"]])


def test_series_without_scores():
    methods = registry(1)
    assert texts(draw_series(scores(methods).iloc[:0], methods)) == ["T$x$: there are no scores."]
    only = {name: entry for name, entry in methods.items() if entry["role"] != "method"}
    assert texts(draw_series(scores(only), only)) == ["T$x$: there are no scores."]


def test_every_method_of_a_column_has_a_colour_of_its_own():
    methods = registry(13)
    looks = style.looks(methods, "svg")
    groups = columns(methods, list(methods))
    assert [name for group in groups for name in group] == [f"m{place}" for place in range(13)]
    assert all(len({looks[name].color for name in group}) == len(group) for group in groups)


# --- patterns and segments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shapes", [("", "disc"), tuple(f"shape {place}" for place in range(11))])
@pytest.mark.parametrize("dims", [2, 3])
def test_patterns(shapes, dims, tmp_path):
    figure = patterns.plot(data(2100, dims, shapes), title="A title that is longer than a narrow figure has room for")
    assert set(shapes) - {""} <= set(texts(figure))
    saved(figure, tmp_path)


def test_patterns_where_nothing_has_a_shape():
    assert "no genes of known shape" in texts(patterns.plot(data(shapes=("", "")), title="T"))[0]


def test_segments_of_a_run_and_of_a_failed_one(tmp_path):
    tissue = data()
    labels = (tissue.coords[:, 0] > 0.5).astype(np.int8)
    extra = {"segment_genes": np.array([3, 0]), "segment_labels": np.stack([labels, 0 * labels])}
    good = segments.level_of(0.1, tissue, output([0.5, 0.5, 0.5, 1e-20]), extra)
    assert good.examples["disc"].gene == 3
    assert good.examples["ring_of_a_very_long_name"] is None
    failed = segments.level_of(0.2, tissue, output([]), {})
    other = segments.level_of(0.3, data(shapes=("ring", "")), output([0.5, 0.5]), {})
    figure = segments.plot([good, failed, other], axis="Noise", title="T")
    assert {"p < 1e-16\n2 states", "no gene of this\nshape segmented", "disc\nsegments", "Noise"} <= set(texts(figure))
    saved(figure, tmp_path)
    assert "left no segments" in texts(segments.plot([failed], axis="Noise", title="T"))[0]


def test_a_state_has_the_colour_of_its_mean_expression():
    tissue = data()
    labels = np.arange(60) % 3
    level = segments.Level(0.1, tissue, {"disc": Example(1, labels, 0.04)})
    figure = segments.plot([level], axis="Noise", title="T")
    values = tissue.X[:, [1]].toarray().ravel()
    shown = figure.axes[1].collections[0].get_array()
    np.testing.assert_allclose(np.unique(shown), np.unique([values[labels == k].mean() for k in range(3)]))


# --- leak -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "replicates"), [(1, 1), (12, 3)])
def test_leak(n, replicates, tmp_path):
    methods = registry(n)
    rng = np.random.default_rng(2)
    sets = [
        leak.Set(
            name, label, rng.random((50, 2)), np.arange(40) < 10 * filled, Leak(rng.random(50), 0.1, p, rng.random(40))
        )
        for name, label, p, filled in (("easy", UGLY[3], 0.5, True), ("hard", UGLY[1], 0.0, False))
    ]
    table = scores(methods, replicates=replicates, bad=["m1"])
    figure = leak.plot(table, tuple(sets), methods=methods, confidence=0.95)
    found = texts(figure)
    assert {"log total, I = 0.10, p = 0.5", "log total, I = 0.10, p < 1e-16"} <= set(found)
    assert ("all 3 failed (timeout)" in found) == (n > 1)
    saved(figure, tmp_path)


# --- calibration ------------------------------------------------------------------------------------------------------


def draw_calibration(runs, methods):
    table = calibrate(runs, fdr=0.05, confidence=0.95)
    pvalues = {name: pool(outputs) for name, outputs in runs.items() if sum(map(len, outputs))}
    words = {name: "failed" for name in runs if name not in pvalues}
    return calibration.plot(pvalues, table, methods=methods, words=words, title="T", confidence=0.95)


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("tests", [1, 3, 500])
def test_calibration(n, tests, tmp_path):
    methods, rng = registry(n), np.random.default_rng(3)
    kinds = [rng.random(tests), np.zeros(tests), np.ones(tests), np.full(tests, np.nan), []]
    figure = draw_calibration({f"m{k}": [output(kinds[k])] for k in range(n)}, methods)
    assert (f"{tests} call{'s' * (tests > 1)} in 1 of 1" in texts(figure)) == (n > 1)
    assert ("failed: Method 0" in texts(figure)) == (n == 5)
    saved(figure, tmp_path)


def test_many_tests_are_few_points():
    figure = draw_calibration({"m0": [output(np.random.default_rng(4).random(10**5))]}, registry(1))
    assert max(len(line.get_xdata()) for ax in figure.axes for line in ax.lines) <= 300


def test_calibration_where_everything_failed():
    assert texts(draw_calibration({"m0": [output([])]}, registry(1))) == ["T: no method has p-values."]


# --- power ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "replicates"), [(1, 1), (8, 3)])
def test_power(n, replicates, tmp_path):
    methods, rng = registry(n), np.random.default_rng(5)
    truth = np.arange(200) < 20
    runs = []
    for name in methods:
        for r in range(replicates):
            p = rng.random(200) ** np.where(truth, 8, 1)
            failed = name == "m1" or (name == "m2" and r == 0)
            runs.append((name, r, output([]) if failed else output(p, p), truth))
    table = scores(methods, replicates=replicates, bad=["m1"], ranking_only=["m3"]).query("dataset == 'easy'")
    figure = power.plot(discoveries(runs), table, methods=methods, metrics=METRICS, title="T", confidence=0.95)
    assert ("all 3 failed (timeout): a$b$ c_d^2" in texts(figure)) == (n > 1)
    saved(figure, tmp_path)


def test_power_where_nothing_can_be_called():
    methods = registry(1)
    table = scores(methods)
    empty = discoveries([])
    options = {"methods": methods, "metrics": METRICS, "title": "T", "confidence": 0.95}
    assert texts(power.plot(empty, table, **options)) == ["T: no method has p-values."]
    truth = np.arange(4) < 2
    controls = discoveries([("positive_control", 0, output([0, 0, 1, 1]), truth)])
    assert texts(power.plot(controls, table, **options)) == ["T: only controls have p-values."]


# --- scaling ----------------------------------------------------------------------------------------------------------


def growth_tables(methods, sizes, end=None):
    """Runs of method k grow with exponent 1 + k / 4; `end` gives the status of some (method, cells)."""
    facts = {f"d{cells}": {"cells": cells, "genes": 9} for cells in sizes}
    rows = []
    for k, name in enumerate(methods):
        for cells in sizes:
            status = (end or {}).get((name, cells), "ok")
            cpu = (cells / 1000) ** (1 + k / 4) if status == "ok" else None
            row = {"dataset": f"d{cells}", "method": name, "status": status, "reason": "", "cpu_s": cpu, "wall_s": cpu}
            memory = None if cpu is None else 150 + 60 * cpu
            rows.append(row | {"peak_rss_mb": memory, "start_rss_mb": memory and 150.0, "threads": 1})
    runs = growth.run_table({"noisy": list(facts)}, rows, facts)
    return runs, growth.fit_all(runs, 0.95)


def draw_scaling(runs, fits, methods):
    budgets = {name: {"mem_mb": 4000 + 1000 * place, "timeout_s": 600} for place, name in enumerate(methods)}
    return scaling.plot(runs, fits, methods=methods, budgets=budgets, title="T", confidence=0.95)


def test_scaling_with_every_kind_of_end(tmp_path):
    methods = {name: entry for name, entry in registry(8).items() if entry["role"] == "method"}
    end = {("m6", 10**5): "oom", ("m7", 10**5): "oom", ("m5", 10**5): "timeout", ("m3", 10**4): "failed"}
    tables = []
    for name, table in zip(("runs", "fits"), growth_tables(methods, [100, 10**3, 10**4, 10**5], end), strict=True):
        write_table(table, tmp_path / name)  # as the workflow does, with empty fields
        tables.append(read_table(tmp_path / name))
    figure = draw_scaling(*tables, methods)
    found = texts(figure)
    assert {"out of memory", "out of time", "budget", "too few sizes"} <= set(found)
    assert "failed at 10,000 cells: A method with a label that is far too long for any figure" in found
    stopped = [line for line in figure.axes[0].lines if line.get_marker() == "X"]
    assert [float(line.get_ydata()[0]) for line in stopped] == pytest.approx([10000 / 1024, 11000 / 1024])
    assert [line.get_marker() for line in figure.axes[1].lines].count("P") == 1
    saved(figure, tmp_path)


@pytest.mark.parametrize("sizes", [[100], [10**3, 10**4, 10**5, 10**6]])
def test_scaling_of_one_method(sizes, tmp_path):
    methods = {"m0": registry(1)["m0"]}
    figure = draw_scaling(*growth_tables(methods, sizes), methods)
    assert ("too few sizes" in texts(figure)) == (len(sizes) == 1)
    saved(figure, tmp_path)


def test_scaling_where_every_run_failed_or_there_is_none(tmp_path):
    methods = {"m0": registry(1)["m0"]}
    runs, fits = growth_tables(methods, [10, 1000], {("m0", 10): "oom", ("m0", 1000): "oom"})
    saved(draw_scaling(runs, fits, methods), tmp_path)
    assert texts(draw_scaling(runs.iloc[:0], fits.iloc[:0], methods)) == ["T: there are no runs."]


def test_an_extrapolation_ends_at_what_is_predicted():
    methods = {"m0": registry(1)["m0"]}
    runs, fits = growth_tables(methods, [10**3, 10**4, 10**5])
    figure = draw_scaling(runs, fits, methods)
    dashed = next(line for line in figure.axes[1].lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[[0, -1]].tolist() == pytest.approx([1e5, 1e6])
    assert dashed.get_ydata()[[0, -1]].tolist() == pytest.approx([100, 1000])
