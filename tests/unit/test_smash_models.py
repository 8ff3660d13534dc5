import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from scbench.errors import UserError
from scbench.markers.smash.boosting import LightGBM, XGBoost
from scbench.markers.smash.forests import Forest, binned, class_weights
from scbench.markers.smash.network import Network
from scbench.markers.smash.shapley import Weights, deep_lift, probabilities

K = 3


@pytest.fixture(scope="module")
def cells():
    """Three classes of unequal size; gene k is high in class k, the other genes are noise."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(K), [150, 80, 30]))
    X = np.abs(rng.normal(1, 0.5, (len(y), 12)) + 3 * np.eye(K, 12)[y]).astype(np.float32)
    return X, y


def _fit(model, cells, **kwargs):
    X, y = cells
    held_out = np.arange(len(y)) % 5 == 0
    parts = {"weights": class_weights(y, K), "seed": 1, "validation": (X[held_out], y[held_out])}
    return model.fit(X[~held_out], y[~held_out], K, **parts, **kwargs)


TREES = {
    "rf": Forest(n_trees=20),
    "brf": Forest(n_trees=20, max_depth=50, balanced=True),
    "xgb": XGBoost(rounds=15, patience=5),
    "lgbm": LightGBM(rounds=30, patience=5),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_find_the_genes_that_differ(name, cells):
    importance = _fit(TREES[name], cells).importance_
    assert importance.sum() == pytest.approx(1)
    assert (importance >= 0).all()
    assert set(np.argsort(-importance)[:K]) == set(range(K))
    assert importance[:K].sum() > 0.6


@pytest.mark.parametrize("name", TREES)
def test_one_seed_gives_one_model_and_another_seed_another_forest(name, cells):
    first, second = (_fit(TREES[name], cells).importance_.copy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    if name in ("rf", "brf"):
        X, y = cells
        assert not np.array_equal(first, TREES[name].fit(X, y, K, weights=class_weights(y, K), seed=2).importance_)


def test_class_weights_by_hand():
    np.testing.assert_allclose(class_weights(np.array([0, 0, 0, 1]), 2), [4 / 6, 2])


def test_scikit_learn_draws_the_bootstrap_by_the_weights_and_we_do_not(cells):
    """The root of a tree weighs what its cells weigh: their number in scikit-learn, sums of class weights here."""
    X, y = cells
    theirs = RandomForestClassifier(5, class_weight="balanced", random_state=0).fit(X, y)
    assert {float(tree.tree_.weighted_n_node_samples[0]) for tree in theirs.estimators_} == {float(len(y))}
    shares = np.mean([tree.tree_.value[0, 0] for tree in theirs.estimators_], axis=0)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.06)

    ours = Forest(n_trees=40).fit(X, y, K, weights=np.array([1.0, 1, 1000]), seed=0)
    roots = np.array([tree.tree_.weighted_n_node_samples[0] for tree in ours.trees_])
    drawn = np.array([tree.tree_.n_node_samples[0] for tree in ours.trees_])
    # A uniform bootstrap has about 63 % of the cells in it, and about 30 of the 260 draws are of the rare class.
    np.testing.assert_allclose(drawn.mean() / len(y), 1 - np.exp(-1), atol=0.02)
    np.testing.assert_allclose(roots.mean(), 30_000, rtol=0.1)


def test_a_balanced_forest_draws_every_class_alike(cells):
    X, y = cells
    forest = Forest(n_trees=50, balanced=True).fit(X, y, K, weights=np.ones(K), seed=0)
    totals = [tree.tree_.weighted_n_node_samples[0] for tree in forest.trees_]
    assert set(totals) == {90.0}
    shares = np.mean([tree.tree_.value[0, 0] for tree in forest.trees_], axis=0)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.03)


def test_binned_counts_edges_below():
    X = np.array([[0.0, 5], [1, 6], [2, 7]])
    assert binned(X, np.array([[0.0, 5], [1, 9]])).tolist() == [[0, 0], [1, 1], [2, 1]]


def test_dart_without_drop_rates_grows_the_trees_of_gbtree(cells):
    import xgboost as xgb

    X, y = cells
    train = xgb.DMatrix(X, y)
    params = {"objective": "multi:softprob", "num_class": K, "max_depth": 4, "learning_rate": 0.25, "nthread": 1}
    gains = [
        xgb.train({**params, "booster": name}, train, 10).get_score(importance_type="gain")
        for name in ("dart", "gbtree")
    ]
    assert gains[0].keys() == gains[1].keys()
    for gene, gain in gains[0].items():
        assert gain == pytest.approx(gains[1][gene], rel=1e-6)


@pytest.mark.parametrize("name", ["xgb", "lgbm"])
def test_tree_shap_of_boosting_adds_up_to_the_log_odds(name, cells):
    X = cells[0][:7]
    model = _fit(TREES[name], cells)
    values = model.shapley(X, X)
    assert values.shape == (7, 12, K)
    import xgboost as xgb

    if name == "xgb":
        margin = model.booster_.predict(xgb.DMatrix(X), output_margin=True)
    else:
        margin = model.booster_.predict(X, raw_score=True)
    rest = margin - values.sum(axis=1)  # each class's mean log odds, the same for all cells
    np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-4)


def test_tree_shap_of_a_forest_adds_up_to_the_probability(cells):
    X = cells[0][:7]
    forest = _fit(TREES["rf"], cells)
    values = forest.shapley(X, X)
    predicted = np.mean([tree.predict_proba(binned(X, forest.edges_)) for tree in forest.trees_], axis=0)
    rest = predicted - values.sum(axis=1)
    np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-8)


@pytest.fixture(scope="module")
def network(cells):
    return _fit(Network(epochs=40), cells)


def test_the_network_learns_and_stops(cells, network):
    history = network.history_["validation"]
    assert history["accuracy"][-1] > 0.9
    stopped = _fit(Network(epochs=400, patience=1, learning_rate=0.1), cells).history_["validation"]["loss"]
    assert len(stopped) < 400
    assert stopped[-1] >= min(stopped[:-1])


def test_the_network_keeps_the_weights_of_its_best_epoch(cells):
    X, y = cells
    model = _fit(Network(epochs=400, patience=3, learning_rate=0.1), cells)
    held_out = np.arange(len(y)) % 5 == 0
    p = probabilities(model.weights_, X[held_out])
    loss = -np.log(p[np.arange(held_out.sum()), y[held_out]]).mean()
    assert loss == pytest.approx(min(model.history_["validation"]["loss"]), rel=1e-4)


def test_one_seed_gives_one_network_and_leaves_torchs_own_alone(cells, network):
    import torch

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    again = _fit(Network(epochs=40), cells)
    assert torch.equal(torch.rand(3), expected)
    for first, second in zip(network.weights_, again.weights_, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_network_without_cells_to_validate_on_says_so(cells):
    X, y = cells
    with pytest.raises(UserError, match="one cell"):
        Network().fit(X, y, K, weights=np.ones(K), seed=0, validation=(X[:0], y[:0]))


def test_training_history_is_there_when_asked_for(cells):
    for model in (Network(epochs=3), XGBoost(rounds=3), LightGBM(rounds=3)):
        history = _fit(model, cells, history=True).history_
        assert {part: len(values["loss"]) for part, values in history.items()} == {"train": 3, "validation": 3}
        assert all(0 <= value <= 1 for part in history.values() for value in part["accuracy"])


def _torch_model(weights: Weights):
    import torch

    layers = []
    for W, b in ((weights.W1, weights.b1), (weights.W2, weights.b2), (weights.W3, weights.b3)):
        linear = torch.nn.Linear(W.shape[1], W.shape[0]).double()
        linear.weight.data, linear.bias.data = torch.as_tensor(W), torch.as_tensor(b)
        layers += [linear, torch.nn.Sigmoid()]
    return torch.nn.Sequential(*layers[:-1], torch.nn.Softmax(dim=1)).eval()


def test_closed_form_equals_the_deep_explainer(cells, network):
    import shap
    import torch

    X = cells[0].astype(np.float64)
    explainer = shap.DeepExplainer(_torch_model(network.weights_), torch.as_tensor(X[:50]))
    expected = explainer.shap_values(torch.as_tensor(X[50:70]))
    values = deep_lift(network.weights_, X[50:70], X[:50], softmax="whole")
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.01


@pytest.mark.parametrize("softmax", ["split", "whole"])
def test_shapley_values_add_up_to_the_difference_of_probabilities(softmax, cells, network):
    X = cells[0].astype(np.float64)
    # A cell that is its own background has no difference to share out.
    values = deep_lift(network.weights_, X[:20], X[:50], softmax=softmax)
    expected = probabilities(network.weights_, X[:20]) - probabilities(network.weights_, X[:50]).mean(axis=0)
    np.testing.assert_allclose(values.sum(axis=1), expected, atol=1e-12)
    np.testing.assert_allclose(deep_lift(network.weights_, X[:1], X[:1], softmax=softmax), 0, atol=1e-12)


def test_the_split_softmax_shares_a_quotient_as_between_two_players():
    """One cell, one background cell, logits equal to the genes: each class's value by hand."""
    rng = np.random.default_rng(3)
    big = 1e-6  # hidden layers that pass values on: a sigmoid near 0 is linear
    eye = np.eye(2)
    weights = Weights(eye * big, np.zeros(2), eye * 4, -2 * np.ones(2), eye * 4 / big, -2 / big * np.ones(2))
    x, b = rng.normal(size=(1, 2)), rng.normal(size=(1, 2))
    values = deep_lift(weights, x, b)[0]

    ea, eb = np.exp(x[0]), np.exp(b[0])
    for k in range(2):
        quotient = {(i, j): (ea, eb)[i][k] / (ea, eb)[j].sum() for i in (0, 1) for j in (0, 1)}
        numerator = ((quotient[0, 0] - quotient[1, 0]) + (quotient[0, 1] - quotient[1, 1])) / 2
        denominator = ((quotient[0, 0] - quotient[0, 1]) + (quotient[1, 0] - quotient[1, 1])) / 2
        share = (ea - eb) / (ea - eb).sum()
        expected = denominator * share
        expected[k] += numerator
        np.testing.assert_allclose(values[:, k], expected, atol=1e-4)
