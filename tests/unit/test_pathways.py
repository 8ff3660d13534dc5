"""Types told by gene sets: closeness, the simple rival, and what the study counts."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench import plan_encoder
from scbench.annotation import pathways
from scbench.annotation.gene_sets import Found, GeneSet, locate, read_gmt
from scbench.errors import UserError

SETS = {name: GeneSet(name, ("g0",), "sets.gmt, line 1") for name in ("a", "b", "X")}
LABELS = np.array(["a", "b", "c"], dtype=object)


class Sums:
    """An encoder that can be done by hand: a set's vector is the sum of its genes' unit vectors times their values."""

    def __init__(self, n_genes):
        self.n_genes = n_genes

    def pathway(self, members):
        return np.isin(np.arange(self.n_genes), members).astype(np.float32)

    def pathway_cells(self, X, members):
        return X.toarray().astype(np.float32) * self.pathway(members)


class Blind(Sums):
    """An encoder that sees neither genes nor values."""

    def __init__(self):
        super().__init__(40)

    def pathway(self, members):
        return np.ones(40, dtype=np.float32)

    def pathway_cells(self, X, members):
        return np.ones((X.shape[0], 40), dtype=np.float32)


# --- closeness --------------------------------------------------------------------------------------------------------


def test_closeness_by_hand():
    cells, pathway = np.array([[1.0, 2.0], [-2.0, 1.0]]), np.array([3.0, 0.0])
    assert pathways.closeness(cells, pathway, "as_coded").tolist() == pytest.approx([1 / 3, -2 / 3])
    assert pathways.closeness(cells, pathway, "symmetric").tolist() == [3.0, -6.0]
    assert pathways.closeness(cells, pathway, "cosine").tolist() == pytest.approx([1 / 5**0.5, -2 / 5**0.5])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), a=st.floats(0.1, 10), b=st.floats(0.1, 10))
def test_how_closeness_changes_with_the_lengths(seed, a, b):
    rng = np.random.default_rng(seed)
    cells, pathway = rng.normal(size=(3, 4)), rng.normal(size=4)
    for kind, power in (("as_coded", -1), ("symmetric", 1), ("cosine", 0)):
        before, after = (pathways.closeness(*args, kind) for args in ((cells, pathway), (a * cells, b * pathway)))
        np.testing.assert_allclose(after, before * (a if power else 1) * b**power, rtol=1e-9)


def test_the_coded_form_prefers_the_shorter_of_two_pathways():
    """So sets of different size are not compared alike: why the symmetric form and the cosine are there."""
    cell, short, long = np.array([[1.0, 1.0]]), np.array([0.5, 0.5]), np.array([2.0, 2.0])
    of = {kind: [pathways.closeness(cell, p, kind)[0] for p in (short, long)] for kind in pathways.CLOSENESS}
    assert of["as_coded"][0] > of["as_coded"][1]
    assert of["symmetric"][0] < of["symmetric"][1]
    assert of["cosine"][0] == pytest.approx(of["cosine"][1])


def test_a_vector_of_zeros_is_close_to_nothing():
    for kind in pathways.CLOSENESS:
        assert pathways.closeness(np.zeros((1, 2)), np.ones(2), kind).tolist() == [0.0]
        assert pathways.closeness(np.ones((1, 2)), np.zeros(2), kind).tolist() == [0.0]


def test_an_unknown_closeness_is_refused():
    with pytest.raises(ValueError, match=r"as_coded, symmetric, cosine. Got 'angle'"):
        pathways.closeness(np.ones((1, 2)), np.ones(2), "angle")


# --- the simple rival -------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_mean_z_is_that_of_dense_values(seed):
    rng = np.random.default_rng(seed)
    dense = rng.poisson(0.7, (9, 6)).astype(float)
    dense[:, 3] = 2  # constant
    members = [np.array([0, 3]), np.array([1, 2, 4, 5])]
    spread = dense.std(axis=0)
    z = (dense - dense.mean(axis=0)) / np.where(spread > 0, spread, 1)
    found = pathways.mean_z(sp.csr_matrix(dense), members)
    np.testing.assert_allclose(found, np.column_stack([z[:, genes].mean(axis=1) for genes in members]), atol=1e-12)


# --- candidates -------------------------------------------------------------------------------------------------------


def test_candidates_are_those_named_or_the_sets_of_the_types_names():
    assert pathways.candidates(LABELS, {"c": "X", "a": "a"}, SETS) == {"c": "X", "a": "a"}
    assert pathways.candidates(LABELS, {}, SETS) == {"a": "a", "b": "b"}


def test_wrong_candidates_are_named():
    with pytest.raises(UserError, match=r"'alpha' is not a type of the dataset. .*Allowed: a, b, c"):
        pathways.candidates(LABELS, {"alpha": "a"}, SETS)
    with pytest.raises(UserError, match=r"At least two types must have a gene set. Got a instead.*a, b, c"):
        pathways.candidates(LABELS, {"a": "X"}, SETS)
    with pytest.raises(UserError, match="Got none instead"):
        pathways.candidates(LABELS, {}, {"X": SETS["X"]})


# --- the study --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cells():
    """Two types with three genes each of their own, a third without a set, and noise."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array(["a", "b", "c"], dtype=object), [60, 30, 20])
    rate = np.full((110, 40), 0.3)
    rate[:60, :3] = rate[60:90, 3:6] = 3.0
    found = {"a": Found("A", np.arange(3), ("x",)), "b": Found("B", np.arange(3, 6), ())}
    return sp.csr_matrix(np.log1p(rng.poisson(rate))), labels, found


