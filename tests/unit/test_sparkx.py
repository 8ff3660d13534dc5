import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scbench.errors import UserError
from scbench.svg.sparkx import KERNELS, SPARKX, _log_chi2_sf


def _counts(n_spots=200, n_genes=20, axes=2, seed=0):
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(0, 0.3, n_spots)[:, None] * rng.lognormal(-1, 1, n_genes)
    return rng.poisson(mean), rng.random((n_spots, axes)) * [1, 300, 0.01][:axes]


def _columns(coords, kernel):
    """Transformed coordinates of one kernel, by its name."""
    c = coords - coords.mean(axis=0)
    if kernel == "projection":
        return c
    width = np.quantile(np.abs(c), int(kernel[-1]) / 5, axis=0)
    return np.exp(-(c**2) / (2 * width**2)) if kernel.startswith("gaus") else np.cos(2 * np.pi * c / width)


@pytest.mark.parametrize("axes", [2, 3])
def test_agrees_with_regression_of_each_gene_on_each_kernel(axes):
    X, coords = _counts(axes=axes)
    method = SPARKX().fit(sp.csr_matrix(X), coords, seed=0)
    n = len(X)
    for k, kernel in enumerate(KERNELS):
        Z = np.column_stack([np.ones(n), _columns(coords, kernel)])
        fitted = Z @ np.linalg.lstsq(Z, X, rcond=None)[0]
        explained = ((fitted - X.mean(axis=0)) ** 2).sum(axis=0)
        np.testing.assert_allclose(method.extras_["kernel_statistics"][:, k], n * explained / (X**2).sum(0), rtol=1e-9)
        p = stats.chi2.sf(n * explained / (X.var(axis=0) * n), axes)
        np.testing.assert_allclose(method.extras_["kernel_pvalues"][:, k], p, rtol=1e-9)
    assert method.extras_["kernels"].tolist() == list(KERNELS)
    np.testing.assert_array_equal(method.table_["statistic"], method.extras_["kernel_statistics"].max(axis=1))


def test_null_p_values_of_every_kernel_are_uniform():
    rng = np.random.default_rng(1)
    X = sp.csr_matrix(rng.negative_binomial(2, 0.5, (900, 4000)))
    method = SPARKX().fit(X, rng.random((900, 2)), seed=0)
    for p in method.extras_["kernel_pvalues"].T:
        assert stats.kstest(p, "uniform").pvalue > 1e-4
    assert 0.03 < (method.table_["pvalue"] < 0.05).mean() < 0.065


def test_finds_patterns_and_goes_on_ranking_them_where_p_is_zero():
    rng = np.random.default_rng(2)
    coords = rng.random((20_000, 2))
    left = coords[:, 0] < 0.5
    X = rng.poisson(1.0, (20_000, 30))
    for gene, fold in enumerate((3, 5, 9)):
        X[:, gene] = rng.poisson(np.where(left, fold, 1))
    table = SPARKX().fit(sp.csr_matrix(X), coords, seed=0).table_
    assert table["score"].nlargest(3).index.tolist() == [2, 1, 0]
    assert (table["pvalue"][1:3] == 0).all()
    assert np.isfinite(table["score"]).all()
    assert (table["qvalue"][3:] > 0.05).all()


def test_nothing_depends_on_scale_shift_or_order():
    X, coords = _counts()
    X = sp.csr_matrix(X)
    table = SPARKX().fit(X, coords, seed=0).table_
    np.testing.assert_allclose(SPARKX().fit(X, coords * [-50, 3] + 1e4, seed=0).table_, table, rtol=1e-6)
    rng = np.random.default_rng(3)
    spots, genes = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    shuffled = SPARKX().fit(X[spots][:, genes], coords[spots], seed=0).table_
    np.testing.assert_allclose(shuffled, table.iloc[genes], rtol=1e-9)


def test_blocks_of_spots_do_not_matter(monkeypatch):
    X, coords = _counts()
    table = SPARKX().fit(sp.csr_matrix(X), coords, seed=0).table_
    monkeypatch.setattr("scbench.svg.sparkx._BLOCK_VALUES", 300)
    np.testing.assert_allclose(SPARKX().fit(sp.csr_matrix(X), coords, seed=0).table_, table, rtol=1e-9)


