"""The permutation test of trendSceek: an envelope of order statistics, in stages that stop early."""

from collections.abc import Callable

import numpy as np

from scbench.svg.trendsceek.curves import STATISTICS

_WIDTH = 128  # sets of marks whose curves are made at once


def permutation_test(
    curves: Callable[[np.ndarray], np.ndarray],
    marks: np.ndarray,
    permutations: np.ndarray,
    stop_above: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """P-values of the four statistics of each gene.

    Parameters
    ----------
    curves
        `MarkCurves`, or what else turns (spots, sets) marks into (4, radii, sets) curves.
    marks
        (spots, genes) values, none of them constant.
    permutations
        (permutations, spots) orders of the spots, the same for all genes and statistics.
    stop_above
        Stop as the authors' software does, each statistic by itself: after 10 permutations if p > 0.5, then after 100,
        1,000, ... if p > `stop_above`, which is 0.2 there, or 0.02 for 500 genes or more. None never stops early.

    Returns
    -------
    pvalue, deviation
        (4, genes) values, see `envelope`.
    """
    most = len(permutations)
    steps = [] if stop_above is None else [10**k for k in range(1, len(str(most))) if 10**k < most]
    pvalue, deviation = np.ones((2, len(STATISTICS), marks.shape[1]))
    going = np.ones(pvalue.shape, dtype=bool)
    for step in [*steps, most]:
        for gene in _blocks(np.flatnonzero(going.any(axis=0)), max(1, _WIDTH // step)):
            parts = np.array_split(permutations[:step], -(-step * len(gene) // _WIDTH))
            # (spots, permutations, genes) marks give (4, radii, permutations, genes) curves.
            null = [_curves_of(curves, marks[part.T[:, :, None], gene]) for part in parts]
            found = envelope(curves(marks[:, gene]), np.concatenate(null, axis=2))
            for result, values in zip((pvalue, deviation), found, strict=True):
                result[:, gene] = np.where(going[:, gene], values, result[:, gene])
        if step < most:
            going &= pvalue <= (0.5 if step == 10 else stop_above)
    return pvalue, deviation


def envelope(observed: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare curves with those of permuted marks.

    The authors sort the deviations from the null mean at each radius, take for each order the largest over the radii,
    and count how many of these reach the observed deviation; the p-value is the smallest over the radii. As the k-th
    of them reaches it if at some radius k permutations do, that is (1 + the largest count over the radii of
    permutations whose deviation there reaches the observed curve's largest deviation) / (1 + permutations), which
    needs no sorting. Ties up to rounding count.

    Parameters
    ----------
    observed
        (4, radii, genes) curves.
    null
        (4, radii, permutations, genes) curves; overwritten.

    Returns
    -------
    pvalue, deviation
        (4, genes) p-values, and largest observed deviations over the largest of any permutation.
    """
    mean = null.mean(axis=2)
    largest = np.abs(observed - mean).max(axis=1)
    null -= mean[:, :, None]
    np.abs(null, out=null)
    reached = (null >= (1 - 1e-9) * largest[:, None, None]).sum(axis=2).max(axis=1)
    return (1 + reached) / (1 + null.shape[2]), largest / null.max(axis=(1, 2))


def _curves_of(curves: Callable[[np.ndarray], np.ndarray], marks: np.ndarray) -> np.ndarray:
    values = curves(marks.reshape(len(marks), -1))
    return values.reshape(*values.shape[:2], *marks.shape[1:])


def _blocks(genes: np.ndarray, size: int) -> list[np.ndarray]:
    return [genes[start : start + size] for start in range(0, len(genes), size)]
