"""Markers from attention: scores, ranking, and their judgement on cells that did not choose them."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation import attention_markers as markers
from scbench.contract import check_ranking
from scbench.io import Prepared
from scbench.markers.judge import Judge
from scbench.markers.lists import first_genes
from scbench.metrics.classification import confusion_matrix, macro_f1, misclassification
from scbench.splits import Split

# --- scores -----------------------------------------------------------------------------------------------------------

MEANS = np.array([[0.5, 0.3, 0.2], [0.5, 0.1, 0.4], [0.5, 0.1, 0.0]])


def test_scores_by_hand():
    assert markers.type_scores(MEANS, "mean") is MEANS
    assert markers.type_scores(MEANS, "difference")[1].tolist() == pytest.approx([0.0, -0.1, 0.3])
    floor = MEANS.mean()
    assert markers.type_scores(MEANS, "ratio")[1].tolist() == pytest.approx(
        [1.0, (0.1 + floor) / (0.2 + floor), (0.4 + floor) / (0.1 + floor)]
    )


def test_a_gene_that_one_cell_looks_at_does_not_lead_the_ratio():
    means = np.array([[0.9, 0.001, 0.6], [0.3, 0.0, 0.1]])
    assert markers.type_scores(means, "ratio")[0].argmax() == 2


def test_one_type_has_the_same_order_by_all_scores():
    means = np.array([[0.2, 0.5, 0.3]])
    orders = [np.argsort(-markers.type_scores(means, kind)[0]).tolist() for kind in markers.SCORES]
    assert orders == [[1, 2, 0]] * 3


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match=r"mean, difference, ratio. Got 'max'"):
        markers.type_scores(MEANS, "max")


# --- ranking ----------------------------------------------------------------------------------------------------------

GENES = np.array(["g0", "g1", "g2"], dtype=object)


def test_genes_are_ranked_by_the_mean_over_the_cells_of_a_type():
    attention = sp.csr_matrix([[0.9, 0.1, 0.0], [0.0, 0.6, 0.4], [0.2, 0.0, 0.8]])
    labels = np.array(["b", "b", "a"], dtype=object)
    table = markers.rank_genes(attention, labels, GENES)
    assert table["class"].tolist() == ["a"] * 3 + ["b"] * 3
    assert table["gene"].tolist() == ["g2", "g0", "g1", "g0", "g1", "g2"]
    assert table["score"].tolist() == pytest.approx([0.8, 0.2, 0.0, 0.45, 0.35, 0.2])
    check_ranking(table, GENES, np.unique(labels))  # the contract of the marker track
    assert markers.rank_genes(attention, labels, GENES, n_genes=1)["gene"].tolist() == ["g2", "g0"]


def test_true_markers_are_counted_for_their_own_type():
    owner = pd.Series(["a", "b", ""], index=GENES)
    lists = pd.DataFrame({"class": ["a", "b"], "gene": ["g1", "g1"]})
    assert markers.true_markers(lists, owner, 1) == 0.5
    assert np.isnan(markers.true_markers(lists, owner.where(owner == "", ""), 1))


# --- judgement --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example():
    """Attention that knows the markers (0 to 2 of a, 3 to 5 of b), but gives most of itself to gene 39 in all cells."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array(["a", "b"], dtype=object), 60)
    rate = np.full((120, 40), 0.3)
    rate[:60, :3] = rate[60:, 3:6] = 3.0
    rate[:, 39] = 5.0
    X = np.log1p(rng.poisson(rate)).astype(np.float32)
    weight = np.where(np.arange(40) < 6, 3.0, 1.0) * (X > 0)
    weight[:, 39] *= 50
    attention = sp.csr_matrix(weight / weight.sum(axis=1, keepdims=True))
    names = np.array([f"g{place}" for place in range(40)], dtype=object)
    data = Prepared(sp.csr_matrix(X), np.array([f"c{place}" for place in range(120)]), names, labels)
    order = rng.permutation(120)
    folds = [Split(np.sort(order[40:]), np.sort(order[:40])), Split(np.sort(order[:80]), np.sort(order[80:]))]
    return data, {"looking": attention, "staring": sp.csr_matrix(np.full(X.shape, 1 / 40))}, folds


@pytest.fixture(scope="module")
def table(example):
    data, attentions, folds = example
    owner = pd.Series(["a"] * 3 + ["b"] * 3 + [""] * 34, index=data.genes)
    return markers.judge_markers(data, attentions, folds, top=3, classifiers=["knn3", "svm"], seed=1, owner=owner)


