"""Metrics of gene calls against a known truth (track svg)."""

from typing import NamedTuple

import numpy as np


class Calls(NamedTuple):
    """What a method said about each gene, and what is true.

    Attributes
    ----------
    truth, called
        (genes,) booleans.
    score
        (genes,) ranking score, higher = more spatial; minus infinity for a gene the method left out.
    """

    truth: np.ndarray
    called: np.ndarray
    score: np.ndarray


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")


def accuracy(calls: Calls) -> float:
    """Share of the genes that are rightly called or rightly not called (scGCO, Methods)."""
    return float((calls.truth == calls.called).mean())


def sensitivity(calls: Calls) -> float:
    """Called share of the patterned genes; NaN if no gene is patterned."""
    return _ratio((calls.truth & calls.called).sum(), calls.truth.sum())


def false_positive_rate(calls: Calls) -> float:
    """Called share of the genes without a pattern; NaN if there is none."""
    return _ratio((~calls.truth & calls.called).sum(), (~calls.truth).sum())


def false_discovery_proportion(calls: Calls) -> float:
    """Share of the called genes without a pattern; 0 if none is called."""
    return float((~calls.truth & calls.called).sum() / max(calls.called.sum(), 1))


def f1(calls: Calls) -> float:
    """Twice the right calls over patterned plus called genes; NaN if no gene is patterned."""
    if not calls.truth.any():
        return float("nan")
    return _ratio(2 * (calls.truth & calls.called).sum(), calls.truth.sum() + calls.called.sum())


def average_precision(calls: Calls) -> float:
    """Mean precision at the rank of each patterned gene.

    Among genes with the same score those without a pattern come first: a method that cannot order genes must not gain
    from the order of the file.
    """
    if not calls.truth.any():
        return float("nan")
    hits = calls.truth[np.lexsort((calls.truth, -calls.score))]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def power_at_fpr_1(calls: Calls) -> float:
    """Share of the patterned genes found where 1 % of the genes without a pattern are; see `power_at`."""
    return power_at(calls, 0.01)


def power_at_fpr_5(calls: Calls) -> float:
    """Share of the patterned genes found where 5 % of the genes without a pattern are; see `power_at`."""
    return power_at(calls, 0.05)


def power_at(calls: Calls, rate: float) -> float:
    """Sensitivity of the ranking at a false positive rate: what methods find at the same price.

    The threshold is the lowest with at most `rate` of the genes without a pattern above it. A patterned gene with the
    same score as the first such gene that is kept out is kept out too: ties are broken against the method.

    Parameters
    ----------
    calls
        Of which the calls themselves do not matter, only the ranking.
    rate
        False positive rate, in [0, 1).

    Returns
    -------
    float
        NaN if all genes are patterned, or none.

    Examples
    --------
    >>> truth = np.array([True, True, True, False, False])
    >>> power_at(Calls(truth, truth, np.array([9.0, 7.0, 5.0, 8.0, 5.0])), 0.5)
    0.6666666666666666
    """
    null = np.sort(calls.score[~calls.truth])[::-1]
    if not (len(null) and calls.truth.any()):
        return float("nan")
    allowed = int(rate * len(null) + 1e-9)  # 0.29 * 100 is 28.999999999999996
    return float((calls.score[calls.truth] > null[allowed]).mean())
