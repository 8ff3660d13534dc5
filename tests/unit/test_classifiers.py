import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from scbench.markers import classifiers
from scbench.markers.classifiers import classify

ALL = ["knn3", "knn5", "knn15", "svm"]


def _cells(seed, n=120, genes=20, types=4, shift=1.0):
    """Cells of a few types that overlap: no two cells are alike, and no classifier is always right."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([f"type{i}" for i in range(types)], n).astype(object)
    labels[: 2 * types] = np.tile([f"type{i}" for i in range(types)], 2)
    centres = rng.random((types, genes)) * shift
    X = centres[[int(label[-1]) for label in labels]] + rng.exponential(1.0, (n, genes))
    order = rng.permutation(n)
    return X.astype(np.float32), labels, np.sort(order[: n * 3 // 4]), np.sort(order[n * 3 // 4 :])


def _standardised(X, train):
    X = X.astype(float)
    return np.minimum((X - X[train].mean(axis=0)) / X[train].std(axis=0, ddof=1), 10)


@settings(max_examples=40, deadline=None, derandomize=True)  # by chance, cells may be as near as rounding goes
@given(st.integers(0, 10**6), st.integers(40, 200), st.integers(1, 60), st.integers(2, 6))
def test_every_classifier_agrees_with_scikit_learn(seed, n, genes, types):
    X, labels, train, test = _cells(seed, n, genes, types)
    Z = _standardised(X, train)
    predicted = classify(sp.csc_matrix(X), labels, train, test, ALL)
    assert list(predicted) == ALL
    for k in (3, 5, 15):
        expected = KNeighborsClassifier(k).fit(Z[train], labels[train]).predict(Z[test])
        np.testing.assert_array_equal(predicted[f"knn{k}"], expected)
    # Distances to the boundary that are less than libsvm's tolerance may fall on either side.
    expected = SVC(gamma="auto").fit(Z[train], labels[train]).predict(Z[test])
    assert (predicted["svm"] == expected).mean() > 0.97


@pytest.mark.parametrize("genes", [5, 50])
def test_the_svm_agrees_with_scikit_learn_on_every_cell(genes):
    X, labels, train, test = _cells(1, 600, genes, 5)
    Z = _standardised(X, train)
    expected = SVC(gamma="auto").fit(Z[train], labels[train]).predict(Z[test])
    np.testing.assert_array_equal(classify(sp.csr_matrix(X), labels, train, test, ["svm"])["svm"], expected)
    assert 0.3 < (expected == labels[test]).mean() < 1, "neither hopeless nor easy"


def test_classes_with_equal_votes_go_to_the_first():
    X = sp.csr_matrix(np.array([[0.0], [1.0], [2.1], [9.0], [1.4]]))
    labels = np.array(["c", "b", "a", "a", "?"], dtype=object)
    train, test = np.arange(4), np.array([4])
    assert classify(X, labels, train, test, ["knn3", "knn1"]) == {"knn3": ["a"], "knn1": ["b"]}


def test_more_neighbours_than_cells_are_all_cells():
    X, labels, train, test = _cells(0, 40, 5, 2)
    commonest = max(set(labels[train]), key=list(labels[train]).count)
    assert set(classify(sp.csr_matrix(X), labels, train, test, ["knn999"])["knn999"]) == {commonest}


@pytest.mark.parametrize(
    ("panel", "labels"),
    [(np.empty((20, 0)), ["a"] * 12 + ["b"] * 8), (np.ones((20, 3)), ["a"] * 16 + ["b"] * 4)],
)
def test_without_genes_or_choice_the_commonest_label_is_given(panel, labels):
    predicted = classify(sp.csr_matrix(panel), np.array(labels), np.arange(16), np.arange(16, 20), ALL)
    assert {name: found.tolist() for name, found in predicted.items()} == dict.fromkeys(ALL, ["a"] * 4)


def test_no_test_cells_no_labels():
    X, labels, train, _ = _cells(0)
    predicted = classify(sp.csr_matrix(X), labels, train, np.array([], dtype=int), ALL)
    assert {name: len(found) for name, found in predicted.items()} == dict.fromkeys(ALL, 0)


@pytest.mark.parametrize("name", ALL)
def test_the_test_cells_statistics_are_never_seen(name):
    X, labels, train, test = _cells(0)
    one = classify(sp.csr_matrix(X), labels, train, test[:10], [name])[name]
    X[test[10:]] = 100
    labels[test] = "type9"
    np.testing.assert_array_equal(classify(sp.csr_matrix(X), labels, train, test, [name])[name][:10], one)


@pytest.mark.parametrize("name", ALL)
def test_a_gene_that_never_varies_in_training_says_nothing(name):
    X, labels, train, test = _cells(0, shift=4.0)
    constant = np.full((len(X), 1), 0.3, dtype=np.float32)
    with_constant = sp.csr_matrix(np.hstack([X, constant]))
    if name != "svm":  # its gamma counts the gene
        alone = classify(sp.csr_matrix(X), labels, train, test, [name])[name]
        np.testing.assert_array_equal(classify(with_constant, labels, train, test, [name])[name], alone)
    predicted = classify(with_constant, labels, train, test, [name])[name]
    assert (predicted == labels[test]).mean() > 0.6, "chance is a quarter"


def test_values_are_cut_off_above_only():
    """A cell that is 1000 in a gene where few are 50 is no farther from those than 10 allows."""
    known = np.r_[np.zeros(200), np.full(2, 50.0)]
    X = np.column_stack([np.r_[known, 1000.0], np.r_[np.zeros(201), 30.0, 0.0]])
    labels = np.array(["low"] * 200 + ["high", "other", "?"], dtype=object)
    found = classify(sp.csr_matrix(X), labels, np.arange(202), np.array([202]), ["knn1"])["knn1"]
    assert found.tolist() == ["high"]


def test_a_large_svm_still_learns(monkeypatch):
    X, labels, train, test = _cells(3, 800, 10, 3, shift=3.0)
    whole = classify(sp.csr_matrix(X), labels, train, test, ["svm"])["svm"]
    monkeypatch.setattr(classifiers, "SVM_CELLS", 150)
    part = classify(sp.csr_matrix(X), labels, train, test, ["svm"])["svm"]
    assert (whole != part).any(), "it learned from fewer cells"
    assert (part == labels[test]).mean() > 0.8
