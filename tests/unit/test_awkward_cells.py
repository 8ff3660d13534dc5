"""Cells that annotators meet: empty ones, lonely ones, of types never seen, with other genes, with NaN."""

import importlib
from functools import cache

import numpy as np
import pytest
import quick
import scipy.sparse as sp

from scbench import contract
from scbench.data.align import align
from scbench.data.checks import check
from scbench.data.normalise import log1p_normalised
from scbench.errors import InvalidOutputError, UserError
from scbench.registry import Registry
from scbench.simulate.cells import cell_types
from scbench.splits import fold

REGISTRY = Registry.load()
# One entry of each class and regime: variants of a method share what is tested here.
METHODS = [
    *{
        (entry["entry"], entry["regime"]): name
        for name, entry in reversed(REGISTRY.methods.items())
        if entry["track"] == "annotation" and entry["role"] != "positive_control" and not entry["isolated"]
    }.values()
][::-1]
LEARNING = [name for name in METHODS if REGISTRY.method(name)["role"] == "method"]

# One sees which genes are zero and nothing else, of 50 of which few are. An entry that no longer fails is an error.
KEPT = {("apart", "scrobust_faithful")}


def _known(names, what):
    mark = pytest.mark.xfail(reason="see KEPT", strict=True)
    return [pytest.param(name, marks=[mark] * ((what, name) in KEPT)) for name in names]


SEEN = 120  # cells that train; the others test


@cache
def _data(scale):
    """Values, labels and genes of 160 cells: two empty ones, a lonely one, and test cells of a type without training.

    Genes 0 and 1 are empty in training, and gene 0 also in the test.
    """
    adata = cell_types(n_cells=160, n_genes=50, n_types=4, seed=2)
    labels = adata.obs["label"].astype(str).to_numpy(dtype=object)
    labels[:SEEN][labels[:SEEN] == "type3"] = "type0"
    labels[5] = "lonely"
    counts = adata.layers["counts"].tolil()
    counts[[7, SEEN + 3]] = 0
    counts[:SEEN, :2] = 0
    counts[:, 0] = 0
    counts = counts.tocsr()
    return counts if scale == "counts" else log1p_normalised(counts, 10_000), labels, adata.var_names.to_numpy()


def _fit(name, X, labels, X_test):
    entry = REGISTRY.method(name)
    module, _, class_name = entry["entry"].partition(":")
    method = getattr(importlib.import_module(module), class_name)(**quick.params(REGISTRY, name))
    extra = {"X_unlabelled": X_test} if entry["regime"] == "transductive" else {}
    return method.fit(X, labels, seed=0, **extra)


@cache
def _fitted(name):
    """The method, what it learned from, and what it is asked; fitted once for all questions."""
    X, labels, genes = _data(REGISTRY.method(name)["input_scale"])
    return _fit(name, X[:SEEN], labels[:SEEN], X[SEEN:]), X, labels, genes


def _predict(name, X):
    method, _, labels, _ = _fitted(name)
    return contract.check_prediction(method.predict(X), X.shape[0], np.unique(labels[:SEEN]))


@pytest.mark.parametrize("name", METHODS)
def test_lonely_empty_and_unseen_cells_get_an_answer_of_a_known_type(name):
    _, X, labels, _ = _fitted(name)
    assert "type3" in labels[SEEN:]
    answer = _predict(name, X[SEEN:])
    confidence = answer.confidence
    assert np.isnan(confidence).all() or np.isfinite(confidence).all(), "all cells have a confidence, or none"


@pytest.mark.parametrize("name", _known(LEARNING, "apart"))
def test_the_other_cells_are_still_told_apart(name):
    _, X, labels, _ = _fitted(name)
    known = np.flatnonzero(np.isin(labels, ["type1", "type2"]) & (np.arange(len(labels)) >= SEEN))
    assert (_predict(name, X[known]).labels == labels[known]).mean() > 0.7


