import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import false_discovery_control

from scbench.errors import SkipRunError, UserError
from scbench.svg.trendsceek.curves import STATISTICS, MarkCurves, _isotropic
from scbench.svg.trendsceek.envelope import envelope, permutation_test
from scbench.svg.trendsceek.method import TrendSceek
from scbench.svg.trendsceek.variable import most_variable


def _by_definition(coords, marks, radii):
    """The four curves from every ordered pair, without bins."""
    i, j = np.nonzero(~np.eye(len(coords), dtype=bool))
    d = np.hypot(*(coords[i] - coords[j]).T)
    i, j, d = (a[d <= radii[-1]] for a in (i, j, d))
    w = _isotropic(coords, i, d)
    spread, quartiles = d.std(ddof=1), np.quantile(d, [0.25, 0.75])
    h = 0.9 * min(spread, np.ptp(quartiles) / 1.34) * len(d) ** -0.2
    kernel = np.exp(-(((radii[:, None] - d) / h) ** 2) / 2) * w

    def smooth(values):
        return kernel @ values / kernel.sum(axis=1)

    mi, mj = marks[i], marks[j]
    mean = smooth(mi)
    return np.array([mean, smooth(mi * mj) / marks.mean() ** 2, smooth((mi - mj) ** 2 / 2), smooth(mi**2) - mean**2])


@pytest.mark.parametrize("n", [60, 300, 1000])
def test_binned_curves_are_those_of_the_definition(n):
    rng = np.random.default_rng(0)
    coords = rng.random((n, 2)) * [3, 2]
    marks = np.log10(1 + rng.negative_binomial(1, 0.3, (n, 2)))
    curves = MarkCurves(coords)
    assert curves.radii[-1] == pytest.approx(
        min(0.5, np.sqrt(1000 * np.prod(np.ptp(coords, axis=0)) / np.pi / n)), 0.01
    )
    found = curves(marks)
    for gene in range(2):
        expected = _by_definition(coords, marks[:, gene], curves.radii[::8])
        error = np.abs(found[:, ::8, gene] - expected).max(axis=1) / np.abs(expected).max(axis=1)
        assert (error < [1e-4, 3e-4, 3e-4, 3e-4]).all()


@settings(max_examples=30, deadline=None)
@given(some.tuples(some.floats(0, 3), some.floats(0, 2)), some.floats(0.01, 1))
def test_weights_are_shares_of_circles(spot, radius):
    coords = np.array([[0, 0], [3, 2], spot])
    turn = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    circle = coords[2] + radius * np.column_stack([np.cos(turn), np.sin(turn)])
    share = ((circle > 0) & (circle < [3, 2])).all(axis=1).mean()
    assert _isotropic(coords, np.array([2]), np.array([radius]))[0] == pytest.approx(1 / share, rel=1e-3)


def test_weights_at_the_corner_and_at_no_distance():
    coords = np.array([[0.0, 0], [3, 2]])
    np.testing.assert_allclose(_isotropic(coords, np.array([0, 1, 0]), np.array([1, 1, 0.0])), [4, 4, 1])


def test_sets_of_marks_and_blocks_of_pairs_do_not_matter(monkeypatch):
    rng = np.random.default_rng(1)
    coords, marks = rng.random((90, 2)), rng.random((90, 7))
    curves = MarkCurves(coords)
    together = curves(marks)
    monkeypatch.setattr("scbench.svg.trendsceek.curves._PRODUCT_BYTES", 8 * 100)
    np.testing.assert_allclose(together[:, :, 3:4], curves(marks[:, 3:4]), rtol=1e-11)


def _released_pvalue(observed, null):
    """One statistic of one gene as the package computes it: (radii,) observed and (radii, permutations) null."""
    mean = null.mean(axis=1)
    worst = np.sort(np.abs(null - mean[:, None]), axis=1).max(axis=0)
    return min((1 + (worst >= d).sum()) / (null.shape[1] + 1) for d in np.abs(observed - mean))


