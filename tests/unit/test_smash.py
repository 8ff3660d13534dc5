import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.contract import check_ranking
from scbench.data.prepare import log1p_normalised
from scbench.errors import InvalidOutputError, UserError
from scbench.markers._table import rank_per_class
from scbench.markers.controls import RandomGenes
from scbench.markers.smash.method import SMaSH
from scbench.markers.smash.ranking import (
    in_most_samples,
    mean_times_importance,
    rank_again,
    ranks_from_order,
)
from scbench.simulate.cells import cell_types

MODELS = ("dnn", "xgb", "rf", "brf", "lgbm")


@pytest.fixture(scope="module")
def data():
    adata = cell_types(n_cells=400, n_genes=60, n_types=4, seed=1)
    X = log1p_normalised(adata.layers["counts"], 10_000)
    labels = adata.obs["label"].astype(str).to_numpy(dtype=object)
    return X, labels, adata.var_names.to_numpy(), adata.var["marker_of"].astype(str).to_numpy()


def _ranking(model, data, *, seed=0, samples=None, labels=None, **kwargs):
    X, own, genes, _ = data
    labels = own if labels is None else labels
    return SMaSH(model=model, **kwargs).fit(X, labels, genes, seed=seed, samples=samples).ranking_


def _hits(ranking, data, k=5):
    """Share of the top k genes of a class that truly mark it."""
    _, _, genes, marks = data
    truth = dict(zip(genes, marks, strict=True))
    top = ranking[ranking["rank"] <= k]
    return (top["gene"].map(truth) == top["class"]).mean()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("faithful", ["released", "paper", None])
def test_every_mode_and_variant_finds_markers(model, faithful, data):
    ranking = _ranking(model, data, faithful=faithful)
    check_ranking(ranking, data[2], np.unique(data[1]))
    assert _hits(ranking, data) > 0.5


@pytest.mark.parametrize("model", MODELS)
def test_permuted_labels_give_no_better_genes_than_chance(model, data):
    labels = np.random.default_rng(0).permutation(data[1])
    X, _, genes, _ = data
    chance = np.mean([_hits(RandomGenes().fit(X, labels, genes, seed=s).ranking_, data) for s in range(20)])
    found = np.mean([_hits(_ranking(model, data, labels=labels, seed=s), data) for s in range(2)])
    assert abs(found - chance) < 0.15
    assert _hits(_ranking(model, data), data) > found + 0.4


@pytest.mark.parametrize("model", MODELS)
def test_one_seed_one_ranking_also_from_a_dense_matrix(model, data):
    X, labels, genes, _ = data
    first = _ranking(model, data)
    pd.testing.assert_frame_equal(first, _ranking(model, data))
    dense = SMaSH(model=model).fit(X.toarray(), labels, genes, seed=0).ranking_
    pd.testing.assert_frame_equal(first, dense)


def test_the_released_ranking_takes_a_dense_matrix_too(data):
    X, labels, genes, _ = data
    method = SMaSH(model="brf", faithful="released")
    pd.testing.assert_frame_equal(
        method.fit(X, labels, genes, seed=0).ranking_, method.fit(X.toarray(), labels, genes, seed=0).ranking_
    )


def test_elimination_ranks_what_survives_first(data):
    method = SMaSH(model="rf", overrides={"eliminate": 8, "low_cells": 0.0})
    X, labels, genes, marks = data
    ranking = method.fit(X, labels, genes, seed=0).ranking_
    rounds = np.floor(ranking["score"])
    survivors = set(ranking.loc[rounds == rounds.max(), "gene"])
    assert 0 < len(survivors) <= 8
    assert (marks[np.isin(genes, list(survivors))] != "").all()
    assert set(ranking["gene"]) == set(method.genes_)
    # A class's first markers speak for it; what speaks against it comes last.
    assert _hits(ranking, data, k=1) == 1
    assert ranking.loc[ranking["rank"] == ranking["rank"].max(), "score"].max() < 0