@pytest.mark.parametrize("name", METHODS)
def test_genes_in_another_order_are_aligned_and_change_nothing(name):
    _, X, _, genes = _fitted(name)
    order = np.random.default_rng(0).permutation(len(genes))
    aligned, coverage = align(X[SEEN:, order], genes[order], genes)
    assert coverage.share == 1
    one, two = _predict(name, X[SEEN:]), _predict(name, aligned)
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.confidence, two.confidence)


@pytest.mark.parametrize("name", METHODS)
def test_cells_without_some_of_the_genes_still_get_an_answer(name):
    _, X, _, genes = _fitted(name)
    aligned, coverage = align(X[SEEN:, 15:], genes[15:], genes)
    assert (coverage.matched, len(coverage.missing)) == (35, 15)
    _predict(name, aligned)


@pytest.mark.parametrize("name", _known(METHODS, "single"))
def test_a_single_type_is_the_answer_or_a_clear_error(name):
    _, X, _, _ = _fitted(name)
    labels = np.full(SEEN, "only", dtype=object)
    try:
        answer = set(_fit(name, X[:SEEN], labels, X[SEEN:]).predict(X[SEEN:]).labels)
    except (UserError, ValueError) as error:
        answer = str(error)
    assert answer == {"only"} or "class" in answer or "type" in answer


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", _known(LEARNING, "values"))
def test_values_that_are_no_numbers_are_refused(name, value):
    method, X, labels, _ = _fitted(name)
    bad = sp.csr_matrix(X, dtype=np.float32, copy=True)
    bad.data[bad.indptr[3]] = value
    bad.data[bad.indptr[SEEN + 5]] = value
    with pytest.raises((UserError, ValueError), match=r"(?i)nan|finite|infinity"):
        _fit(name, bad[:SEEN], labels[:SEEN], X[SEEN:])
    with pytest.raises((UserError, ValueError), match=r"(?i)nan|finite|infinity"):
        method.predict(bad[SEEN:])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"set: counts must be finite. Got nan \(gene 'gene6', cell 'cell3'; 1 in all\)"),
        (-2, r"set: counts must not be negative. Got -2.* \(gene 'gene6', cell 'cell3'; 1 in all\)"),
        (0.5, r"set: counts must be integers.* Got 0.5 \(gene 'gene6', cell 'cell3'; 1 in all\)"),
    ],
)
def test_the_workflow_lets_no_such_value_come_to_a_method(value, message):
    adata = cell_types(n_cells=40, n_genes=30, n_types=2, seed=1)
    counts = adata.layers["counts"].astype(float).tolil()
    counts[3, 6] = value
    adata.layers["counts"] = counts.tocsr()
    with pytest.raises(UserError, match=message):
        check(adata, "set", {}, ["annotation"])


def test_the_workflow_lets_no_single_type_and_no_empty_cell_come_to_a_method():
    adata = cell_types(n_cells=40, n_genes=30, n_types=2, seed=1)
    with pytest.raises(UserError, match=r"set: all cells have the label 'type1'\. Two or more classes are needed"):
        check(adata[adata.obs["label"] == "type1"].copy(), "set", {}, ["annotation"])
    counts = adata.layers["counts"].tolil()
    counts[[2, 5]] = 0
    adata.layers["counts"] = counts.tocsr()
    assert list(check(adata, "set", {}, ["annotation"]).obs_names) == [f"cell{i}" for i in range(40) if i not in (2, 5)]


def test_the_workflow_names_a_type_with_fewer_cells_than_folds():
    labels = np.repeat(["common", "rare"], [30, 4]).astype(object)
    with pytest.raises(UserError, match=r"dataset 'd': class 'rare' has 4 cell\(s\), but 5 folds need\(s\) at least 5"):
        fold(labels, base_seed=1, dataset="d", replicate=0, folds=5)


def test_confidences_are_there_for_all_cells_or_for_none():
    labels, classes = np.array(["a", "b", "a"], dtype=object), np.array(["a", "b"])
    contract.check_prediction(contract.Prediction(labels, np.full(3, np.nan)), 3, classes)
    with pytest.raises(InvalidOutputError, match=r"all cells or none must have a confidence\. Got 1 of 3 without one"):
        contract.check_prediction(contract.Prediction(labels, np.array([0.5, np.nan, 1])), 3, classes)
