import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats
from scipy.spatial.distance import cdist

from scbench.errors import SkipRunError, UserError
from scbench.svg.spark.kernels import KERNELS, kernels, length_scales
from scbench.svg.spark.method import SPARK
from scbench.svg.spark.null_fit import fit_null, project, weights
from scbench.svg.spark.score_test import satterthwaite, score_moments


def _counts(n_spots=80, n_genes=30, seed=0, dispersion=0.3):
    """Negative binomial counts without a pattern, at uniform positions."""
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(0, 0.3, n_spots)[:, None] * rng.lognormal(1, 0.7, n_genes)
    noise = rng.gamma(1 / dispersion, dispersion, mean.shape) if dispersion else 1.0
    return rng.poisson(mean * noise), rng.random((n_spots, 2))


def _dense_fit(y, library, fixed):
    """One average information fit of one gene, written out with spots x spots matrices."""
    n, tol, one = len(y), 1e-5, np.ones(len(y))

    def projection(H):
        return np.diag(H) - np.outer(H, H) / H.sum()

    a = np.log(y.sum() / library.sum())
    mu = np.exp(a + np.log(library))
    Y = a + (y - mu) / mu
    t = 0.1
    if not fixed:
        t = min(0.9, np.var(Y, ddof=1) / 2)
        P = projection(1 / (1 / mu + t))
        t = max(0, t + t**2 * (Y @ P @ P @ Y - np.trace(P)) / n)
        t = 0.5 if t > 10 else t
    for _ in range(500):
        a_old, t_old = a, t
        H = 1 / (1 / (mu + 1e-5) + t + 1e-5)
        P = projection(H)
        a = (one @ (H * Y)) / H.sum()
        Py = P @ Y
        if not fixed:
            step = (Y @ P @ P @ Y - np.trace(P)) / (Py @ P @ Py)
            t = t_old + step
            while t < 0 and not (t_old < tol and t < tol):
                step /= 2
                t = t_old + step
            t = 0 if t < tol else t
        eta = Y - Py / mu
        mu = np.exp(eta + np.log(library))
        Y = eta + (y - mu) / mu
        Y[np.abs(Y) > 1e3] = np.median(Y)
        if 2 * max(abs(a - a_old) / (abs(a) + abs(a_old) + tol), abs(t - t_old) / (t + t_old + tol)) < tol:
            break
    return t, Y, mu, Py


def _package_fit(y, library):
    """The refits of the package, all of them: with the variance free and held in turn while it ends at zero."""
    fit, held = _dense_fit(y, library, False), False
    for _ in range(499):
        if (fit[0] < 1.01e-5) == held:
            break
        held = not held
        fit = _dense_fit(y, library, held)
    return fit


def test_null_fit_agrees_with_the_algorithm_written_out():
    X, _ = _counts()
    library = X.sum(axis=1).astype(float)
    fit = fit_null(X.T.astype(float), library)
    for gene in range(X.shape[1]):
        for ours, theirs in zip(fit, _dense_fit(X[:, gene], library, False), strict=True):
            np.testing.assert_allclose(ours[gene], theirs, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.variance.mean(), 0.3, atol=0.1)


def test_a_variance_of_zero_becomes_a_tenth_as_after_the_500_refits_of_the_package():
    rng = np.random.default_rng(1)
    library = rng.integers(50, 200, 25).astype(float)
    y = np.round(library / 10 + rng.random(25))  # less variable than Poisson counts
    theirs = _package_fit(y, library)
    assert theirs[0] == 0.1
    assert _dense_fit(y, library, False)[0] == 0
    for ours, value in zip(fit_null(y[None], library), theirs, strict=True):
        np.testing.assert_allclose(ours[0], value, rtol=1e-10)


def test_wild_genes_do_not_break_the_fit_of_others():
    X, _ = _counts()
    library = np.full(len(X), 100.0)
    wild = np.zeros((3, len(X)))
    wild[0, 0], wild[1, :2], wild[2] = 1e9, [1, 1e15], 7  # one spot only, a huge contrast, a constant
    fit = fit_null(np.vstack([wild, X.T.astype(float)]), library)
    assert all(np.isfinite(values).all() for values in fit)
    for alone, together in zip(fit_null(X.T.astype(float), library), fit, strict=True):
        np.testing.assert_array_equal(together[3:], alone)


@pytest.mark.parametrize("corrected", [False, True])
def test_score_moments_agree_with_dense_traces(corrected):
    rng = np.random.default_rng(2)
    A = rng.random((12, 12))
    K, h, y, last = A @ A.T, rng.random((3, 12)) + 0.1, rng.normal(size=(3, 12)), rng.normal(size=(3, 12))
    ours = score_moments(K, h, project(h, y), last, corrected=corrected)
    for gene in range(3):
        P = np.diag(h[gene]) - np.outer(h[gene], h[gene]) / h[gene].sum()
        variance = np.trace(P @ K @ P @ K) / 2
        if corrected:
            variance -= np.trace(P @ K @ P) ** 2 / np.trace(P @ P) / 2
        expected = y[gene] @ P @ K @ last[gene] / 2, np.trace(P @ K) / 2, variance
        np.testing.assert_allclose([values[gene] for values in ours], expected, rtol=1e-12)


