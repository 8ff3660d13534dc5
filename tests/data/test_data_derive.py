import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scbench.data.checks import check
from scbench.data.derive import TRANSFORMS, dropout, nest, relabel, subset
from scbench.errors import UserError
from scbench.validate import read_yaml


def make(counts, **parts):
    obs = pd.DataFrame(index=[f"c{i}" for i in range(len(counts))])
    obs["label"] = [f"t{i % 3}" for i in range(len(counts))]
    obs["sub"] = [f"s{i % 5}" for i in range(len(counts))]
    var = pd.DataFrame(index=[f"g{i}" for i in range(counts.shape[1])])
    return anndata.AnnData(obs=obs, var=var, layers={"counts": sp.csr_matrix(counts)}, **parts)


matrices = st.tuples(st.integers(1, 12), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.sampled_from([0, 0, 1, 2, 7]))
)


@settings(max_examples=60, deadline=None)
@given(counts=matrices, rate=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_dropout_takes_exactly_its_share_of_each_cell_and_adds_nothing(counts, rate, seed):
    after = dropout(make(counts), rate=rate, seed=seed).layers["counts"]
    assert np.count_nonzero(after.data) == after.nnz
    after = after.toarray()
    assert np.all((after == counts) | (after == 0))
    before = np.count_nonzero(counts, axis=1)
    lost = before - np.count_nonzero(after, axis=1)
    assert lost.tolist() == [round(rate * n) for n in before.tolist()]


def test_dropout_depends_on_the_seed_and_spares_its_input():
    adata = make(np.random.default_rng(0).poisson(2, (50, 40)))
    before = adata.layers["counts"].toarray()
    first, again, other = (dropout(adata, rate=0.3, seed=seed).layers["counts"].toarray() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(adata.layers["counts"].toarray(), before)


def test_dropout_favours_no_gene():
    lost = dropout(make(np.ones((4000, 10), dtype=int)), rate=0.3, seed=3).layers["counts"].toarray() == 0
    np.testing.assert_allclose(lost.mean(axis=0), 0.3, atol=0.04)  # 5 standard errors


def test_dropout_forgets_the_log1p_values_of_the_old_counts_and_keeps_the_rest():
    counts = np.ones((6, 4), dtype=int)
    adata = make(counts, X=sp.csr_matrix(np.log1p(counts)), obsm={"spatial": np.ones((6, 2))})
    after = dropout(adata, rate=0.5, seed=0)
    assert after.X is None
    assert "spatial" in after.obsm
    pd.testing.assert_frame_equal(after.obs, adata.obs)


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.3", True, None])
def test_dropout_rates_are_shares(rate):
    with pytest.raises(UserError, match=rf"'rate' parameter must be a number from 0 to 1. Got {rate!r}"):
        dropout(make(np.ones((3, 2), dtype=int)), rate=rate, seed=0)


def test_dropout_needs_counts():
    adata = anndata.AnnData(sp.csr_matrix(np.ones((3, 2))))
    with pytest.raises(UserError, match="dropout: the dataset has no counts"):
        dropout(adata, rate=0.1, seed=0)


def test_relabel_takes_another_column():
    adata = make(np.ones((10, 2), dtype=int))
    after = relabel(adata, column="sub")
    assert after.obs["label"].tolist() == [f"s{i % 5}" for i in range(10)]
    assert adata.obs["label"].tolist() == [f"t{i % 3}" for i in range(10)]
    with pytest.raises(UserError, match=r"relabel: unknown column 'subb'. Did you mean 'sub'?"):
        relabel(adata, column="subb")


def test_relabel_maps_values_and_keeps_the_former_labels():
    adata = make(np.ones((10, 2), dtype=int))
    after = relabel(adata, column="label", mapping={"t0": "t0", "t1": "other", "t2": "other"}, keep="former")
    assert after.obs["label"].tolist() == ["t0" if i % 3 == 0 else "other" for i in range(10)]
    assert after.obs["former"].tolist() == adata.obs["label"].tolist()
    assert "former" not in adata.obs
    numbers = relabel(make(np.ones((3, 2))), column="label", mapping={"t0": 1, "t1": 2, "t2": 2})
    assert numbers.obs["label"].tolist() == ["1", "2", "2"], "YAML reads names of clusters as numbers"


@pytest.mark.parametrize("transform", [relabel, nest])
def test_every_value_must_be_mapped(transform):
    adata = make(np.ones((10, 2), dtype=int))
    with pytest.raises(UserError, match=r"'mapping' lacks the value 't2' of 'label'. It has: t0, t1."):
        transform(adata, column="label", mapping={"t0": "a", "t1": "b"})
    with pytest.raises(UserError, match=r"'mapping' gives a label for each value of 'label'. Got \['t0'\] instead."):
        transform(adata, column="label", mapping=["t0"])


def test_nest_leaves_labels_and_cells_alone():
    adata = make(np.ones((10, 2), dtype=int))
    after = nest(adata, column="sub")
    assert after.obs["broad"].tolist() == adata.obs["sub"].tolist()
    pd.testing.assert_frame_equal(after.obs.drop(columns="broad"), adata.obs)
    assert "broad" not in adata.obs
    mapped = nest(adata, column="label", mapping={"t0": "x", "t1": "x", "t2": "y"})
    assert mapped.obs["broad"].tolist() == ["y" if i % 3 == 2 else "x" for i in range(10)]
    by_start = nest(adata, column="label", mapping={"t*": "x", "t2": "y"})
    assert by_start.obs["broad"].tolist() == mapped.obs["broad"].tolist()
    with pytest.raises(UserError, match=r"nest: unknown column 'subb'. Did you mean 'sub'?"):
        nest(adata, column="subb")


@pytest.mark.parametrize(
    ("broad", "message"),
    [
        (["x", "y", "x", "y", "x", "x"], r"set: the label 't0' must lie in one broad type. It lies in 'x', 'y'."),
        (["x", "x", "", "x", "x", ""], "set: 2 of 6 cells have no broad type"),
        (["x"] * 6, "set: all cells are of the broad type 'x'"),
    ],
)
def test_labels_must_be_nested_in_broad_types(broad, message):
    adata = make(np.ones((6, 2), dtype=int))
    adata.obs["broad"] = broad
    with pytest.raises(UserError, match=message):
        check(adata, "set", {}, ["markers"])
    adata.obs["broad"] = ["x", "x", "y"] * 2
    assert check(adata, "set", {}, ["markers"]) is adata


def test_subset_samples_cells_and_genes_in_order():
    adata = make(np.arange(600).reshape(60, 10))
    after = subset(adata, cells=20, genes=4, seed=1)
    assert after.shape == (20, 4)
    assert list(after.obs_names) == [name for name in adata.obs_names if name in set(after.obs_names)]
    expected = adata[after.obs_names, after.var_names].layers["counts"].toarray()
    np.testing.assert_array_equal(after.layers["counts"].toarray(), expected)
    assert list(after.obs_names) == list(subset(adata, cells=20, genes=4, seed=1).obs_names)
    assert list(after.obs_names) != list(subset(adata, cells=20, genes=4, seed=2).obs_names)


def test_subset_keeps_cells_by_their_columns():
    adata = make(np.ones((60, 3), dtype=int), obsm={"spatial": np.arange(120).reshape(60, 2)})
    adata.obs["field"] = np.arange(60) // 20 + 33
    adata.obs["bregma"] = np.tile([0.26, -0.04, np.nan], 20)
    adata.obs["animal"] = pd.Categorical([str(i % 4) for i in range(60)])

    def kept(**where):
        after = subset(adata, where=where, seed=1)
        np.testing.assert_array_equal(after.obsm["spatial"], adata[after.obs_names].obsm["spatial"])
        return [int(name[1:]) for name in after.obs_names]

    assert kept(label=["t0", "t2"]) == [i for i in range(60) if i % 3 != 1]
    assert kept(field=[34]) == list(range(20, 40))
    assert kept(field=[33, 35], animal=[1]) == [*range(1, 20, 4), *range(41, 60, 4)], "YAML reads 1 as a number"
    assert kept(bregma=[-0.04]) == list(range(1, 60, 3))
    assert subset(adata, seed=1).shape == adata.shape
    assert subset(adata, where={"field": [34]}, cells=5, seed=1).obs["field"].tolist() == [34] * 5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cells": 61}, "'cells' parameter must be an integer from 1 to 60. Got 61"),
        ({"cells": 0}, "'cells' parameter .*Got 0"),
        ({"genes": 2.5}, "'genes' parameter must be an integer from 1 to 3. Got 2.5"),
        ({"where": {"label": ["t0", "tt1"]}}, "subset: unknown value 'tt1' of 'label'. Did you mean 't1'?"),
        ({"where": {"number": [3, 99]}}, "subset: unknown value '99' of 'number'. .*Allowed: 0, 1, 10, .*, 9."),
        ({"where": {"labels": ["t0"]}}, "subset: unknown column 'labels'. Did you mean 'label'?"),
        ({"where": {"label": "t0"}}, "'where' gives a list of values for each column. Got {'label': 't0'} instead"),
        ({"where": ["label"]}, r"'where' gives a list of values for each column. Got \['label'\] instead"),
        ({"where": {"number": [3], "label": ["t2"]}}, "subset: no cell has {'number': .3., 'label': .'t2'.}"),
        ({"cell": 5}, "subset: unknown option 'cell'. Did you mean 'cells'?"),
    ],
)
def test_subset_names_what_is_wrong(params, message):
    adata = make(np.ones((60, 3), dtype=int))
    adata.obs["number"] = np.arange(60) // 2
    with pytest.raises(UserError, match=message):
        subset(adata, **params, seed=0)


def test_the_registry_knows_them_all(root):
    schema = read_yaml(root / "workflow/schemas/datasets.schema.yaml")["additionalProperties"]["properties"]["source"]
    derive = next(rule["then"] for rule in schema["allOf"] if rule["if"]["properties"]["type"]["const"] == "derive")
    assert derive["properties"]["transform"]["enum"] == list(TRANSFORMS)
    assert all(name == function.__name__ for name, function in TRANSFORMS.items())
