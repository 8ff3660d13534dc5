"""Cell types in layers of a tissue."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.errors import UserError
from scbench.simulate.cells import cell_types
from scbench.simulate.tissue import layered
from scbench.svg.moran import MoranI

CELLS = {"n_cells": 600, "n_genes": 60, "n_types": 4}


def test_a_seed_decides_everything_and_the_cells_are_those_without_a_place():
    first, again, other = (layered(**CELLS, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.obsm["spatial"], again.obsm["spatial"])
    assert first.var.equals(again.var)
    assert (first.obsm["spatial"] != other.obsm["spatial"]).any()
    alone = cell_types(**CELLS, seed=1)
    assert (first.layers["counts"] != alone.layers["counts"]).nnz == 0
    assert first.obs.equals(alone.obs)


def test_each_layered_type_has_a_band_of_its_own_and_the_bands_fill_the_square():
    adata = layered(**CELLS, seed=0)
    assert adata.obsm["spatial"].shape == (600, 2)
    height, labels = adata.obsm["spatial"][:, 1], adata.obs["label"].to_numpy()
    bands = sorted((height[labels == name].min(), height[labels == name].max(), name) for name in set(labels))
    assert all(below[1] <= above[0] for below, above in pairwise(bands))
    for low, high, name in bands:
        share = (labels == name).mean()
        assert share * 0.8 < high - low <= share
    assert adata.var["spatial"].sum() == 4 * 5


@pytest.mark.parametrize("mixing", [0.0, 0.4])
def test_cells_are_equally_dense_everywhere(mixing):
    for seed in range(3):
        places = layered(n_cells=20_000, n_genes=20, n_types=4, layers=3, mixing=mixing, seed=seed).obsm["spatial"]
        for axis in places.T:
            counts = np.histogram(axis, 10, (0, 1))[0]
            assert abs(counts - 2000).max() < 250  # more than five standard deviations


def test_scattered_types_lie_anywhere_and_their_markers_are_not_spatial():
    adata = layered(n_cells=4000, n_genes=60, n_types=4, layers=2, seed=3)
    truth = adata.var["spatial"].to_numpy()
    assert truth.dtype == bool
    marker_of, labels = adata.var["marker_of"].astype(str), adata.obs["label"].astype(str).to_numpy()
    of_layers = set(marker_of[truth])
    assert len(of_layers) == 2
    assert "" not in of_layers
    assert truth.sum() == 10
    height = adata.obsm["spatial"][:, 1]
    spread = {name: np.ptp(np.quantile(height[labels == name], [0.02, 0.98])) for name in set(labels)}
    assert sum(spread.pop(name) for name in of_layers) < 1
    assert min(spread.values()) > 0.85


@pytest.mark.parametrize(("mixing", "inside"), [(0.0, 1.0), (0.5, 0.75)])
def test_mixing_moves_the_stated_share(mixing, inside):
    """Two types of about half the tissue each: half of those that move come to lie in their own layer again."""
    params = {"n_cells": 20_000, "n_genes": 20, "n_types": 2, "seed": 5}
    pure, mixed = (layered(**params, mixing=value) for value in (0.0, mixing))
    labels = pure.obs["label"].to_numpy()
    shares = {name: (labels == name).mean() for name in set(labels)}
    for name, share in shares.items():
        band = pure.obsm["spatial"][labels == name, 1]
        height = mixed.obsm["spatial"][labels == name, 1]
        found = ((height >= band.min()) & (height <= band.max())).mean()
        assert found == pytest.approx(1 - mixing * (1 - share), abs=0.02)
    assert np.mean([1 - mixing * (1 - share) for share in shares.values()]) == pytest.approx(inside)


def test_a_spatial_test_finds_the_truth_and_little_else():
    adata = layered(n_cells=1500, n_genes=300, n_types=4, layers=3, seed=1)
    X = sp.csr_matrix(adata.layers["counts"], dtype=float)
    X.data = np.log1p(X.data)
    p = MoranI().fit(X, adata.obsm["spatial"], seed=0).table_["pvalue"].to_numpy()
    truth = adata.var["spatial"].to_numpy()
    assert (p[truth] < 1e-6).mean() > 0.9
    assert (p[~truth] < 0.01).mean() < 0.05


@pytest.mark.parametrize(("n_types", "params"), [(4, {"layers": 0}), (1, {})])
def test_without_layers_no_gene_is_spatial(n_types, params):
    adata = layered(n_cells=100, n_genes=60, n_types=n_types, seed=0, **params)
    assert not adata.var["spatial"].any()
    assert np.ptp(adata.obsm["spatial"], axis=0).min() > 0.9


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers": 1}, r"'layers' parameter must be 0 or at least 2.* Got 1"),
        ({"layers": 5}, r"'layers' parameter must be an integer from 0 to 4. Got 5"),
        ({"layers": 2.0}, r"'layers' parameter must be an integer from 0 to 4. Got 2.0"),
        ({"mixing": 1.5}, r"'mixing' parameter must be a number from 0 to 1. Got 1.5"),
        ({"mixing": 1}, r"'mixing' parameter must be below 1"),
        ({"n_types": 0}, r"'n_types' parameter must be an integer >= 1. Got 0"),
        ({"n_genes": 19}, r"'n_genes' parameter must be an integer >= 20. Got 19"),
        ({"fold_change": 0.5}, r"'fold_change' parameter must be a number >= 1. Got 0.5"),
    ],
)
def test_parameters_out_of_range_are_named(params, message):
    with pytest.raises(UserError, match=message):
        layered(**CELLS | params, seed=0)
