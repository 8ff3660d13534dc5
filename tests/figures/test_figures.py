"""Every figure is drawn from ordinary and from degenerate tables."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from drawn import UGLY, saved, texts

from scbench.figures import confusion, cost, scores, style, tissue
from scbench.io import Prepared, read_table, write_table

DATASETS = {"one": {"label": "One"}, "two": {"label": "Two <b>&"}}
METRICS = {
    "f1": {"label": "F1", "min": 0, "max": 1, "direction": "higher", "primary": True},
    "error": {"label": "Misclassification (share of cells)", "min": 0, "max": 1, "direction": "lower", "primary": True},
    "other": {"label": "Other", "min": 0, "max": 1, "direction": "higher", "primary": False},
}


def registry(n=4, track="markers"):
    labels = [*UGLY, *(f"Method {place}" for place in range(n))][:n]
    found = {f"m{place}": {"label": label, "role": "method", "track": track} for place, label in enumerate(labels)}
    for role in style.CONTROLS:
        found[role] = {"label": role.replace("_", " "), "role": role, "track": track}
    return found


def score_tables(methods, *, replicates=3, scenarios=("top5", "top30"), bad=(), undefined=()):
    """Scores and ranks; methods in `bad` always fail, those in `undefined` have no F1."""
    rng = np.random.default_rng(0)
    keys = [(d, s, x) for d in DATASETS for s in scenarios for x in METRICS]
    rows, ranks = [], []
    for dataset, scenario, metric in keys:
        for place, name in enumerate(methods):
            values = 0.5 + 0.01 * place + 0.01 * rng.random(replicates)
            if name in bad or (name in undefined and metric == "f1"):
                values[:] = np.nan
            status = "timeout" if name in bad else "ok"
            rows += [("markers", dataset, scenario, "", r, name, metric, v, status) for r, v in enumerate(values)]
            low, high = (values.min(), values.max()) if replicates > 1 else (np.nan, np.nan)
            compared = methods[name]["role"] == "method" and replicates > 1 and name not in bad
            rank, group = (place + 1.0, place < 2) if compared else (np.nan, np.nan)
            ranks.append(("markers", dataset, scenario, metric, name, values.mean(), low, high, rank, group))
    table = pd.DataFrame(
        rows, columns=["track", "dataset", "scenario", "class", "replicate", "method", "metric", "value", "status"]
    )
    return table, pd.DataFrame(
        ranks, columns=["track", "dataset", "scenario", "metric", "method", "mean", "low", "high", "rank", "group"]
    )


def status_table(methods, bad=()):
    rows = [
        (
            "markers",
            d,
            m,
            r,
            "oom" if m in bad else "ok",
            np.nan if m in bad else 0.1 * r,
            np.nan if m in bad else 200.0,
        )
        for d in DATASETS
        for m in methods
        for r in range(3)
    ]
    return pd.DataFrame(rows, columns=["track", "dataset", "method", "replicate", "status", "cpu_s", "peak_rss_mb"])


def confusion_table(methods, classes, unassigned=False):
    rng = np.random.default_rng(1)
    rows = [
        (m, "", r, true, true if rng.random() < 0.5 else rng.choice(classes), 1 + place)
        for m in methods
        for r in range(2)
        for place, true in enumerate(classes)
    ]
    rows += [(m, "", 0, classes[0], "unassigned", 3) for m in methods if unassigned]
    return pd.DataFrame(rows, columns=["method", "scenario", "replicate", "true", "predicted", "n"])


def tissue_data(truth=True, dims=2, n_genes=12):
    rng = np.random.default_rng(2)
    X = sp.csr_matrix(np.log1p(rng.poisson(1.0, (100, n_genes))) * (np.arange(n_genes) != 3))
    genes = np.array([*UGLY, *(f"g{place}" for place in range(n_genes - len(UGLY)))], dtype=object)
    return Prepared(
        X,
        np.arange(100).astype(str),
        genes,
        coords=rng.random((100, dims)),
        truth=np.arange(n_genes) < 4 if truth else None,
    )


def tissue_table(data, pvalues):
    n = len(data.genes)
    score = -np.arange(n, dtype=float)
    return pd.DataFrame({"gene": data.genes, "statistic": score, "pvalue": pvalues, "score": score})


@pytest.mark.parametrize("n", [1, 4, 20])
@pytest.mark.parametrize("replicates", [1, 3])
def test_scores_of_few_and_many_methods(n, replicates, tmp_path):
    methods = registry(n)
    tables = score_tables(methods, replicates=replicates, bad=["m0"], undefined=["m1"])
    figure = scores.plot(*tables, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers")
    assert len(figure.axes) == 4 * 2  # dataset and scenario; primary metrics only
    assert ("failed (timeout)" if replicates == 1 else "all 3 failed (timeout)") in texts(figure)
    saved(figure, tmp_path)


def test_scores_say_what_failed_also_of_a_control():
    methods = registry()
    tables = score_tables(methods, bad=["negative_control"])
    figure = scores.plot(*tables, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers")
    assert "negative control: all 3 failed (timeout)" in texts(figure)


def test_a_metric_that_is_not_computed_for_a_method_is_said_to_be_undefined():
    methods = registry()
    table, ranks = (
        part[~((part["method"] == "m2") & (part["metric"] == "f1"))] for part in score_tables(methods, scenarios=["bh"])
    )
    figure = scores.plot(table, ranks, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers")
    assert texts(figure).count("not defined") == len(DATASETS)


def test_scores_where_nothing_ended_well(tmp_path):
    methods = registry()
    tables = score_tables(methods, bad=list(methods))
    saved(scores.plot(*tables, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers"), tmp_path)
    figure = scores.plot(*tables, methods=methods, metrics=METRICS, datasets=DATASETS, track="svg")
    assert texts(figure) == ["There are no scores."]


def test_scores_read_back_from_a_file_with_an_empty_scenario(tmp_path):
    methods = registry()
    tables = []
    for name, table in zip(("scores", "ranks"), score_tables(methods, scenarios=[""], undefined=["m2"]), strict=True):
        write_table(table, tmp_path / name)
        tables.append(read_table(tmp_path / name))
    figure = scores.plot(*tables, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers")
    assert {"One", "Two <b>&", "not defined", "a$b$ c_d^2"} <= set(texts(figure))


def test_marks_are_open_where_worse_and_pale_where_not_compared():
    methods = {"m0": registry(1)["m0"]}
    table, ranks = score_tables(methods)
    faces = []
    for group in (True, False, None):
        ranks["group"] = pd.Series([group] * len(ranks), dtype=object)
        figure = scores.plot(table, ranks, methods=methods, metrics=METRICS, datasets=DATASETS, track="markers")
        faces += [line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_markersize() == 4.2]
    assert faces == [style.COLORS[0], "white", (style.COLORS[0], 0.35)]


def test_a_far_control_does_not_squeeze_the_methods():
    metric = METRICS["f1"]
    low, high = scores._limits(np.array([0.92, 0.97]), np.array([0.1, 1.0]), metric)
    assert 0.85 < low < 0.92
    assert 1.0 < high < 1.02


def test_panels_are_in_the_order_of_the_numbers():
    table = pd.DataFrame({"dataset": ["two", "one", "one"], "scenario": ["top5", "top30", "top5"]})
    assert scores._rows(table, DATASETS) == [("one", "top5"), ("one", "top30"), ("two", "top5")]


@pytest.mark.parametrize("bad", [[], ["m1"], None])
def test_cost(bad, tmp_path):
    methods = registry(8)
    figure = cost.plot(
        status_table(methods, methods if bad is None else bad), methods=methods, datasets=DATASETS, track="markers"
    )
    assert ("all 3 failed (oom)" in texts(figure)) == (bad != [])
    saved(figure, tmp_path)


@pytest.mark.parametrize("classes", [["one"], UGLY, [f"class {place}" for place in range(50)]], ids=len)
def test_confusion(classes, tmp_path):
    methods = registry(1)
    figure = confusion.plot(confusion_table(methods, classes, unassigned=True), methods=methods, title="<b>Title</b>")
    assert "unassigned" in texts(figure)
    saved(figure, tmp_path)


def test_confusion_shows_recall_with_classes_by_size():
    table = pd.DataFrame(
        [
            ("m0", "top5", 0, "rare", "big", 1),
            ("m0", "top5", 0, "rare", "rare", 3),
            ("m0", "top5", 1, "big", "big", 9),
            ("m0", "top30", 0, "big", "rare", 99),
        ],
        columns=["method", "scenario", "replicate", "true", "predicted", "n"],
    )
    figure = confusion.plot(table, methods=registry(1), title="", scenario="top5")
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["big", "rare"]
    np.testing.assert_allclose(ax.collections[0].get_array(), [[1, 0], [0.25, 0.75]])
    assert "mean recall 0.88" in texts(figure)
    assert "no predictions" in texts(confusion.plot(table, methods=registry(1), title="", scenario="bh"))[0]


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("dims", [2, 3])
def test_tissue(truth, dims, tmp_path):
    data = tissue_data(truth, dims)
    methods = registry(3, track="svg")
    some = np.r_[1e-30, np.full(len(data.genes) - 2, 0.9), np.nan]
    tables = {
        "m0": tissue_table(data, some),
        "m1": tissue_table(data, np.nan),
        "positive_control": tissue_table(data, some),
    }
    figure = tissue.plot(data, tables, methods=methods, title="$x$")
    found = texts(figure)
    assert {"q < 1e-16", "rank 1 of 12", "<b>x</b>&" + "\ntruly patterned" * truth} <= set(found)
    assert "positive control" not in found
    saved(figure, tmp_path)


def test_tissue_without_any_result():
    assert "no method" in texts(tissue.plot(tissue_data(), {}, methods=registry(), title="T"))[0]


def test_examples_are_called_missed_null_and_wrongly_called():
    data = tissue_data()  # genes 0 to 3 are patterned
    calls = np.array([2, 2, 0, 1, 0, 0, 1, *[0] * 5])
    genes = tissue.choose(data, calls, np.arange(12.0), 4)
    assert genes[:2] == [0, 2]
    assert not data.truth[genes[2]]
    assert calls[genes[2]] == 0
    assert genes[3] == 6
    assert sorted(tissue.choose(data, calls, np.arange(12.0), 99)) == list(range(12))


def test_a_method_keeps_its_look_when_others_are_added():
    few, many = registry(3), registry(3) | {"new": {"label": "New", "role": "method", "track": "markers"}}
    before, after = style.looks(few, "markers"), style.looks(many, "markers")
    assert before.items() <= after.items()
    assert len(set(style.looks(registry(20), "markers").values())) == 20 + len(style.CONTROLS)


def test_same_figure_same_bytes(tmp_path):
    methods = registry()
    table = status_table(methods, ["m1"])
    first, second = (
        saved(cost.plot(table, methods=methods, datasets=DATASETS, track="markers"), tmp_path) for _ in "ab"
    )
    assert first == second