@pytest.fixture(scope="module")
def table(cells):
    X, labels, found = cells
    return pathways.study({"sums": Sums(40), "blind": Blind()}, X, labels, found, seed=1, draws=15)


def value(table, **keys):
    return table.loc[np.logical_and.reduce([table[key] == wanted for key, wanted in keys.items()]), "value"]


def test_given_sets_tell_the_types_and_random_ones_do_not(table):
    for name, kind in [*(("sums", kind) for kind in pathways.CLOSENESS), ("", pathways.EXPRESSION)]:
        given = value(table, encoder=name, closeness=kind, sets="given", metric="macro_f1")
        chance = value(table, encoder=name, closeness=kind, sets="random", metric="macro_f1")
        assert given.item() > 0.85
        assert len(chance) == 15
        assert chance.mean() < 0.6


def test_a_second_encoder_stands_beside_the_first_with_the_given_sets_alone(table):
    blind = table[table["encoder"] == "blind"]
    assert set(blind["sets"]) == {"given"}
    # All cells are equally close to all sets: the first type for all.
    assert value(blind, closeness="cosine", metric="accuracy")[blind["class"] == "b"].item() == 0


def test_only_cells_of_the_candidates_count(table):
    overall = table[(table["class"] == "") & (table["closeness"] != "")]
    assert set(overall["n_cells"]) == {90}
    assert set(table["class"]) == {"", "a", "b"}
    assert value(table, closeness=pathways.COMMONEST, metric="accuracy")[table["class"] == ""].item() == 60 / 90
    # All of a and none of b are right: F1 of 2 * 60 / (60 + 90), and 0.
    assert value(table, closeness=pathways.COMMONEST, metric="macro_f1").item() == pytest.approx(0.4)


def test_accuracy_is_the_mean_recall_weighted_by_cells(table):
    part = table[(table["encoder"] == "sums") & (table["closeness"] == "cosine") & (table["sets"] == "given")]
    part = part[part["metric"] == "accuracy"]
    types = part[part["class"] != ""]
    assert types["n_cells"].tolist() == [60, 30]
    assert part.loc[part["class"] == "", "value"].item() == pytest.approx(
        np.average(types["value"], weights=types["n_cells"])
    )


def test_coverage_is_reported(table):
    assert value(table, closeness="", metric="genes").tolist() == [4, 3]
    assert value(table, closeness="", metric="genes_found").tolist() == [3, 3]


def test_the_study_repeats_and_follows_its_seed(cells, table):
    X, labels, found = cells
    again, other = (
        pathways.study({"sums": Sums(40), "blind": Blind()}, X, labels, found, seed=seed, draws=15) for seed in (1, 2)
    )
    pd.testing.assert_frame_equal(again, table)
    given = table["sets"] == "given"
    pd.testing.assert_frame_equal(other[given], table[given])
    assert not other["value"].equals(table["value"])


def test_permuted_labels_fall_to_chance(cells):
    X, labels, found = cells
    labels = np.random.default_rng(0).permutation(labels)
    table = pathways.study({"sums": Sums(40)}, X, labels, found, seed=1, draws=0)
    assert value(table, closeness="cosine", metric="macro_f1").item() < 0.6
    assert (table["sets"] == "given").all()