def mean(table, **keys):
    rows = table[np.logical_and.reduce([table[key] == wanted for key, wanted in keys.items()])]
    return rows["value"].mean()


def test_the_table_has_every_case_once(table):
    keys = ["scenario", "encoder", "markers", "classifier", "fold", "metric"]
    assert not table.duplicated(keys).any()
    assert len(table) == 2 * 8 * 2 * (2 * 2) + 8 * 2
    assert table.groupby("encoder")["markers"].agg(set).to_dict() == {
        "": {"wilcoxon", "random"},
        "looking": {"mean", "difference", "ratio"},
        "staring": {"mean", "difference", "ratio"},
    }
    assert set(table["scenario"]) == {"top3", "genes6"}


def test_what_all_cells_look_at_is_no_marker_by_difference_or_ratio(table):
    table = table[(table["metric"] == "true_markers") & (table["encoder"] != "staring")]
    found = {name: mean(table, markers=name) for name in set(table["markers"])}
    assert found["mean"] < 1, "the gene that all cells look at takes a place in both lists"
    assert found["difference"] == found["ratio"] == found["wilcoxon"] == 1
    assert found["random"] < 0.5


def test_markers_are_judged_as_the_marker_track_does(example, table):
    data, _, folds = example
    train, test = folds[0].train, folds[0].test
    panel = ["g0", "g1", "g2", "g3", "g4", "g5"]
    predicted = Judge(data, train, test).predict({"": panel}, ["svm"])["svm"]
    confusion = confusion_matrix(data.labels[test], predicted, np.unique(data.labels))
    for metric in (misclassification, macro_f1):
        keys = {"scenario": "top3", "encoder": "looking", "markers": "ratio", "classifier": "svm", "fold": 0}
        keys |= {"metric": metric.__name__}
        assert mean(table, **keys) == metric(confusion)


def test_good_markers_misclassify_less_than_random_ones(table):
    table = table[table["encoder"] != "staring"]
    by_name = {name: mean(table, markers=name, metric="misclassification") for name in ("ratio", "wilcoxon", "random")}
    assert max(by_name["ratio"], by_name["wilcoxon"]) + 0.1 < by_name["random"]


def test_panels_of_different_genes_have_the_same_size_for_all(table):
    sizes = table[table["encoder"] != "staring"].groupby(["scenario", "markers"])["n_genes"]
    assert (sizes.max()["genes6"] == 6).all()
    assert (sizes.min()["genes6"] == 6).all()
    assert sizes.max()["top3", "mean"] < 6, "both types have the gene that all cells look at"


def test_test_cells_do_not_choose_markers(example, monkeypatch):
    """Neither their labels nor their attention: in the lists that are judged."""
    data, attentions, folds = example
    test, attention = folds[0].test, attentions["looking"]
    labels, other = data.labels.copy(), attention.toarray()
    labels[test], other[test] = labels[test][::-1].copy(), 1.0
    seen = []
    monkeypatch.setattr(markers, "first_genes", lambda *args: seen.append(first_genes(*args)) or seen[-1])
    shared = {"top": 3, "classifiers": ["knn3"], "seed": 1}
    for y, looked in ((data.labels, attention), (labels, sp.csr_matrix(other))):
        changed = Prepared(data.X, data.cells, data.genes, y)
        markers.judge_markers(changed, {"looking": looked}, folds[:1], **shared)
    assert len(seen) == 10
    for before, after in zip(seen[:5], seen[5:], strict=True):
        pd.testing.assert_frame_equal(before, after)


def test_folds_have_random_genes_of_their_own(example):
    data, attentions, folds = example
    twice = markers.judge_markers(data, attentions, folds[:1] * 2, top=3, classifiers=["knn3"], seed=1)
    same = twice.groupby(["scenario", "encoder", "markers", "metric"])["value"].std() == 0
    assert same.drop("random", level="markers").all()
    assert not same.xs("random", level="markers").all()


def test_permuted_labels_fall_to_chance(example):
    data, attentions, folds = example
    labels = np.random.default_rng(0).permutation(data.labels)
    permuted = Prepared(data.X, data.cells, data.genes, labels)
    table = markers.judge_markers(permuted, attentions, folds, top=3, classifiers=["knn3"], seed=1)
    assert mean(table, encoder="looking", markers="ratio", metric="misclassification") > 0.3