def test_elimination_leaves_out_a_gene_that_repeats_another():
    """Gene 1 is gene 0 with a little noise; classes b and c differ only in the weaker gene 2."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 100)
    strong = 6.0 * (y == 0) + rng.normal(2, 0.2, 300)
    X = np.abs(np.c_[strong, strong + rng.normal(0, 0.05, 300), 1.5 * (y == 1) + rng.normal(2, 0.5, 300)])
    X = np.c_[X, np.abs(rng.normal(2, 0.5, (300, 5)))]
    genes = np.array(["strong", "copy", "weak", *(f"noise{i}" for i in range(5))], dtype=object)
    labels = np.array(["a", "b", "c"], dtype=object)[y]
    method = SMaSH(model="rf", overrides={"eliminate": 2, "variance": 0.99})
    ranking = method.fit(sp.csr_matrix(X), labels, genes, seed=0).ranking_
    assert "weak" in set(ranking.loc[ranking["rank"] <= 2, "gene"])


def test_shapley_values_are_kept_for_the_figure(data):
    method = SMaSH(model="dnn", faithful="released").fit(*data[:3], seed=0)
    extras = method.extras_
    assert extras["shapley_mean_abs"].shape == (len(method.genes_), 4)
    np.testing.assert_array_equal(extras["shapley_genes"], method.genes_.astype(str))
    assert extras["shapley_classes"].tolist() == sorted(set(data[1]))
    assert (extras["shapley_mean_abs"] >= 0).all()
    assert not any(values.dtype == object for values in extras.values())


def test_signed_shapley_values_want_the_gene_to_be_there(data):
    absolute, signed = (
        _ranking("dnn", data, overrides={"score": score, "explained": 1.0}) for score in ("shapley", "signed")
    )
    assert (absolute["score"] >= 0).all()
    assert (signed["score"] < 0).any()
    assert _hits(signed, data) >= _hits(absolute, data)


@pytest.mark.parametrize("model", ["xgb", "lgbm", "rf"])
def test_tree_shap_is_an_option(model, data):
    assert (
        _hits(
            _ranking(model, data, overrides={"score": "signed", "held_out": 0.2, "explained": 1.0, "eliminate": 0}),
            data,
        )
        > 0.6
    )


def test_released_pools_and_ranks_again(data):
    plain = _ranking("rf", data, faithful="released", overrides={"pooled": 0})
    again = _ranking("rf", data, faithful="released", overrides={"pooled": 5})
    pool = set(plain.loc[plain["rank"] <= 5, "gene"])
    assert set(again["gene"]) <= pool
    assert set(plain["gene"]) - pool


def test_markers_must_be_in_most_samples(data):
    """In one of two samples the first type's markers are silent."""
    X, labels, genes, marks = data
    samples = np.random.default_rng(0).choice(["s1", "s2"], len(labels))
    silent = sp.lil_matrix(X)
    for gene in np.flatnonzero(marks == "type0"):
        silent[np.flatnonzero(samples == "s2"), gene] = 0
    method = SMaSH(model="rf", faithful="paper", overrides={"harmony": False})
    ranking = method.fit(silent.tocsr(), labels, genes, seed=0, samples=samples).ranking_
    assert not set(ranking.loc[ranking["class"] == "type0", "gene"]) & set(genes[marks == "type0"])
    assert set(ranking.loc[(ranking["class"] == "type1") & (ranking["rank"] <= 3), "gene"]) & set(
        genes[marks == "type1"]
    )
    without = method.fit(silent.tocsr(), labels, genes, seed=0).ranking_
    assert len(without) > len(ranking)


def test_samples_are_harmonised_where_they_are_known(data):
    samples = np.random.default_rng(0).choice(["s1", "s2"], len(data[1]))
    with_samples = _ranking("rf", data, faithful="paper", samples=samples, overrides={"heterogeneity": False})
    assert not with_samples.equals(_ranking("rf", data, faithful="paper"))
    assert _hits(with_samples, data) > 0.5


def test_learning_curves_show_training_and_validation(data):
    X, labels, genes, _ = data
    for model in ("dnn", "xgb", "lgbm"):
        curves = SMaSH(model=model, faithful="released").learning_curves(X, labels, genes, seed=0, folds=3)
        assert list(curves) == ["fold", "step", "part", "loss", "accuracy"]
        assert set(curves["part"]) == {"train", "validation"}
        assert set(curves["fold"]) == {0, 1, 2}
        assert (curves.groupby(["fold", "part"])["step"].min() == 1).all()
        first, last = (curves.groupby(["part", "fold"])["loss"].agg(end) for end in ("first", "last"))
        assert (last["train"] < first["train"]).all()


def test_learning_curves_name_what_is_too_small(data):
    X, labels, genes, _ = data
    with pytest.raises(UserError, match="'rf'"):
        SMaSH(model="rf").learning_curves(X, labels, genes, seed=0, folds=3)
    labels = labels.copy()
    labels[:2] = "rare"
    with pytest.raises(UserError, match="'rare'"):
        SMaSH(model="dnn").learning_curves(X, labels, genes, seed=0, folds=3)


