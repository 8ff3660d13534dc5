"""Annotators against scikit-learn's on CITE-seq with the folds and the extra dropout of ../shared.

The reference was run once, with seed 0 and double precision. What is deterministic agrees to the digits that were
written down. Linear models stop before they have converged, so single precision moves a few cells: by up to .004
(machines) and .009 (regressions) of macro F1 on all 13 pairs of dropout and fold. Forests and networks draw: tolerances
are two to three standard deviations of the difference between a run of ours, or the mean of three, and one of theirs.
"""

from functools import cache

import isolated
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from scbench.annotation.knn_pca import KNNOnPCA
from scbench.annotation.linear_svm import LinearSVM
from scbench.annotation.logistic_regression import LogisticRegression
from scbench.annotation.mlp import MLP
from scbench.annotation.nearest_centroid import NearestCentroid
from scbench.annotation.random_forest import RandomForest
from scbench.data.normalise import log1p_normalised


class Reference:
    """CITE-seq, the scores of the reference, and ours."""

    def __init__(self, shared):
        import anndata as ad

        folder = shared / "reference/scrobust"
        data = ad.read_h5ad(shared / "data/citeseq_cbmc.h5ad")
        self.counts = data.X.tocsr()
        self.labels = data.obs["cell_type"].astype(str).to_numpy(dtype=object)
        self.folds = pd.read_csv(folder / "citeseq_folds.csv")["fold"].to_numpy()
        scores = pd.read_csv(folder / "citeseq_baselines_folds.csv")
        self.scores = scores.set_index(["method", "ratio", "fold"])[["macro_f1", "accuracy"]]
        self.corrupted = cache(self._corrupted)

    def _corrupted(self, ratio):
        """Counts of which a share of each cell's non-zero genes is set to zero, as the reference's README says."""
        counts = self.counts.copy()
        counts.sort_indices()
        rng = np.random.default_rng(11)
        for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
            if ratio:
                size = round(ratio * int(stop - start))
                counts.data[start + rng.choice(stop - start, size, replace=False)] = 0
        counts.eliminate_zeros()
        return counts

    def ours(self, annotator, ratio, fold, seed=0):
        X, test = self.corrupted(ratio), self.folds == fold
        if not getattr(annotator, "log1p", False):  # which is for counts
            X = log1p_normalised(X, 10_000)
        annotator.fit(X[~test], self.labels[~test], seed=seed)
        return self.score(annotator.predict(X[test]).labels, fold)

    def score(self, predicted, fold):
        true = self.labels[self.folds == fold]
        return np.array([f1_score(true, predicted, average="macro"), accuracy_score(true, predicted)])


@pytest.fixture(scope="module")
def reference(shared):
    return Reference(shared)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5])
@pytest.mark.parametrize(("method", "annotator"), [("kNN15_PCA50", KNNOnPCA), ("NearestCentroid", NearestCentroid)])
def test_what_is_deterministic_is_the_same(reference, method, annotator, ratio):
    for fold in range(2):
        found = reference.ours(annotator(), ratio, fold)
        np.testing.assert_allclose(found, reference.scores.loc[(method, ratio, fold)], atol=1e-4)


@pytest.mark.parametrize(
    ("method", "annotator", "ratio", "fold", "f1", "accuracy"),
    [
        ("LinearSVC", LinearSVM(), 0.5, 1, 0.005, 0.002),
        ("LinearSVC_log1pcounts", LinearSVM(log1p=True), 0.0, 4, 0.005, 0.002),
        ("LogReg", LogisticRegression(), 0.5, 0, 0.01, 0.003),
        ("LogReg_binary", LogisticRegression(binary=True), 0.5, 0, 0.01, 0.003),
    ],
)
def test_linear_models_agree_but_for_their_last_iterations(reference, method, annotator, ratio, fold, f1, accuracy):
    found = reference.ours(annotator, ratio, fold)
    assert (np.abs(found - reference.scores.loc[(method, ratio, fold)]) < [f1, accuracy]).all()


def test_a_smaller_forest_on_rounded_values_is_within_the_spread_of_seeds(reference):
    found = reference.ours(RandomForest(n_trees=40), 0.5, 0)
    assert (np.abs(found - reference.scores.loc[("RandomForest200", 0.5, 0)]) < [0.05, 0.01]).all()


def test_networks_are_as_good_as_scikit_learns(reference):
    found = np.mean([reference.ours(MLP(), 0.5, 1, seed=seed) for seed in range(3)], axis=0)
    assert (np.abs(found - reference.scores.loc[("MLP128", 0.5, 1)]) < [0.06, 0.02]).all()


@pytest.mark.slow
def test_celltypist_by_gradient_descent_is_as_good_as_its_imitation(reference):
    """The reference scales genes and fits by gradient descent as the package does, without its cut at 10."""
    X, fold = reference.corrupted(0.0), 4
    train, test = np.flatnonzero(reference.folds != fold), np.flatnonzero(reference.folds == fold)
    table = isolated.table("celltypist", X, reference.labels, train, test, sgd=True)
    found = reference.score(table["label"].to_numpy(), fold)
    assert (np.abs(found - reference.scores.loc[("CellTypist_like_SGD", 0.0, fold)]) < [0.02, 0.006]).all()