def test_the_correction_leaves_a_kernel_of_independent_noise_alone():
    h = np.ones((1, 20))
    *_, variance = score_moments(np.eye(20), h, h, h, corrected=True)
    assert variance == pytest.approx(19 / 2)


def test_satterthwaite_is_a_scaled_chi_squared_tail_and_its_logarithm_goes_on():
    statistic = np.array([5.0, 30, -1, 0])
    p, log_p = satterthwaite(statistic, np.full(4, 6.0), np.full(4, 9.0))  # scale 3/4, 8 degrees of freedom
    np.testing.assert_allclose(p, stats.chi2.sf(statistic / 0.75, 8), rtol=1e-12)
    np.testing.assert_allclose(log_p, np.log(p), rtol=1e-12)
    # Two and four degrees of freedom have closed forms.
    x = np.array([1300.0, 1e5])
    np.testing.assert_allclose(satterthwaite(x, np.full(2, 2.0), np.full(2, 4.0))[1], -x / 2, rtol=1e-12)
    np.testing.assert_allclose(
        satterthwaite(x, np.full(2, 4.0), np.full(2, 8.0))[1], np.log1p(x / 2) - x / 2, rtol=1e-6
    )


def test_length_scales_by_hand():
    # From 1/2 to 512 in nine steps of a factor 2^(10/9).
    np.testing.assert_allclose(length_scales(np.array([1.0, 0, 1e-9, 256])), 2.0 ** (np.arange(2, 7) * 10 / 9 - 1))


def test_kernels_are_those_of_the_distances_with_positive_eigenvalues():
    coords = np.random.default_rng(3).random((40, 2))
    coords[1] = coords[0]
    d = cdist(coords, coords)
    made = dict(zip(KERNELS, kernels(coords), strict=True))
    for i, scale in enumerate(length_scales(d), 1):
        np.testing.assert_allclose(made[f"GSP{i}"], np.exp(-(d**2) / (2 * scale**2)), atol=1e-7)
        cosine = np.cos(2 * np.pi * d / scale)
        negative = np.linalg.eigvalsh(cosine) < 1e-8
        assert 5 < negative.sum() < 35
        values, vectors = np.linalg.eigh(made[f"COS{i}"])
        np.testing.assert_allclose(values[: negative.sum()], 1e-8, rtol=1e-4)
        upper = vectors[:, negative.sum() :]
        np.testing.assert_allclose(upper.T @ cosine @ upper, np.diag(values[negative.sum() :]), atol=1e-8)


