"""Metrics of annotators beyond labels: rare types, calibration of confidences, and cells of types never seen."""

from typing import NamedTuple

import numpy as np

from scbench.metrics.classification import class_f1

_BINS = 15


class Rare(NamedTuple):
    """A confusion matrix (see `scbench.metrics.classification`), and which of its classes are rare."""

    confusion: np.ndarray
    rare: np.ndarray


class Confidences(NamedTuple):
    """Whether the label of each test cell is right, and the confidence in it, in [0, 1]."""

    right: np.ndarray
    confidence: np.ndarray


class Novelty(NamedTuple):
    """Test cells of known and of novel types.

    Attributes
    ----------
    novel, right
        (cells,) booleans: whether the type was left out of training, and whether the label is right.
    confidence
        (cells,) confidences; NaN where the method gives none.
    threshold
        Confidence below which a cell is called novel; minus infinity where there are no confidences.
    """

    novel: np.ndarray
    right: np.ndarray
    confidence: np.ndarray
    threshold: float


def rare_f1(subject: Rare) -> float:
    """Mean F1 of the rare types among the test cells; NaN if there are none."""
    shown = subject.rare & (subject.confusion.sum(axis=1) > 0)
    return float(class_f1(subject.confusion)[shown].mean()) if shown.any() else float("nan")


def bins(subject: Confidences) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells, mean confidence and share of right labels in each of 15 bins of equal width; 0 where a bin is empty."""
    place = np.minimum((subject.confidence * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    sums = (np.bincount(place, weights=values, minlength=_BINS) for values in (subject.confidence, subject.right))
    confidence, right = (total / np.maximum(counts, 1) for total in sums)
    return counts, confidence, right


def expected_calibration_error(subject: Confidences) -> float:
    """Mean distance between confidence and share of right labels over 15 bins of equal width, weighted by their cells.

    References
    ----------
    Guo C. et al. On calibration of modern neural networks. ICML (2017).
    """
    counts, confidence, right = bins(subject)
    return float((counts * np.abs(confidence - right)).sum() / counts.sum())


def rejected(subject: Novelty) -> np.ndarray:
    """Cells that are called novel."""
    return subject.confidence < subject.threshold


def novel_accuracy(subject: Novelty) -> float:
    """Share of the cells of a novel type that are called novel (scRobust, Fig. 3b)."""
    return float(rejected(subject)[subject.novel].mean())


def known_accuracy(subject: Novelty) -> float:
    """Share of the cells of known types that are kept and have the right label."""
    return float((~rejected(subject) & subject.right)[~subject.novel].mean())


def known_rejected(subject: Novelty) -> float:
    """Share of the cells of known types that are called novel."""
    return float(rejected(subject)[~subject.novel].mean())


def novelty_auroc(subject: Novelty) -> float:
    """Probability that a novel cell has a lower confidence than a known one, ties counting half; NaN without any."""
    if np.isnan(subject.confidence).any():
        return float("nan")
    order = np.sort(subject.confidence[~subject.novel])
    novel = subject.confidence[subject.novel]
    above = len(order) - np.searchsorted(order, novel, side="right")
    ties = np.searchsorted(order, novel, side="right") - np.searchsorted(order, novel, side="left")
    return float((above + ties / 2).mean() / len(order))


def risk_coverage(subject: Novelty) -> tuple[np.ndarray, np.ndarray]:
    """Share of wrong labels among the most confident cells, and the share of the cells that these are.

    Cells of the same confidence come together. A label of a novel cell is wrong.
    """
    order = np.argsort(-subject.confidence, kind="stable")
    wrong = np.cumsum(~subject.right[order])
    last = np.append(np.flatnonzero(np.diff(subject.confidence[order])), len(order) - 1)
    return wrong[last] / (last + 1), (last + 1) / len(order)


def risk_coverage_area(subject: Novelty) -> float:
    """Area under the risk-coverage curve, the mean risk over coverages; NaN without confidences.

    References
    ----------
    El-Yaniv R., Wiener Y. On the foundations of noise-free selective classification. JMLR 11, 1605-1641 (2010).
    """
    if np.isnan(subject.confidence).any():
        return float("nan")
    risk, coverage = risk_coverage(subject)
    return float((risk * np.diff(coverage, prepend=0)).sum())
