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
from scbench.runs import Run
from scbench.score import score

REGISTRY = Registry.load()
CONFIG = {
    "markers": {"test_fraction": 0.2, "top_k": [1, 2], "panel_sizes": [1, 2], "classifiers": ["knn1", "svm"]},
    "svg": {"fdr": 0.05},
    "annotation": {"folds": 2, "test_dropout": [0.3], "rare": 0.05},
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


def _ranking(lists, within=""):
    """A table from the genes of each class, best first."""
    rows = [
        (within, name, gene, rank, -rank) for name, genes in lists.items() for rank, gene in enumerate(genes.split(), 1)
    ]
    return pd.DataFrame(rows, columns=OUTPUT_COLUMNS["markers"])


def _values(scores):
    return scores[scores["class"] == ""].set_index(["scenario", "metric"])["value"]


def test_markers_pool_the_top_genes_of_all_classes():
    scores, confusion = _score("markers", "t_test", _ranking({"a": "g2 g0", "b": "g2 g1"}), _cells(), **SPLIT)
    assert list(scores) == SCORE_COLUMNS
    values = _values(scores)
    assert values["top1", "misclassification"] == 0.5, "gene 2 alone says nothing"
    assert values["top2", "misclassification"] == 0
    assert scores.set_index("scenario").loc["top2", ["n_expected", "n_covered"]].eq(4).all(axis=None)
    assert confusion[confusion["scenario"] == "top2"].set_index(["true", "predicted"])["n"].to_dict() == {
        ("a", "a"): 2,
        ("b", "b"): 2,
    }


def test_every_classifier_judges_the_top_and_the_first_judges_all():
    scores, confusion = _score("markers", "t_test", _ranking({"a": "g2 g0", "b": "g2 g1"}), _cells(), **SPLIT)
    names = ["top1", "top1-svm", "top2", "top2-svm", "genes1", "genes2"]
    assert list(dict.fromkeys(scores["scenario"])) == list(dict.fromkeys(confusion["scenario"])) == names
    found = scores.groupby("scenario", sort=False)["metric"].agg(set)
    lists = {"specificity", "distinctness"}
    assert all(lists <= found[name] for name in ("top1", "top2"))
    assert not any(lists & found[name] for name in ("top1-svm", "top2-svm", "genes1", "genes2"))
    values = _values(scores)
    assert values["top2-svm", "misclassification"] == 0
    assert values["genes1", "misclassification"] == 0.5
    assert values["genes2", "misclassification"] == 0, "gene 2, and gene 1 as rank 2 starts with class b"
    assert scores.set_index("scenario").loc["genes2", ["n_expected", "n_covered"]].eq(2).all(axis=None)


def test_one_list_for_all_classes_is_as_long_as_theirs_together():
    scores, _ = _score("markers", "t_test", _ranking({"": "g2 g0 g1"}), _cells(), **SPLIT)
    values = _values(scores)
    assert values["top1", "misclassification"] == 0, "genes 2 and 0"
    assert values["genes1", "misclassification"] == 0.5
    covered = scores.drop_duplicates("scenario").set_index("scenario")[["n_expected", "n_covered"]]
    assert covered.loc[["top1", "top2", "genes2"]].to_numpy().tolist() == [[2, 2], [4, 3], [2, 2]]
    assert values["top1", "specificity"] == pytest.approx(1 / 2), "gene 0 marks any class, gene 2 none"


def test_a_class_without_markers_counts_against_the_method():
    scores, _ = _score("markers", "t_test", _ranking({"a": "g2"}), _cells(), **SPLIT)
    assert scores["n_covered"].max() == 1
    assert scores.query("metric == 'misclassification' and scenario == 'top2'")["value"].item() == 0.5
    assert scores.drop_duplicates("scenario").set_index("scenario")["n_expected"].to_dict() == {
        "top1": 2, "top1-svm": 2, "top2": 4, "top2-svm": 4, "genes1": 1, "genes2": 2,
    }  # fmt: skip


def test_the_reference_of_all_genes_has_them_in_every_panel():
    output = pd.concat([_ranking({name: gene}) for name in "ab" for gene in ("g0", "g1", "g2")])
    scores, _ = _score("markers", "all_genes", output, _cells(), **SPLIT)
    values = scores.loc[scores["metric"] == "misclassification", "value"]
    assert set(values) == {0.0}, "gene 2 alone would be half wrong"
    assert len(values) == 6
    covered = scores.drop_duplicates("scenario")
    assert covered["n_covered"].tolist() == covered["n_expected"].tolist()


def _replicates(outputs, shas=("d" * 64,) * 9):
    data = _cells()
    runs = [
        Run(_status("markers", "t_test", r), output, data, sha, **SPLIT)
        for r, (output, sha) in enumerate(zip(outputs, shas, strict=False))
    ]
    scores, _ = score(runs, REGISTRY.metrics_of("markers"), CONFIG["markers"], REGISTRY.method("t_test"), "commit")
    return scores[scores["metric"] == "stability"].set_index(["scenario", "replicate"])["value"]


def test_stability_compares_the_replicates_on_the_same_data():
    one, two, empty = _ranking({"a": "g0 g1", "b": "g1 g0"}), _ranking({"a": "g0 g1", "b": "g2 g0"}), _ranking({})
    # n = 3, k = 1: (r - 1/3) / (2/3) is 1 or -1/2
    assert _replicates([one, one])["top1"].tolist() == [1, 1]
    assert _replicates([one, one, two])["top1"].tolist() == pytest.approx([(1 + 1 / 4) / 2, (1 + 1 / 4) / 2, 1 / 4])
    assert _replicates([one, empty])["top1"].tolist() == [0, 0], "a replicate without markers counts"
    assert _replicates([one]).empty
    assert _replicates([one, one], ["d" * 64, "e" * 64]).empty, "simulated replicates have markers of their own"


def test_two_steps_are_judged_by_the_sub_types():
    labels = np.array(["a1", "a2", "b"] * 10, dtype=object)
    profiles = {"a1": [3.0, 0, 1], "a2": [3.0, 3, 1], "b": [0.0, 0, 1]}
    X = sp.csr_matrix(np.array([profiles[label] for label in labels]))
    broad = np.array([label[0] for label in labels], dtype=object)
    data = Prepared(X, np.arange(30).astype(str), np.array(["g0", "g1", "g2"]), labels, obs={"broad": broad})
    output = pd.concat([_ranking({"a": "g0", "b": "g0 g2"}), _ranking({"a1": "g1 g2", "a2": "g1"}, within="a")])
    split = {"train": np.arange(21), "test": np.arange(21, 30)}
    scores, confusion = _score("markers", "t_test", output, data, **split)
    assert set(scores.loc[scores["metric"] == "misclassification", "value"]) == {0.0}
    assert set(confusion["true"]) == {"a1", "a2", "b"}
    covered = scores.drop_duplicates("scenario").set_index("scenario")[["n_expected", "n_covered"]]
    assert covered.loc[["top1", "top2", "genes1", "genes2"]].to_numpy().tolist() == [[4, 4], [8, 6], [2, 2], [4, 4]]
    assert not {"specificity", "distinctness", "stability"} & set(scores["metric"]), "these are for one label level"


def test_no_cheat_beats_honest_markers():
    """Panels of the same size are compared; what a list lacks or repeats must not pay."""
    rng = np.random.default_rng(0)
    classes = np.array(["a", "b", "c", "d"])
    labels = rng.choice(classes, 400).astype(object)
    X = rng.exponential(0.5, (400, 40))
    for i, name in enumerate(classes):  # ten markers for each class, of no great strength
        X[np.ix_(labels == name, range(10 * i, 10 * i + 10))] += 0.6
    genes = np.array([f"g{i}" for i in range(40)])
    data = Prepared(sp.csr_matrix(X), np.arange(400).astype(str), genes, labels)
    config = CONFIG["markers"] | {"top_k": [5], "panel_sizes": [20]}

    def lists(offsets, n=5):
        return {name: " ".join(genes[o : o + n]) for name, o in zip(classes, offsets, strict=True)}

    def scored(output):
        runs = [
            Run(_status("markers", "t_test", r), output, data, "d" * 64, np.arange(300), np.arange(300, 400))
            for r in range(2)
        ]
        scores, _ = score(runs, REGISTRY.metrics_of("markers"), config, REGISTRY.method("t_test"), "")
        return _values(scores[scores["replicate"] == 0])

    honest = scored(_ranking(lists([0, 10, 20, 30])))
    plain = {"misclassification", "macro_f1", "specificity", "distinctness"}
    without_d = {name: genes for name, genes in lists([0, 10, 20, 30]).items() if name != "d"}
    cheats = {  # each with the metrics that must see it; the others must not reward it
        "the same five genes for every class": (_ranking(lists([0, 0, 0, 0])), plain),
        "nothing at all": (_ranking({}), plain | {"stability"}),
        "one class missing": (_ranking(without_d), plain | {"stability"}),
        "everything for the first class": (_ranking({"a": " ".join(genes)}), plain | {"stability"}),
        "markers of other classes": (_ranking(lists([10, 20, 30, 0])), {"specificity"}),
    }
    for name, (output, seen) in cheats.items():
        for (scenario, metric), value in scored(output).items():
            gain = value - honest[scenario, metric]
            gain = gain if REGISTRY.metrics[metric]["direction"] == "higher" else -gain
            assert gain < 1e-9, (name, scenario, metric)
            if scenario == "top5" and metric in seen:
                assert gain < -0.01, (name, metric)
    long = scored(_ranking(lists([0, 10, 20, 30], n=10)))
    assert long["top5", "misclassification"] == honest["top5", "misclassification"], "k is a limit"


def _spots(truth):
    n = len(truth)
    names = np.array([f"g{i}" for i in range(n)])
    return Prepared(sp.csr_matrix((5, n)), np.arange(5).astype(str), names, truth=np.array(truth))


def _tests(pvalues, score=None, qvalues=np.nan):
    p = np.array(pvalues, dtype=float)
    values = {"statistic": p, "pvalue": p, "qvalue": qvalues, "score": -p if score is None else score}
    return pd.DataFrame({"gene": [f"g{i}" for i in range(len(p))]} | values)


def test_genes_are_called_by_benjamini_and_hochberg():
    # Thresholds i/5 * .05: .01 .02 .03 .04 .05; the third of the ordered p-values is the last below its own.
    scores, _ = _score(
        "svg", "moran_i", _tests([0.009, 0.029, 0.5, 0.015, 0.9]), _spots([True, True, True, False, False])
    )
    values = _values(scores)
    for scenario in ("bh", "authors"):  # the method has no adjustment of its own
        assert values[scenario, "sensitivity"] == pytest.approx(2 / 3)
        assert values[scenario, "false_discovery_proportion"] == pytest.approx(1 / 3)
    assert set(scores["split"]) == {"data/0"}


def test_genes_are_also_called_as_the_authors_of_a_method_do():
    table = _tests([0.009, 0.029, 0.5, 0.015, 0.9], qvalues=[0.04, np.nan, 0.01, 0.06, 1.0])
    values = _values(_score("svg", "moran_i", table, _spots([True, True, True, False, False]))[0])
    assert values["authors", "sensitivity"] == pytest.approx(2 / 3), "the first and the third, not the one without"
    assert values["authors", "false_discovery_proportion"] == 0
    assert values["bh", "false_discovery_proportion"] == pytest.approx(1 / 3)
    assert values["bh", "average_precision"] == values["authors", "average_precision"]


def test_calls_are_not_scored_where_the_truth_is_unknown():
    data = _spots([True, False, False])
    data = Prepared(data.X, data.cells, data.genes)
    assert _score("svg", "moran_i", _tests([0.1, 0.2, 0.3]), data)[0].empty


def test_a_gene_without_p_value_is_not_called_and_one_left_out_ranks_last():
    table = _tests([np.nan, 1e-9, 0.5], score=[9.0, 8, 7])
    scores, _ = _score("svg", "moran_i", table, _spots([True, False, False]))
    assert _values(scores)["bh", "sensitivity"] == 0
    scores, _ = _score("svg", "moran_i", table[1:], _spots([True, False, False]))
    assert _values(scores)["bh", "average_precision"] == pytest.approx(1 / 3)
    assert set(scores["n_covered"]) == {2}


def test_metrics_that_do_not_apply_have_no_rows():
    scores, _ = _score("svg", "hvg", _tests([np.nan] * 3, score=[3.0, 2, 1]), _spots([True, False, False]))
    assert set(scores["metric"]) == {"average_precision", "power_at_fpr_1", "power_at_fpr_5"}
    scores, _ = _score("svg", "moran_i", _tests([1e-9, 0.5, 0.5]), _spots([False] * 3))
    assert set(scores["metric"]) == {"svg_accuracy", "false_positive_rate", "false_discovery_proportion"}


def _labelled(cells, labels, confidence, scenario=""):
    table = pd.DataFrame({"scenario": scenario, "cell": cells, "label": labels, "confidence": confidence})
    return table[OUTPUT_COLUMNS["annotation"]]


def test_missing_and_unassigned_cells_are_wrong():
    output = _labelled(["c16", "c17", "c18"], ["a", "b", "unassigned"], 1.0)
    scores, confusion = _score("annotation", "linear_svm", output, _cells(), **SPLIT)
    values = scores[(scores["class"] == "") & (scores["scenario"] == "")].set_index("metric")
    assert values.loc["accuracy", "value"] == 0.5
    assert values.loc["accuracy", ["n_expected", "n_covered"]].tolist() == [4, 2]
    assert confusion[confusion["scenario"] == ""].query("predicted == 'unassigned'")["n"].sum() == 2


def test_the_same_cells_with_more_dropout_are_a_scenario_of_their_own():
    cells = ["c16", "c17", "c18", "c19"]
    output = pd.concat([_labelled(cells, [*"abab"], 0.9), _labelled(cells, [*"aaaa"], 0.6, scenario="test-dropout-30")])
    values = _values(_score("annotation", "linear_svm", output, _cells(), **SPLIT)[0])
    assert values["", "accuracy"] == 1
    assert values["test-dropout-30", "accuracy"] == 0.5
    assert values["", "expected_calibration_error"] == pytest.approx(0.1)


def test_without_confidences_nothing_is_said_of_them():
    output = _labelled(["c16", "c17", "c18", "c19"], [*"abab"], np.nan)
    scores, _ = _score("annotation", "nearest_centroid", output, _cells(), **SPLIT)
    assert "expected_calibration_error" not in set(scores["metric"])
    assert "accuracy" in set(scores["metric"])


NOVEL = {"train": np.arange(0, 12, 2), "calibration": np.arange(12, 16, 2), "test": np.arange(16, 20), "scenario": ""}


def _novel(confidence, held_back=(0.8, 0.9), **status):
    """Class b is never seen; all cells are called a."""
    output = pd.concat(
        [
            _labelled(["c16", "c17", "c18", "c19"], "a", confidence),
            _labelled(["c12", "c14"], "a", held_back, scenario="calibration"),
        ]
    )
    run = Run(_status("annotation-novel", "linear_svm", **status), output, _cells(), "d" * 64, **NOVEL)
    config = {"reject": 0.5, "rare": 0.05, "test_dropout": []}
    metrics = REGISTRY.metrics_of("annotation")
    return _values(score([run], metrics, config, REGISTRY.method("linear_svm"), "commit")[0])


def test_cells_below_the_threshold_of_held_back_cells_are_novel():
    values = _novel([0.9, 0.84, 0.6, 0.86])  # the threshold is 0.85
    assert values["novel", "novel_accuracy"] == 0.5
    assert values["known", "accuracy"] == 0.5
    assert values["novel", "novelty_auroc"] == pytest.approx(0.5)


def test_without_confidences_no_cell_is_novel():
    values = _novel(np.nan, held_back=np.nan)
    assert values["novel", "novel_accuracy"] == 0
    assert values["known", "accuracy"] == 1
    assert ("novel", "novelty_auroc") not in values


def test_a_failed_run_among_novel_types_has_rows_without_values():
    values = _novel([0.9, 0.84, 0.6, 0.86], status="oom")
    assert values.isna().all()
    assert {"known", "novel"} == set(values.index.get_level_values("scenario"))


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
