"""Structure of a tissue from called genes: smoothing, clusters, matching and distances, by hand and by brute force."""

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import directed_hausdorff
from scipy.stats import ks_2samp

from scbench.io import Prepared
from scbench.svg.structure.calls import COMMON, gene_sets
from scbench.svg.structure.clusters import cluster
from scbench.svg.structure.components import components
from scbench.svg.structure.distances import compare, distances, passing
from scbench.svg.structure.reconstruct import choose_k, layers_of, match, rebuild
from scbench.svg.structure.released import cut_clusters, rebuild_released
from scbench.svg.structure.smoothing import neighbours, smooth_labels
from scbench.svg.structure.states import split_in_two, states
from scbench.svg.structure.study import compare_sets, examples, structures
from scbench.svg.structure.trends import dealt, morans_i, trends
from scbench.svg.structure.voronoi import boundaries, cells


def tissue(side=12, n_genes=40, layers=3, noise=0.3, seed=0):
    """Lattice in equal layers. Genes 0, 1, 2, ... are high in layers 0, 1, 2, 0, ...; the last ten are high nowhere."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    coords = np.column_stack([x.ravel(), y.ravel()]) + 0.05 * rng.standard_normal((side * side, 2))
    layer = y.ravel() * layers // side
    X = noise * rng.standard_normal((side * side, n_genes)) + 2
    for gene in range(n_genes - 10):
        X[:, gene] += layer == gene % layers
    labels = np.array(["a", "b", "c", "d"], dtype=object)[layer]
    genes = np.array([f"g{place}" for place in range(n_genes)])
    cells_ = np.array([f"c{place}" for place in range(len(coords))])
    return Prepared(sp.csr_matrix(X.astype(np.float32)), cells_, genes, labels=labels, coords=coords)


# --- smoothing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_smoothing_finds_the_lowest_energy_of_small_problems(seed):
    """It need not where there are three labels, but on problems this small it does."""
    rng = np.random.default_rng(seed)
    k = 2 + seed % 2
    pairs, cost, smooth = neighbours(rng.random((7, 2))), rng.random((7, k)), 0.5 * rng.random()

    def energy(labels):
        labels = np.array(labels)
        return cost[np.arange(7), labels].sum() + smooth * (labels[pairs[:, 0]] != labels[pairs[:, 1]]).sum()

    lowest = min(map(energy, itertools.product(range(k), repeat=7)))
    assert energy(smooth_labels(cost, pairs, smooth)) == pytest.approx(lowest, abs=0.02)


def test_neighbours_stay_within_samples_and_do_not_span_holes():
    rng = np.random.default_rng(0)
    coords = rng.random((60, 2))
    samples = np.repeat(["a", "b"], 30)
    pairs = neighbours(coords, samples)
    assert (samples[pairs[:, 0]] == samples[pairs[:, 1]]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    x, y = np.meshgrid(np.arange(5.0), np.arange(5.0))
    lattice = np.column_stack([x.ravel(), y.ravel()])
    apart = np.concatenate([lattice, lattice + np.array([20, 0])]) + 1e-3 * rng.random((50, 2))
    pairs = neighbours(apart)
    assert ((pairs < 25).sum(axis=1) != 1).all()


# --- high and low spots -----------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5, 4.0, 9.0]), min_size=2, max_size=12))
def test_the_split_is_the_best_of_all(values):
    values = np.array(values)
    low, high = (float(mean[0]) for mean in split_in_two(values[:, None]))
    thresholds = np.unique(values)[:-1]
    if not len(thresholds):
        assert low == high == values[0]
        return

    def between(threshold):
        below = values <= threshold
        return below.mean() * (~below).mean() * (values[~below].mean() - values[below].mean()) ** 2

    best = max(between(threshold) for threshold in thresholds)
    found = [
        t
        for t in thresholds
        if np.isclose(values[values <= t].mean(), low) and np.isclose(values[values > t].mean(), high)
    ]
    assert found
    assert between(found[0]) == pytest.approx(best)


def test_states_follow_the_pattern_and_smooth_single_spots_away():
    data = tissue()
    pairs, top = neighbours(data.coords), (data.labels == "a").astype(float)
    degree = np.bincount(pairs.ravel())
    odd = np.flatnonzero(degree == 6)[[0, -1]]  # six neighbours outweigh a spot
    values = top.copy()
    values[odd] = 1 - values[odd]
    X = sp.csc_matrix(np.column_stack([top, values]))
    np.testing.assert_array_equal(states(X, np.array([0, 1]), pairs), [top, top])
    np.testing.assert_array_equal(states(X, np.array([1]), pairs, smooth=0), [values])
    np.testing.assert_array_equal(states(X, np.array([0]), pairs, smooth=10), [0 * top])


def test_states_of_constant_and_shuffled_genes(monkeypatch):
    data = tissue()
    X, pairs = data.X.toarray(), neighbours(data.coords)
    X[:, 3] = 1.5
    X = sp.csc_matrix(X)
    assert not states(X, np.array([3]), pairs).any()
    genes = np.arange(10)
    whole = states(X, genes, pairs)
    monkeypatch.setattr("scbench.svg.structure.states._BLOCK_BYTES", 8 * 144 * 3)
    np.testing.assert_array_equal(states(X, genes, pairs), whole)
    dealt = states(X, genes, pairs, smooth=0, shuffle=np.random.default_rng(0))
    np.testing.assert_array_equal(dealt.sum(axis=1), states(X, genes, pairs, smooth=0).sum(axis=1))
    assert (dealt[0] != whole[0]).any()


# --- structure --------------------------------------------------------------------------------------------------------


def test_components_are_those_of_the_dense_standardised_values():
    data = tissue()
    genes = np.arange(5, 35)
    found = components(data.X.tocsc(), genes, n=4, seed=0)
    Z = data.X[:, genes].toarray().astype(float)
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    values = np.linalg.svd(Z, compute_uv=False)[:4]
    np.testing.assert_allclose(np.linalg.norm(found.spots, axis=0), values, rtol=1e-6)
    correlation = np.corrcoef(Z.T, found.spots.T)[:30, 30:]
    np.testing.assert_allclose(found.genes, correlation, atol=1e-6)


@pytest.mark.parametrize("n_genes", [0, 1, 3, 10])
def test_components_of_few_genes(n_genes):
    data = tissue()
    X = data.X.toarray()
    X[:, 0] = 1
    found = components(sp.csc_matrix(X), np.arange(n_genes))
    varying = max(n_genes - 1, 0)
    assert found.spots.shape == (144, varying)
    assert found.genes.shape == (varying, varying)
    assert found.kept.tolist() == list(range(1, n_genes))


def test_the_layers_of_a_toy_tissue_are_recovered():
    data = tissue()
    pairs = neighbours(data.coords)
    names, layers = layers_of(data.labels)
    found, measures = match(rebuild(data.X.tocsc(), np.arange(30), pairs, k=3, seed=0), layers)
    np.testing.assert_array_equal(found, layers)
    assert set(measures.values()) == {1.0}
    assert names.tolist() == ["a", "b", "c"]


def test_smoothing_mends_what_noise_does_to_the_clusters():
    data = tissue(noise=2.0, seed=1)
    pairs, layers = neighbours(data.coords), layers_of(data.labels)[1]
    rough, smooth = (
        match(rebuild(data.X.tocsc(), np.arange(30), pairs, k=3, seed=0, smooth=weight), layers)[1]["accuracy"]
        for weight in (0.0, 0.1)
    )
    assert rough < 0.99
    assert smooth > rough


def test_a_set_without_varying_genes_has_no_structure():
    data = tissue()
    found = rebuild(data.X.tocsc(), np.array([], dtype=int), neighbours(data.coords), k=3, seed=0)
    assert (found == -1).all()


def test_clusters_of_fewer_distinct_spots_than_asked_for():
    X = sp.csc_matrix(np.repeat([[0.0], [1.0]], 20, axis=0))
    coords = np.random.default_rng(0).random((40, 2))
    assert set(rebuild(X, np.array([0]), neighbours(coords), k=5, seed=0)) <= {0, 1}


def test_the_number_of_clusters_is_found():
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    assert choose_k(np.concatenate([centre + rng.standard_normal((20, 2)) for centre in centres]), seed=0) == 4


def test_matching_by_hand():
    reference = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, -1])
    found = np.array([5, 5, 5, 3, 3, 3, 0, 0, 5, 1])
    # Cluster 5 is layer 0 (3 spots), 3 is layer 1 (2 spots), 0 is layer 2 (1 spot); spot 9 does not count.
    renumbered, measures = match(found, reference)
    assert renumbered[:9].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 0]
    assert renumbered[9] > 2
    assert measures["accuracy"] == pytest.approx(6 / 9)
    assert measures["precision"] == pytest.approx((3 / 4 + 2 / 3 + 1 / 2) / 3)
    assert measures["sensitivity"] == pytest.approx((3 / 4 + 2 / 3 + 1 / 2) / 3)
    assert measures["f1"] == pytest.approx((3 / 4 + 2 / 3 + 1 / 2) / 3)


def test_one_cluster_and_many_clusters_do_not_win():
    reference = np.repeat([0, 1, 2], 10)
    _, one = match(np.zeros(30, dtype=int), reference)
    assert one == pytest.approx({"accuracy": 1 / 3, "precision": 1 / 9, "sensitivity": 1 / 3, "f1": 1 / 6, "ari": 0})
    renumbered, many = match(np.arange(30), reference)
    assert many["accuracy"] == pytest.approx(3 / 30)
    assert len(set(renumbered)) == 30


@given(st.permutations(range(4)))
def test_names_of_clusters_do_not_matter(names):
    reference = np.repeat([0, 1, 2, 3], 5)
    renumbered, measures = match(np.array(names)[reference], reference)
    np.testing.assert_array_equal(renumbered, reference)
    assert measures["accuracy"] == 1


# --- distances --------------------------------------------------------------------------------------------------------


def test_distances_by_hand():
    coords = np.column_stack([np.arange(10.0), np.zeros(10)])
    layers = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, -1])
    genes = np.array(
        [
            [1, 1, 1, 0, 0, 0, 0, 0, 0, 1],  # segment 0-2, layer 0: 3 in both, 4 in either
            [0, 0, 0, 0, 0, 0, 0, 1, 1, 0],  # segment 7-8, layer 1: 2 in both, 5 in either
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],  # nothing within the layers
            [0, 1, 1, 0, 0, 0, 0, 2, 2, 0],  # two segments: 1-2 in layer 0, 7-8 in layer 1
        ]
    )
    found = distances(genes, layers, coords, spacing=2.0, a=10.0)
    np.testing.assert_allclose(found["hamming"], [1 / 13, 3 / 12, np.inf, (2 / 12 + 3 / 12) / 2])
    np.testing.assert_allclose(found["jaccard"], [1 - 3 / 4, 1 - 2 / 5, np.inf, (1 / 2 + 3 / 5) / 2])
    np.testing.assert_allclose(found["hausdorff"], [0.5, 1.5, np.inf, (0.5 + 1.5) / 2])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_distances_agree_with_loops_over_spots(seed):
    rng = np.random.default_rng(seed)
    n = 30
    coords, layers = rng.random((n, 3)), np.r_[0, 1, 2, rng.integers(-1, 3, n - 3)]
    genes = rng.integers(0, 3, (6, n))
    found = distances(genes, layers, coords, spacing=1.0)
    there = layers >= 0
    for gene, row in zip(genes[:, there], found.to_numpy(), strict=True):
        background = np.bincount(gene, minlength=3).argmax()
        values = []
        for state in set(gene) - {background}:
            v = gene == state
            alike = {
                name: ((u & v).sum(), (u & v).sum() / (u | v).sum(), name)
                for name, u in ((name, layers[there] == name) for name in range(3))
            }
            # Most shared spots first, then most alike.
            u = layers[there] == max(alike.values(), key=lambda key: key[:2])[2]
            place, other = coords[there][v], coords[there][u]
            far = max(directed_hausdorff(place, other)[0], directed_hausdorff(other, place)[0])
            values.append([(u ^ v).sum() / ((u & v).sum() + 10), 1 - (u & v).sum() / (u | v).sum(), far])
        np.testing.assert_allclose(row, np.mean(values, axis=0), rtol=1e-6)


def test_blocks_of_genes_do_not_matter_to_distances(monkeypatch):
    rng = np.random.default_rng(0)
    coords, layers, genes = rng.random((40, 2)), rng.integers(0, 3, 40), rng.integers(0, 2, (9, 40))
    whole = distances(genes, layers, coords, spacing=1.0)
    monkeypatch.setattr("scbench.svg.structure.distances._BLOCK_SPOTS", 80)
    pd.testing.assert_frame_equal(distances(genes, layers, coords, spacing=1.0), whole)


def test_a_gene_like_a_layer_is_at_no_distance():
    data = tissue()
    layers = layers_of(data.labels)[1]
    found = distances((layers == 1)[None].astype(int), layers, data.coords, spacing=1.0)
    assert (found == 0).all(axis=None)


def sets_of_distances():
    rng = np.random.default_rng(0)
    values = {
        "common": rng.random(40),
        "only a": 0.5 + rng.random(30),
        "only b": np.full(5, np.inf),
        "none": np.empty(0),
    }
    return {
        name: pd.DataFrame(dict.fromkeys(["hamming", "jaccard", "hausdorff"], value)) for name, value in values.items()
    }


def test_tests_are_those_of_scipy_with_holms_adjustment():
    found = sets_of_distances()
    table = compare(found)
    assert len(table) == 9
    row = table.iloc[0]
    assert (row["set_a"], row["set_b"], row["n_a"], row["n_b"]) == ("common", "only a", 40, 30)
    expected = ks_2samp(found["common"]["hamming"], found["only a"]["hamming"])
    assert (row["statistic"], row["pvalue"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert table.iloc[1]["statistic"] == 1  # genes without a segment are farther than all others
    ordered = table["pvalue"].sort_values().to_numpy()
    holm = np.minimum(np.maximum.accumulate(ordered * np.arange(9, 0, -1)), 1)
    np.testing.assert_allclose(table["p_holm"].sort_values(), holm)
    assert compare({"common": found["none"]}).empty


def test_the_cutoff_holds_95_of_100_common_genes():
    values = {"common": np.arange(1, 101.0), "only a": np.array([95.0, 95.5, 200, np.inf]), "none": np.empty(0)}
    found = {
        name: pd.DataFrame(dict.fromkeys(["hamming", "jaccard", "hausdorff"], value)) for name, value in values.items()
    }
    table = passing(found, common="common", confidence=0.95).set_index(["metric", "set"])
    assert table.loc[("jaccard", "common"), "n_passing"] in (95, 96)
    row = table.loc[("jaccard", "only a")]
    assert row["n_passing"] == (found["only a"]["jaccard"] <= row["cutoff"]).sum() > 0
    assert row["low"] < row["share"] < row["high"]
    assert passing({"common": found["none"]}, common="common", confidence=0.95).empty
    nowhere = {"common": found["only a"].iloc[[3]]}
    assert passing(nowhere, common="common", confidence=0.95).empty


# --- clusters of genes ------------------------------------------------------------------------------------------------


@pytest.mark.slow  # UMAP is compiled
def test_genes_of_a_layer_are_a_cluster():
    data = tissue()
    found = cluster(data.X.tocsc(), np.arange(30), seed=0)
    assert found.table["gene"].tolist() == list(range(30))
    layers = found.table["gene"] % 3
    assert len(found.means) == 3
    assert pd.crosstab(layers, found.table["cluster"]).to_numpy().max(axis=1).tolist() == [10, 10, 10]
    Z = data.X[:, :30].toarray()
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    for number, mean in enumerate(found.means):
        np.testing.assert_allclose(mean, Z[:, found.table["cluster"] == number].mean(axis=1), atol=1e-4)
    again = cluster(data.X.tocsc(), np.arange(30), seed=0)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_few_genes_are_no_clusters():
    data = tissue()
    assert cluster(data.X.tocsc(), np.arange(9), seed=0).table.empty
    assert cluster(data.X.tocsc(), np.arange(0), seed=0).means.shape == (0, 144)


def test_clusters_of_patterned_genes_are_localised_and_those_of_dealt_values_are_not():
    data = tissue()
    sets = {"common": np.arange(3), "all a": np.arange(30), "all b": np.arange(5), "only a": np.arange(30)}
    table, layers = trends(data, sets, seed=0)
    found = table.groupby("set")
    assert found.groups.keys() == {"all a", "random"}  # five genes are no clusters
    assert found.get_group("all a")["n_genes"].tolist() == [10, 10, 10]
    assert found.get_group("all a")["moran"].min() > 0.7
    assert found.get_group("random")["moran"].abs().max() < 0.4
    assert found.get_group("random")["n_genes"].sum() == 30
    own = layers[layers["set"] == "all a"].pivot_table(index="cluster", columns="layer", values="n_highest")
    assert sorted(own.to_numpy().tolist()) == [[0, 0, 10], [0, 10, 0], [10, 0, 0]]  # each cluster is high in one layer
    assert layers.groupby(["set", "cluster"])["n_lowest"].sum().tolist() == table["n_genes"].tolist()
    assert trends(replace(data, labels=None), sets, seed=0).layers.empty


def test_dealt_values_are_those_of_the_gene():
    X = sp.random_array((50, 20), density=0.3, rng=np.random.default_rng(0), format="csc")
    found = dealt(X, np.array([3, 7]), np.random.default_rng(0)).toarray()
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(X[:, [3, 7]].toarray(), axis=0))
    assert (found != X[:, [3, 7]].toarray()).any(axis=0).all()


def test_morans_i_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    values, pairs = rng.random((3, 12)), neighbours(rng.random((12, 2)))
    W = np.zeros((12, 12))
    W[pairs[:, 0], pairs[:, 1]] = W[pairs[:, 1], pairs[:, 0]] = 1
    z = values - values.mean(axis=1, keepdims=True)
    expected = 12 / W.sum() * np.einsum("gi,ij,gj->g", z, W, z) / (z**2).sum(axis=1)
    np.testing.assert_allclose(morans_i(values, pairs), expected)
    assert morans_i(np.ones((1, 12)), pairs).tolist() == [0]


# --- Voronoi cells ----------------------------------------------------------------------------------------------------


def area(polygon):
    x, y = polygon.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_cells_of_a_lattice_are_unit_squares_inside_and_small_outside():
    x, y = np.meshgrid(np.arange(6.0), np.arange(6.0))
    coords = np.column_stack([x.ravel(), y.ravel()])
    found = cells(coords, 1.0)
    assert found.spots.tolist() == list(range(36))
    areas = np.array([area(polygon) for polygon in found.polygons])
    inner = ((coords > 0) & (coords < 5)).all(axis=1)
    np.testing.assert_allclose(areas[inner], 1)
    assert areas.max() < 2.2
    segments = (coords[:, 0] > 2).astype(int)
    lines = boundaries(found, segments)
    np.testing.assert_allclose(lines[..., 0], 2.5)
    assert not len(boundaries(found, np.zeros(36)))


def test_spots_in_the_same_place_share_a_cell():
    coords = np.random.default_rng(0).random((30, 2))
    found = cells(np.concatenate([coords, coords[:5]]), 0.2)
    assert found.spots.tolist() == list(range(35))
    np.testing.assert_array_equal(found.polygons[2], found.polygons[32])
    assert (found.pairs < 35).all()


# --- as released ------------------------------------------------------------------------------------------------------

STAR = np.array([[0, 1], [0, 2], [0, 3]])


@pytest.mark.parametrize(("own", "smooth", "left"), [(1, 33, 1), (1, 34, 0), (2, 22, 2), (2, 23, 0)])
def test_a_spot_keeps_its_cluster_up_to_a_cost_of_200(own, smooth, left):
    """Three neighbours cost it 3 x 2 x smooth, or 3 x 3 x smooth where the numbers differ by two; spot 4 has none."""
    clusters = np.array([own, 0, 0, 0, 1])
    np.testing.assert_array_equal(cut_clusters(clusters, STAR, smooth), [left, 0, 0, 0, 1])


def test_clusters_that_are_missing_do_not_count_in_the_cost():
    np.testing.assert_array_equal(cut_clusters(np.array([7, 3, 3, 3]), STAR, 33), [1, 0, 0, 0])


def test_genes_of_high_values_decide_the_released_structure():
    data, pairs = tissue(), neighbours(tissue().coords)
    X = sp.csc_matrix(np.column_stack([data.X[:, 0].toarray(), 20 * (data.coords[:, 0] > 5.5), np.zeros(144)]))
    found = rebuild_released(X, np.array([0, 1]), pairs, k=2, smooth=0)
    assert len(set(zip(found, data.coords[:, 0] > 5.5, strict=True))) == 2
    assert set(rebuild_released(X, np.array([2]), pairs, k=3)) == {0}
    assert set(rebuild_released(X, np.array([], dtype=int), pairs, k=3)) == {-1}


def test_the_released_structure_is_compared_like_ours():
    data = tissue()
    sets = gene_sets(called(data, one=np.arange(20), two=np.arange(10, 40)), ["one", "two"])
    found, again = (structures(data, sets, seed=seed, released=True) for seed in (0, 1))
    pd.testing.assert_frame_equal(found.table, again.table)
    assert list(found.codes) == list(structures(data, sets, seed=0).codes)
    assert (found.table.set_index(["set", "reference"]).loc["common", "accuracy"] > 0.95).all()
    solid = Prepared(data.X, data.cells, data.genes, coords=np.column_stack([data.coords, data.coords[:, 0]]))
    none = structures(solid, sets, seed=0, released=True)
    assert none.table.empty
    assert none.codes == {}


# --- the experiments --------------------------------------------------------------------------------------------------


def called(data, **methods):
    return pd.DataFrame({name: np.isin(np.arange(len(data.genes)), genes) for name, genes in methods.items()}).assign(
        gene=data.genes
    )


def test_structures_are_compared_with_both_references():
    data = tissue()
    sets = gene_sets(called(data, one=np.arange(20), two=np.arange(10, 40)), ["one", "two"])
    found = structures(data, sets, seed=0)
    assert found.layers == ["a", "b", "c"]
    assert list(found.codes) == ["annotated", "common", "all one", "all two", "only one", "only two"]
    table = found.table.set_index(["set", "reference"])
    assert len(table) == 5 + 4
    assert (table.loc["common", "accuracy"] == 1).all()
    assert table.loc[("only one", "annotated"), "n_genes"] == 10
    np.testing.assert_array_equal(found.codes["common"], found.codes["annotated"])


@pytest.mark.parametrize("n_layers", [None, 4])
def test_nothing_needs_annotation_or_common_genes(n_layers):
    data = tissue()
    bare = Prepared(data.X, data.cells, data.genes, coords=data.coords)
    sets = gene_sets(called(bare, one=np.arange(12), two=np.arange(12, 12)), ["one", "two"])
    found = structures(bare, sets, seed=0, n_layers=n_layers)
    assert found.table.empty
    assert found.layers == []
    assert (found.codes[COMMON] == -1).all()
    assert len(set(found.codes["all one"])) == (n_layers or 3)
    measured = compare_sets(bare, sets, found.codes[COMMON], left={}, confidence=0.95, seed=0)
    assert measured.table.empty
    assert measured.cutoffs.empty
    assert measured.tests.empty


def test_no_genes_are_left_out_on_a_small_tissue(monkeypatch):
    """A test of two sets rests on all their genes; only where there are many spots 1,000 have to do."""
    data = tissue(n_genes=1100)
    sets = {COMMON: np.arange(1100)}
    measure = partial(compare_sets, data, sets, layers_of(data.labels)[1], left={}, confidence=0.95, seed=0)
    assert measure().table["set"].value_counts().to_dict() == {COMMON: 1100, "random": 1100}
    monkeypatch.setattr("scbench.svg.structure.study._MOST_VALUES", 0)
    assert measure().table["set"].value_counts().to_dict() == {COMMON: 1000, "random": 1000}


def test_patterned_genes_are_nearer_than_random_ones():
    data = tissue()
    sets = gene_sets(called(data, one=np.arange(25), two=np.r_[:15, 25:40]), ["one", "two"])
    layers = layers_of(data.labels)[1]
    own = {"segment_genes": np.array([0, 16]), "segment_labels": np.stack([layers == 0, layers == 1]).astype(np.int8)}
    found = compare_sets(data, sets, layers, left={"one": own, "two": {}}, confidence=0.95, seed=0)
    median = found.table[found.table["segmentation"] == "shared"].groupby("set")["jaccard"].median()
    assert median[COMMON] < 0.1
    assert median["random"] > 0.5
    assert set(found.table["set"]) == {COMMON, "only one", "only two", "random"}
    left = found.table[found.table["segmentation"] == "one"]
    assert left["gene"].tolist() == ["g0", "g16"]
    assert (left["jaccard"] == 0).all()
    test = found.tests.query("metric == 'jaccard' and set_a == 'common' and set_b == 'random'")
    assert test["p_holm"].item() < 1e-6


def test_examples_are_the_best_of_each_cluster_with_the_method_s_own_segments():
    data = tissue()
    output = pd.DataFrame({"gene": data.genes, "score": -np.arange(40.0)})
    clusters = pd.DataFrame({"gene": data.genes[[5, 3, 8, 9]], "cluster": [1, 0, 0, 1]})
    own = np.tile([0, 1, 2], 48).astype(np.int8)
    left = {"segment_genes": np.array([3]), "segment_labels": own[None]}
    table = called(data, one=np.arange(3, 10))
    shown = examples(data, clusters, table, output, method="one", left=left)
    assert [(example.gene, example.text) for example in shown] == [("g3", "cluster 1"), ("g5", "cluster 2")]
    np.testing.assert_array_equal(shown[0].segments, own)
    assert set(shown[1].segments) == {0, 1}
    np.testing.assert_array_equal(shown[1].values, data.X[:, [5]].toarray().ravel())
    few = examples(data, clusters.head(0), table, output, method="one", left={})
    assert [example.gene for example in few] == ["g3", "g4", "g5", "g6"]
    assert examples(data, clusters.head(0), called(data, one=[]), output, method="one", left={}) == []
