import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.collect import rank_table, scale, status_table
from scbench.errors import UserError
from scbench.io import Prepared
from scbench.layout import OUTPUT_COLUMNS, SCORE_COLUMNS, STATUS_COLUMNS
from scbench.qc import check, gate
from scbench.registry import Registry
from scbench.score import Run, classify, score

REGISTRY = Registry.load()
CONFIG = {
    "markers": {"test_fraction": 0.2, "top_k": [1, 2], "n_neighbors": 1},
    "svg": {"fdr": 0.05},
    "annotation": {"folds": 2},
}


def _status(track, method, replicate=0, status="ok"):
    return {
        "track": track, "dataset": "d", "method": method, "replicate": replicate, "seed": 1, "status": status,
        "reason": "", "params": {}, "code_sha": "c", "versions": {"numpy": "2"} if status == "ok" else None,
    }  # fmt: skip


def _cells():
    """Gene 0 marks class a, gene 1 class b, gene 2 nothing."""
    X = sp.csr_matrix(np.tile([[3.0, 0, 1], [0, 3, 1]], (10, 1)))
    labels = np.array(["a", "b"] * 10, dtype=object)
    return Prepared(X, np.array([f"c{i}" for i in range(20)]), np.array(["g0", "g1", "g2"]), labels)


def _score(track, method, output, data, status="ok", **split):
    run = Run(_status(track, method, status=status), output, data, "d" * 64, **split)
    return score([run], REGISTRY.metrics_of(track), CONFIG[track], REGISTRY.method(method), "commit")


SPLIT = {"train": np.arange(16), "test": np.arange(16, 20)}


def test_markers_pool_the_top_genes_of_all_classes():
    ranking = pd.DataFrame(
        {"class": ["a", "b", "a", "b"], "gene": ["g2", "g2", "g0", "g1"], "rank": [1, 1, 2, 2], "score": 1.0}
    )
    scores, confusion = _score("markers", "t_test", ranking, _cells(), **SPLIT)
    assert list(scores) == SCORE_COLUMNS
    values = scores[scores["class"] == ""].set_index(["scenario", "metric"])["value"]
    assert values["top1", "misclassification"] == 0.5, "gene 2 alone says nothing"
    assert values["top2", "misclassification"] == 0
    assert scores.set_index("scenario").loc["top2", ["n_expected", "n_covered"]].eq(4).all(axis=None)
    assert confusion[confusion["scenario"] == "top2"].set_index(["true", "predicted"])["n"].to_dict() == {
        ("a", "a"): 2,
        ("b", "b"): 2,
    }


def test_a_class_without_markers_counts_against_the_method():
    ranking = pd.DataFrame({"class": ["a"], "gene": ["g2"], "rank": [1], "score": 1.0})
    scores, _ = _score("markers", "t_test", ranking, _cells(), **SPLIT)
    assert scores["n_covered"].max() == 1
    assert scores.query("metric == 'misclassification' and scenario == 'top2'")["value"].item() == 0.5


def test_an_empty_panel_predicts_the_commonest_class():
    predicted = classify(sp.csr_matrix((20, 0)), np.array(["a"] * 12 + ["b"] * 8), np.arange(16), np.arange(16, 20), 3)
    assert predicted.tolist() == ["a"] * 4


def test_the_classifier_never_sees_the_test_cells_statistics():
    rng = np.random.default_rng(0)
    X, labels = rng.random((60, 4)), rng.choice(["a", "b"], 60)
    train, test = np.arange(40), np.arange(40, 60)
    one = classify(sp.csr_matrix(X), labels, train, test[:10], 3)
    X[50:] = 100
    np.testing.assert_array_equal(classify(sp.csr_matrix(X), labels, train, test, 3)[:10], one)


def _spots(truth):
    n = len(truth)
    names = np.array([f"g{i}" for i in range(n)])
    return Prepared(sp.csr_matrix((5, n)), np.arange(5).astype(str), names, truth=np.array(truth))


