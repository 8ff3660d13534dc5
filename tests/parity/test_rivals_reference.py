"""Agreement of rival marker methods with outputs of their authors' code on real data (../shared)."""

import numpy as np
import pandas as pd
import pytest

from scbench.markers._scanpy import rank_genes
from scbench.markers.cosg import COSG
from scbench.markers.rankcorr import RankCorr
from scbench.markers.scgenefit import ScGeneFit
from scbench.markers.wilcoxon import Wilcoxon


def test_rankcorr_ranks_counts_as_the_released_code_does(training):
    _, counts, _, labels, genes, markers = training
    method = RankCorr().fit(counts, labels, genes, seed=0)
    reference = markers[(markers["method"] == "RankCorr") & (markers["ranking"] == "abscoef")]
    columns = pd.Index(np.unique(labels)).get_indexer(reference["class"])
    theirs = np.abs(method.coefficients_[pd.Index(genes).get_indexer(reference["gene"]), columns])
    ours = reference.merge(method.ranking_, on=["class", "rank"], how="left")["score"]
    assert len(reference) >= 1000
    # Genes at one rank may differ only if their coefficients are the same.
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("lamb", [3, 15])
def test_rankcorr_keeps_the_support_of_the_released_code(training, lamb):
    _, counts, _, labels, genes, markers = training
    ours = RankCorr(lamb=lamb).fit(counts, labels, genes, seed=0).ranking_
    reference = markers[markers["method"] == f"RankCorr-dense-{lamb}"]
    assert {*zip(ours["class"], ours["gene"], strict=True)} == {
        *zip(reference["class"], reference["gene"], strict=True)
    }


def test_scgenefit_chooses_the_genes_of_the_reference(training):
    """The reference had scipy's interior points and, on the small data, another random constraint."""
    name, _, X, labels, genes, markers = training
    ranking = ScGeneFit().fit(X, labels, genes, seed=42).ranking_
    n_classes = len(np.unique(labels))
    for k, least in ((5, {"citeseq": 1.0, "pbmc68k_reduced": 0.7}[name]), (30, 1.0)):
        alone = ScGeneFit(per_class=(k,)).fit(X, labels, genes, seed=42).ranking_["gene"]
        reference = markers.loc[markers["method"] == f"scGeneFit-centers-{k}", "gene"]
        assert len(alone) == len(reference) == k * n_classes
        assert alone.isin(reference).mean() >= least
    assert set(ranking["gene"][: 5 * n_classes]) == set(
        ScGeneFit(per_class=(5,)).fit(X, labels, genes, seed=42).ranking_["gene"]
    )


@pytest.mark.parametrize(("selector", "baseline"), [(COSG(), "cosg"), (Wilcoxon(tie_correct=False), "scanpy-wilcoxon")])
def test_panels_are_as_large_as_the_references(shared, training, selector, baseline):
    name, _, X, labels, genes, _ = training
    ranking = selector.fit(X, labels, genes, seed=0).ranking_
    metrics = pd.read_csv(shared / "reference/smash/metrics.csv")
    rows = metrics[(metrics["dataset"] == name) & (metrics["method"] == f"baseline:{baseline}")]
    sizes = rows.set_index(rows["top_per_class"].astype(int))["n_genes"]
    for k in (5, 30):
        assert ranking.loc[ranking["rank"] <= k, "gene"].nunique() == pytest.approx(sizes[k], abs=3)


def test_wilcoxon_scores_are_those_of_scanpy(training):
    _, _, X, labels, genes, _ = training
    some = slice(0, 100)
    ours = Wilcoxon().fit(X[:, some], labels, genes[some], seed=0).ranking_
    theirs = rank_genes(X[:, some], labels, genes[some], n_genes=100, method="wilcoxon", tie_correct=True)
    both = ours.merge(theirs, on=["class", "gene"], suffixes=("", "_scanpy"), validate="one_to_one")
    assert len(both) == len(theirs)
    np.testing.assert_allclose(both["score"], both["score_scanpy"], rtol=1e-6, atol=1e-6)