def test_finds_patterns_of_several_shapes_and_ranks_them_first():
    X, coords = _counts(n_spots=250, n_genes=60, seed=4)
    rng = np.random.default_rng(4)
    x, y = coords.T
    for gene, inside in enumerate([x < 0.5, (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.06, np.sin(12 * x) > 0]):
        X[:, gene] = rng.poisson(5 * np.where(inside, 4, 1) * rng.gamma(3, 1 / 3, len(x)))
    table = SPARK().fit(sp.csr_matrix(X), coords, seed=0).table_
    assert set(np.flatnonzero(table["qvalue"] < 0.05)) == {0, 1, 2}
    assert set(table["score"].nlargest(3).index) == {0, 1, 2}
    np.testing.assert_allclose(np.exp(-table["score"]), table["pvalue"], rtol=1e-9)


def test_the_correction_calibrates_on_a_grid():
    X, _ = _counts(n_spots=400, n_genes=3000, seed=5)
    grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    released, corrected = (
        SPARK(corrected=corrected).fit(sp.csr_matrix(X), grid, seed=0).table_["pvalue"].dropna() for corrected in (0, 1)
    )
    assert (released < 0.05).mean() < (corrected < 0.05).mean()
    assert (corrected < 0.05).mean() == pytest.approx(0.05, abs=0.012)


def test_nothing_depends_on_rotation_scale_shift_or_order():
    X, coords = _counts()
    X = sp.csr_matrix(X)
    table = SPARK().fit(X, coords, seed=0).table_
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(SPARK().fit(X, coords @ turn * 100 + 7, seed=0).table_, table, rtol=1e-6, atol=1e-9)
    rng = np.random.default_rng(6)
    spots, genes = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    shuffled = SPARK().fit(X[spots][:, genes], coords[spots], seed=0).table_
    np.testing.assert_allclose(shuffled, table.iloc[genes], rtol=1e-6, atol=1e-9)


def test_blocks_of_genes_do_not_matter(monkeypatch):
    X, coords = _counts()
    table = SPARK().fit(sp.csr_matrix(X), coords, seed=0).table_
    monkeypatch.setattr("scbench.svg.spark.method._BLOCK_BYTES", 8 * len(X))
    np.testing.assert_allclose(SPARK().fit(sp.csr_matrix(X), coords, seed=0).table_, table, rtol=1e-9)


def test_rare_genes_and_poor_spots_are_left_out():
    X, coords = _counts(n_spots=100)
    X[:, 3], X[:9, 3], X[:, 4], X[:10, 4], X[:, 5] = 0, 5, 0, 5, 0  # in 9 spots, in 10, in none
    X[50:55] = 0
    X[50:55, 0] = 10
    X[50:55, 3] = 500  # counts of a gene that is not tested do not save a spot
    X[:9, 3] = 0
    method = SPARK().fit(sp.csr_matrix(X), coords, seed=0)
    table = method.table_
    assert table["pvalue"].isna().to_numpy().nonzero()[0].tolist() == [3, 5]
    assert table["qvalue"].isna().equals(table["pvalue"].isna())
    assert (table["score"][[3, 5]] < table["score"].drop([3, 5]).min()).all()
    assert np.isfinite(table[["statistic", "score"]]).all(axis=None)
    assert np.isnan(method.extras_["kernel_pvalues"][3]).all()
    rest = np.delete(np.arange(100), np.arange(50, 55))
    genes = np.delete(np.arange(30), [3, 5])
    # floor(0.1 * 95) spots are asked for here, as gene 4 has ten anyway.
    alone = SPARK().fit(sp.csr_matrix(X[np.ix_(rest, genes)]), coords[rest], seed=0).table_
    np.testing.assert_allclose(table.iloc[genes], alone, rtol=1e-9)


def test_faithful_has_the_floor_of_the_package_and_the_exact_tail_has_none():
    rng = np.random.default_rng(7)
    coords = rng.random((300, 2))
    left = coords[:, 0] < 0.5
    X = rng.poisson(10, (300, 30))
    for gene, fold in enumerate((8, 12, 16)):
        X[:, gene] = rng.poisson(np.where(left, 10 * fold, 10))
    exact, faithful = (SPARK(faithful=f).fit(sp.csr_matrix(X), coords, seed=0).table_ for f in (False, True))
    assert (faithful["pvalue"][:3] >= 5.55e-17).all()
    assert exact["pvalue"][:3].nunique() == 3
    assert (exact["pvalue"][:3] < 1e-17).all()
    np.testing.assert_allclose(faithful["pvalue"][3:], exact["pvalue"][3:], atol=1e-15)
    assert faithful["score"].equals(exact["score"])


def test_a_gene_in_proportion_to_the_totals_has_no_pattern():
    rng = np.random.default_rng(8)
    coords = rng.random((60, 2))
    X = sp.csr_matrix(rng.integers(20, 90, 60)[:, None])
    assert SPARK().fit(X, coords, seed=0).table_["pvalue"].tolist() == pytest.approx([0.99])


def test_spots_in_the_same_place_on_a_line_or_in_space():
    X, coords = _counts()
    for places in (
        np.repeat(coords[:20], 4, axis=0),
        np.column_stack([coords[:, 0]] * 2),
        np.c_[coords, coords[::-1, 0]],
    ):
        table = SPARK().fit(sp.csr_matrix(X), places, seed=0).table_
        assert np.isfinite(table.dropna()).all(axis=None)
        assert table["pvalue"].between(0, 1).sum() > 20


def test_what_cannot_be_tested_is_refused():
    X, coords = _counts()
    X = sp.csr_matrix(X)
    with pytest.raises(SkipRunError, match="80 are more than max_spots=79"):
        SPARK(max_spots=79).fit(X, coords, seed=0)
    with pytest.raises(SkipRunError, match=r"2 spot\(s\) with more than 10 counts"):
        SPARK().fit(X[:2], coords[:2], seed=0)
    with pytest.raises(SkipRunError, match=r"0 gene\(s\) in 10% of the spots"):
        SPARK().fit(X * 0, coords, seed=0)
    with pytest.raises(UserError, match="more than one place"):
        SPARK().fit(X, coords * 0, seed=0)
    with pytest.raises(UserError, match=r"'min_spots' parameter of SPARK must be in \[0, 1\]. Got 10 instead"):
        SPARK(min_spots=10).fit(X, coords, seed=0)
    with pytest.raises(UserError, match="finite"):
        SPARK().fit(X, coords * np.nan, seed=0)


@pytest.mark.filterwarnings("error")
def test_totals_that_differ_by_nine_orders_end_in_p_values():
    X, coords = _counts()
    X[:, 0], X[:8, 1] = 10**6 * np.arange(80), [1, 10**9, 1, 1, 1, 1, 1, 10**6]
    for corrected in (False, True):
        table = SPARK(corrected=corrected).fit(sp.csr_matrix(X), coords, seed=0).table_
        assert table["pvalue"].between(0, 1).sum() > 20
        assert np.isfinite(table[["statistic", "score"]]).all(axis=None)


def test_weights_are_inverse_variances_of_the_working_vector():
    np.testing.assert_allclose(weights(np.array([[2.0, 4]]), np.array([0.5])), [[1, 1 / 0.75]], rtol=1e-4)