@settings(max_examples=50, deadline=None)
@given(seed=some.integers(0, 2**31), strength=some.floats(0, 3))
def test_envelope_is_that_of_the_package(seed, strength):
    rng = np.random.default_rng(seed)
    scale = rng.exponential(size=(4, 9, 1, 3)) + 0.1
    null, observed = rng.standard_normal((4, 9, 30, 3)) * scale, rng.standard_normal((4, 9, 3)) * strength
    found, deviation = envelope(observed, null.copy())
    for statistic, gene in np.ndindex(4, 3):
        one = observed[statistic, :, gene], null[statistic, :, :, gene]
        assert found[statistic, gene] == pytest.approx(_released_pvalue(*one))
        mean = one[1].mean(axis=1)
        expected = np.abs(one[0] - mean).max() / np.abs(one[1] - mean[:, None]).max()
        assert deviation[statistic, gene] == pytest.approx(expected)


def test_stopping_early_changes_large_p_values_only():
    rng = np.random.default_rng(2)
    coords = rng.random((60, 2))
    marks = rng.random((60, 30)) + np.linspace(0, 1, 30) * (coords[:, :1] < 0.5)
    permutations = rng.permuted(np.tile(np.arange(60), (300, 1)), axis=1)
    curves = MarkCurves(coords)
    whole, _ = permutation_test(curves, marks, permutations)
    early, _ = permutation_test(curves, marks, permutations, 0.2)
    first, _ = permutation_test(curves, marks, permutations[:10])
    second, _ = permutation_test(curves, marks, permutations[:100])
    expected = np.where(first > 0.5, first, np.where(second > 0.2, second, whole))
    np.testing.assert_array_equal(early, expected)
    stopped = [(first > 0.5).sum(), ((first <= 0.5) & (second > 0.2)).sum(), (early == whole).sum()]
    assert min(stopped) >= 5


@pytest.fixture(scope="module")
def tissue():
    """Counts of 300 spots on a lattice with a patterned gene 7, gene 3 empty and gene 4 the same everywhere.

    Where spots lie anywhere the method sees little, because of the few pairs at the least distances.
    """
    rng = np.random.default_rng(3)
    coords, counts = np.column_stack(np.divmod(np.arange(300), 15)) / 10, rng.poisson(8, (300, 40))
    counts[:, 7] += rng.poisson(16, 300) * (coords[:, 0] < 1)
    counts[:, 3], counts[:, 4] = 0, 5
    return sp.csr_matrix(counts), coords


def test_finds_a_pattern_and_gives_the_authors_rule(tissue):
    X, coords = tissue
    method = TrendSceek(n_permutations=199).fit(X, coords, seed=0)
    table, p = method.table_, method.extras_["pvalues"]
    assert tuple(method.extras_["statistics"]) == STATISTICS
    assert table["score"].idxmax() == 7
    assert table.loc[7, "pvalue"] == pytest.approx(4 / 200)
    np.testing.assert_allclose(table["pvalue"], np.minimum(4 * p.min(axis=1), 1))
    np.testing.assert_allclose(table["qvalue"], false_discovery_control(p, axis=0).min(axis=1))
    by_p = table.assign(p=p.min(axis=1)).sort_values(["p", "statistic"], ascending=[False, True])
    assert by_p["score"].is_monotonic_increasing
    assert table.loc[[3, 4], ["statistic", "pvalue", "score"]].to_numpy().tolist() == [[0, 1, 0], [0, 1, 0]]
    assert np.isfinite(table).all(axis=None)


def test_order_of_spots_and_genes_and_blocks_do_not_matter(tissue, monkeypatch):
    X, coords = tissue
    table = TrendSceek(n_permutations=50).fit(X, coords, seed=0).table_
    rng = np.random.default_rng(4)
    spots, genes = rng.permutation(300), rng.permutation(40)
    monkeypatch.setattr("scbench.svg.trendsceek.method._BLOCK_BYTES", 8 * 300 * 3)
    shuffled = TrendSceek(n_permutations=50).fit(X[spots][:, genes], coords[spots], seed=0).table_
    np.testing.assert_allclose(shuffled, table.iloc[genes], rtol=1e-8)
    turned = TrendSceek(n_permutations=50).fit(X, coords * 100 - 7, seed=0).table_
    np.testing.assert_allclose(turned["pvalue"], table["pvalue"], atol=2 / 51)


