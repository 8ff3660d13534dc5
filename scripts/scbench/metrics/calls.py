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
