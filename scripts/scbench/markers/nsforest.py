"""NS-Forest: the smallest combinations of genes that tell a class from all others."""

import io
from contextlib import redirect_stderr, redirect_stdout
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import SkipRunError
from scbench.markers._dense import within_limit
from scbench.markers.profiles import class_fractions


class NSForest(MarkerSelector):
    """Choose candidates by random forests and binary scores, then their best combination by decision trees.

    Parameters
    ----------
    n_trees
        Trees of the random forest of each class.
    binary_sd
        A gene is a candidate of a class if its binary score is at least the mean of all scores plus so many of their
        standard deviations; 2 is upstream's ``BinaryFirst_high``.
    n_top_genes
        Candidates kept by the forest.
    n_genes_eval
        Of these, those with the highest binary score, whose combinations are tried.
    beta
        Weight of recall in the F score that chooses the combination; below 1 it counts less than precision.
    n_genes
        Genes kept per class.
    threads
        CPU threads of the forest.
    dense_mb
        Most MB that dense matrices may take; a run that needs more is skipped.

    Attributes
    ----------
    combinations_
        Genes of NS-Forest's own answer for each class, in the order of the ranking; a class without candidates has
        none.

    Notes
    -----
    A class's binary score for a gene is the mean over other classes of max(0, 1 - their median / its median). The
    ranking begins with the combination; then come the other genes that the forest kept, then all others with a positive
    binary score, both by that score. Only genes with a positive median in some class take part. The forest of every
    class has upstream's fixed seed, so the result does not depend on ours.

    Time O(classes x trees x cells log(cells) x sqrt(candidates)). Memory: four dense float32 copies of cells x genes
    with a positive median.

    References
    ----------
    Aevermann B. et al. A machine learning method for the discovery of minimum marker gene combinations for cell type
    identification from single-cell RNA sequencing. Genome Research 31, 1767-1780 (2021); Liu A. et al. Discovery of
    optimal cell type classification marker genes from single cell RNA sequencing data. BMC Methods 1, 15 (2024); the
    authors' package ``nsforest`` 4.1.
    """

    def __init__(
        self,
        *,
        n_trees: int = 1000,
        binary_sd: float = 2.0,
        n_top_genes: int = 15,
        n_genes_eval: int = 6,
        beta: float = 0.5,
        n_genes: int = 300,
        threads: int = 1,
        dense_mb: int = 6000,
    ) -> None:
        self.n_trees = n_trees
        self.binary_sd = binary_sd
        self.n_top_genes = n_top_genes
        self.n_genes_eval = n_genes_eval
        self.beta = beta
        self.n_genes = n_genes
        self.threads = threads
        self.dense_mb = dense_mb

    def warm_up(self) -> None:
        """Import the package, which imports plotting."""
        import nsforest  # noqa: F401

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "NSForest":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`."""
        X = sp.csr_matrix(X)
        codes, classes = pd.factorize(labels, sort=True)
        # A median is positive where at least half of the cells have the gene.
        kept = np.flatnonzero((class_fractions(X, labels, classes) >= 0.5).any(axis=0))
        if not len(kept):
            raise SkipRunError("NS-Forest needs genes with a positive median in some class, and there are none")
        within_limit("NS-Forest", 4 * 4.0 * X.shape[0] * len(kept), self.dense_mb, "Use fewer cells or genes.")
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            results, scores = self._run(X[:, kept].toarray(), codes)

        self.combinations_, tables = {}, []
        for code, name in enumerate(classes):
            combination, candidates = results.get(str(code), ([], []))
            self.combinations_[name] = genes[kept[combination]]
            by_score = np.argsort(-scores[:, code], kind="stable")
            tail = by_score[scores[by_score, code] > 0]
            order = pd.unique(np.array([*combination, *candidates, *tail], dtype=int))[: self.n_genes]
            ranks = np.arange(1, len(order) + 1)
            tables.append(pd.DataFrame({"class": name, "gene": genes[kept[order]], "rank": ranks, "score": -ranks}))
        self.ranking_ = pd.concat(tables, ignore_index=True)
        return self

    def _run(self, values: np.ndarray, codes: np.ndarray) -> tuple[dict[str, tuple[list[int], list[int]]], np.ndarray]:
        """Find combination and candidates of each class that has any, and the binary scores (genes, classes).

        Genes and classes go by their numbers: the package joins and splits names, and sorts classes as text.
        """
        import anndata as ad
        import nsforest

        n_classes = codes.max() + 1
        groups = [str(code) for code in range(n_classes)]
        adata = ad.AnnData(
            values,
            obs=pd.DataFrame({"group": pd.Categorical.from_codes(codes, groups)}, index=_names(len(values))),
            var=pd.DataFrame(index=_names(values.shape[1])),
        )
        adata = nsforest.pp.prep_medians(adata, "group")
        adata = nsforest.pp.prep_binary_scores(adata, "group")
        table = adata.varm["binary_scores_group"]
        scores = table[groups].to_numpy()
        # The package stops at a class without candidates.
        every, highest = table.melt()["value"], table.max()
        with_candidates = list(highest.index[highest >= every.mean() + self.binary_sd * every.std()])
        if not with_candidates:
            return {}, scores
        with TemporaryDirectory() as folder:
            answer = nsforest.nsforesting.NSForest(
                adata,
                "group",
                cluster_list=with_candidates,
                gene_selection=f"BinaryFirst_{self.binary_sd}",
                n_trees=self.n_trees,
                n_jobs=self.threads,
                beta=self.beta,
                n_top_genes=self.n_top_genes,
                n_binary_genes=self.n_top_genes,
                n_genes_eval=self.n_genes_eval,
                output_folder=folder,
            )
        columns = ("clusterName", "NSForest_markers", "binary_genes")
        rows = zip(*(answer[column] for column in columns), strict=True) if len(answer) else ()
        found = {name: ([int(g) for g in markers], [int(g) for g in binary]) for name, markers, binary in rows}
        return found, scores


def _names(n: int) -> list[str]:
    return [str(i) for i in range(n)]
