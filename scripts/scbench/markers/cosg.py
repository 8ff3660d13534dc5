"""COSG: cosine similarity of a gene with the indicator of a class."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector

CELLS_AT_A_TIME = 20_000
"""Fixed, because the package would else choose by the free memory, and sums depend on it in their last digits."""


class COSG(MarkerSelector):
    """Rank genes by how much more they point along a class than along all classes together.

    Parameters
    ----------
    mu
        Weight of the similarity to other classes; larger is stricter.
    remove_lowly_expressed
        Whether a marker must be expressed in at least `expressed_pct` of the cells of its class, and in three of them.
    expressed_pct
        That share, from 0 to 1.
    n_genes
        Genes kept per class.

    Notes
    -----
    With cos(g, k) the cosine of gene g with the 0/1 indicator of class k, the score is cos(g, k)^3 divided by
    (1 - mu) cos(g, k)^2 + mu sum_l cos(g, l)^2. Genes that are too rare in a class are left out of its list, so a class
    may have fewer genes than asked for, and one with fewer than three cells has none.

    Time O(stored values + genes x classes). Memory: three copies of the stored values of 20,000 cells, and three
    matrices of genes x classes. Deterministic.

    References
    ----------
    Dai M., Pei X., Wang X.-J. Accurate and fast cell marker gene identification with COSG. Briefings in Bioinformatics
    23, bbab579 (2022); the authors' package ``cosg``.
    """

    def __init__(
        self,
        *,
        mu: float = 1.0,
        remove_lowly_expressed: bool = True,
        expressed_pct: float = 0.1,
        n_genes: int = 300,
    ) -> None:
        self.mu = mu
        self.remove_lowly_expressed = remove_lowly_expressed
        self.expressed_pct = expressed_pct
        self.n_genes = n_genes

    def warm_up(self) -> None:
        """Import the package and what it imports at its first call."""
        values = sp.csr_matrix(np.eye(6, dtype=np.float32))
        COSG(remove_lowly_expressed=False).fit(values, np.repeat(["a", "b"], 3), np.array(list("abcdef")), seed=0)

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "COSG":
        """Rank genes from log1p values; see `scbench.contract.MarkerSelector`."""
        import anndata as ad
        import cosg

        codes, classes = pd.factorize(labels, sort=True)
        # Names of classes become column names in the package: numbers cannot clash with its separators.
        group = pd.Categorical.from_codes(codes, categories=[str(i) for i in range(len(classes))])
        adata = ad.AnnData(X, obs={"group": group}, var=pd.DataFrame(index=genes))
        cosg.cosg(
            adata,
            groupby="group",
            mu=self.mu,
            remove_lowly_expressed=self.remove_lowly_expressed,
            expressed_pct=self.expressed_pct,
            n_genes_user=min(self.n_genes, len(genes)),
            cpu_chunk_size=CELLS_AT_A_TIME,
        )
        names, scores = (pd.DataFrame.from_records(adata.uns["cosg"][key]) for key in ("names", "scores"))
        table = pd.DataFrame(
            {
                "class": np.repeat(classes, len(names)),
                "gene": names.to_numpy().T.ravel(),
                "rank": np.tile(np.arange(1, len(names) + 1), len(classes)),
                "score": scores.to_numpy().T.ravel(),
            }
        )
        # The package gives -1 to genes that it filtered; they come last.
        self.ranking_ = table[table["score"] >= 0].reset_index(drop=True)
        return self
