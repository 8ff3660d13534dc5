"""Marker scores of classes in a tissue and their spatial structure."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats as st
from sklearn.metrics import roc_auc_score

from scbench.errors import UserError
from scbench.io import Prepared
from scbench.markers.localisation import COLUMNS, _Scaled, auroc, localise
from scbench.markers.wilcoxon import Wilcoxon
from scbench.simulate.tissue import layered
from scbench.svg.moran import MoranI

EMPTY = pd.DataFrame(columns=["within", "class", "gene", "rank", "score"])


def ranking(**classes):
    rows = [(name, gene, rank) for name, genes in classes.items() for rank, gene in enumerate(genes, 1)]
    return pd.DataFrame(rows, columns=["class", "gene", "rank"]).assign(score=0.0)


def log1p(counts):
    """log1p of counts scaled to the median total."""
    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    X = sp.csr_matrix(sp.diags(np.median(total) / total) @ counts)
    X.data = np.log1p(X.data)
    return X


def prepared(adata, label="label"):
    labels = adata.obs[label].astype(str).to_numpy(dtype=object)
    X = log1p(adata.X if adata.X is not None else adata.layers["counts"])
    return Prepared(X, adata.obs_names.to_numpy(), adata.var_names.to_numpy(), labels, adata.obsm["spatial"])


@pytest.fixture(scope="module")
def tissue():
    """Four types, two of them in layers, and the ranking of their true markers."""
    adata = layered(n_cells=800, n_genes=400, n_types=4, layers=2, seed=0)
    of = adata.var["marker_of"].astype(str)
    truth = ranking(**{name: adata.var_names[of == name] for name in sorted(set(of) - {""})})
    in_layers = set(of[adata.var["spatial"]])
    return prepared(adata), truth, in_layers


def test_layers_are_found_and_random_genes_are_not_like_them(tissue):
    data, truth, in_layers = tissue
    classes = sorted(set(data.labels))
    table = localise(truth, data, classes=classes).table.set_index("class")
    assert table.index.tolist() == classes
    layer = table.index.isin(in_layers)
    assert (table.loc[layer, "statistic"] > 0.1).all()
    assert (table.loc[layer, "qvalue"] < 1e-10).all()
    assert (table.loc[layer, "random_below"] == 1).all()
    assert (table.loc[~layer, "qvalue"] > 0.001).all()
    assert (table.loc[~layer, "random_below"] < 1).all()
    assert (table["auroc"] > 0.95).all()
    assert (table["n_found"] == 5).all()


def test_score_and_statistics_by_hand(tissue):
    data, truth, _ = tissue
    found = localise(truth, data, classes=["type1", "type0"], k=3)
    assert found.table.columns.tolist() == COLUMNS
    genes = truth.loc[truth["class"] == "type0", "gene"].iloc[:3]
    z = st.zscore(data.X[:, np.isin(data.genes, genes)].toarray().astype(float))
    np.testing.assert_allclose(found.scores[:, 1], z.mean(axis=1), atol=1e-9)
    moran = MoranI().fit(sp.csr_matrix(z.mean(axis=1)[:, None]), data.coords, seed=0).table_.iloc[0]
    row = found.table.iloc[1]
    assert row["statistic"] == pytest.approx(moran["statistic"])
    assert row["pvalue"] == pytest.approx(moran["pvalue"])
    assert row["found"] == ",".join(genes)
    assert row["auroc"] == pytest.approx(roc_auc_score(data.labels == "type0", z.mean(axis=1)))
    np.testing.assert_allclose(found.table["qvalue"], st.false_discovery_control(found.table["pvalue"]))


def test_every_marker_counts_the_same_whatever_its_unit(tissue):
    data, truth, _ = tissue
    units = np.random.default_rng(0).lognormal(0, 2, len(data.genes))
    other = Prepared(sp.csr_matrix(data.X @ sp.diags(units)), data.cells, data.genes, data.labels, data.coords)
    first, second = (localise(truth, one, classes=["type0"]).scores for one in (data, other))
    np.testing.assert_allclose(first, second, atol=1e-9)


def test_a_seed_decides_the_random_panels(tissue):
    data, truth, _ = tissue
    first, again, other = (localise(truth, data, classes=["type0"], seed=seed).table for seed in (0, 0, 1))
    assert first.equals(again)
    assert first["random_mean"].item() != other["random_mean"].item()
    assert first["statistic"].item() == other["statistic"].item()


def test_random_panels_have_about_the_means_of_the_markers():
    rng = np.random.default_rng(0)
    mean = np.repeat([0.1, 5.0], 200)
    scaled = _Scaled(sp.csr_matrix(rng.poisson(mean, (100, 400)).astype(float) * (np.arange(400) != 7)))
    low, high = np.argsort(scaled.mean, kind="stable")[[100, 300]]
    panels = scaled.alike(np.array([low, high, high]), 500, rng)
    assert panels.shape == (500, 3)
    assert ((panels >= 200) == [False, True, True]).all()
    assert 7 not in panels  # never expressed
    assert len(np.unique(panels[:, 0])) == 50


def test_genes_that_are_missing_or_constant_are_counted(tissue):
    data, truth, _ = tissue
    X = data.X.tolil()
    constant = np.flatnonzero(data.genes == truth["gene"].iloc[0])[0]
    X[:, constant] = 1.0
    X = sp.csr_matrix(X)
    some = ranking(type0=[truth["gene"].iloc[0], "no such gene", *truth["gene"].iloc[1:3]], other=["neither"])
    found = localise(some, Prepared(X, data.cells, data.genes, None, data.coords), classes=["type0", "other", "none"])
    table = found.table.set_index("class")
    assert table["n_markers"].tolist() == [4, 1, 0]
    assert table["n_found"].tolist() == [2, 0, 0]
    assert table.loc["type0", "found"] == ",".join(truth["gene"].iloc[1:3])
    assert table.loc[["other", "none"], ["statistic", "pvalue", "qvalue", "random_below"]].isna().all(axis=None)
    assert table["auroc"].isna().all()  # there are no labels
    assert np.isnan(found.scores[:, 1:]).all()
    assert np.isfinite(found.scores[:, 0]).all()


def test_a_global_list_is_one_class(tissue):
    data, truth, in_layers = tissue
    genes = truth.loc[truth["class"].isin(in_layers), "gene"]
    table = localise(ranking(x=genes).assign(**{"class": ""}), data, classes=list("abcd"), k=2).table
    assert table["class"].tolist() == [""]
    assert table["n_markers"].tolist() == [8]


def test_a_failed_run_has_rows_without_values(tissue):
    table = localise(EMPTY, tissue[0], classes=["type0", "type1"]).table
    assert table["n_markers"].tolist() == [0, 0]
    assert table["statistic"].isna().all()


def test_datasets_that_share_no_gene_are_both_named(tissue):
    with pytest.raises(
        UserError, match=r"spots has none of the markers from cells.* gene0, gene1, gene2 .* GFAP, SST "
    ):
        localise(ranking(x=["GFAP", "SST"]), tissue[0], classes=["x"], names=("cells", "spots"))


def test_a_tissue_needs_coordinates(tissue):
    data, truth, _ = tissue
    with pytest.raises(UserError, match="spots has no coordinates"):
        localise(truth, Prepared(data.X, data.cells, data.genes), classes=["type0"], names=("cells", "spots"))


def test_auroc_with_ties_and_without_either_kind():
    score, positive = np.array([1.0, 1.0, 2.0, 3.0]), np.array([True, False, True, False])
    assert auroc(score, positive) == (0.5 + 0 + 1 + 0) / 4
    assert np.isnan(auroc(score, np.ones(4, dtype=bool)))
    assert np.isnan(auroc(score, np.zeros(4, dtype=bool)))


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning")
def test_markers_of_one_cortex_lie_in_the_layers_of_another(shared):
    """osmFISH (33 genes) to STARmap: 19 genes are common. White matter and layers stand out, interneurons do not."""
    cells, spots = (
        prepared(anndata.read_h5ad(shared / "data" / f"{name}.h5ad"), "cell_type")
        for name in ("osmfish_somatosensory_cortex", "starmap_visual_cortex")
    )
    classes = np.unique(cells.labels)
    markers = Wilcoxon().fit(cells.X, cells.labels, cells.genes, seed=0).ranking_
    table = localise(markers, spots, classes=classes).table.set_index("class")
    assert table["n_found"].between(1, 5).all()
    assert table["statistic"].idxmax().startswith("Oligodendrocyte")
    layered_types = ["Oligodendrocyte Mature", "Pyramidal L2-3", "Pyramidal L6", "pyramidal L4"]
    scattered = ["Inhibitory Vip", "Inhibitory Pthlh", "Inhibitory CP", "Perivascular Macrophages"]
    assert table.loc[layered_types, "statistic"].min() > 1.5 * table.loc[scattered, "statistic"].max()
    assert table.loc[layered_types, "random_below"].min() > 0.95
    assert table.loc[scattered, "random_below"].max() < 0.95
