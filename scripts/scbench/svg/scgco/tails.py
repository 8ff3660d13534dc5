"""Complete spatial randomness: how likely a segment has so many spots of a label."""

import numpy as np
from scipy.stats import hypergeom, poisson


def poisson_tail(k: np.ndarray, size: np.ndarray, total: np.ndarray, n: int) -> np.ndarray:
    """P(at least k spots of a label in a segment) if labels fall as a homogeneous Poisson process.

    Parameters
    ----------
    k
        Spots of the label in the segment.
    size
        Spots of the segment.
    total
        Spots of the label in the tissue.
    n
        Spots of the tissue.

    Returns
    -------
    ndarray
        Upper tail, k included (scGCO 1.1.2; the text's eq. 13 is the probability of exactly k).
    """
    k, size, total = np.asarray(k), np.asarray(size), np.asarray(total)
    return poisson.sf(k - 1, size * total / n)


def hypergeometric_tail(k: np.ndarray, size: np.ndarray, total: np.ndarray, n: int) -> np.ndarray:
    """P(at least k spots of a label in a segment) if the labels are permuted over the spots.

    The number of spots with the label is fixed, as it is in the data, so this is the exact form of `poisson_tail`; a
    segment that is the whole tissue has p = 1 instead of about a half.
    """
    return hypergeom.sf(np.asarray(k) - 1, n, np.asarray(total), np.asarray(size))
