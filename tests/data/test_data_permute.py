import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

from scbench.data import permute
from scbench.data.permute import exchange, permute_genes, permute_spots
from scbench.data.prepare import log1p_normalised
from scbench.errors import UserError
from scbench.simulate.spatial import negative_binomial
from scbench.svg.moran import MoranI


def make(counts, samples=None, **parts):
    n, genes = counts.shape
    obs = pd.DataFrame({"label": [f"t{i % 3}" for i in range(n)]}, index=[f"c{i}" for i in range(n)])
    if samples is not None:
        obs["sample"] = samples
    var = pd.DataFrame({"spatial": True, "shape": pd.Categorical(["streak"] * genes)}, [f"g{i}" for i in range(genes)])
    places = np.column_stack([np.arange(n), np.arange(n) ** 2]).astype(float)
    parts = {"layers": {"counts": sp.csr_matrix(counts)}} | parts
    return anndata.AnnData(obs=obs, var=var, obsm={"spatial": places}, **parts)


def dense(adata):
    return adata.layers["counts"].toarray()


def distinct(n, genes):
    """All values differ, so that each tells where it came from; a third is zero."""
    counts = np.arange(1, n * genes + 1).reshape(n, genes)
    counts[counts % 3 == 0] = 0
    return counts


matrices = st.tuples(st.integers(2, 12), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.sampled_from([0, 0, 1, 2, 7]))
)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(counts=matrices, copies=st.integers(1, 3), seed=seeds)
def test_permuted_genes_keep_their_values_and_nothing_becomes_dense(counts, copies, seed):
    adata = make(counts)
    after = permute_genes(adata, copies=copies, seed=seed)
    values = after.layers["counts"]
    assert (values.format, values.nnz) == ("csr", copies * adata.layers["counts"].nnz)
    np.testing.assert_array_equal(np.sort(values.toarray(), axis=0), np.tile(np.sort(counts, axis=0), copies))
    assert not after.var["spatial"].any()
    pd.testing.assert_frame_equal(after.obs, adata.obs)
    np.testing.assert_array_equal(after.obsm["spatial"], adata.obsm["spatial"])


def test_copies_have_names_and_orders_of_their_own():
    adata = make(distinct(60, 2))
    assert list(permute_genes(adata, seed=0).var_names) == ["g0", "g1"]
    after = permute_genes(adata, copies=2, seed=0)
    assert list(after.var_names) == ["g0#1", "g1#1", "g0#2", "g1#2"]
    orders = [tuple(np.argsort(gene, kind="stable")) for gene in dense(after).T]
    assert len(set(orders)) == 4


def test_blocks_of_genes_change_nothing_about_it(monkeypatch):
    monkeypatch.setattr(permute, "_BLOCK_BYTES", 1)
    counts = distinct(60, 5)
    after = dense(permute_genes(make(counts), copies=2, seed=1))
    np.testing.assert_array_equal(np.sort(after, axis=0), np.tile(np.sort(counts, axis=0), 2))
    assert (after != np.tile(counts, 2)).any(axis=0).all()


@pytest.mark.parametrize("transform", [permute_spots, permute_genes, lambda a, seed: exchange(a, share=0.5, seed=seed)])
def test_a_seed_decides_and_the_input_is_spared(transform):
    adata = make(distinct(40, 6))
    before = adata.copy()
    first, again, other = (transform(adata, seed=seed) for seed in (1, 1, 2))

    def content(result):
        return dense(result).tolist(), result.obsm["spatial"].tolist()

    assert content(first) == content(again) != content(other)
    assert content(adata) == content(before)
    assert adata.var["spatial"].all()


@settings(max_examples=40, deadline=None)
@given(counts=matrices, seed=seeds)
def test_whole_spots_take_everything_along(counts, seed):
    adata = make(counts)
    after = permute_spots(adata, seed=seed)
    np.testing.assert_array_equal(dense(after), counts)
    pd.testing.assert_frame_equal(after.obs, adata.obs)
    assert sorted(after.obsm["spatial"].tolist()) == sorted(adata.obsm["spatial"].tolist())
    assert list(after.var) == ["spatial"]
    assert not after.var["spatial"].any()