def _tests(pvalues, score=None):
    p = np.array(pvalues, dtype=float)
    return pd.DataFrame(
        {"gene": [f"g{i}" for i in range(len(p))], "statistic": p, "pvalue": p, "score": -p if score is None else score}
    )


def test_genes_are_called_by_benjamini_and_hochberg():
    # Thresholds i/5 * .05: .01 .02 .03 .04 .05; the third of the ordered p-values is the last below its own.
    scores, _ = _score(
        "svg", "moran_i", _tests([0.009, 0.029, 0.5, 0.015, 0.9]), _spots([True, True, True, False, False])
    )
    values = scores.set_index("metric")["value"]
    assert values["sensitivity"] == pytest.approx(2 / 3)
    assert values["false_discovery_proportion"] == pytest.approx(1 / 3)
    assert set(scores["split"]) == {"data/0"}


def test_a_gene_without_p_value_is_not_called_and_one_left_out_ranks_last():
    table = _tests([np.nan, 1e-9, 0.5], score=[9.0, 8, 7])
    scores, _ = _score("svg", "moran_i", table, _spots([True, False, False]))
    assert scores.set_index("metric").loc["sensitivity", "value"] == 0
    scores, _ = _score("svg", "moran_i", table[1:], _spots([True, False, False]))
    assert scores.set_index("metric").loc["average_precision", "value"] == pytest.approx(1 / 3)
    assert set(scores["n_covered"]) == {2}


def test_metrics_that_do_not_apply_have_no_rows():
    scores, _ = _score("svg", "hvg", _tests([np.nan] * 3, score=[3.0, 2, 1]), _spots([True, False, False]))
    assert set(scores["metric"]) == {"average_precision"}
    scores, _ = _score("svg", "moran_i", _tests([1e-9, 0.5, 0.5]), _spots([False] * 3))
    assert set(scores["metric"]) == {"svg_accuracy", "false_positive_rate", "false_discovery_proportion"}


def test_missing_and_unassigned_cells_are_wrong():
    output = pd.DataFrame({"cell": ["c16", "c17", "c18"], "label": ["a", "b", "unassigned"], "confidence": 1.0})
    scores, confusion = _score("annotation", "linear_svm", output, _cells(), **SPLIT)
    values = scores[scores["class"] == ""].set_index("metric")
    assert values.loc["accuracy", "value"] == 0.5
    assert values.loc["accuracy", ["n_expected", "n_covered"]].tolist() == [4, 2]
    assert confusion.query("predicted == 'unassigned'")["n"].sum() == 2


def test_a_run_that_failed_keeps_its_rows_without_values():
    empty = pd.DataFrame(columns=OUTPUT_COLUMNS["annotation"])
    scores, confusion = _score("annotation", "linear_svm", empty, _cells(), status="timeout", **SPLIT)
    assert {"accuracy", "macro_f1"} <= set(scores["metric"])
    assert scores["value"].isna().all()
    assert set(scores["status"]) == {"timeout"}
    assert confusion.empty


# --- tables over all methods --------------------------------------------------------------------------------------

ROLES = {
    "bad": "negative_control",
    "worse": "negative_control",
    "good": "positive_control",
    "a": "method",
    "b": "method",
}
METHODS = {name: {"role": role} for name, role in ROLES.items()}
METRICS = {
    "up": {"direction": "higher", "min": 0, "max": 1, "scale": True},
    "down": {"direction": "lower", "min": 0, "max": 1, "scale": True},
    "quiet": {"direction": "lower", "min": 0, "max": 1, "scale": False},
}


UNMEASURED = dict.fromkeys(STATUS_COLUMNS)


