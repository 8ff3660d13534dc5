"""Annotators against reference scores on the same folds and the same corrupted counts of CITE-seq."""

import importlib

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation.scrobust.pretrain import new_encoder, pretrain
from scbench.annotation.scrobust.settings import settings
from scbench.data.normalise import log1p_normalised
from scbench.metrics.classification import accuracy, confusion_matrix, macro_f1
from scbench.registry import Registry

REGISTRY = Registry.load()
# By registry entry: its name in the reference, and how far a score may lie from it. Solvers differ in where they stop;
# random forest and network are drawn anew.
METHODS = {
    "linear_svm": ("LinearSVC", 0.01),
    "linear_svm_log1p_counts": ("LinearSVC_log1pcounts", 0.01),
    "logistic_regression": ("LogReg", 0.01),
    "logistic_regression_binary": ("LogReg_binary", 0.01),
    "nearest_centroid": ("NearestCentroid", 0.002),
    "knn_pca": ("kNN15_PCA50", 0.02),
    "mlp": ("MLP128", 0.05),
}


@pytest.fixture(scope="module")
def citeseq(shared):
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/citeseq_cbmc.h5ad")
    folds = pd.read_csv(shared / "reference/scrobust/citeseq_folds.csv").sort_values("cell")
    return adata.X.tocsr().astype(np.int32), folds["label"].astype(str).to_numpy(dtype=object), folds["fold"].to_numpy()


def _corrupted(counts, ratio):
    """As the reference says: cells in order, of each a share of its non-zero genes, drawn without replacement."""
    if not ratio:
        return counts
    rng, counts = np.random.default_rng(11), counts.copy()
    for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        counts.data[start + rng.choice(end - start, round(ratio * (end - start)), replace=False)] = 0
    counts.eliminate_zeros()
    return counts


@pytest.mark.parametrize("ratio", [0.0, 0.3])
@pytest.mark.parametrize("name", METHODS)
def test_scores_are_those_of_the_reference(citeseq, shared, name, ratio):
    counts, labels, folds = citeseq
    counts = _corrupted(counts, ratio)
    entry = REGISTRY.method(name)
    X = counts if entry["input_scale"] == "counts" else log1p_normalised(counts, 1e4)
    module, _, class_name = entry["entry"].partition(":")
    method = getattr(importlib.import_module(module), class_name)(**entry["params"])
    method.fit(X[folds != 0], labels[folds != 0], seed=0)
    predicted = method.predict(X[folds == 0]).labels
    confusion = confusion_matrix(labels[folds == 0], predicted, np.unique(labels))
    table = pd.read_csv(shared / "reference/scrobust/citeseq_baselines_folds.csv")
    reference, tolerance = METHODS[name]
    row = table[(table["method"] == reference) & (table["ratio"] == ratio) & (table["fold"] == 0)].iloc[0]
    assert accuracy(confusion) == pytest.approx(row["accuracy"], abs=tolerance)
    assert macro_f1(confusion) == pytest.approx(row["macro_f1"], abs=3 * tolerance), "rare types weigh more"


@pytest.mark.slow
def test_losses_of_pre_training_fall_as_those_of_the_reference(citeseq, shared):
    """Three epochs of the short budget; which tenth is held out, the initial weights and the views differ."""
    X = log1p_normalised(citeseq[0], 1e4)
    short = {"pretrain_epochs": 3, "pretrain_lr": 3e-4, "genes_per_view": 50}
    chosen = settings("faithful", short)
    encoder = new_encoder(X.shape[1], chosen, seed=0, device="cpu")
    history = pretrain(encoder, sp.csr_matrix(X), chosen, seed=0)
    ours = history[history["part"] == "validation"].pivot_table(index="epoch", columns="loss", values="value")
    table = pd.read_csv(shared / "reference/scrobust/citeseq_scrobust_pretrain_losses.csv")
    theirs = table[table["ratio"] == 0].head(3)
    np.testing.assert_allclose(ours["contrastive"], theirs["heldout_cl"], atol=0.12)
    # New views in each epoch make single values of this loss jump.
    np.testing.assert_allclose(ours["expression"].mean(), theirs["heldout_ge"].mean(), rtol=0.2)
