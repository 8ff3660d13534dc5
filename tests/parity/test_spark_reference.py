"""Agreement of SPARK and SPARK-X with outputs of the R package on real and simulated data (../shared)."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from scbench.svg.spark.kernels import KERNELS
from scbench.svg.spark.method import SPARK
from scbench.svg.sparkx import KERNELS as X_KERNELS
from scbench.svg.sparkx import SPARKX

# Genes at 0.05 of SPARK (BY, BH) and of SPARK-X (BY, BH, with exact p; BY in R).
CALLS = {
    "bc2": ((290, 538), (544, 1620, 509)),
    "seqfish_field43": ((17, 30), (4, 46, 4)),
    "sim_a": ((38, 42), (26, 28, 26)),
    "sim_b": ((42, 44), (28, 34, 28)),
    "sim_n1000": ((53, 62), (22, 25, 22)),
}


@pytest.fixture(scope="module", params=CALLS)
def example(request, shared):
    """Name, counts, coordinates and genes."""
    if request.param == "bc2":
        import anndata as ad

        adata = ad.read_h5ad(shared / "data/breast_cancer_layer2_spark.h5ad")
        return request.param, adata.X.tocsr(), adata.obsm["spatial"], adata.var_names
    data = np.load(shared / f"reference/scgco/{request.param}_input.npz")
    # R was given ten digits; the cosines of distances would show the others.
    coords = np.vectorize(lambda value: float(f"{value:.10g}"))(data["locs"])
    return request.param, sp.csr_matrix(data["counts"].astype(np.int32)), coords, pd.Index(data["genes"])


def _reference(shared, name, method):
    return pd.read_csv(shared / f"reference/svg_peers/{name}_{method}.csv", index_col="gene")


@pytest.fixture(scope="module")
def spark(shared, example):
    """Fitted method, the rows of the tested genes in R's order, and R's table."""
    name, X, coords, genes = example
    reference = _reference(shared, name, "spark")
    return SPARK().fit(X, coords, seed=0), genes.get_indexer(reference.index), reference


def test_spark_tests_the_same_genes(spark):
    method, rows, _ = spark
    np.testing.assert_array_equal(np.flatnonzero(method.table_["pvalue"].notna()), np.sort(rows))


def test_spark_variances_and_p_values_of_single_kernels(spark):
    method, rows, reference = spark
    np.testing.assert_allclose(method.extras_["variance"][rows], reference["tau2"], atol=2e-9)
    theirs = reference[[f"p_{kernel}" for kernel in KERNELS]]
    np.testing.assert_allclose(method.extras_["kernel_pvalues"][rows], theirs, rtol=1e-6, atol=1e-9)


def test_spark_combined_p_values_and_calls(example, spark):
    method, rows, reference = spark
    ours = method.table_.iloc[rows]
    np.testing.assert_allclose(ours["pvalue"], reference["p_value"], atol=1e-9)
    np.testing.assert_array_equal(ours["qvalue"] < 0.05, reference["p_by"] < 0.05)
    bh = false_discovery_control(ours["pvalue"])
    np.testing.assert_array_equal(bh < 0.05, reference["p_bh"] < 0.05)
    assert ((ours["qvalue"] < 0.05).sum(), (bh < 0.05).sum()) == CALLS[example[0]][0]


def test_faithful_spark_has_the_rounded_p_values_of_the_package(shared):
    data = np.load(shared / "reference/scgco/seqfish_field43_input.npz")
    X, genes = sp.csr_matrix(data["counts"].astype(np.int32)), pd.Index(data["genes"])
    reference = _reference(shared, "seqfish_field43", "spark")
    exact, faithful = (
        SPARK(faithful=f).fit(X, data["locs"], seed=0).table_.set_index(genes).loc[reference.index, "pvalue"]
        for f in (False, True)
    )
    # Steps of 1.1e-16: the smallest differ by a step or two from the exact ones, and are the same as R's.
    np.testing.assert_allclose(faithful, reference["p_value"], rtol=1e-8)
    assert np.abs(np.log(exact / reference["p_value"])).max() > 1e-4


def test_spark_on_permuted_spots_agrees_with_the_prototype(shared):
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/breast_cancer_layer2_spark.h5ad")
    coords = adata.obsm["spatial"][np.random.default_rng(5).permutation(adata.n_obs)]
    reference = _reference(shared, "bc2_permuted", "spark_py")
    table = SPARK().fit(adata.X.tocsr(), coords, seed=0).table_.set_index(adata.var_names).loc[reference.index]
    np.testing.assert_allclose(table["pvalue"], reference["p_value"], atol=1e-9)
    assert (table["qvalue"] >= 0.05).all()


def test_sparkx_statistics_p_values_and_calls(shared, example):
    name, X, coords, genes = example
    reference = _reference(shared, name, "sparkx")
    method = SPARKX().fit(X, coords, seed=0)
    rows = genes.get_indexer(reference.index)
    theirs = reference[[f"stat_{kernel}" for kernel in X_KERNELS]]
    np.testing.assert_allclose(method.extras_["kernel_statistics"][rows], theirs, rtol=1e-9)
    # The error of Davies' method at its default accuracy.
    theirs = reference[[f"p_{kernel}" for kernel in X_KERNELS]]
    np.testing.assert_allclose(method.extras_["kernel_pvalues"][rows], theirs, rtol=0, atol=5e-5)
    ours = method.table_.iloc[rows]
    by, bh = ours["qvalue"] < 0.05, false_discovery_control(ours["pvalue"]) < 0.05
    r_calls = (reference["p_by"] < 0.05).to_numpy()
    assert (by.sum(), bh.sum(), r_calls.sum()) == CALLS[name][1]
    assert by[r_calls].all()
