"""Controls of the marker track."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import SkipRunError

_MOST_VALUES = 2**28


class RandomGenes(MarkerSelector):
    """Genes in random order for each class: what a panel of that size is worth without any choice.

    Parameters
    ----------
    n_genes
        Genes kept per class.
    """

    def __init__(self, *, n_genes: int = 300) -> None:
        self.n_genes = n_genes

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "RandomGenes":
        """Draw genes; see `scbench.contract.MarkerSelector`."""
        rng = np.random.default_rng(seed)
        n = min(self.n_genes, len(genes))
        ranks = np.arange(1, n + 1)
        self.ranking_ = pd.concat(
            [
                pd.DataFrame({"class": name, "gene": rng.permutation(genes)[:n], "rank": ranks, "score": -ranks})
                for name in np.unique(labels)
            ],
            ignore_index=True,
        )
        return self


class AllGenes(MarkerSelector):
    """Every gene ranks first for every class: no selection at all, whatever the size of the panel.

    Notes
    -----
    A panel is scored as a dense matrix, so the memory of scoring grows with the whole data; above `_MOST_VALUES`
    (2 GB) the run is skipped.
    """

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "AllGenes":
        """Rank all genes equal; see `scbench.contract.MarkerSelector`.

        Raises
        ------
        SkipRunError
            If the data are too large.
        """
        if np.prod(X.shape, dtype=float) > _MOST_VALUES:
            raise SkipRunError(f"a panel of all genes would have {X.shape[0]} x {X.shape[1]} dense values")
        classes = np.unique(labels)
        names = {"class": np.repeat(classes, len(genes)), "gene": np.tile(genes, len(classes))}
        self.ranking_ = pd.DataFrame({**names, "rank": 1, "score": 0.0})
        return self
