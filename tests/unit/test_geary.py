from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats as st

from scbench.errors import UserError
from scbench.svg.autocorrelation import WeightSums
from scbench.svg.geary import GearyC
from scbench.svg.graph import delaunay, nearest_neighbours


def _statistic(values, W):
    """Geary's C of (..., spots) values by its definition, over all pairs."""
    differences = (values[..., :, None] - values[..., None, :]) ** 2
    squares = ((values - values.mean(-1, keepdims=True)) ** 2).sum(-1)
    return (len(W) - 1) / (2 * W.sum()) * (W * differences).sum((-2, -1)) / squares


def _weights(n, rng):
    upper = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.6), 1)
    upper[0, 1] = 1  # never without any neighbours
    return upper + upper.T


@settings(max_examples=25, deadline=None)
@given(n=some.integers(4, 6), seed=some.integers(0, 2**31), heavy=some.booleans())
def test_mean_and_variance_are_those_over_all_orders_of_the_values(n, seed, heavy):
    rng = np.random.default_rng(seed)
    W = _weights(n, rng)
    values = rng.standard_cauchy(n) if heavy else rng.random(n)
    every = _statistic(values[np.array(list(permutations(range(n))))], W)
    z = values - values.mean()
    mean, variance = GearyC._null(WeightSums.of(sp.csr_matrix(W)), n * (z**4).sum() / (z**2).sum() ** 2)
    assert mean == pytest.approx(every.mean(), rel=1e-9)
    assert variance == pytest.approx(every.var(), rel=1e-7, abs=1e-12)


def test_normality_null_is_that_of_normal_values():
    rng = np.random.default_rng(0)
    W = _weights(8, rng)
    drawn = _statistic(rng.standard_normal((100_000, 8)), W)
    mean, variance = GearyC._null(WeightSums.of(sp.csr_matrix(W)), None)
    assert mean == pytest.approx(drawn.mean(), abs=0.005)
    assert variance == pytest.approx(drawn.var(), rel=0.03)


@pytest.mark.parametrize("graph", ["neighbours", "delaunay"])
def test_statistic_is_that_of_the_definition_and_of_scanpy(graph):
    from scanpy.metrics import gearys_c

    rng = np.random.default_rng(1)
    coords, X = rng.random((60, 2)), rng.gamma(1, size=(60, 5)) * (rng.random((60, 5)) < 0.5)
    W = delaunay(coords) if graph == "delaunay" else nearest_neighbours(coords, 6)
    table = GearyC(graph=graph).fit(sp.csr_matrix(X), coords, seed=0).table_
    np.testing.assert_allclose(table["statistic"], _statistic(X.T, W.toarray()), rtol=1e-12)
    np.testing.assert_allclose(table["statistic"], gearys_c(W, X.T), rtol=1e-6)
    np.testing.assert_allclose(table["pvalue"], st.norm.sf(table["score"]), rtol=1e-12)


def test_variance_of_many_spots_is_that_of_random_orders():
    rng = np.random.default_rng(2)
    coords, values = rng.random((100, 2)), rng.exponential(size=100)
    X = sp.csr_matrix(np.column_stack([rng.permutation(values) for _ in range(20_000)]))
    score = GearyC().fit(X, coords, seed=0).table_["score"]
    assert score.mean() == pytest.approx(0, abs=0.03)
    assert score.std() == pytest.approx(1, abs=0.03)


def test_null_p_values_are_calibrated_where_it_matters():
    rng = np.random.default_rng(3)
    X = sp.csr_matrix(np.log1p(rng.negative_binomial(2, 0.5, (900, 5000))))
    p = GearyC().fit(X, rng.random((900, 2)), seed=0).table_["pvalue"]
    assert 0.035 < (p < 0.05).mean() < 0.065
    assert 0.005 < (p < 0.01).mean() < 0.017


def test_finds_what_is_alike_and_not_what_is_unlike():
    """On a chessboard neighbours differ more than at random: no evidence for a pattern of patches."""
    x, y = np.divmod(np.arange(400), 20)
    coords = np.column_stack([x, y]).astype(float)
    noise = np.random.default_rng(4).random((400, 20))
    X = np.column_stack([x < 10, (x + y) % 2, noise])
    table = GearyC(n_neighbors=4).fit(sp.csr_matrix(X), coords, seed=0).table_
    assert table.loc[0, "statistic"] < 0.2
    assert table.loc[0, "pvalue"] < 1e-20
    assert table["score"].idxmax() == 0
    assert table.loc[1, "statistic"] > 1.7
    assert table.loc[1, "pvalue"] > 1 - 1e-9


def test_blocks_of_genes_do_not_matter(monkeypatch):
    rng = np.random.default_rng(5)
    coords, X = rng.random((50, 2)), sp.random(50, 23, 0.3, "csr", rng=rng)
    table = GearyC().fit(X, coords, seed=0).table_
    monkeypatch.setattr("scbench.svg.autocorrelation._BLOCK_BYTES", 8 * 50 * 4)
    np.testing.assert_array_equal(GearyC().fit(X, coords, seed=0).table_, table)


def test_constant_genes_have_p_1_and_come_last():
    rng = np.random.default_rng(6)
    X = sp.csr_matrix(np.column_stack([np.zeros(50), np.full(50, 0.1), rng.random((50, 5))]))
    table = GearyC().fit(X, rng.random((50, 2)), seed=0).table_
    assert table["pvalue"][:2].tolist() == [1, 1]
    assert table["statistic"][:2].tolist() == [1, 1]
    assert table["score"][:2].max() < table["score"][2:].min()
    assert np.isfinite(table).all(axis=None)


@pytest.mark.parametrize("method", ["geary", "moran"])
def test_spots_that_are_all_neighbours_show_no_pattern(method):
    from scbench.svg.moran import MoranI

    rng = np.random.default_rng(7)
    X, coords = sp.csr_matrix(rng.random((7, 30))), rng.random((7, 2))
    table = {"geary": GearyC, "moran": MoranI}[method](n_neighbors=6).fit(X, coords, seed=0).table_
    assert (table["pvalue"] == 1).all()
    assert np.isfinite(table).all(axis=None)


def test_bad_parameters_and_too_few_spots():
    X, coords = sp.csr_matrix(np.eye(10)), np.random.default_rng(0).random((10, 2))
    with pytest.raises(UserError, match=r"The 'null' parameter of GearyC is unknown. Got 'normal' .* 'normality'"):
        GearyC(null="normal").fit(X, coords, seed=0)
    with pytest.raises(UserError, match=r"GearyC needs at least 4 spots\. Got 3"):
        GearyC().fit(X[:3], coords[:3], seed=0)
