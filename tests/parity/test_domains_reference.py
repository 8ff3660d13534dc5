"""Agreement of the test between domains with the calls of PyDESeq2 on real data (../shared)."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.svg.domains import DomainTest


@pytest.mark.slow
def test_deseq2_calls_as_many_genes_between_two_layers_as_pydeseq2(shared):
    """Olfactory bulb replicate 11, granule cells against olfactory nerve: 960 of 11,412 genes, by the paper's rule."""
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/mob_rep11.h5ad")
    layer = adata.obs["cell_type"].astype(str).to_numpy(dtype=object)
    spots = np.isin(layer, ["Granular Cell Layer", "Olfactory Nerve Layer"])
    counts = sp.csr_matrix(adata.X)[spots].astype(np.int32)
    counts = counts[:, counts.getnnz(axis=0) >= 11]
    assert counts.shape == (113, 11_412)
    table = DomainTest(test="deseq2").fit(counts, adata.obsm["spatial"][spots], seed=0, labels=layer[spots]).table_
    assert (table["qvalue"] < 0.01).sum() == pytest.approx(960, abs=2)
