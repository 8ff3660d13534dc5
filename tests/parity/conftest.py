"""The inputs of the marker reference: what the authors' code was run on."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.data.prepare import log1p_normalised


def citeseq(shared):
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/citeseq_cbmc.h5ad")
    genes = np.array([f"g{i:04d}" for i in range(adata.n_vars)], dtype=object)
    return adata.X.tocsr(), adata.obs["cell_type"].astype(str).to_numpy(dtype=object), genes


def pbmc68k_reduced(shared):
    import scanpy as sc

    adata = sc.datasets.pbmc68k_reduced()
    totals = adata.obs["n_counts"].to_numpy()
    counts = np.round(np.expm1(adata.raw.X.toarray().astype(float)) * totals[:, None] / 1e4)
    genes = adata.raw.var_names.to_numpy(dtype=object)
    return sp.csr_matrix(counts), adata.obs["bulk_labels"].astype(str).to_numpy(dtype=object), genes


DATASETS = {"citeseq": citeseq, "pbmc68k_reduced": pbmc68k_reduced}


class Reference(NamedTuple):
    """A dataset with the split of the reference, and the markers and scores that it found."""

    name: str
    counts: sp.csr_matrix
    X: sp.csr_matrix
    labels: np.ndarray
    genes: np.ndarray
    train: np.ndarray
    test: np.ndarray
    markers: pd.DataFrame
    scores: pd.DataFrame


@pytest.fixture(scope="module", params=DATASETS)
def smash_reference(request, shared):
    name = request.param
    counts, labels, genes = DATASETS[name](shared)
    folder = shared / "reference/smash"
    split = pd.read_csv(folder / f"{name}_split.csv")["split"].to_numpy()
    scores = pd.read_csv(folder / "metrics.csv")
    return Reference(
        name,
        counts,
        log1p_normalised(counts, 10_000),
        labels,
        genes,
        np.flatnonzero(split == "train"),
        np.flatnonzero(split == "test"),
        pd.read_csv(folder / f"{name}_markers.csv", keep_default_na=False),
        scores[scores["dataset"] == name],
    )


@pytest.fixture(scope="module")
def training(smash_reference):
    """Name, counts, log1p values, labels and genes of the training cells, and the reference's markers."""
    name, counts, X, labels, genes, train, _, markers, _ = smash_reference
    return name, counts[train], X[train], labels[train], genes, markers
