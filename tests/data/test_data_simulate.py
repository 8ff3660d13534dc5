import numpy as np
import pytest

from scbench.errors import UserError
from scbench.simulate import _counts
from scbench.simulate.cells import cell_types
from scbench.simulate.spatial import SHAPES, negative_binomial


def dense(adata):
    return adata.layers["counts"].toarray()


CELLS = {"n_cells": 400, "n_genes": 50, "n_types": 4}
SPOTS = {"n_spots": 400, "n_genes": 50, "patterned": 0.3}
BOTH = [(cell_types, CELLS), (negative_binomial, SPOTS)]


@pytest.mark.parametrize(("simulate", "params"), BOTH)
def test_a_seed_decides_everything(simulate, params):
    first, again, other = (simulate(**params, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(dense(first), dense(again))
    assert (dense(first) != dense(other)).any()
    assert first.obs.equals(again.obs)
    assert first.var.equals(again.var)
    assert not first.var.equals(other.var)


@pytest.mark.parametrize(("simulate", "params"), BOTH)
def test_counts_are_sparse_integers_and_no_cell_is_empty(simulate, params):
    for seed in range(20):
        counts = simulate(**params, seed=seed).layers["counts"]
        assert counts.format == "csr"
        assert counts.dtype == np.int32
        assert counts.nnz == np.count_nonzero(counts.data)
        assert counts.sum(axis=1).min() > 0


def test_many_blocks_follow_the_same_law(monkeypatch):
    """Mean and variance of a gene must not depend on how the matrix is cut."""
    for block in (1, 700, 10**7):
        monkeypatch.setattr(_counts, "BLOCK", block)
        mean = np.array([0.5, 2.0, 10.0])
        rng = np.random.default_rng(0)

        def rows(cells, mean=mean):
            return np.tile(mean, (cells.stop - cells.start, 1))

        counts = _counts.negative_binomial_counts(rows, (4001, 3), 0.5, rng).toarray()
        assert counts.shape == (4001, 3)
        np.testing.assert_allclose(counts.mean(axis=0), mean, rtol=0.1)
        np.testing.assert_allclose(counts.var(axis=0), mean + 0.5 * mean**2, rtol=0.2)


def test_without_dispersion_the_counts_are_poisson():
    counts = _counts.negative_binomial_counts(
        lambda cells: np.full((cells.stop - cells.start, 1), 4.0), (20_000, 1), 0, np.random.default_rng(0)
    ).toarray()
    np.testing.assert_allclose([counts.mean(), counts.var()], 4, rtol=0.05)


def test_dropout_loses_its_share_whatever_the_mean_and_leaves_the_rest():
    mean = np.array([20.0, 200.0])  # never zero by themselves
    counts = _counts.negative_binomial_counts(
        lambda cells: np.tile(mean, (cells.stop - cells.start, 1)), (20_000, 2), 0, np.random.default_rng(0), 0.3
    ).toarray()
    np.testing.assert_allclose((counts == 0).mean(axis=0), 0.3, atol=0.013)  # 4 standard errors
    np.testing.assert_allclose([gene[gene > 0].mean() for gene in counts.T], mean, rtol=0.01)


def test_counts_above_a_byte_and_genes_above_a_byte_come_through():
    """Blocks are kept in the smallest type that holds them."""
    mean = np.append(np.full(299, 0.2), 70_000.0)
    counts = _counts.negative_binomial_counts(
        lambda cells: np.tile(mean, (cells.stop - cells.start, 1)), (50, 300), 0, np.random.default_rng(0)
    )
    assert (counts.dtype, counts.indices.dtype, counts.indptr.dtype) == (np.int32, np.int32, np.int32)
    assert counts.has_canonical_format
    np.testing.assert_allclose(counts.toarray()[:, 299], 70_000, rtol=0.02)
    assert counts.toarray()[:, 256:299].any()


@pytest.mark.parametrize(("n_cells", "smallest"), [(400, 10), (120, 10), (12, 3)])
def test_types_are_unequal_and_none_is_tiny(n_cells, smallest):
    sizes = [
        cell_types(n_cells=n_cells, n_genes=50, n_types=4, seed=seed).obs["label"].value_counts() for seed in range(10)
    ]
    assert all(size.sum() == n_cells and len(size) == 4 and size.min() >= smallest for size in sizes)
    assert n_cells == 12 or any(size.max() > 1.5 * size.min() for size in sizes)


def test_markers_mark_their_type_by_the_fold_change():
    adata = cell_types(n_cells=6000, n_genes=60, n_types=3, fold_change=8.0, dispersion=0.1, seed=3)
    marker_of = adata.var["marker_of"].to_numpy()
    assert {kind: (marker_of == kind).sum() for kind in set(marker_of)} == {"type0": 5, "type1": 5, "type2": 5, "": 45}
    labels = adata.obs["label"].to_numpy()
    counts = dense(adata)
    for kind in ("type0", "type1", "type2"):
        ratio = counts[labels == kind].mean(axis=0) / counts[labels != kind].mean(axis=0)
        np.testing.assert_allclose(ratio[marker_of == kind], 8, rtol=0.3)
        np.testing.assert_allclose(ratio[marker_of == ""], 1, rtol=0.3)


@pytest.mark.parametrize(
    ("patterned", "n_genes", "true"), [(0.1, 1000, 100), (0.29, 100, 29), (0.0, 60, 0), (1.0, 20, 20), (0.05, 30, 1)]
)
def test_the_truth_has_the_stated_share(patterned, n_genes, true):
    var = negative_binomial(n_spots=50, n_genes=n_genes, patterned=patterned, seed=4).var
    assert var["spatial"].dtype == bool
    assert var["spatial"].sum() == true
    assert ((var["shape"] != "") == var["spatial"]).all()


def test_the_pairs_take_the_shapes_in_turn_and_the_place_in_the_table_tells_nothing():
    var = negative_binomial(n_spots=50, n_genes=1000, patterned=0.16, seed=4).var
    assert {shape: (var["shape"] == shape).sum() for shape in SHAPES} == dict.fromkeys(SHAPES, 40)
    where = np.flatnonzero(var["spatial"])
    assert 400 < where.mean() < 600
    assert where.max() > 900


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_shape_changes_the_mean_by_the_fold_change(shape):
    """Seen from outside: totals of small squares, which lie mostly fully inside or fully outside."""
    adata = negative_binomial(
        n_spots=200_000, n_genes=12, patterned=0.5, shapes=[shape], fold_change=4.0, dispersion=0, seed=6
    )
    squares = (adata.obsm["spatial"] * 12).astype(int) @ [12, 1]
    totals = np.zeros((144, 12))
    np.add.at(totals, squares, dense(adata))
    level = totals / np.bincount(squares, minlength=144)[:, None]
    low, high = np.quantile(level, [0.02, 0.98], axis=0)
    spatial = adata.var["spatial"].to_numpy()
    # Not exact: squares stop short of the ends of a gradient, and a ring may be narrower than two squares.
    np.testing.assert_allclose((high / low)[spatial], 4, rtol=0.3)
    np.testing.assert_allclose((high / low)[~spatial], 1, atol=0.35)


@pytest.mark.parametrize(("up_share", "up"), [(0.5, 20), (0.75, 30), (0.99, 40), (1.0, 40)])
def test_the_stated_share_goes_up(up_share, up):
    """Without other variance the counts of a gene differ inside and outside by the fold change, up or down."""
    adata = negative_binomial(
        n_spots=500,
        n_genes=50,
        patterned=0.8,
        shapes=["hotspot", "annulus"],
        fold_change=1e4,
        dispersion=0,
        library_sd=0,
        up_share=up_share,
        seed=2,
    )
    middle = np.hypot(*(adata.obsm["spatial"] - 0.5).T) < 0.42  # holds every disc and ring that is not cut off
    rows = dense(adata)[:, adata.var["spatial"]]
    assert ((rows[~middle].mean(axis=0) < rows[middle].mean(axis=0)).sum(), rows.shape[1]) == (up, 40)


def test_up_and_down_of_the_pairs_hide_the_pattern_from_the_totals_and_up_alone_does_not():
    """Correlation of a spot's total with its distance from the middle; 4 standard errors of none are 0.13."""
    params = {"n_spots": 900, "n_genes": 200, "patterned": 0.5, "shapes": ["hotspot"], "fold_change": 5.0}

    def correlation(**options):
        adata = negative_binomial(**params, **options, seed=1)
        totals = np.log(dense(adata).sum(axis=1))
        return np.corrcoef(totals, np.hypot(*(adata.obsm["spatial"] - 0.5).T))[0, 1]

    assert abs(correlation()) < 0.13
    assert correlation(up_share=1.0) < -0.3


def test_library_sizes_spread_as_stated():
    params = {"n_spots": 2000, "n_genes": 300, "patterned": 0.0, "dispersion": 0.0, "seed": 1}
    totals = [np.log(dense(negative_binomial(**params, library_sd=sd)).sum(axis=1)) for sd in (0.0, 0.6)]
    assert totals[0].std() < 0.07
    assert abs(totals[1].std() - 0.6) < 0.05


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_shapes_leave_room_inside_and_outside(shape):
    rng = np.random.default_rng(0)
    level = SHAPES[shape](rng.random((3000, 2)), rng.random((4, 500))).astype(float)
    assert level.shape == (3000, 500)
    assert level.min() >= 0
    assert level.max() <= 1
    inside = level.mean(axis=0)
    assert 0.05 < inside.min() <= inside.max() < 0.6


@pytest.mark.parametrize("shape", ["hotspot", "streak", "annulus"])
def test_totals_do_not_give_the_place_away(shape):
    """One pair and nothing else: the most that totals could tell."""
    params = {"n_spots": 40_000, "n_genes": 2, "patterned": 1.0, "shapes": [shape], "fold_change": 4.0, "dispersion": 0}
    for seed in range(3):
        adata = negative_binomial(**params, seed=seed)
        squares = (adata.obsm["spatial"] * 5).astype(int) @ [5, 1]
        levels = np.zeros((25, 2))
        np.add.at(levels, squares, dense(adata))
        levels /= np.bincount(squares, minlength=25)[:, None]
        assert levels.std(axis=0).min() > 0.1 * levels.mean()
        totals = levels.sum(axis=1)
        assert totals.std() < 0.05 * totals.mean()


def test_mean_expression_does_not_give_the_pattern_away():
    adata = negative_binomial(n_spots=2000, n_genes=1000, patterned=0.5, fold_change=4.0, seed=2)
    logs, spatial = np.log(dense(adata).mean(axis=0)), adata.var["spatial"].to_numpy()
    assert abs(logs[spatial].mean() - logs[~spatial].mean()) < 0.25  # 3 standard errors


@pytest.mark.parametrize(
    ("simulate", "params", "message"),
    [
        (negative_binomial, SPOTS | {"shapes": ["hotspt"]}, "unknown shape 'hotspt'. Did you mean 'hotspot'?"),
        (negative_binomial, SPOTS | {"shapes": []}, "'shapes' parameter must name a shape where 'patterned' is 0.3"),
        (negative_binomial, SPOTS | {"patterned": 1.2}, "'patterned' parameter must be a number from 0 to 1. Got 1.2"),
        (negative_binomial, SPOTS | {"n_spots": 0}, "'n_spots' parameter must be an integer >= 1. Got 0"),
        (negative_binomial, SPOTS | {"n_genes": "60"}, "'n_genes' parameter must be an integer >= 1. Got '60'"),
        (negative_binomial, SPOTS | {"fold_change": 0.5}, "'fold_change' parameter must be a number >= 1. Got 0.5"),
        (negative_binomial, SPOTS | {"dropout": 1.0}, "'dropout' parameter must be below 1"),
        (negative_binomial, SPOTS | {"dropout": -0.1}, "'dropout' parameter must be a number from 0 to 1. Got -0.1"),
        (negative_binomial, SPOTS | {"library_sd": -1}, "'library_sd' parameter must be a number >= 0. Got -1"),
        (negative_binomial, SPOTS | {"up_share": 0.2}, "'up_share' parameter must be a number from 0.5 to 1. Got 0.2"),
        (negative_binomial, SPOTS | {"dispersion": -1}, "'dispersion' parameter must be a number >= 0. Got -1"),
        (cell_types, CELLS | {"n_types": 0}, "'n_types' parameter must be an integer >= 1. Got 0"),
        (cell_types, CELLS | {"n_cells": 7}, "'n_cells' parameter must be an integer >= 8. Got 7"),
        (cell_types, CELLS | {"n_genes": 19}, "'n_genes' parameter must be an integer >= 20. Got 19"),
    ],
)
def test_parameters_out_of_range_are_named(simulate, params, message):
    with pytest.raises(UserError, match=message):
        simulate(**params, seed=0)


def test_no_shapes_are_needed_without_a_pattern():
    assert not negative_binomial(n_spots=20, n_genes=30, patterned=0.0, shapes=[], seed=0).var["spatial"].any()
