import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats as st

from scbench.errors import UserError
from scbench.svg.graph import delaunay, nearest_neighbours
from scbench.svg.moran import MoranI


def _dense_reference(values, W):
    """Moran's I and its two null variances, written out with dense sums (Cliff and Ord 1981)."""
    n, s0 = len(values), W.sum()
    z = values - values.mean()
    statistic = n / s0 * sum(W[i, j] * z[i] * z[j] for i in range(n) for j in range(n)) / (z**2).sum()
    s1 = ((W + W.T) ** 2).sum() / 2
    s2 = ((W.sum(0) + W.sum(1)) ** 2).sum()
    b2 = n * (z**4).sum() / (z**2).sum() ** 2
    normality = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1)) - 1 / (n - 1) ** 2
    randomisation = (
        n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - b2 * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    ) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2
    return statistic, {"normality": normality, "randomisation": randomisation}


@pytest.mark.parametrize("null", ["normality", "randomisation"])
@pytest.mark.parametrize("graph", ["neighbours", "delaunay"])
def test_agrees_with_the_formulas_written_out(null, graph):
    rng = np.random.default_rng(0)
    coords, X = rng.random((40, 2)), rng.gamma(1, size=(40, 5)) * (rng.random((40, 5)) < 0.5)
    W = (delaunay(coords) if graph == "delaunay" else nearest_neighbours(coords, 6)).toarray()
    table = MoranI(graph=graph, null=null).fit(sp.csr_matrix(X), coords, seed=0).table_
    for gene in range(5):
        statistic, variance = _dense_reference(X[:, gene], W)
        z = (statistic + 1 / 39) / np.sqrt(variance[null])
        np.testing.assert_allclose(table.loc[gene], [statistic, st.norm.sf(z), z], rtol=1e-10)


def test_mean_and_variance_are_those_over_all_orders():
    """The randomisation null, against enumeration of many random orders of the values."""
    rng = np.random.default_rng(1)
    coords, values = rng.random((30, 2)), rng.exponential(size=30)
    X = sp.csr_matrix(np.column_stack([rng.permutation(values) for _ in range(20000)]))
    table = MoranI().fit(X, coords, seed=0).table_
    assert table["score"].mean() == pytest.approx(0, abs=0.03)
    assert table["score"].std() == pytest.approx(1, abs=0.03)


def test_null_p_values_are_calibrated_where_it_matters():
    rng = np.random.default_rng(2)
    X = sp.csr_matrix(np.log1p(rng.negative_binomial(2, 0.5, (900, 5000))))
    p = MoranI().fit(X, rng.random((900, 2)), seed=0).table_["pvalue"]
    assert st.kstest(p, "uniform").pvalue > 0.001
    assert 0.035 < (p < 0.05).mean() < 0.065


def test_finds_a_pattern_and_ranks_it_first():
    rng = np.random.default_rng(3)
    coords = rng.random((400, 2))
    X = rng.random((400, 50))
    X[:, 7] += coords[:, 0] < 0.5
    table = MoranI().fit(sp.csr_matrix(X), coords, seed=0).table_
    assert table["score"].idxmax() == 7
    assert table.loc[7, "pvalue"] < 1e-20


def test_nothing_depends_on_rotation_scale_shift_or_order():
    rng = np.random.default_rng(4)
    coords, X = rng.random((200, 2)), sp.random(200, 20, 0.3, "csr", rng=rng)
    table = MoranI().fit(X, coords, seed=0).table_
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = MoranI().fit(X, coords @ turn * 100 + 7, seed=0).table_
    np.testing.assert_allclose(moved, table, rtol=1e-9)
    spots, genes = rng.permutation(200), rng.permutation(20)
    shuffled = MoranI().fit(X[spots][:, genes], coords[spots], seed=0).table_
    np.testing.assert_allclose(shuffled, table.iloc[genes], rtol=1e-9)


def test_blocks_of_genes_do_not_matter(monkeypatch):
    rng = np.random.default_rng(5)
    coords, X = rng.random((50, 2)), sp.random(50, 23, 0.3, "csr", rng=rng)
    table = MoranI().fit(X, coords, seed=0).table_
    monkeypatch.setattr("scbench.svg.autocorrelation._BLOCK_BYTES", 8 * 50 * 4)
    np.testing.assert_array_equal(MoranI().fit(X, coords, seed=0).table_, table)


def test_constant_genes_have_p_1_and_come_last():
    rng = np.random.default_rng(6)
    X = sp.csr_matrix(np.column_stack([np.zeros(50), np.ones(50), rng.random((50, 5))]))
    table = MoranI().fit(X, rng.random((50, 2)), seed=0).table_
    assert table["pvalue"][:2].tolist() == [1, 1]
    assert table["score"][:2].max() < table["score"][2:].min()
    assert np.isfinite(table).all(axis=None)


def test_spots_in_the_same_place_are_neighbours():
    coords = np.repeat(np.random.default_rng(7).random((20, 2)), 10, axis=0)
    graph = nearest_neighbours(coords, 6)
    assert (graph.sum(axis=1) == 6).all()
    assert graph.diagonal().sum() == 0
    place = np.repeat(np.arange(20), 10)
    rows, columns = graph.nonzero()
    assert (place[rows] == place[columns]).all()


def test_three_dimensions_work():
    rng = np.random.default_rng(8)
    coords = rng.random((300, 3))
    X = sp.csr_matrix(np.column_stack([coords[:, 2] + rng.random(300), rng.random(300)]))
    p = MoranI(graph="delaunay").fit(X, coords, seed=0).table_["pvalue"]
    assert p[0] < 1e-10


@pytest.mark.parametrize(
    ("coords", "message"),
    [
        (np.zeros((9, 2)), r"must be \(10, 2\) or \(10, 3\). Got \(9, 2\)"),
        (np.zeros((10, 1)), r"Got \(10, 1\)"),
        (np.vstack([np.zeros((9, 2)), [[np.nan, 0]]]), r"finite. Got \[nan +0.\] for spot 9"),
    ],
)
def test_bad_coordinates(coords, message):
    with pytest.raises(UserError, match=message):
        MoranI().fit(sp.csr_matrix(np.ones((10, 2))), coords, seed=0)


def test_bad_parameters_and_too_few_spots():
    X, coords = sp.csr_matrix(np.eye(10)), np.random.default_rng(0).random((10, 2))
    with pytest.raises(UserError, match=r"The 'graph' parameter of MoranI is unknown. Got 'delauney' .* 'delaunay'"):
        MoranI(graph="delauney").fit(X, coords, seed=0)
    with pytest.raises(UserError, match=r"at least 4 spots\. Got 3"):
        MoranI().fit(X[:3], coords[:3], seed=0)


def test_spots_on_a_line_have_no_triangulation_but_have_neighbours():
    line = np.column_stack([np.arange(20.0), np.arange(20.0)])
    X = sp.csr_matrix(np.random.default_rng(0).random((20, 3)))
    with pytest.raises(UserError, match="all lie on one line"):
        MoranI(graph="delaunay").fit(X, line, seed=0)
    assert np.isfinite(MoranI().fit(X, line, seed=0).table_).all(axis=None)