@pytest.mark.parametrize("model", MODELS)
def test_small_and_single_cell_classes(model, data):
    labels = data[1].copy()
    labels[:1], labels[1:4] = "single", "few"
    ranking = _ranking(model, data, labels=labels)
    assert {"single", "few"} <= set(ranking["class"])


@pytest.mark.parametrize("model", MODELS)
def test_two_genes_are_enough(model):
    X = sp.csr_matrix(np.array([[2.0, 0], [3, 0.5], [2.5, 0], [0, 2], [0.5, 3], [0, 2.5]] * 5))
    labels = np.array(["a"] * 3 + ["b"] * 3, dtype=object)
    ranking = SMaSH(model=model).fit(X, np.tile(labels, 5), np.array(["g", "h"], dtype=object), seed=0).ranking_
    first = ranking[ranking["rank"] == 1].set_index("class")["gene"].to_dict()
    assert set(ranking["class"]) == {"a", "b"}
    assert len(first) == 2


def test_bad_input_is_named(data):
    X, labels, genes, _ = data
    negative = X.copy()
    negative.data[3] = -1.5
    with pytest.raises(UserError, match=r"negative.*-1\.5"):
        SMaSH(model="rf").fit(negative, labels, genes, seed=0)
    with pytest.raises(UserError, match=r"two classes.*'only'"):
        SMaSH(model="rf").fit(X, np.full(len(labels), "only"), genes, seed=0)
    with pytest.raises(InvalidOutputError, match="none of the 60 genes"):
        SMaSH(model="rf", overrides={"low_cells": 1.5}).fit(X, labels, genes, seed=0)
    with pytest.raises(UserError, match=r"'model'.*'svm'"):
        SMaSH(model="svm").fit(X, labels, genes, seed=0)


def test_general_genes_are_left_out(data):
    X, labels, genes, marks = data
    names = genes.copy()
    names[np.flatnonzero(marks == "type1")[:3]] = ["MT-CO1", "RPS6", "MTOR"]
    method = SMaSH(model="rf", species="human").fit(X, labels, names, seed=0)
    assert not {"MT-CO1", "RPS6"} & set(method.genes_)
    assert "MTOR" in method.genes_


def test_ranks_by_hand():
    scores = np.array([[1.0, 0.2], [3.0, 0.2], [2.0, 0.9]])
    table = rank_per_class(scores, np.array(["g", "h", "i"]), np.array(["a", "b"]), 2)
    assert table.to_dict("list") == {
        "class": ["a", "a", "b", "b"],
        "gene": ["h", "i", "i", "g"],
        "rank": [1, 2, 1, 2],
        "score": [3.0, 2.0, 0.9, 0.2],
    }


def test_mean_times_importance_by_hand():
    X, y = np.array([[1.0, 0], [3, 2], [10, 4]]), np.array([0, 0, 1])
    np.testing.assert_allclose(mean_times_importance(X, y, 2, np.array([0.25, 0.75])), [[0.5, 2.5], [0.75, 3]])


def test_rank_again_by_hand():
    X = sp.csr_matrix(np.array([[5.0, 1, 0], [4, 0, 1], [6, 2, 0], [0, 3, 0], [1, 4, 0], [0, 5, 0]]))
    labels, genes = np.repeat(["a", "b"], 3), np.array(["in_a", "in_b", "left"])
    ranking = pd.DataFrame({"class": ["a", "b"], "gene": ["in_a", "in_b"], "rank": 1, "score": 1.0})
    again = rank_again(ranking, X, labels, genes, top=1, fraction=0.5)
    # Gene in_a is in one of three cells of b: too few to mark it.
    assert list(zip(again["class"], again["gene"], again["rank"], strict=True)) == [
        ("a", "in_a", 1),
        ("a", "in_b", 2),
        ("b", "in_b", 1),
    ]


def test_in_most_samples_by_hand():
    X = sp.csr_matrix(np.array([[1.0, 1], [1, 1], [1, 0], [0, 1], [1, 0], [0, 0]]))
    labels, samples = np.array(["a"] * 6), np.array(["s", "s", "t", "t", "u", "u"])
    ranking = pd.DataFrame({"class": "a", "gene": ["everywhere", "in_two"], "rank": [1, 2], "score": [2.0, 1.0]})
    kept = in_most_samples(ranking, X, labels, np.array(["everywhere", "in_two"]), samples, share=0.7, fraction=0.5)
    assert kept["gene"].tolist() == ["everywhere"]
    table = ranks_from_order(pd.DataFrame({"class": ["a", "b", "a"], "gene": ["g", "g", "h"]}))
    assert table["rank"].tolist() == [1, 1, 2]