def test_a_map_shows_a_part_of_many_cells_and_every_set():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array(["b", "a"], dtype=object), 30)
    embedding = np.repeat(rng.normal(size=(2, 8)) * 9, 30, axis=0) + rng.normal(size=(60, 8))
    vectors = {"a": embedding[30], "b": embedding[0]}
    points = pathways.place_points(embedding, labels, vectors, seed=2**32 - 1, most=40)
    assert points["kind"].value_counts().to_dict() == {"cell": 40, "set": 2}
    cells, sets = points[points["kind"] == "cell"], points[points["kind"] == "set"].set_index("class")
    at, centres = cells[["x", "y"]].to_numpy(), sets.loc[["a", "b"], ["x", "y"]].to_numpy()
    nearest = np.linalg.norm(at[:, None] - centres, axis=2).argmin(axis=1)
    assert (np.array(["a", "b"])[nearest] == cells["class"]).all(), "a set lies among the cells that it equals"


# --- real cells -------------------------------------------------------------------------------------------------------

PANCREAS = """\
ALPHA\tknown markers\tGCG\tTTR\tLOXL4\tIRX2\tARX\tTM4SF4\tGC\tDPP4
BETA\tknown markers\tINS\tIAPP\tG6PC2\tADCYAP1\tPDX1\tMAFA\tDLK1\tPCSK1
GAMMA\tknown markers\tPPY\tID2\tMEIS2\tAQP3\tSLC6A4\tETV1
DELTA\tknown markers\tSST\tLEPR\tHHEX\tRBP4\tBCHE\tPRG4
"""


def test_islet_cells_are_told_by_known_markers_even_by_random_weights(shared, tmp_path):
    """So what the paper reports of such cells (accuracy 0.891, macro F1 0.806) need not be owed to pre-training."""
    from anndata import read_h5ad

    from scbench.annotation.scrobust.pretrain import new_encoder
    from scbench.annotation.scrobust.pretrained import Pretrained
    from scbench.annotation.scrobust.settings import settings as variant

    islets = read_h5ad(shared / "data/pancreas_xin_subset.h5ad")
    labels = islets.obs["cell_type"].astype(str).to_numpy(object)
    (tmp_path / "sets.gmt").write_text(PANCREAS)
    types = {name: name.upper() for name in ("alpha", "beta", "gamma", "delta")}
    found = locate(read_gmt(tmp_path / "sets.gmt"), types, islets.var_names.to_numpy(object))
    assert found["alpha"].missing == ("TTR",)
    faithful, genes = variant("faithful", {}), islets.var_names.to_numpy()
    encoder = Pretrained(new_encoder(len(genes), faithful, seed=1, device="cpu"), genes, faithful, pd.DataFrame())
    table = pathways.study({"untrained": encoder}, sp.csr_matrix(islets.X), labels, found, seed=1, draws=0)
    overall = table[table["class"] == ""]
    for name, least in (("as_coded", 0.85), ("cosine", 0.85), (pathways.EXPRESSION, 0.95)):
        assert value(overall, closeness=name, metric="accuracy").item() > least
        assert value(overall, closeness=name, metric="macro_f1").item() > least - 0.05


# --- the plan ---------------------------------------------------------------------------------------------------------


class Registry:
    """Two datasets and two methods."""

    def __init__(self):
        entries = {"scrobust": "scbench.annotation.scrobust.method:ScRobust", "svm": "scbench.annotation.other:Other"}
        self.methods = {name: {"entry": entry} for name, entry in entries.items()}

    def dataset(self, name, track):
        return {"toy": {"expected": {"labels": {"a": 10, "b": 10}}}, "sim": {"expected": {"labels": 2}}}[name]

    def method(self, name, track):
        return self.methods[name]


def test_files_of_the_experiments():
    run = {"pathways": [{"dataset": "toy", "method": "scrobust", "types": {}}], "attention": []}
    assert plan_encoder.figures(run) == ["pathways-toy-scrobust"]
    assert plan_encoder.tables(run) == ["results/annotation/pathways-toy-scrobust.tsv"]
    assert plan_encoder.figures({}) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"method": "svm"}, "'tracks.annotation.pathways' needs a variant of scRobust. Got 'svm' .*Allowed: scrobust"),
        ({"types": {"A": "X"}}, "'A' is not a type of 'toy'.*Allowed: a, b"),
        ({"gene_sets": "none.gmt"}, "none.gmt does not exist"),
        ({}, "has the dataset 'toy' with the method 'scrobust' twice"),
    ],
)
def test_wrong_experiments_are_named(row, message):
    good = {"dataset": "toy", "method": "scrobust", "gene_sets": "config/gene_sets/pbmc.gmt", "types": {"a": "X"}}
    plan_encoder.check({"pathways": [good], "attention": [{"dataset": "sim", "method": "scrobust"}]}, Registry())
    with pytest.raises(UserError, match=message):
        plan_encoder.check({"pathways": [good, good | row]}, Registry())
