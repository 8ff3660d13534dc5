"""First genes of rankings, and what two methods have in common."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbench.markers.lists import first_genes
from scbench.markers.overlap import overlap

EMPTY = pd.DataFrame(columns=["within", "class", "gene", "rank", "score"])


def ranking(**classes):
    """Table of a string of genes, a letter each, per class."""
    rows = [(name, gene, rank) for name, genes in classes.items() for rank, gene in enumerate(genes, 1)]
    return pd.DataFrame(rows, columns=["class", "gene", "rank"]).assign(score=0.0)


def global_list(genes):
    return ranking(x=genes).assign(**{"class": ""})


def only(rankings, k, classes="xy"):
    """The one row of a comparison of the methods a and b."""
    return overlap(rankings, methods=["a", "b"], classes=classes, ks=[k]).iloc[0]


def test_first_genes_come_by_class_and_rank():
    table = ranking(y="abc", x="cd").iloc[::-1]
    found = first_genes(table, 2, 2)
    assert found["class"].tolist() == ["x", "x", "y", "y"]
    assert found["gene"].tolist() == ["c", "d", "a", "b"]


def test_a_global_list_gives_as_many_genes_as_all_classes_together():
    assert "".join(first_genes(global_list("hgfedcba"), 2, 3)["gene"]) == "hgfedc"


def test_rows_within_a_broad_type_are_left_out():
    both = pd.concat([ranking(x="ab").assign(within=""), ranking(x1="cd").assign(within="x")])
    assert "".join(first_genes(both, 2, 2)["gene"]) == "ab"
    assert "".join(first_genes(both.assign(within=both["within"].replace("", None)), 2, 2)["gene"]) == "ab"


def test_jaccard_by_hand():
    """Class x: {p, q} and {q, r}, 1 of 3; class y: {s, t} and {s, t}, 2 of 2."""
    rankings = {("a", 0): ranking(x="pqz", y="st"), ("b", 0): ranking(x="qrz", y="tsz")}
    row = only(rankings, 2)
    assert row.to_dict() == {
        "k": 2,
        "method_a": "a",
        "method_b": "b",
        "jaccard": pytest.approx((1 / 3 + 1) / 2),
        "compared": "classes",
        "n_replicates": 1,
    }
    assert only(rankings, 1)["jaccard"] == 0
    assert only(rankings, 3)["jaccard"] == pytest.approx((2 / 4 + 2 / 3) / 2)


def test_a_class_that_one_method_lacks_is_0_and_one_that_both_lack_is_left_out():
    rankings = {("a", 0): ranking(x="pq", y="r"), ("b", 0): ranking(x="pq")}
    assert only(rankings, 2)["jaccard"] == 0.5
    assert only(rankings, 2, "xyz")["jaccard"] == 0.5
    assert only({("a", 0): ranking(x="pq"), ("b", 0): ranking(x="pq")}, 2)["jaccard"] == 1


def test_a_global_list_is_compared_with_the_whole_panel():
    """First 2 x 2 genes p, q, r, s of the list with the panel p, q, t of two classes that share q."""
    rankings = {("a", 0): global_list("pqrsuvw"), ("b", 0): ranking(x="pqr", y="qtr")}
    row = only(rankings, 2)
    assert row["jaccard"] == pytest.approx(2 / 5)
    assert row["compared"] == "panels"
    both = {("a", 0): global_list("pqrs"), ("b", 0): global_list("srqz")}
    assert only(both, 2)["jaccard"] == pytest.approx(3 / 5)
    assert only(both, 1)["jaccard"] == 0


def test_only_replicates_that_both_have_count():
    rankings = {
        ("a", 0): ranking(x="pq"),
        ("b", 0): ranking(x="pr"),
        ("a", 1): ranking(x="pq"),
        ("b", 1): ranking(x="pq"),
        ("a", 2): ranking(x="pq"),
        ("b", 2): EMPTY,
        ("a", 3): ranking(x="pq"),
    }
    row = only(rankings, 2, "x")
    assert row["jaccard"] == pytest.approx((1 / 3 + 1) / 2)
    assert row["n_replicates"] == 2


def test_a_missing_method_has_rows_without_values():
    rankings = {("a", 0): ranking(x="pq"), ("b", 0): EMPTY, ("c", 0): ranking(x="p")}
    table = overlap(rankings, methods=["a", "b", "c", "never"], classes="x")
    assert len(table) == 2 * 6
    with_values = table.dropna(subset=["jaccard"])
    assert set(zip(with_values["method_a"], with_values["method_b"], strict=True)) == {("a", "c")}
    missing = table[table["jaccard"].isna()]
    assert (missing["n_replicates"] == 0).all()
    assert (missing["compared"] == "").all()


def test_fewer_than_two_methods_have_no_pairs():
    assert overlap({("a", 0): ranking(x="p")}, methods=["a"], classes="x").empty
    assert overlap({}, methods=[], classes=[]).empty


def _jaccard(a, b):
    return len(a & b) / len(a | b) if a | b else None


@given(st.integers(1, 4), st.integers(0, 999))
def test_agrees_with_sets(k, seed):
    rng = np.random.default_rng(seed)
    lists = {m: {c: "".join(rng.permutation(list("abcdefgh"))[: rng.integers(1, 7)]) for c in "xyz"} for m in "ab"}
    row = only({(m, 0): ranking(**lists[m]) for m in "ab"}, k, "xyz")
    each = [_jaccard(set(lists["a"][c][:k]), set(lists["b"][c][:k])) for c in "xyz"]
    assert row["jaccard"] == pytest.approx(np.mean(each))


def test_the_order_of_methods_and_classes_does_not_matter():
    rng = np.random.default_rng(0)
    lists = {(m, r): ranking(**{c: rng.permutation(list("abcdefgh")) for c in "xyz"}) for m in "abc" for r in range(2)}
    forth = overlap(lists, methods="abc", classes="xyz", ks=[3])
    back = overlap(lists, methods="cba", classes="zyx", ks=[3])
    assert forth["jaccard"].to_numpy() == pytest.approx(back["jaccard"].to_numpy()[::-1])