def _scores(values, metric="up", failed=()):
    rows = [
        {
            "track": "svg", "dataset": "d", "scenario": "", "class": "", "replicate": r, "method": method,
            "metric": metric, "value": np.nan if (method, r) in failed else value, "scaled": np.nan,
            "status": "failed" if (method, r) in failed else "ok",
        }
        for method, numbers in values.items()
        for r, value in enumerate(numbers)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_scaled_scores_run_from_the_best_negative_to_the_positive_control():
    values = {"bad": [0.2, 0.4], "worse": [0.1, 0.1], "good": [0.9, 0.9], "a": [0.6, 0.3]}
    scaled = scale(_scores(values), METHODS, METRICS).set_index(["method", "replicate"])["scaled"]
    assert scaled["a", 0] == pytest.approx((0.6 - 0.3) / (0.9 - 0.3))
    assert scaled["a", 1] == pytest.approx(0)
    assert scaled["good", 0] == pytest.approx(1)
    flipped = {name: [1 - value for value in numbers] for name, numbers in values.items()}
    down = scale(_scores(flipped, "down"), METHODS, METRICS).set_index(["method", "replicate"])["scaled"]
    np.testing.assert_allclose(down, scaled, atol=1e-12)


def test_without_a_positive_control_the_ideal_is_the_end():
    scaled = scale(_scores({"bad": [0.5], "a": [0.25]}, "down"), METHODS, METRICS).set_index("method")["scaled"]
    assert scaled["a"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("metric", "values"), [("up", {"bad": [0.9], "good": [0.9], "a": [1.0]}), ("quiet", {"bad": [0.5], "a": [0.2]})]
)
def test_no_scale_where_controls_coincide_or_silence_wins(metric, values):
    assert scale(_scores(values, metric), METHODS, METRICS)["scaled"].isna().all()


def test_ranks_count_failures_as_the_worst_value_and_leave_controls_unranked():
    values = {"a": [0.8, 0.8, 0.8], "b": [0.9, 0.9, 0.9], "good": [1, 1, 1]}
    scores = _scores(values, failed={("b", 0)})
    table = rank_table(scores, METHODS, METRICS, overlap=0, confidence=0.95).set_index("method")
    assert table.loc["b", "mean"] == pytest.approx(0.6)
    assert table.loc["b", "n_failed"] == 1
    assert table["rank"].to_dict() == pytest.approx({"a": 1, "b": 2, "good": np.nan}, nan_ok=True)
    assert table["high"].max() <= 1, "intervals end where the metric does"


def test_an_undefined_metric_has_no_ranks():
    scores = _scores({"a": [0.5]}).iloc[:0]
    assert rank_table(scores, METHODS, METRICS, overlap=0, confidence=0.95).empty


def test_the_gate_is_shut_by_unexpected_failures_only():
    expected = [{"track": "svg", "method": "a", "status": "timeout", "reason": "slow"}]
    rows = [
        {**UNMEASURED, **_status("svg", "a", 0, "timeout")},
        {**UNMEASURED, **_status("svg", "b", 0, "skipped")},
        {**UNMEASURED, **_status("svg", "b", 1, "ok")},
    ]
    scores = scale(_scores({"bad": [0.1], "good": [0.9], "a": [0.5]}), METHODS, METRICS)
    checks = check(status_table(rows, expected), scores, METHODS, METRICS)
    assert checks["severity"].tolist() == ["note", "warning"]
    gate(checks)
    checks = check(status_table(rows, []), scores, METHODS, METRICS)
    with pytest.raises(UserError, match=r"1 check\(s\) failed.*\nsvg/d/a: timeout in r0"):
        gate(checks)


def test_a_method_beyond_the_controls_is_a_warning():
    scores = scale(_scores({"bad": [0.4], "good": [0.9], "a": [0.1]}), METHODS, METRICS)
    status = status_table([{**UNMEASURED, **_status("svg", "a")}], [])
    checks = check(status, scores, METHODS, METRICS)
    assert checks["severity"].tolist() == ["warning"]
    assert "beyond the controls" in checks["message"][0]
