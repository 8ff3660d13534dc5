"""Tables of the datasets and of the pair (M, F1)."""

import json

import numpy as np
import pandas as pd
import pytest

from scbench.report.summary import dataset_table, pair_table, score_table, summary_page

DATASETS = {"one": {"label": "One", "reference": "one2020"}, "two": {"label": "<b>Two"}}
METHODS = {
    **{name: {"label": name.upper(), "role": "method"} for name in "abcd"},
    "rnd": {"label": "Random", "role": "negative_control"},
}


def ranks(m, *, f1=None, failed=None, dataset="one", scenario="top30"):
    """Rows of one dataset: means of misclassification by method, by default with F1 = 1 - M."""
    rows = []
    for name, value in m.items():
        n_failed = (failed or {}).get(name, 0)
        for metric, mean in (("misclassification", value), ("macro_f1", (f1 or {}).get(name, 1 - value))):
            rows.append((dataset, scenario, metric, name, 3, n_failed, mean, mean - 0.01, mean + 0.01))
    columns = ["dataset", "scenario", "metric", "method", "n_replicates", "n_failed", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def scored(table, scenario="top30"):
    return score_table(table, methods=METHODS, datasets=DATASETS, scenario=scenario).set_index(["dataset", "method"])


def best(table, column):
    return {method for (_, method), value in table[column].items() if value}


def test_datasets_by_hand():
    facts = [
        {"dataset": "one", "cells": 10, "genes": 4, "nonzero_fraction": 0.25, "labels": {"x": 7, "y": 2, "z": 1}},
        {"dataset": "two/r0", "cells": 5, "genes": 3, "nonzero_fraction": 1.0, "labels": {}},
        {"dataset": "two/r1", "cells": 6, "genes": 3, "nonzero_fraction": 1.0, "labels": {}},
    ]
    table = dataset_table(facts, DATASETS | {"three": {"label": "Three"}}).set_index("dataset")
    assert table.loc["one"].tolist() == ["One", 10, 4, 3, 1, 7, 0.75, "one2020"]
    assert table.loc["two", ["cells", "zeros", "reference"]].tolist() == [5, 0.0, ""]
    assert table.loc["two", ["classes", "smallest_class", "largest_class"]].isna().all()
    assert table.loc["three", ["cells", "genes", "classes", "zeros"]].isna().all()


def test_scores_in_percent_with_intervals():
    row = scored(ranks({"a": 0.125})).loc["one", "a"]
    assert row[["m", "m_low", "m_high"]].tolist() == pytest.approx([12.5, 11.5, 13.5])
    assert row[["f1", "f1_low", "f1_high"]].tolist() == pytest.approx([0.875, 0.865, 0.885])
    assert row[["n_replicates", "n_failed"]].tolist() == [3, 0]


def test_the_best_two_of_a_dataset_are_marked_apart_for_both_metrics():
    table = scored(ranks({"a": 0.1, "b": 0.2, "c": 0.3}, f1={"a": 0.5, "b": 0.6, "c": 0.7}))
    assert best(table, "best_m") == {"a", "b"}
    assert best(table, "best_f1") == {"b", "c"}


def test_ties_share_the_second_place_and_two_firsts_leave_none():
    assert best(scored(ranks({"a": 0.1, "b": 0.2, "c": 0.2 + 1e-15, "d": 0.3})), "best_m") == {"a", "b", "c"}
    assert best(scored(ranks({"a": 0.1, "b": 0.1, "c": 0.2})), "best_m") == {"a", "b"}


def test_controls_do_not_compete_and_datasets_are_apart():
    both = pd.concat([ranks({"rnd": 0.0, "a": 0.3, "b": 0.2, "c": 0.1}), ranks({"d": 0.9}, dataset="two")])
    table = scored(both)
    assert best(table.loc[["one"]], "best_m") == {"b", "c"}
    assert best(table.loc[["two"]], "best_m") == {"d"}


def test_only_the_scenario_counts():
    both = pd.concat([ranks({"a": 0.1}), ranks({"a": 0.5}, scenario="top5")])
    assert scored(both, "top5").loc[("one", "a"), "m"] == pytest.approx(50)


def test_pairs_say_what_failed_and_what_was_not_run():
    table = ranks({"a": 0.104, "b": 0.2, "c": 1.0, "rnd": 0.5}, failed={"b": 1, "c": 3})
    scores = score_table(table, methods=METHODS, datasets=DATASETS, scenario="top30")
    pairs = pair_table(scores, methods=METHODS, datasets=DATASETS)
    assert pairs.columns.tolist() == ["method", "One", "<b>Two"]
    assert pairs["method"].tolist() == ["A", "B", "C", "D", "Random"]
    assert pairs["One"].tolist() == [
        "(10.4★, 0.90★)",
        "(20.0★, 0.80★) 1 of 3 failed",
        "all failed",
        "not run",
        "(50.0, 0.50)",
    ]
    assert set(pairs["<b>Two"]) == {"not run"}


def test_a_method_of_which_all_runs_failed_never_is_among_the_best():
    table = scored(ranks({"a": 1.0, "b": 0.2}, failed={"a": 3}))
    assert best(table, "best_m") == {"b"}
    assert np.isnan(table.loc[("one", "a"), "f1"])


def test_the_page_holds_the_three_tables_and_reads_names_as_text():
    facts = [{"dataset": "one", "cells": 10, "genes": 4, "nonzero_fraction": 0.25, "labels": {"x": 7, "y": 3}}]
    shared = {"methods": METHODS, "datasets": DATASETS, "scenario": "top30"}
    text = summary_page(facts, ranks({"a": 0.1}), **shared, title="Markers")
    assert "<b>Two" not in text
    for part in (json.dumps("(10.0★, 0.90★)"), '["one","One",10,4,2,3,7,0.75,"one2020"]', "scenario top30", "not run"):
        assert part in text
