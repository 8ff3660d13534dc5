"""Stages of scGCO as released and as its text has it: graph, filters, costs, Otsu's states, segments, search."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats as st
from scipy.spatial import Delaunay
from sklearn.mixture import GaussianMixture

from scbench.errors import SkipRunError, UserError
from scbench.svg.scgco import reader
from scbench.svg.scgco.otsu import otsu_states, otsu_threshold, zeros_lie_together
from scbench.svg.scgco.pruned_graph import pruned_delaunay
from scbench.svg.scgco.reader import apply_filters, dense_blocks, normalise, varying_genes
from scbench.svg.scgco.regions import Graph, Verdict, assess
from scbench.svg.scgco.released import moran_row_standardised
from scbench.svg.scgco.results import Results
from scbench.svg.scgco.segments import segments
from scbench.svg.scgco.sweep import Step, search, start_factor
from scbench.svg.scgco.text import assess_states, poisson_point, search_until_worse
from scbench.svg.scgco.unary import distance_unary, released_unary


def _path(n):
    return Graph.of(n, np.column_stack([np.arange(n - 1), np.arange(1, n)]))


# --- graph --------------------------------------------------------------------------------------------------------


def _edges_in_turn(coords):
    """Rules of the released code, one triangle after the other; whether edges are cut at the end, and how many stay."""
    triangles = np.sort(Delaunay(coords).simplices, axis=1)
    length = {}
    for a, b, c in triangles:
        for i, j in ((a, b), (a, c), (b, c)):
            length.setdefault((int(i), int(j)), np.linalg.norm(coords[i] - coords[j]))
    column = np.array(list(length.values()))[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [GaussianMixture(k, random_state=2020).fit(column) for k in (1, 2, 3, 4)]
    best = min(fits, key=lambda fit: fit.bic(column))
    heaviest = best.weights_.argmax()
    cutoff = best.means_[heaviest, 0] + 2 * best.covariances_[heaviest, 0, 0] ** 0.5
    left = dict(length)
    for a, b, c in triangles.tolist():
        sides = [(a, b), (a, c), (b, c)]
        longest = max(sides, key=length.get)
        if length[longest] > cutoff and all(side in left for side in sides):
            del left[longest]
    lengths = np.array(list(left.values()))
    short = lengths < lengths.mean() + 2 * np.sqrt(lengths.var() + 1e-6)
    edges = np.array(list(left))
    cut = (np.bincount(edges[short].ravel(), minlength=len(coords)) < 2).sum() <= 3
    return edges, short, cut


def _arrangements():
    rng = np.random.default_rng(0)
    yield from (rng.random((n, 2)) for n in (6, 30, 100, 300))
    yield from (rng.normal(size=(n, 2)) ** 3 for n in (40, 150))
    yield np.stack(np.meshgrid(np.arange(9.0), np.arange(8.0)), axis=-1).reshape(-1, 2)
    yield np.stack(np.meshgrid(np.arange(9.0), np.arange(8.0)), axis=-1).reshape(-1, 2) + rng.random((72, 2)) * 0.1


def test_graph_follows_the_rules_in_turn():
    cuts, blocked = 0, 0
    for coords in _arrangements():
        edges, short, cut = _edges_in_turn(coords)
        kept = np.concatenate([edges[short], edges[short.sum() :]]) if cut else edges
        np.testing.assert_array_equal(pruned_delaunay(coords), kept)
        np.testing.assert_array_equal(pruned_delaunay(coords, keep_tail_rows=False), edges[short] if cut else edges)
        cuts += cut
        blocked += not cut
    assert cuts
    assert blocked


def test_a_lattice_loses_its_diagonals():
    coords = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    edges = pruned_delaunay(coords, keep_tail_rows=False)
    assert len(edges) == 2 * 20 * 19
    np.testing.assert_allclose(np.linalg.norm(coords[edges[:, 0]] - coords[edges[:, 1]], axis=1), 1)


def test_where_there_is_no_graph():
    with pytest.raises(UserError, match="all lie on one line"):
        pruned_delaunay(np.column_stack([np.arange(9.0), 2 * np.arange(9.0)]))
    with pytest.raises(SkipRunError, match="plane"):
        pruned_delaunay(np.random.default_rng(0).random((9, 3)))


def test_spots_in_one_place_have_one_spot_with_edges():
    coords = np.random.default_rng(1).random((30, 2))
    coords[[3, 7]] = coords[20]
    assert np.isin([3, 7, 20], pruned_delaunay(coords)).sum() == 1


def test_moran_is_that_of_row_standardised_weights():
    rng = np.random.default_rng(2)
    graph = Graph.of(6, np.array([[0, 1], [1, 2], [2, 3], [0, 3], [0, 1]]))  # an edge twice; spots 4 and 5 have none
    W = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]) / 2
    values = rng.random((3, 6))
    z = values[:, :4] - values[:, :4].mean(axis=1, keepdims=True)
    expected = [z_gene @ W @ z_gene / (z_gene @ z_gene) for z_gene in z]
    np.testing.assert_allclose(moran_row_standardised(values, graph), expected)


# --- filters ------------------------------------------------------------------------------------------------------


def test_poor_spots_get_the_counts_of_their_neighbours_and_come_last():
    """The 1 % quantile of 300 spots is above three poor ones; spot 11 is given what spot 10 was given by spot 9."""
    counts = np.ones((300, 50), dtype=int)
    for spot in (10, 11, 40):
        counts[spot, 3:] = 0
    coords = np.column_stack([np.arange(300.0), np.zeros(300)])
    coords[11, 0], coords[10, 0] = 10.4, 9.4
    kept = apply_filters(sp.csr_matrix(counts), coords)
    assert kept.spots[-3:].tolist() == [10, 11, 40]
    assert kept.sources[-3:-1].tolist() == [9, 9]
    assert kept.sources[-1] in (39, 41)
    assert kept.spots[:297].tolist() == kept.sources[:297].tolist() == sorted({*range(300)} - {10, 11, 40})
    assert kept.genes.all()


def test_of_many_spots_the_poor_ones_go():
    rng = np.random.default_rng(3)
    counts = (rng.random((1500, 40)) < 0.5).astype(int)
    counts[:5] = 0
    kept = apply_filters(sp.csr_matrix(counts), rng.random((1500, 2)))
    n_genes = (counts > 0).sum(axis=1)
    enough = n_genes >= round(np.quantile(n_genes[5:], 0.01))
    assert kept.spots.tolist() == kept.sources.tolist() == np.flatnonzero(enough).tolist()
    assert 1450 < len(kept.spots) < 1495


def test_rare_genes_go_and_then_empty_spots():
    counts = np.zeros((300, 5), dtype=int)
    counts[:, 0] = 1
    counts[:3, 1] = 7  # in round(0.01 x 300) = 3 spots: kept
    counts[:1, 2] = 7
    counts[299] = [0, 0, 1, 0, 0]
    kept = apply_filters(sp.csr_matrix(counts), np.random.default_rng(4).random((300, 2)))
    assert kept.genes.tolist() == [True, True, False, False, False]
    assert 299 not in kept.spots
    with pytest.raises(UserError, match="leave no spot"):
        apply_filters(sp.csr_matrix((9, 3), dtype=int), np.zeros((9, 2)))


def test_normalisation_is_relative_to_the_median_total():
    counts = sp.csr_matrix(np.array([[2, 2], [1, 0], [0, 6], [0, 0]]))
    np.testing.assert_allclose(normalise(counts).toarray(), [[2, 2], [4, 0], [0, 4], [0, 0]])


def test_genes_that_are_the_same_everywhere(monkeypatch):
    counts = sp.csr_matrix(np.array([[0, 2, 1, 0, 3], [0, 2, 0, 1, 4], [0, 2, 0, 1, 5]]))
    assert varying_genes(counts).tolist() == [False, False, True, True, True]
    monkeypatch.setattr(reader, "_BLOCK_BYTES", 8 * 3 * 2)
    blocks = list(dense_blocks(counts))
    assert [genes.tolist() for genes, _ in blocks] == [[2, 3], [4]]
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), counts.toarray().T[2:])


# --- costs --------------------------------------------------------------------------------------------------------


def test_costs_of_two_states():
    """Boundary (1 x 2 + 4 x 1) / 3 = 2, cut off towards zero."""
    costs = released_unary(np.array([0.0, 2.0, 2.519, 1.481, 9.0]), np.array([1.0, 4.0]), np.array([1.0, 4.0]))
    assert costs.tolist() == [[-200, 200], [0, 0], [51, -51], [-51, 51], [700, -700]]


def test_costs_of_three_states():
    """Boundaries 1 and 3; below the mean of the second state the first boundary parts, above it the second."""
    costs = released_unary(np.array([0.5, 1.5, 2.5, 5.0]), np.array([0.0, 2.0, 4.0]), np.ones(3))
    assert costs.tolist() == [[-50, 50, 250], [50, -50, 150], [150, -50, 50], [400, 200, -200]]


def test_weak_costs_of_rare_genes_are_strengthened():
    values = np.zeros(100)
    values[:5] = [1.5, 2, 3, 3, 3]
    costs = released_unary(values, np.array([0.0, 1.0]), np.array([0.01, 1.0]))
    boundary = (0 * 1 + 1 * 0.1) / 1.1  # zeros cost -9: weak
    plain = np.trunc(100 * (values - boundary))
    strong = int(np.median([9, 140, 190, 290, 9, 140, 190, 290]))
    assert plain[-1] == -9
    assert costs[-1].tolist() == [-strong, strong]
    assert costs[:5, 0].tolist() == plain[:5].tolist()
    common = np.append(values, np.full(20, 3))  # above 1 in 25 of 120 spots: not rare
    assert released_unary(common, np.array([0.0, 1.0]), np.array([0.01, 1.0]))[50].tolist() == [-9, 9]


def test_states_without_spread_cost_nothing():
    for variances in ([0.0, 0.0], [1.0, np.nan]):
        assert not released_unary(np.array([0.0, 5.0]), np.array([0.0, 5.0]), np.array(variances)).any()


def test_distance_to_the_means():
    assert distance_unary(np.array([1.0, 4.0]), np.array([0.0, 3.0])).tolist() == [[1, 2], [4, 1]]


# --- Otsu ---------------------------------------------------------------------------------------------------------


def test_otsu_maximises_the_variance_between_classes():
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = np.append(np.zeros(rng.integers(0, 50)), rng.exponential(size=60))
        threshold = otsu_threshold(values)
        step = np.ptp(values) / 256
        # Bins are counted at their centres, so values are moved there.
        centred = values.min() + (np.minimum((values - values.min()) // step, 255) + 0.5) * step
        between = {
            cut: (centred <= cut).mean()
            * (centred > cut).mean()
            * (centred[centred <= cut].mean() - centred[centred > cut].mean()) ** 2
            for cut in np.unique(centred)[:-1]
        }
        assert between[max(between, key=between.get)] == pytest.approx(
            max(value for cut, value in between.items() if abs(cut - threshold) < step / 2), rel=1e-5
        )


def test_otsu_states():
    labels, means, variances = otsu_states(np.array([0.0, 0, 0.49, 3, 4, 5]))
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(means, [0.49 / 3, 4])
    np.testing.assert_allclose(variances, [0.49**2 / 3, 1])
    # The threshold is the centre of a bin, and 0.5 is above that of its own.
    assert otsu_states(np.array([0.0, 0, 0.5, 3, 4, 5]))[0].tolist() == [0, 0, 1, 1, 1, 1]
    assert np.isnan(otsu_states(np.array([0.0, 0, 0, 9]))[2][1])


@pytest.mark.parametrize("limit", [1e-4, 0.01, 0.3])
def test_zeros_lie_together_by_definition(limit):
    rng, found = np.random.default_rng(6), []
    coords = rng.random((200, 2))
    edges = pruned_delaunay(coords)
    for i in range(60):
        share = rng.random()
        values = np.where((coords[:, 0] < share) ^ (rng.random(200) < 0.2 * (i % 3)), 0, rng.integers(1, 4, 200) / 1.3)
        levels = (1000 * values).astype(int)
        size = np.bincount(segments(levels, edges)[1]).max()
        n_zeros = (levels == 0).sum()
        p = st.poisson.sf(size - 1, size * n_zeros / 200) * 200 / size if n_zeros else 1
        found.append(zeros_lie_together(values, edges, limit))
        assert found[-1] == (p < limit)
    assert any(found)
    assert not all(found)


# --- segments -----------------------------------------------------------------------------------------------------


def test_p_value_is_the_tail_of_the_most_frequent_observed_label():
    """Path of 40: 15 spots of hidden label 1, of which 12 have observed label 0 (numbers need not agree)."""
    labels = np.repeat([1, 0], [15, 25])
    observed = np.array([0] * 12 + [1] * 3 + [1] * 24 + [0])
    verdict = assess(labels, observed, _path(40))
    p = [st.poisson.sf(11, 15 * 13 / 40), st.poisson.sf(23, 25 * 27 / 40)]
    assert verdict.pvalue == pytest.approx(min(p), rel=1e-12)
    assert verdict == (verdict.pvalue, 15, 2, 0, pytest.approx(-np.log10(min(p))))


def test_a_striking_segment_takes_in_the_noise_inside_it():
    """Two spots of noise between spots 0-9 and 12-21 do not count, one at the end does."""
    labels = np.zeros(60, dtype=int)
    labels[:21] = 1
    labels[20] = 2  # its neighbours are 19 and 21, of two segments: stays
    graph = Graph.of(60, np.vstack([_path(60).edges, [[0, 19]]]))
    labels[5:7] = 2  # inside
    observed = np.zeros(60, dtype=int)
    observed[:5], observed[7:20] = 1, 1
    verdict = assess(labels, observed, graph)
    assert verdict.n_segments == 4
    assert verdict.pvalue == pytest.approx(st.poisson.sf(17, (18 + 2) * 18 / 60), rel=1e-12)
    assert verdict.size == 18
    assert verdict.n_small == 2
    assert verdict.score == pytest.approx(-np.log10(verdict.pvalue) - 2 * 200 / 60)


def test_a_piece_of_its_own_is_noise_of_the_largest_striking_segment():
    edges = np.vstack([_path(50).edges, [[50, 51], [51, 52]]])
    labels = np.repeat([1, 0, 2], [25, 25, 3])
    observed = np.repeat([1, 0, 1, 0], [25, 25, 2, 1])
    verdict = assess(labels, observed, Graph.of(53, edges))
    both = st.poisson.sf(24, np.array([(25 + 3) * 27 / 53, 25 * 26 / 53]))
    assert verdict.pvalue == pytest.approx(both.min(), rel=1e-12)


@pytest.mark.parametrize(("n", "least"), [(1000, 3), (1001, 9)])
def test_small_segments_are_not_tested(n, least):
    for size in (least - 1, least):
        labels = (np.arange(n) < size).astype(int)
        verdict = assess(labels, labels, _path(n))
        expected = (
            st.poisson.sf(size - 1, size**2 / n) if size == least else st.poisson.sf(n - size - 1, (n - size) ** 2 / n)
        )
        assert verdict.pvalue == pytest.approx(expected, rel=1e-9)
        assert verdict.n_small == 1


def test_the_lowest_p_value_is_1e_29():
    labels = np.repeat([0, 1], 500)
    assert assess(labels, labels, _path(1000)).pvalue == 1e-29


def test_spots_without_edges_are_in_no_segment():
    graph = Graph.of(30, _path(20).edges)
    labels = np.repeat([0, 1, 2], 10)
    verdict = assess(labels, labels, graph)
    assert verdict.n_segments == 2
    assert verdict.pvalue == pytest.approx(st.poisson.sf(9, 10 * 10 / 30))
    assert assess(np.zeros(30, dtype=int), labels, graph).n_segments == 1


def test_one_segment_has_a_p_value_of_about_a_half():
    observed = np.arange(200) % 4 == 0
    verdict = assess(np.zeros(200, dtype=int), observed.astype(int), _path(200))
    assert verdict == (pytest.approx(st.poisson.sf(149, 150)), 200, 1, 0, pytest.approx(0.3, abs=0.02))


# --- the text's segments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tail", "of"), [("upper", lambda k, m: st.poisson.sf(k - 1, m)), ("point", st.poisson.pmf)])
def test_the_text_counts_the_state_of_the_segment(tail, of):
    labels = np.repeat([1, 0, 2, 0], [15, 25, 2, 8])
    observed = np.array([1] * 12 + [0] * 3 + [0] * 24 + [1] + [0, 0] + [0] * 8)  # no spot has state 2
    verdict = assess_states(labels, observed, _path(50), tail=tail)
    p = [of(12, 15 * 13 / 50), of(24, 25 * 37 / 50), 1, of(8, 8 * 37 / 50)]
    n_noise = 1 + (p[3] >= 0.1)
    assert verdict == (pytest.approx(min(p)), 15, 4, n_noise, pytest.approx(-np.log10(min(p)) - n_noise * 200 / 50))


def test_point_probabilities():
    k, mean = np.array([0, 0, 3, 900]), np.array([0.0, 2.5, 2.5, 850.0])
    np.testing.assert_allclose(poisson_point(k, mean), st.poisson.pmf(k, mean), rtol=1e-10)


# --- search -------------------------------------------------------------------------------------------------------


def _cuts(verdicts):
    """Cut function with a given verdict for each factor, and the factors it was asked for."""
    asked = []

    def cut(factor):
        asked.append(factor)
        return Step(factor, np.zeros(1), verdicts(factor))

    return cut, asked


def _verdict(score, p=0.001, size=50, n_small=0, n_segments=5):
    return Verdict(p, size, n_segments, n_small, score)


def test_where_the_search_starts():
    assert [start_factor(moran) for moran in (-0.1, 0.049, 0.05, 0.099, 0.1, 0.9, np.nan)] == [
        100,
        100,
        60,
        60,
        10,
        10,
        10,
    ]
    assert start_factor(0, 20) == 40


@pytest.mark.parametrize(
    ("start", "verdicts", "asked", "taken"),
    [
        (100, lambda f: _verdict(1), [100], 100),
        (60, lambda f: _verdict(-1, p=0.02), [60], 60),  # neither good nor striking
        (10, lambda f: _verdict(f), [10, 20, 30], 30),
        (10, lambda f: _verdict(-f + 40), [10, 20, 30], 10),  # up to 30 in any case; the best of them
        (10, lambda f: _verdict(5), [10, 20, 30], 10),  # the first of equals
        (10, lambda f: _verdict(5, n_small=25), [10, 30], 10),  # 25 of 250 spots are 20 of 200: longer steps
        (10, lambda f: _verdict(-1), [*range(10, 140, 10)], 10),  # never good: up to the first above 120
        (100, lambda f: _verdict(f - 111), [100, 110, 120], 120),
    ],
)
def test_how_the_search_goes_on(start, verdicts, asked, taken):
    cut, seen = _cuts(verdicts)
    assert search(cut, start, 250, good=0).factor == taken
    assert seen == asked


def test_scores_of_otsu_must_be_above_1():
    cut, seen = _cuts(lambda f: _verdict(0.5 + f / 1000))
    assert search(cut, 100, 250, good=0).factor == 100
    assert search(cut, 100, 250, good=1).factor == 130
    assert seen == [100, 100, 110, 120, 130]


def test_small_segments_are_smoothed_on():
    cut, seen = _cuts(lambda f: _verdict(f, p=0.001 if f < 200 else 0.02, size=8))
    assert search(cut, 100, 250, good=0).factor == 200
    assert seen == [100, 150, 200]
    cut, seen = _cuts(lambda f: _verdict(f, size=8))
    assert search(cut, 100, 250, good=0).factor == 550
    assert len(seen) == 10
    cut, _ = _cuts(lambda f: _verdict(f, size=9))
    assert search(cut, 100, 250, good=0).factor == 100


def test_the_text_stops_when_the_score_falls_or_nothing_is_left_to_smooth():
    graph = _path(9)
    cut, seen = _cuts(lambda f: _verdict(min(f, 60 - f)))
    assert search_until_worse(cut, graph).factor == 30
    assert seen == [10, 15, 20, 25, 30, 35]
    cut, seen = _cuts(lambda f: _verdict(3, n_segments=1 + (f < 25)))
    assert search_until_worse(cut, graph).factor == 25
    assert seen == [10, 15, 20, 25]


# --- results ------------------------------------------------------------------------------------------------------


def test_the_cuts_of_the_most_significant_genes_are_kept():
    rng = np.random.default_rng(8)
    results = Results(np.arange(1000) != 999)
    pvalues = rng.permutation(np.linspace(1e-6, 1, 900))
    for gene, p in enumerate(pvalues):
        results.add(gene, "gmm", 2, Step(100, np.full(4, gene % 7), _verdict(0.0, p=p)))
    extras = results.extras(np.array([0, 1, 2, 4]), 6)
    shown = extras["segment_genes"]
    np.testing.assert_array_equal(shown, np.argsort(pvalues)[:200])
    np.testing.assert_array_equal(extras["segment_labels"][:, [3, 5]], -1)
    np.testing.assert_array_equal(extras["segment_labels"][:, 4], shown % 7)
    table = results.table()
    assert table["pvalue"][900:999].eq(1).all(), "never added: the same everywhere"
    assert np.isnan(table["pvalue"][999])
    assert table["score"].min() == 0