def test_null_p_values_are_not_too_small():
    rng = np.random.default_rng(5)
    counts = sp.csr_matrix(rng.negative_binomial(1, 0.3, (100, 300)))
    method = TrendSceek(n_permutations=99).fit(counts, rng.random((100, 2)), seed=0)
    assert ((method.extras_["pvalues"] <= 0.05).mean(axis=0) < 0.09).all()
    assert (method.table_["pvalue"] <= 0.05).mean() < 0.07
    assert not (method.table_["qvalue"] <= 0.05).any()


def test_the_published_choice_of_genes():
    """Forty genes whose noise follows their mean, ten with more of it, and two that are hardly seen."""
    rng = np.random.default_rng(6)
    mean = np.r_[np.geomspace(5, 200, 40), np.geomspace(10, 100, 10)]
    size = np.r_[np.full(40, 4.0), np.full(10, 0.5)]
    counts = rng.negative_binomial(size, size / (size + mean), (300, 50))
    rare = np.zeros((300, 2))
    rare[:2], rare[2:50] = 500, 5  # many counts, but more than 5 in two spots only
    counts = sp.csr_matrix(np.hstack([counts, rare]))
    assert np.flatnonzero(most_variable(counts, counts.astype(float), 10)).tolist() == list(range(40, 50))
    assert np.flatnonzero(most_variable(counts, counts.astype(float), 60)).tolist() == list(range(50))
    table = TrendSceek(n_permutations=20, n_variable=10).fit(counts, rng.random((300, 2)), seed=0).table_
    assert np.flatnonzero(table["pvalue"].notna()).tolist() == np.flatnonzero(table["qvalue"].notna()).tolist()
    assert table["pvalue"].notna().sum() == 10
    assert table.loc[table["pvalue"].isna(), "score"].max() < table.loc[table["pvalue"].notna(), "score"].min()
    assert np.isfinite(table["score"]).all()


@pytest.mark.parametrize(
    ("coords", "reason"),
    [
        (np.random.default_rng(0).random((30, 3)), "in the plane. Got coordinates in 3 dimensions"),
        (np.random.default_rng(0).random((31, 2)), "at most 30 spots. Got 31"),
        (np.column_stack([np.arange(30.0), np.zeros(30)]), "none among the 30 spots"),
        (np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), "none among the 4 spots"),
    ],
)
def test_where_it_does_not_apply(coords, reason):
    X = sp.csr_matrix(np.eye(len(coords), dtype=int))
    with pytest.raises(SkipRunError, match=reason):
        TrendSceek(max_spots=30).fit(X, coords, seed=0)


def test_distances_without_pairs_are_left_out(tissue):
    X, coords = tissue
    curves = MarkCurves(coords)
    assert 0.03 < curves.radii[0] < 0.1, "the lattice has a step of 0.1"
    assert np.isfinite(curves(np.log1p(X[:, 5:9].toarray()))).all()


def test_bad_parameter():
    with pytest.raises(UserError, match=r"'n_permutations' parameter must be at least 1\. Got 0"):
        TrendSceek(n_permutations=0).fit(sp.csr_matrix(np.eye(9)), np.random.default_rng(0).random((9, 2)), seed=0)


def test_many_spots_in_one_place():
    coords = np.repeat(np.random.default_rng(8).random((12, 2)), 10, axis=0)
    X = sp.csr_matrix(np.random.default_rng(9).poisson(3, (120, 5)))
    assert np.isfinite(TrendSceek(n_permutations=20).fit(X, coords, seed=0).table_).all(axis=None)
