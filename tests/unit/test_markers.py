import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.data.prepare import log1p_normalised
from scbench.markers._scanpy import rank_genes
from scbench.markers.controls import AllGenes, RandomGenes
from scbench.markers.logistic_regression import LogisticRegression
from scbench.markers.t_test import TTest
from scbench.markers.wilcoxon import Wilcoxon
from scbench.simulate.cells import cell_types


@pytest.fixture(scope="module")
def data():
    adata = cell_types(n_cells=200, n_genes=50, n_types=4, seed=1)
    X = log1p_normalised(adata.layers["counts"], 10_000)
    return X, adata.obs["label"].astype(str).to_numpy(dtype=object), adata.var_names.to_numpy()


def test_t_test_by_hand():
    X = sp.csr_matrix(np.array([[5.0, 0], [4, 1], [6, 0], [1, 3], [0, 4], [2, 4]]))
    labels, genes = np.repeat(["a", "b"], 3), np.array(["up_in_a", "up_in_b"])
    ranking = TTest().fit(X, labels, genes, seed=0).ranking_
    first = ranking[ranking["rank"] == 1].set_index("class")
    assert first["gene"].to_dict() == {"a": "up_in_a", "b": "up_in_b"}
    # (5 - 1) / sqrt(1/3 + 1/3), both groups with variance 1
    assert first.loc["a", "score"] == pytest.approx(4 / np.sqrt(2 / 3), rel=1e-5)


def test_wilcoxon_agrees_with_scipy(data):
    from scipy.stats import mannwhitneyu

    X, labels, genes = data
    ranking = Wilcoxon().fit(X, labels, genes, seed=0).ranking_.set_index(["class", "gene"])["score"]
    one = labels == "type1" if "type1" in labels else labels == labels[0]
    name = labels[one][0]
    for j in range(5):
        values = X[:, j].toarray().ravel()
        test = mannwhitneyu(values[one], values[~one], use_continuity=False, method="asymptotic")
        from scipy.stats import norm

        assert abs(ranking[name, genes[j]]) == pytest.approx(norm.isf(test.pvalue / 2), rel=1e-4)


def test_logistic_regression_ranks_as_scanpy_does(data):
    X, labels, genes = data
    ours = LogisticRegression().fit(X, labels, genes, seed=0).ranking_
    theirs = rank_genes(X, labels, genes, n_genes=300, method="logreg", max_iter=300, random_state=0)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-5)


def test_logistic_regression_with_two_classes_gives_each_its_own_genes():
    X = sp.csr_matrix(np.array([[5.0, 0], [4, 1], [6, 0], [1, 3], [0, 4], [2, 4]]))
    labels, genes = np.repeat(["a", "b"], 3), np.array(["up_in_a", "up_in_b"])
    ranking = LogisticRegression().fit(X, labels, genes, seed=0).ranking_
    first = ranking[ranking["rank"] == 1].set_index("class")["gene"]
    assert first.to_dict() == {"a": "up_in_a", "b": "up_in_b"}


def test_random_genes_are_uniform_and_differ_between_seeds(data):
    X, labels, genes = data
    first = [RandomGenes().fit(X, labels, genes, seed=s).ranking_.query("rank == 1")["gene"] for s in range(200)]
    counts = pd.concat(first).value_counts()
    assert counts.max() < 40
    assert len(counts) == len(genes)


def test_all_genes_rank_first_for_every_class(data):
    X, labels, genes = data
    ranking = AllGenes().fit(X, labels, genes, seed=0).ranking_
    assert (ranking["rank"] == 1).all()
    assert len(ranking) == len(genes) * len(np.unique(labels))
