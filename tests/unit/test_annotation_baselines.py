"""The simple annotators: what each one does with values, zeros, rare types and stopping."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestCentroid as SklearnCentroid

from scbench.annotation.controls import MajorityType, RandomType
from scbench.annotation.knn_pca import KNNOnPCA
from scbench.annotation.linear_svm import LinearSVM
from scbench.annotation.logistic_regression import LogisticRegression
from scbench.annotation.mlp import MLP
from scbench.annotation.nearest_centroid import NearestCentroid
from scbench.annotation.neural import probabilities, train
from scbench.annotation.random_forest import RandomForest
from scbench.annotation.xgboost_classifier import XGBoost
from scbench.data.normalise import log1p_normalised
from scbench.simulate.cells import cell_types

QUICK = {
    LinearSVM: {},
    LogisticRegression: {"max_iter": 20},
    KNNOnPCA: {"n_components": 3},
    NearestCentroid: {},
    RandomForest: {"n_trees": 3},
    XGBoost: {"rounds": 3},
}


@pytest.fixture(scope="module")
def cells():
    data = cell_types(n_cells=240, n_genes=80, n_types=3, seed=3)
    counts = data.layers["counts"]
    return counts, log1p_normalised(counts, 10_000), data.obs["label"].astype(str).to_numpy(dtype=object)


def _same(one, two):
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.confidence, two.confidence)


# --- linear models -----------------------------------------------------------------------------------------------


def test_a_machine_on_log_counts_is_one_on_the_logarithms_of_the_counts(cells):
    counts, _, labels = cells
    own = LinearSVM(log1p=True).fit(counts[:160], labels[:160], seed=0).predict(counts[160:])
    logs = counts.log1p()
    _same(own, LinearSVM().fit(logs[:160], labels[:160], seed=0).predict(logs[160:]))


def test_two_types_have_opposite_margins(cells):
    _, X, labels = cells
    two = np.where(labels == labels[0], "a", "b").astype(object)
    method = LinearSVM().fit(X, two, seed=0)
    margin = method.model_.decision_function(X)
    found = method.predict(X)
    np.testing.assert_array_equal(found.labels, np.where(margin > 0, "b", "a"))
    np.testing.assert_allclose(found.confidence, 1 / (1 + np.exp(-2 * np.abs(margin))))


def test_binary_values_are_blind_to_magnitude_and_to_stored_zeros(cells):
    _, X, labels = cells
    X = X.copy()
    X.data[X.data < np.quantile(X.data, 0.6)] = 0  # stored zeros
    method = LogisticRegression(binary=True).fit(X[:160], labels[:160], seed=0)
    other = X[160:].copy()
    other.eliminate_zeros()
    other.data = np.random.default_rng(0).uniform(0.1, 5, other.nnz)
    _same(method.predict(other), method.predict(X[160:]))
    assert not np.array_equal(
        LogisticRegression().fit(X[:160], labels[:160], seed=0).predict(other).confidence,
        LogisticRegression().fit(X[:160], labels[:160], seed=0).predict(X[160:]).confidence,
    )


# --- neighbours and centroids ------------------------------------------------------------------------------------


def test_the_confidence_of_a_centroid_follows_the_distances():
    X = sp.csr_matrix([[0.0, 0.0], [2.0, 0.0], [1.0, 5.0]])
    method = NearestCentroid().fit(X, np.array(["a", "a", "b"], dtype=object), seed=0)
    np.testing.assert_array_equal(method.centroids_, [[1, 0], [1, 5]])
    found = method.predict(sp.csr_matrix([[1.0, 1.0], [1.0, 2.5]]))
    assert found.labels.tolist() == ["a", "a"]  # the second is as far from both
    np.testing.assert_allclose(found.confidence, [1 / (1 + np.exp(1 - 4)), 0.5])


def test_centroids_predict_as_those_of_scikit_learn(cells):
    _, X, labels = cells
    dense = SklearnCentroid().fit(X[:160].toarray(), labels[:160]).predict(X[160:].toarray())
    found = NearestCentroid().fit(X[:160], labels[:160], seed=0).predict(X[160:])
    np.testing.assert_array_equal(found.labels, dense)


def test_neighbours_vote_where_there_are_fewer_cells_than_neighbours_and_components():
    X = sp.csr_matrix([[5.0, 0, 0], [4.0, 1, 0], [0, 0, 5.0]])
    found = KNNOnPCA().fit(X, np.array(["a", "a", "b"], dtype=object), seed=0).predict(X)
    assert found.labels.tolist() == ["a"] * 3
    np.testing.assert_allclose(found.confidence, 2 / 3)


# --- trees -------------------------------------------------------------------------------------------------------


def test_a_forest_without_rounding_is_that_of_scikit_learn(cells):
    _, X, labels = cells
    found = RandomForest(n_trees=10, step=0).fit(X[:160], labels[:160], seed=4).predict(X[160:])
    model = RandomForestClassifier(10, random_state=4).fit(X[:160].toarray(), labels[:160])
    np.testing.assert_array_equal(found.labels, model.predict(X[160:].toarray()))


def test_a_forest_rounds_up_so_that_what_is_not_zero_stays_so(cells):
    _, X, labels = cells
    tiny = sp.csr_matrix((np.full(X.nnz, 1e-3, np.float32), X.indices, X.indptr), shape=X.shape)
    at_step = sp.csr_matrix((np.full(X.nnz, 0.125, np.float32), X.indices, X.indptr), shape=X.shape)
    one, two = (RandomForest(n_trees=5).fit(x[:160], labels[:160], seed=0).predict(x[160:]) for x in (tiny, at_step))
    _same(one, two)


@pytest.mark.parametrize("method", [RandomForest, XGBoost])
def test_trees_do_not_depend_on_threads(cells, method):
    _, X, labels = cells
    few = QUICK[method]
    _same(*(method(**few, threads=n).fit(X[:160], labels[:160], seed=0).predict(X[160:]) for n in (1, 2)))


def test_to_boosted_trees_a_stored_zero_is_a_zero(cells):
    _, X, labels = cells
    stored = X + sp.csr_matrix(np.ones(X.shape, np.float32))
    stored.data -= 1
    assert stored.nnz > X.nnz
    stored.data = np.where(np.isclose(stored.data, 0, atol=1e-5), 0, stored.data).astype(np.float32)
    clean = stored.copy()
    clean.eliminate_zeros()
    one, two = (XGBoost(rounds=5).fit(x[:160], labels[:160], seed=0).predict(x[160:]) for x in (stored, clean))
    _same(one, two)


def test_boosting_stops_early_and_keeps_the_best_round(cells):
    _, X, labels = cells
    labels = np.random.default_rng(0).permutation(labels)  # there is nothing to learn
    method = XGBoost(patience=3).fit(X, labels, seed=0)
    assert method.booster_.num_boosted_rounds() < 20
    assert XGBoost(rounds=4, patience=3, validation=0).fit(X, labels, seed=0).booster_.num_boosted_rounds() == 4


# --- networks ----------------------------------------------------------------------------------------------------


def _line(seed=0):
    """A linear model on two inputs, of which the first decides."""
    import torch

    torch.manual_seed(seed)
    x = np.random.default_rng(seed).normal(size=(300, 2)).astype(np.float32)
    return torch.nn.Linear(2, 2), x, (x[:, 0] > 0).astype(int)


def test_training_lowers_the_loss_and_predicts_what_was_learned():
    model, x, y = _line()
    losses = train(
        model,
        lambda rows: x[rows],
        y,
        np.arange(200),
        epochs=60,
        batch_size=50,
        learning_rate=0.05,
        seed=0,
        held_out=np.arange(200, 300),
        patience=60,
    )
    assert len(losses) == 60
    assert losses[-1] < losses[0] / 3
    assert (probabilities(model, lambda rows: x[rows], 300).argmax(axis=1) == y).mean() > 0.95


def test_the_weights_of_the_best_epoch_are_kept():
    model, x, y = _line()
    wrong = np.where(np.arange(300) < 200, y, 1 - y)  # the more is learned, the worse the held-out part
    held_out = np.arange(200, 300)
    losses = train(
        model,
        lambda rows: x[rows],
        wrong,
        np.arange(200),
        epochs=50,
        batch_size=50,
        learning_rate=0.05,
        seed=0,
        held_out=held_out,
        patience=3,
    )
    assert len(losses) == int(np.argmin(losses)) + 4
    shares = probabilities(model, lambda rows: x[held_out[rows]], 100)
    assert -np.log(shares[np.arange(100), wrong[held_out]]).mean() == pytest.approx(min(losses))


def test_probabilities_of_a_cell_do_not_depend_on_how_many_others_there_are():
    model, x, _ = _line()
    many = probabilities(model, lambda rows: x[rows], 300)
    np.testing.assert_array_equal(probabilities(model, lambda rows: x[rows], 7), many[:7])
    np.testing.assert_allclose(many.sum(axis=1), 1)


@pytest.mark.parametrize("method", [MLP(epochs=3), XGBoost(rounds=3)])
def test_where_every_type_has_one_cell_there_is_nothing_to_validate_on(cells, method):
    _, X, _ = cells
    labels = np.array(["b", "a", "c"], dtype=object)
    found = method.fit(X[:3], labels, seed=0).predict(X)
    assert set(found.labels) <= set(labels)


# --- all of them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", QUICK)
def test_the_matrix_is_never_made_dense(cells, method, monkeypatch):
    _, X, labels = cells
    dense = sp.csr_matrix.toarray

    def few_rows(self, *args, **kwargs):
        assert self.shape[0] <= 3, "only one row per type may be dense"
        return dense(self, *args, **kwargs)

    for kind in (sp.csr_matrix, sp.csc_matrix):
        for name in ("toarray", "todense"):
            monkeypatch.setattr(kind, name, few_rows)
    method(**QUICK[method]).fit(X[:160], labels[:160], seed=0).predict(X[160:])


def test_controls_know_the_shares_of_types_and_nothing_else():
    labels = np.array(["a"] * 3 + ["b"], dtype=object)
    X = sp.csr_matrix(np.eye(4))
    found = MajorityType().fit(X, labels, seed=0).predict(X)
    assert found.labels.tolist() == ["a"] * 4
    assert found.confidence.tolist() == [0.75] * 4
    drawn = RandomType().fit(X, labels, seed=1).predict(sp.csr_matrix((4000, 4)))
    assert (drawn.labels == "a").mean() == pytest.approx(0.75, abs=0.03)
    assert set(drawn.confidence[drawn.labels == "b"]) == {0.25}
