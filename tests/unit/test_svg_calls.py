"""Calls of several methods: numbers, controls, intersections, and the configuration that asks for them."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from scbench import plan_tissue
from scbench.contract import check_tests
from scbench.errors import InvalidOutputError, UserError
from scbench.io import read_prepared, read_table, write_table
from scbench.layout import OUTPUT_COLUMNS
from scbench.plan import Plan
from scbench.svg.structure.calls import calls, compared, gene_sets, intersections, jaccard, summarise
from scbench.svg.tissue_config import check_tissue
from scbench.validate import validate

GENES = np.array([f"g{place}" for place in range(10)])


def output(p, q=np.nan, score=None):
    score = -np.asarray(p, dtype=float) if score is None else score
    return pd.DataFrame({"gene": GENES, "statistic": 0.0, "pvalue": p, "qvalue": q, "score": score})


FAILED = pd.DataFrame(columns=OUTPUT_COLUMNS["svg"])


def test_calls_by_both_adjustments():
    p = np.r_[0.001, 0.009, 0.016, np.full(7, 0.9)]
    outputs = {"plain": output(p), "strict": output(p, q=10 * np.minimum(p, 0.1))}
    found = calls(outputs, GENES, fdr=0.05)
    # Benjamini and Hochberg: 0.001 * 10, 0.009 * 10 / 2 and 0.016 * 10 / 3, which is above 0.05.
    assert found["bh"].sum().to_dict() == {"plain": 2, "strict": 2}
    assert found["authors"].sum().to_dict() == {"plain": 2, "strict": 1}
    assert found["bh"].index.tolist() == GENES.tolist()
    assert found["matched"].shape == (10, 0)


def test_methods_without_p_values_call_as_many_as_the_others_do():
    few, many = np.r_[np.full(2, 1e-9), np.ones(8)], np.r_[np.full(6, 1e-9), np.ones(4)]
    outputs = {"few": output(few), "many": output(many), "ranks": output(np.full(10, np.nan), score=np.arange(10.0))}
    found = calls(outputs | {"failed": FAILED}, GENES, fdr=0.05)
    assert found["matched"]["ranks"].to_numpy().nonzero()[0].tolist() == [6, 7, 8, 9]
    assert list(found["bh"]) == ["few", "many", "failed"]
    assert not found["bh"]["failed"].any()
    alone = calls({"ranks": outputs["ranks"]}, GENES, fdr=0.05)
    assert not alone["matched"]["ranks"].any()


def test_methods_that_call_genes_themselves_are_taken_at_it():
    ranks = np.full(10, np.nan)
    own = np.arange(10) < 3
    outputs = {
        "ranks": output(ranks, score=np.arange(10.0)),
        "cutoffs": output(ranks, score=np.arange(10.0)).assign(called=own),
        "level": output(np.r_[np.full(6, 1e-9), np.ones(4)], q=np.full(10, 1e-9)).assign(called=~own),
        "tests": output(np.r_[np.full(4, 1e-9), np.ones(6)]),
        "failed": FAILED,
    }
    found = calls(outputs, GENES, fdr=0.05)
    assert {kind: list(table) for kind, table in found.items()} == {
        "bh": ["level", "tests", "failed"],
        "authors": ["cutoffs", "level", "tests", "failed"],
        "matched": ["ranks"],
    }
    assert found["bh"].sum().to_dict() == {"level": 6, "tests": 4, "failed": 0}
    assert found["authors"].sum().to_dict() == {"cutoffs": 3, "level": 7, "tests": 4, "failed": 0}
    table = compared(found, outputs)
    assert list(table) == list(outputs)
    assert table.sum().to_dict() == {"ranks": 5, "cutoffs": 3, "level": 7, "tests": 4, "failed": 0}
    # Genes in another order, and some left out.
    some = calls({"cutoffs": outputs["cutoffs"].iloc[::-1].iloc[:9]}, GENES, fdr=0.05)["authors"]["cutoffs"]
    assert some.to_numpy().nonzero()[0].tolist() == [1, 2]


def test_calls_are_true_or_false(tmp_path):
    table = output(np.full(10, np.nan), score=np.arange(10.0)).assign(called=np.arange(10) < 3)
    checked = check_tests(table, GENES, pvalues=False)
    write_table(checked, tmp_path / "output.tsv")
    pd.testing.assert_series_equal(read_table(tmp_path / "output.tsv")["called"], table["called"])
    with pytest.raises(InvalidOutputError, match=r"'called' must be true or false for every gene\. Got float64 values"):
        check_tests(table.assign(called=np.r_[np.ones(9), np.nan]), GENES, pvalues=False)


def test_genes_left_out_and_genes_in_another_order_are_found_by_name():
    table = output(np.r_[1e-9, np.ones(9)]).iloc[::-1].iloc[2:]
    found = calls({"a": table}, GENES, fdr=0.05)["bh"]["a"]
    assert found.to_numpy().nonzero()[0].tolist() == [0]


def test_the_summary_counts_controls_with_wilsons_interval():
    p = np.r_[np.full(4, 1e-9), np.ones(6)]
    found = calls({"a": output(p), "failed": FAILED}, GENES, fdr=0.05)
    controls = np.isin(np.arange(10), [3, 7, 8, 9])
    table = summarise(found, {"a": "ok", "failed": "oom"}, controls, confidence=0.9)
    row = table.set_index(["method", "adjustment"]).loc[("a", "bh")]
    assert (row["n_called"], row["n_controls"], row["n_controls_called"], row["share"]) == (4, 4, 1, 0.25)
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(1, 4, alpha=0.1, method="wilson"))
    assert table.loc[table["method"] == "failed", ["share", "low", "high"]].isna().all(axis=None)
    without = summarise(found, {"a": "ok"}, None, confidence=0.9)
    assert without["n_controls"].tolist() == [0, 0]
    assert without["share"].isna().all()


@given(st.lists(st.tuples(*[st.booleans()] * 3), max_size=30))
def test_intersections_are_exact(rows):
    called = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=bool)
    table = intersections(called)
    expected = {row: rows.count(row) for row in set(rows) if any(row)}
    assert {tuple(row[:3]): row[3] for row in table.to_numpy().tolist()} == expected
    assert table["n"].tolist() == sorted(expected.values(), reverse=True)
    index = jaccard(called)
    for row in index.itertuples():
        a, b = called[row.method_a], called[row.method_b]
        either = (a | b).sum()
        assert row.n_both == (a & b).sum()
        assert row.jaccard == pytest.approx((a & b).sum() / either) if either else np.isnan(row.jaccard)
    assert list(zip(index["method_a"], index["method_b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]


@given(st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=20))
def test_sets_of_genes(rows):
    called = pd.DataFrame(rows, columns=["a", "b", "c"])
    sets = gene_sets(called, ["a", "c"])
    assert list(sets) == ["common", "all a", "all c", "only a", "only c"]
    assert sets["common"].tolist() == [n for n, (a, _, c) in enumerate(rows) if a and c]
    assert sets["all a"].tolist() == [n for n, (a, _, _) in enumerate(rows) if a]
    assert sets["only c"].tolist() == [n for n, (a, _, c) in enumerate(rows) if c and not a]


# --- configuration ----------------------------------------------------------------------------------------------------

METHODS = {"a": {"role": "method"}, "b": {"role": "method"}, "null": {"role": "negative_control"}}


def run(*rows):
    return {"datasets": ["mob", "breast"], "methods": list(METHODS), "tissue": list(rows)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"dataset": "mop", "methods": ["a", "b"]}], r"tissue.dataset' names 'mop'.* Did you mean 'mob'\?"),
        ([{"dataset": "mob", "methods": ["a", "B"]}], r"tissue.methods' names 'B', which is not .* Allowed: a, b\."),
        ([{"dataset": "mob", "methods": ["a", "null"]}], r"'null', which is not .* or is a control\."),
        ([{"dataset": "mob", "methods": ["a", "b"]}] * 2, r"has 'mob' with a, b twice\."),
    ],
)
def test_what_cannot_be_compared_is_named(rows, message):
    with pytest.raises(UserError, match=message):
        check_tissue(run(*rows), METHODS)


def test_experiments_have_names_figures_and_tables():
    rows = [{"dataset": "mob", "methods": ["a", "b"]}, {"dataset": "mob", "methods": ["b", "a"]}]
    check_tissue(run(*rows), METHODS)
    assert list(plan_tissue.rows(run(*rows))) == ["mob-a-b", "mob-b-a"]
    figures = plan_tissue.figures(run(*rows))
    assert figures[:3] == ["calls-mob", "clusters-mob-a-b", "clusters-mob-b-a"]
    assert len(figures) == len(set(figures)) == 1 + 4 * 2
    made = {f"results/svg/tissue-mob-a-b/{recipe}structure.tsv" for recipe in ("", "released/")}
    assert made <= set(plan_tissue.tables(run(*rows)))
    assert plan_tissue.figures(run()) == plan_tissue.tables(run()) == []


def test_the_configuration_fills_in_the_reference_and_asks_for_the_figures():
    rows = [{"dataset": "toy_tissue", "methods": ["moran_i", "hvg"]}]
    track = {"datasets": ["toy_tissue"], "methods": ["moran_i", "hvg"], "replicates": 1, "tissue": rows}
    plan = Plan.load({"seed": 1, "tracks": {"svg": track}})
    assert plan.tracks["svg"]["tissue"][0]["reference"] == "common"
    assert "results/figures/svg-voronoi-toy_tissue-moran_i-hvg" in plan.figures("svg")
    assert "results/svg/toy_tissue/calls.tsv" in plan.targets("svg")
    assert "tissue" not in plan.scoring("svg")  # scores are not made again for another figure
    with pytest.raises(UserError, match="reference"):
        Plan.load({"seed": 1, "tracks": {"svg": track | {"tissue": [rows[0] | {"reference": "label"}]}}})


def test_defaults_are_filled_in_inside_lists():
    below = {"type": "object", "properties": {"a": {"type": "integer", "default": 3}}}
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": below}}}
    assert validate({"rows": [{}, {"a": 1}]}, schema, "x") == {"rows": [{"a": 3}, {"a": 1}]}


def test_controls_are_read(tmp_path):
    var = pd.DataFrame({"control": [True, False, True]}, index=list("abc"))
    ad.AnnData(sp.csr_matrix(np.eye(3, dtype=np.float32)), var=var).write_h5ad(tmp_path / "a.h5ad")
    assert read_prepared(tmp_path / "a.h5ad").controls.tolist() == [True, False, True]
    ad.AnnData(sp.csr_matrix(np.eye(3, dtype=np.float32))).write_h5ad(tmp_path / "b.h5ad")
    assert read_prepared(tmp_path / "b.h5ad").controls is None