@settings(max_examples=60, deadline=None)
@given(n=st.integers(4, 40), share=st.floats(0, 0.99), mode=st.sampled_from(["per_gene", "whole_spots"]), seed=seeds)
def test_an_exchange_moves_exactly_its_share_and_keeps_the_truth(n, share, mode, seed):
    size = round(share * n)
    adata = make(np.arange(1, 5 * n + 1).reshape(n, 5))
    if size == 1:
        with pytest.raises(UserError, match="'share' parameter must make two or more spots exchange"):
            exchange(adata, share=share, mode=mode, seed=seed)
        return
    after = exchange(adata, share=share, mode=mode, seed=seed)
    moved_values = (dense(after) != dense(adata)).sum(axis=0).tolist()
    moved_places = (after.obsm["spatial"] != adata.obsm["spatial"])[:, 0].sum()
    assert moved_values == [size if mode == "per_gene" else 0] * 5
    assert moved_places == (0 if mode == "per_gene" else size)
    np.testing.assert_array_equal(np.sort(dense(after), axis=0), np.sort(dense(adata), axis=0))
    pd.testing.assert_frame_equal(after.var, adata.var)


@pytest.mark.parametrize(
    "transform",
    [permute_spots, permute_genes, exchange],
)
def test_nothing_leaves_its_sample(transform):
    samples = np.array(["a", "b", "c"])[np.arange(60) % 3]
    adata = make(distinct(60, 4), samples)
    options = {"share": 0.5} if transform is exchange else {}
    after = transform(adata, **options, seed=3)
    for name in "abc":
        rows = samples == name
        np.testing.assert_array_equal(np.sort(dense(after)[rows], axis=0), np.sort(dense(adata)[rows], axis=0))
        assert sorted(after.obsm["spatial"][rows].tolist()) == sorted(adata.obsm["spatial"][rows].tolist())
    assert (dense(after) != dense(adata)).any() or (after.obsm["spatial"] != adata.obsm["spatial"]).any()


def test_log1p_values_are_moved_where_there_are_no_counts_and_forgotten_where_there_are():
    values = np.log1p(distinct(30, 3)).astype(np.float32)
    after = permute_genes(make(values, X=sp.csr_matrix(values), layers={}), seed=0)
    assert "counts" not in after.layers
    np.testing.assert_array_equal(np.sort(after.X.toarray(), axis=0), np.sort(values, axis=0))
    with_both = make(distinct(30, 3), X=sp.csr_matrix(values))
    assert permute_genes(with_both, seed=0).X is None
    assert permute_spots(with_both, seed=0).X is not None, "each spot keeps its values"


@pytest.mark.parametrize("transform", [permute_genes, permute_spots])
def test_permuted_values_are_a_null_for_a_test_with_uniform_p_values(transform):
    """From patterns that leak through the totals; normalised anew, as every derived dataset is."""
    adata = negative_binomial(n_spots=300, n_genes=600, patterned=1.0, up_share=1.0, fold_change=5.0, seed=1)
    after = transform(adata, seed=2)

    def pvalues(data):
        X = log1p_normalised(data.layers["counts"], "median")
        return MoranI(graph="delaunay").fit(X, data.obsm["spatial"], seed=0).table_["pvalue"]

    assert (pvalues(adata) < 0.05).mean() > 0.5
    assert kstest(pvalues(after), "uniform").statistic < 0.1  # 1 % of 600 independent p-values exceed 0.066


@pytest.mark.parametrize(
    ("transform", "params", "message"),
    [
        (permute_genes, {"copies": 0}, r"'copies' parameter must be an integer >= 1. Got 0"),
        (permute_genes, {"copy": 2}, r"permute_genes: unknown option 'copy'. Did you mean 'copies'?"),
        (exchange, {}, "exchange: the option 'share' is missing"),
        (exchange, {"share": 1}, "'share' parameter must be below 1"),
        (exchange, {"share": -0.1}, r"'share' parameter must be a number from 0 to 1. Got -0.1"),
        (exchange, {"share": 0.5, "mode": "spots"}, "'mode' parameter is unknown. Got 'spots' instead"),
    ],
)
def test_parameters_out_of_range_are_named(transform, params, message):
    with pytest.raises(UserError, match=message):
        transform(make(distinct(9, 2)), **params, seed=0)


def test_places_are_needed_to_change_them():
    adata = make(distinct(9, 2))
    del adata.obsm["spatial"]
    assert permute_genes(adata, seed=0).shape == adata.shape
    for transform, params in ((permute_spots, {}), (exchange, {"share": 0.5, "mode": "whole_spots"})):
        with pytest.raises(UserError, match="the dataset has no coordinates"):
            transform(adata, **params, seed=0)
