"""What scGCO hands on of each gene: the table of tests, and further arrays for figures."""

import numpy as np
import pandas as pd

from scbench.svg.scgco.sweep import Step

_SHOWN = 200  # genes whose cuts are kept


class Results:
    """Collects the best cut of each gene.

    The labels of the 200 genes with the lowest p-values are kept, in memory for at most twice as many.

    Parameters
    ----------
    tested
        (genes,) whether a gene is tested. Those that are, but are never added, are the same everywhere: p = 1. The
        others have p = NaN. All of them have the lowest score.
    """

    def __init__(self, tested: np.ndarray) -> None:
        n_genes = len(tested)
        self._pvalues = np.where(tested, 1.0, np.nan)
        self._scores = np.zeros(n_genes)
        self._models = np.full(n_genes, "", dtype="U4")
        names = ("smooth_factor", "n_states", "n_hidden_labels", "n_segments", "segment_size")
        self._numbers = {name: np.zeros(n_genes, dtype=np.int64) for name in names}
        self._shown: list[tuple[float, int, np.ndarray]] = []

    def add(self, gene: int, model: str, n_states: int, step: Step) -> None:
        """Add the best cut of a gene."""
        verdict = step.verdict
        self._pvalues[gene], self._scores[gene], self._models[gene] = verdict.pvalue, verdict.score, model
        n_hidden = len(np.unique(step.labels))
        numbers = (step.factor, n_states, n_hidden, verdict.n_segments, verdict.size)
        for column, number in zip(self._numbers.values(), numbers, strict=True):
            column[gene] = number
        self._shown.append((verdict.pvalue, gene, step.labels.astype(np.int8)))
        if len(self._shown) >= 2 * _SHOWN:
            self._shown = sorted(self._shown, key=lambda item: item[:2])[:_SHOWN]

    def table(self) -> pd.DataFrame:
        """Table of `scbench.contract.SpatialTest`; the statistic is the score of eq. 12, the ranking -log10(p)."""
        ranking = -np.log10(np.nan_to_num(self._pvalues, nan=1.0)) + 0.0  # no negative zeros
        return pd.DataFrame({"statistic": self._scores, "pvalue": self._pvalues, "score": ranking})

    def extras(self, spots: np.ndarray, n_spots: int) -> dict[str, np.ndarray]:
        """Numbers of each gene, and the cuts of the most significant genes.

        Parameters
        ----------
        spots
            Spot of the dataset that each entry of the labels belongs to.
        n_spots
            Spots of the dataset; those without a label get -1.
        """
        shown = sorted(self._shown, key=lambda item: item[:2])[:_SHOWN]
        labels = np.full((len(shown), n_spots), -1, dtype=np.int8)
        for row, (_, _, own) in zip(labels, shown, strict=True):
            row[spots] = own
        genes = np.array([gene for _, gene, _ in shown], dtype=np.int64)
        return {"segment_genes": genes, "segment_labels": labels, "model": self._models, **self._numbers}