def test_memory_is_a_block_beside_the_matrix(monkeypatch):
    rng = np.random.default_rng(4)
    X, coords = sp.random(50_000, 100, 0.5, "csr", dtype=np.float32, rng=rng), rng.random((50_000, 2))
    monkeypatch.setattr("scbench.svg.sparkx._BLOCK_VALUES", 2**16)
    tracemalloc.start()
    SPARKX().fit(X, coords, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.data.nbytes / 2


def test_constant_and_unseen_genes_have_p_1_and_come_last():
    X, coords = _counts()
    tested = SPARKX().fit(sp.csr_matrix(X), coords, seed=0).table_
    table = SPARKX().fit(sp.csr_matrix(np.column_stack([X * 0, X])), coords, seed=0).table_
    np.testing.assert_allclose(table[20:], tested, rtol=1e-12)  # unseen genes do not count in the adjustment
    assert (table[["pvalue", "qvalue"]][:20] == 1).all(axis=None)
    table = SPARKX().fit(sp.csr_matrix(np.column_stack([X[:, 0] * 0 + 7, X])), coords, seed=0).table_
    assert table.loc[0, ["statistic", "pvalue", "qvalue"]].tolist() == [0, 1, 1]
    assert table.loc[0, "score"] <= table["score"].min()


def test_empty_spots_do_not_count():
    X, coords = _counts()
    full = SPARKX().fit(sp.csr_matrix(X[20:]), coords[20:], seed=0).table_
    X[:20] = 0
    explicit = sp.csr_matrix(np.where(X == 0, -1, X))
    explicit.data[explicit.data == -1] = 0
    for matrix in (sp.csr_matrix(X), explicit):
        np.testing.assert_allclose(SPARKX().fit(matrix, coords, seed=0).table_, full, rtol=1e-9)


def test_dependent_columns_cost_degrees_of_freedom():
    X, coords = _counts()
    X = sp.csr_matrix(X)
    line, flat = coords[:, [0, 0]] * [1, -2], coords * [1, 0] + [0, 0.1]
    for places in (line, flat):
        method = SPARKX().fit(X, places, seed=0)
        Q = method.extras_["kernel_statistics"]
        share = 1 - X.shape[0] * np.asarray(X.mean(axis=0)).ravel() ** 2 / np.asarray(X.multiply(X).sum(0)).ravel()
        p = stats.chi2.sf(Q / share[:, None], 1)
        np.testing.assert_allclose(method.extras_["kernel_pvalues"], p, rtol=1e-7)


def test_a_width_of_zero_gives_no_column():
    """Three sections, and the middle one at the mean: 3-D coordinates as they occur."""
    X, coords = _counts(n_spots=210)
    sections = np.column_stack([coords, np.tile([-1.0, 0, 1], 70)])
    p = SPARKX().fit(sp.csr_matrix(X), sections, seed=0).extras_["kernel_pvalues"]
    flat = SPARKX().fit(sp.csr_matrix(X), coords, seed=0).extras_["kernel_pvalues"]
    narrow = KERNELS.index("gaus1")
    np.testing.assert_allclose(p[:, narrow], flat[:, narrow], rtol=1e-9)
    assert not np.allclose(p[:, KERNELS.index("gaus5")], flat[:, KERNELS.index("gaus5")])
    assert np.isfinite(p).all()


@given(st.floats(0, 500), st.integers(1, 3))
def test_logarithm_of_the_chi_squared_tail(x, freedom):
    ours = _log_chi2_sf(np.array([[x]]), np.array([freedom]))[0, 0]
    assert ours == pytest.approx(np.log(stats.chi2.sf(x, freedom)), rel=1e-9, abs=1e-14)


def test_no_column_no_evidence():
    assert _log_chi2_sf(np.array([[0.0]]), np.array([0]))[0, 0] == 0


def test_what_cannot_be_tested_is_refused():
    X, coords = _counts()
    X = sp.csr_matrix(X)
    with pytest.raises(UserError, match=r"at least 4 spots with counts in 2 dimensions\. Got 3"):
        SPARKX().fit(X[:3] + sp.csr_matrix(np.ones((3, 20))), coords[:3], seed=0)
    with pytest.raises(UserError, match="more than one place"):
        SPARKX().fit(X, coords * 0 + 0.1, seed=0)
    with pytest.raises(UserError, match="finite"):
        SPARKX().fit(X, coords * np.nan, seed=0)
