"""Agreement with outputs of other implementations on real data (../shared; skipped where it is absent)."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from scbench.data.prepare import log1p_normalised
from scbench.markers.classifiers import classify
from scbench.markers.logistic_regression import LogisticRegression
from scbench.markers.t_test import TTest
from scbench.markers.wilcoxon import Wilcoxon
from scbench.metrics import classification as metrics


@pytest.fixture(scope="module")
def citeseq(shared):
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/citeseq_cbmc.h5ad")
    return log1p_normalised(adata.X.tocsr(), 10_000), adata.obs["cell_type"].astype(str).to_numpy(dtype=object)


# scanpy's default is not to correct for ties.
SELECTORS = {"t-test": TTest(), "wilcoxon": Wilcoxon(tie_correct=False), "logreg": LogisticRegression()}


@pytest.mark.parametrize("method", SELECTORS)
@pytest.mark.parametrize("k", [5, 30])
def test_marker_panels_score_as_in_the_reference(shared, citeseq, method, k):
    X, labels = citeseq
    genes = np.array([f"g{i:04d}" for i in range(500)], dtype=object)
    split = pd.read_csv(shared / "reference/smash/citeseq_split.csv")["split"].to_numpy()
    train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "test")
    ranking = SELECTORS[method].fit(X[train], labels[train], genes, seed=0)
    panel = np.flatnonzero(np.isin(genes, ranking.ranking_.query("rank <= @k")["gene"]))
    classes = np.unique(labels)
    predicted = classify(X[:, panel], labels, train, test, ["knn3"])["knn3"]
    matrix = metrics.confusion_matrix(labels[test], predicted, classes)

    reference = pd.read_csv(shared / "reference/smash/metrics.csv")
    row = reference[(reference["dataset"] == "citeseq") & (reference["top_per_class"] == str(k))]
    row = row[row["method"].str.contains("baseline") & row["method"].str.contains(method)].iloc[0]
    assert len(panel) == pytest.approx(row["n_genes"], abs=3)
    assert 100 * metrics.misclassification(matrix) == pytest.approx(row["M_acc"], abs=0.7)
    assert 100 * metrics.misclassification_recall(matrix) == pytest.approx(row["M_recall"], abs=1.5)
    assert 100 * metrics.misclassification_precision(matrix) == pytest.approx(row["M_prec"], abs=1.5)
    assert metrics.macro_f1(matrix) == pytest.approx(row["F1"], abs=0.012)


@pytest.mark.parametrize("name", ["sim_a", "sim_n1000", "sim_b"])
def test_moran_calls_the_genes_of_the_reference(shared, name):
    from scbench.svg.moran import MoranI

    data = np.load(shared / f"reference/scgco/{name}_input.npz", allow_pickle=True)
    X = log1p_normalised(sp.csr_matrix(data["counts"]), "median")
    table = MoranI(graph="delaunay", null="normality").fit(X, data["locs"], seed=0).table_
    called = false_discovery_control(table["pvalue"]) <= 0.05
    truth = data["truth"] > 0
    reference = pd.read_csv(shared / "reference/svg_peers/simulated_calls.csv")
    row = reference[reference["set"].eq(name) & reference["method"].str.contains("oran")].iloc[0]
    assert (called & truth).sum() == pytest.approx(row["true_calls"], abs=1)
    assert (called & ~truth).sum() == pytest.approx(row["false_calls"], abs=1)


def test_highly_variable_genes_are_those_of_seurat(shared):
    """2,894 genes on olfactory bulb replicate 11, the number in the scGCO paper."""
    import anndata as ad
    import scanpy as sc

    adata = ad.read_h5ad(shared / "data/mob_rep11.h5ad")
    if "in_spatialde_info" in adata.obs:
        adata = adata[adata.obs["in_spatialde_info"].astype(bool)].copy()
    adata.X = adata.X.astype(np.float32)
    sc.pp.filter_cells(adata, min_genes=200)
    sc.pp.filter_genes(adata, min_cells=3)
    X = log1p_normalised(sp.csr_matrix(adata.X), 10_000)
    from scbench.svg.hvg import HighlyVariable
    from scbench.svg.hvg_cutoffs import VariableByCutoffs

    score = HighlyVariable().fit(X, adata.obsm["spatial"], seed=0).table_["score"].to_numpy()
    mean = np.log1p(np.expm1(X.toarray()).mean(axis=0))
    assert ((score > 0.6) & (mean > 0.0125) & (mean < 3)).sum() == 2894
    table = VariableByCutoffs().fit(sp.csr_matrix(adata.X), adata.obsm["spatial"], seed=0).table_
    np.testing.assert_allclose(table["score"], score, rtol=1e-5)
    assert table["called"].sum() == 2894
