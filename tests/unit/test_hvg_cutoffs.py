"""Variable genes by cut-offs: what is filtered, what is called, and what scanpy itself calls."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.contract import check_tests
from scbench.errors import SkipRunError
from scbench.svg.hvg_cutoffs import VariableByCutoffs

COORDS = np.zeros((80, 2))  # it may not look at them


@pytest.fixture(scope="module")
def counts():
    """Counts of 80 spots: gene 0 varies most, gene 1 is empty, gene 2 is in two spots, spot 0 has one gene."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.uniform(0.5, 6, 60), (80, 60))
    counts[:, 0] = 40 * (np.arange(80) % 4 == 0)
    counts[:, 1], counts[:, 2] = 0, 0
    counts[[5, 6], 2] = 30
    counts[0] = 0
    counts[0, 7] = 500
    return sp.csr_matrix(counts.astype(np.int32))


def fit(counts, **params):
    table = VariableByCutoffs(**{"min_genes": 20} | params).fit(counts, COORDS, seed=0).table_
    return check_tests(table, np.arange(counts.shape[1]).astype(str), pvalues=False)


def test_calls_are_those_of_scanpy_on_what_the_filters_leave(counts):
    import anndata as ad
    import scanpy as sc

    adata = ad.AnnData(counts.astype(np.float32))
    sc.pp.filter_cells(adata, min_genes=20)
    sc.pp.filter_genes(adata, min_cells=3)
    assert adata.shape == (79, 58)
    sc.pp.normalize_total(adata, target_sum=10_000)
    sc.pp.log1p(adata)
    sc.pp.highly_variable_genes(adata, flavor="seurat", min_mean=0.0125, max_mean=6, min_disp=0.6)
    table = fit(counts, max_mean=6)
    assert table.loc[table["called"], "gene"].tolist() == adata.var_names[adata.var["highly_variable"]].tolist()
    assert 0 < table["called"].sum() < 58
    assert table["pvalue"].isna().all()
    assert (table.loc[[1, 2], "score"] < table["score"].drop([1, 2]).min()).all()
    assert not table.loc[[1, 2], "called"].any()


def test_each_cut_off_counts(counts):
    calls = fit(counts, max_mean=10, min_dispersion=-10)["called"]
    assert calls.sum() == 58
    assert not fit(counts, max_mean=0.1)["called"].any()
    assert not fit(counts, min_mean=9, max_mean=10)["called"].any()
    assert not fit(counts, max_mean=10, min_dispersion=10)["called"].any()


def test_without_spots_that_have_enough_genes_it_is_skipped(counts):
    with pytest.raises(SkipRunError, match="0 of 80 spots have 200 genes or more, and no gene is in 3 of these spots"):
        fit(counts, min_genes=200)
