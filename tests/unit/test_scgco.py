"""Our scGCO: calibration, what it finds, what must not change it, and bad input."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import false_discovery_control, kstest, multivariate_normal

from scbench.data.prepare import log1p_normalised
from scbench.errors import UserError
from scbench.simulate.spatial import negative_binomial
from scbench.svg.graph import delaunay, delaunay_within, edge_list, space_filling_order
from scbench.svg.moran import MoranI
from scbench.svg.scgco import method as method_module
from scbench.svg.scgco.cut import LADDER, binary_cut, binary_energy
from scbench.svg.scgco.levels import mixture_boundaries, segment_states, smoothest_states
from scbench.svg.scgco.method import SCGCO
from scbench.svg.scgco.scores import winsorised
from scbench.svg.scgco.segments import segments
from scbench.svg.scgco.splitting import deal, held_out_test, smoothest_cut, steps


@pytest.fixture(scope="module")
def tissue():
    adata = negative_binomial(n_spots=400, n_genes=120, patterned=0.1, fold_change=4.0, seed=8)
    return log1p_normalised(adata.layers["counts"], "median"), adata.obsm["spatial"], adata.var["spatial"].to_numpy()


@pytest.fixture(scope="module")
def found(tissue):
    X, coords, _ = tissue
    return SCGCO().fit(X, coords, seed=1)


# --- stages -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_cut_is_the_smallest_of_all_with_the_lowest_energy(seed):
    rng = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(6) for j in range(i)])
    edges = pairs[rng.random(len(pairs)) < 0.5]
    gain, weight = rng.integers(-5, 6, 6), rng.integers(0, 4, len(edges))
    labels = binary_cut(gain, edges, weight)
    every = [(binary_energy(np.array(x), gain, edges, weight), sum(x)) for x in product([0, 1], repeat=6)]
    assert (binary_energy(labels, gain, edges, weight), labels.sum()) == min(every)


def test_without_smoothing_a_cut_is_the_sign_and_with_much_it_is_one_state():
    gain, edges = np.array([3, -1, 2, -5]), np.array([[0, 1], [1, 2], [2, 3]])
    assert binary_cut(gain, edges, 0).tolist() == [True, False, True, False]
    assert not binary_cut(gain, edges, 100).any()


def test_segments_are_connected_and_of_one_label():
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    count, member = segments(np.array([1, 1, 0, 1, 1]), edges)
    assert count == 3
    assert member[0] == member[1] != member[2] != member[3] == member[4] != member[0]


def test_outliers_are_drawn_in_and_samples_have_mean_0():
    values = np.random.default_rng(0).normal(size=(100, 2))
    values[7, 0] = 50
    samples = np.repeat([0, 1], 50)
    scores = winsorised(values, samples)
    assert scores[:50].mean(axis=0) == pytest.approx([0, 0])
    assert scores[50:].mean(axis=0) == pytest.approx([0, 0])
    centred = values - np.repeat([values[:50].mean(axis=0), values[50:].mean(axis=0)], 50, axis=0)
    assert scores[:, 1] == pytest.approx(centred[:, 1])
    assert scores[7, 0] < 16 < centred[7, 0]


@pytest.mark.parametrize("z", [-1.0, 0.0, 2.0])
def test_the_larger_of_two_correlated_variables_has_its_own_distribution(z):
    covariance = [[1, method_module._CORRELATION], [method_module._CORRELATION, 1]]
    below = multivariate_normal.cdf([z, z], cov=covariance)
    found = method_module._larger(np.array([z, z - 1]), np.array([z - 0.5, z]))
    assert ndtr(-found) == pytest.approx([1 - below] * 2, abs=1e-6)


def test_parts_are_dealt_by_share_within_samples_and_steps_never_test_what_they_learned():
    rng = np.random.default_rng(0)
    coords, samples = rng.random((200, 2)), np.repeat([0, 1], [80, 120])
    parts = deal(coords, samples, seed=3)
    assert sorted(np.concatenate(parts)) == list(range(200))
    assert [np.bincount(samples[part]).tolist() for part in parts] == [[40, 60], [20, 30], [20, 30]]
    for step in steps(coords, samples, delaunay_within(coords, samples), parts):
        assert not np.intersect1d(step.learn, step.test).size
        assert (samples[step.learn[step.nearest]] == samples[step.test]).all()
        ends = samples[step.learn[step.edges]]
        assert (ends[:, 0] == ends[:, 1]).all()


def test_the_smoothest_cut_finds_a_half_and_takes_the_largest_factor_that_leaves_two_states():
    rng = np.random.default_rng(0)
    coords = rng.random((500, 2))
    edges = edge_list(delaunay(coords))
    left = coords[:, 0] < 0.5
    factor, high = smoothest_cut(left + rng.normal(0, 0.3, 500), edges)
    assert factor == LADDER[0]
    assert (high == left).mean() > 0.97
    assert smoothest_cut(np.ones(500), edges) is None


def test_the_held_out_test_is_uniform_when_the_tested_spots_are_permuted():
    rng = np.random.default_rng(2)
    coords, samples = rng.random((160, 2)), np.zeros(160, dtype=int)
    step = steps(coords, samples, delaunay(coords), deal(coords, samples, seed=0))[0]
    gene = (coords[:, 0] < 0.5) + rng.normal(0, 0.5, 160)
    scores = np.repeat(gene[:, None], 2000, axis=1)
    scores[step.test] = rng.permuted(scores[step.test], axis=0)
    p, _ = held_out_test(scores, step)
    assert kstest(p, "uniform").pvalue > 0.01
    assert held_out_test(gene[:, None], step)[0][0] < 0.01, "unpermuted, the other spots follow"


def test_mixture_boundaries_lie_between_well_separated_states():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(mean, 0.2, 400) for mean in (0, 2, 5)])
    low, high = mixture_boundaries(values)
    assert 0.7 < low < 1.3
    assert 3 < high < 4
    assert mixture_boundaries(np.ones(5)).size == 0
    assert mixture_boundaries(np.array([0.0, 0, 1])).size == 1


@pytest.mark.parametrize("seed", range(5))
def test_segmentation_into_states_has_the_lowest_energy_of_all(seed):
    rng = np.random.default_rng(seed)
    values = rng.permutation([0.0, 0.1, 2.0, 2.1, 5.0, 5.1])
    edges = np.array([(i, j) for i in range(6) for j in range(i)])[rng.random(15) < 0.4]
    bounds, factor = mixture_boundaries(values), 0.4
    scale = 1000 / values.std()

    def energy(states):
        gained = sum(np.rint((values - m) * scale)[states > t].sum() for t, m in enumerate(bounds))
        return np.abs(states[edges[:, 0]] - states[edges[:, 1]]).sum() * round(factor * 1000) - gained

    states = segment_states(values, bounds, edges, factor).astype(int)
    every = product(range(len(bounds) + 1), repeat=6)
    assert energy(states) == pytest.approx(min(energy(np.array(x)) for x in every))


def test_a_faint_pattern_is_cut_less_smoothly_until_it_shows():
    rng = np.random.default_rng(0)
    coords = rng.random((300, 2))
    edges = edge_list(delaunay(coords))
    inside = np.hypot(*(coords - 0.5).T) < 0.25
    states = smoothest_states(inside + rng.normal(0, 0.8, 300), edges)
    assert len(np.unique(states)) >= 2
    assert states[inside].mean() > states[~inside].mean() + 0.2
    assert not smoothest_states(np.ones(300), edges).any()


def test_the_space_filling_order_keeps_near_spots_near():
    coords = np.random.default_rng(0).random((4000, 2))
    order = space_filling_order(coords)
    assert sorted(order) == list(range(4000))
    steps_between = np.linalg.norm(np.diff(coords[order], axis=0), axis=1)
    assert steps_between.mean() < 0.1 * np.linalg.norm(np.diff(coords, axis=0), axis=1).mean()


# --- the method ---------------------------------------------------------------------------------------------------


def test_p_values_of_permuted_values_are_uniform():
    rng = np.random.default_rng(5)
    gene = np.log1p(rng.negative_binomial(3, 0.3, 120))
    X = rng.permuted(np.repeat(gene[:, None], 10_000, axis=1), axis=0)
    p = SCGCO().fit(sp.csr_matrix(X), rng.random((120, 2)), seed=0).table_["pvalue"].to_numpy()
    assert kstest(p, "uniform").pvalue > 0.01
    assert (false_discovery_control(p) <= 0.05).sum() == 0


def test_large_patterns_are_found_as_often_as_by_morans_i(tissue, found):
    X, coords, truth = tissue
    calls = {}
    for name, table in (("scgco", found.table_), ("moran", MoranI().fit(X, coords, seed=0).table_)):
        calls[name] = false_discovery_control(table["pvalue"]) <= 0.05
    assert (calls["scgco"] & truth).sum() >= (calls["moran"] & truth).sum() > 0


def test_false_discoveries_are_about_as_many_as_asked_for():
    """A share of .05 x .9 is nominal; over eight sets its standard error is near .015."""
    shares = []
    for seed in range(8):
        adata = negative_binomial(n_spots=300, n_genes=300, patterned=0.1, fold_change=4.0, seed=50 + seed)
        X = log1p_normalised(adata.layers["counts"], "median")
        p = SCGCO().fit(X, adata.obsm["spatial"], seed=seed).table_["pvalue"]
        called, truth = false_discovery_control(p) <= 0.05, adata.var["spatial"].to_numpy()
        shares.append((called & ~truth).sum() / max(1, called.sum()))
    assert np.mean(shares) < 0.1


def test_segments_of_a_half_are_its_halves(tissue):
    _, coords, _ = tissue
    left = coords[:, 0] < 0.5
    X = sp.csr_matrix((3.0 * left + np.random.default_rng(0).random(len(coords)))[:, None])
    method = SCGCO().fit(X, coords, seed=0)
    assert method.extras_["segment_genes"].tolist() == [0]
    states = method.extras_["segment_labels"][0]
    assert ((states == states.max()) == left).mean() > 0.97
    assert method.extras_["smooth_factor"][0] in LADDER


def _agree(table, other):
    assert other["pvalue"].to_numpy() == pytest.approx(table["pvalue"].to_numpy(), abs=1e-6)


def test_rotation_scale_and_shift_of_the_tissue_change_nothing(tissue, found):
    X, coords, _ = tissue
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    _agree(found.table_, SCGCO().fit(X, 250 * coords @ turn + 17, seed=1).table_)


def test_the_order_of_spots_and_genes_changes_nothing(tissue, found):
    X, coords, _ = tissue
    rng = np.random.default_rng(0)
    spots, genes = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    other = SCGCO().fit(X[spots][:, genes], coords[spots], seed=1)
    _agree(found.table_.iloc[genes], other.table_)
    labels = zip(other.extras_["segment_genes"], other.extras_["segment_labels"], strict=True)
    kept = {int(genes[gene]): row for gene, row in labels}
    assert set(kept) == set(found.extras_["segment_genes"].tolist())
    for gene, row in zip(found.extras_["segment_genes"], found.extras_["segment_labels"], strict=True):
        assert (kept[gene] == row[spots]).mean() > 0.99


def test_processes_share_the_genes_without_changing_the_result(tissue, found, monkeypatch):
    X, coords, _ = tissue
    monkeypatch.setattr("scbench.svg.scgco.method._BLOCK_BYTES", 8 * 400 * 30)
    _agree(found.table_, SCGCO(threads=2).fit(X, coords, seed=1).table_)


def test_another_seed_draws_other_parts(tissue, found):
    X, coords, _ = tissue
    assert not np.allclose(SCGCO().fit(X, coords, seed=2).table_["pvalue"], found.table_["pvalue"])


def test_samples_are_apart_even_where_they_overlap(tissue):
    _, coords, _ = tissue
    rng = np.random.default_rng(0)
    both = np.concatenate([coords, coords])
    samples = np.repeat(["field 1", "field 2"], len(coords)).astype(object)
    level = 5.0 * (samples == "field 2")
    noise = rng.random((len(both), 300))
    noise[:, 0] += np.tile(coords[:, 0] < 0.5, 2)
    p = SCGCO().fit(sp.csr_matrix(noise + level[:, None]), both, seed=0, samples=samples).table_["pvalue"].to_numpy()
    assert p[0] < 1e-6
    assert kstest(p[1:], "uniform").pvalue > 0.01, "the level of a sample is no pattern"


def test_cells_in_space_have_neighbours_above_and_below():
    rng = np.random.default_rng(0)
    coords = rng.random((500, 3))
    top = coords[:, 2] > 0.5
    X = sp.csr_matrix(np.column_stack([top + rng.random(500), rng.random(500)]))
    p = SCGCO().fit(X, coords, seed=0).table_["pvalue"]
    assert p[0] < 1e-6 < p[1]


def test_a_gene_in_few_spots_has_morans_test_alone():
    rng = np.random.default_rng(0)
    coords = rng.random((300, 2))
    X = np.zeros((300, 2))
    X[np.argsort(np.hypot(*coords.T))[:12], 0] = 1 + rng.random(12)
    X[rng.permutation(300)[:12], 1] = 1
    method = SCGCO().fit(sp.csr_matrix(X), coords, seed=0)
    assert np.isnan(method.extras_["smooth_factor"]).all()
    p = method.table_["pvalue"]
    assert p[0] < 1e-6 < 0.01 < p[1]


# --- degenerate input ---------------------------------------------------------------------------------------------


def _columns(n):
    """A constant, two values, one spot, nothing."""
    X = np.zeros((n, 4))
    X[:, 0], X[: n // 2, 1], X[0, 2] = 1, 1, 1
    return sp.csr_matrix(X)


@pytest.mark.parametrize("n", [6, 20, 31, 32, 80])
def test_odd_genes_have_a_p_value_at_any_size(n):
    table = SCGCO().fit(_columns(n), np.random.default_rng(n).random((n, 2)), seed=0).table_
    assert table["pvalue"].between(0, 1).all()
    assert np.isfinite(table["score"]).all()
    assert table["pvalue"][0] == table["pvalue"][3] == 1
    assert table["score"][[0, 3]].max() < table["score"][[1, 2]].min()


def test_spots_in_the_same_place_are_neighbours():
    coords = np.random.default_rng(0).random((60, 2))
    coords[30:] = coords[:30]
    graph = delaunay(coords)
    assert graph[np.arange(30), np.arange(30, 60)].sum() == 30
    assert (graph != graph.T).nnz == 0
    assert SCGCO().fit(_columns(60), coords, seed=0).table_["pvalue"].between(0, 1).all()


def test_spots_on_a_line_are_an_error():
    with pytest.raises(UserError, match="do they all lie on one line"):
        SCGCO().fit(_columns(40), np.column_stack([np.arange(40), np.arange(40)]), seed=0)


def test_too_few_spots_are_an_error_that_names_the_sample():
    with pytest.raises(UserError, match=r"at least 6 spots\. Got 5"):
        SCGCO().fit(_columns(5), np.random.default_rng(0).random((5, 2)), seed=0)
    samples = np.array(["a"] * 20 + ["b"] * 3, dtype=object)
    with pytest.raises(UserError, match=r"in each sample; .b. is too small\. Got 3"):
        SCGCO().fit(_columns(23), np.random.default_rng(0).random((23, 2)), seed=0, samples=samples)


def test_positions_that_are_not_finite_are_an_error():
    coords = np.random.default_rng(0).random((40, 2))
    coords[3, 1] = np.nan
    with pytest.raises(UserError, match="spot 3"):
        SCGCO().fit(_columns(40), coords, seed=0)
