"""Whether the total of a spot tells where it lies, which carries patterns into the genes that have none."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.svg.moran import MoranI


class Leak(NamedTuple):
    """What the totals of a dataset's spots give away.

    Attributes
    ----------
    totals
        (spots,) logarithm of the spot's total.
    moran_i, pvalue
        Moran's I of `totals` and its p-value.
    correlation
        (genes,) correlation of `totals` with the normalised expression of each gene; 0 for a constant one.
    """

    totals: np.ndarray
    moran_i: float
    pvalue: float
    correlation: np.ndarray


def measure(counts: sp.csr_matrix, normalised: sp.csr_matrix, coords: np.ndarray) -> Leak:
    """Compare the totals of spots with places and with genes.

    Normalisation divides the counts of a spot by its total. If patterned genes are mostly high in the same places, so
    is the total, and genes without a pattern become low there.

    Parameters
    ----------
    counts
        (spots, genes) counts; each spot has one at least.
    normalised
        (spots, genes) values that methods see.
    coords
        (spots, 2 or 3) positions.

    Notes
    -----
    Nothing is densified: memory O(spots + genes) beside the matrices.
    """
    totals = np.log(np.asarray(counts.sum(axis=1), dtype=float).ravel())
    moran: pd.Series = MoranI().fit(sp.csr_matrix(totals[:, None]), coords, seed=0).table_.iloc[0]
    return Leak(totals, moran["statistic"], moran["pvalue"], _correlation(normalised, totals))


def _correlation(X: sp.csr_matrix, values: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each column with (rows,) values; 0 where either is constant."""
    X = X.astype(float)
    centred = values - values.mean()
    n = len(values)
    spread = np.sqrt(
        np.maximum(np.asarray(X.multiply(X).sum(axis=0)).ravel() - np.asarray(X.sum(axis=0)).ravel() ** 2 / n, 0)
    )
    scale = spread * np.sqrt(centred @ centred)
    return np.divide(X.T @ centred, scale, out=np.zeros(X.shape[1]), where=scale > 1e-9)
