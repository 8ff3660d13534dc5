"""Our scGCO beside the authors' on the inputs of the reference (../shared; skipped where it is absent)."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from scbench.data.prepare import log1p_normalised
from scbench.svg.scgco.method import SCGCO


def _called(X, coords):
    return false_discovery_control(SCGCO().fit(X, coords.astype(float), seed=0).table_["pvalue"]) <= 0.05


# Half of the genes of these sets are patterned, so totals leak the patterns into the others: false calls say nothing.
@pytest.mark.parametrize("name", ["sim_a", "sim_b", "sim_n1000"])
def test_at_least_as_many_patterned_genes_as_the_released_code_finds(shared, name):
    arrays = np.load(shared / f"reference/scgco/{name}_input.npz")
    X = log1p_normalised(sp.csr_matrix(arrays["counts"].astype(np.int32)), "median")
    released = pd.read_csv(shared / f"reference/scgco/{name}_scgco.csv")["fdr"].to_numpy() <= 0.05
    truth = arrays["truth"] > 0
    assert (_called(X, arrays["locs"]) & truth).sum() >= (released & truth).sum() > 0


def test_no_gene_is_called_among_the_permuted_genes_of_the_reference(shared):
    arrays = np.load(shared / "reference/scgco/null_bc2_input.npz")
    assert not _called(sp.csr_matrix(arrays["lognorm"]), arrays["locs"]).any()


def test_many_genes_of_breast_cancer_layer_2_and_none_when_they_are_permuted(shared):
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/breast_cancer_layer2_spark.h5ad")
    counts = sp.csr_matrix(adata.X).astype(np.int32)
    counts = counts[:, np.asarray((counts > 0).sum(axis=0)).ravel() >= 3]
    values = log1p_normalised(counts, "median").toarray()
    coords = adata.obsm["spatial"]
    assert _called(sp.csr_matrix(values), coords).sum() > 293  # the released code's number
    permuted = np.random.default_rng(0).permuted(values, axis=0)
    assert not _called(sp.csr_matrix(permuted), coords).any()
