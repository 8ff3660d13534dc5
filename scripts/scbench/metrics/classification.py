"""Metrics of a classification, all computed from one confusion matrix.

A confusion matrix has one row per class of the test cells and one column per class, plus a last column for cells that
were left unassigned. Those stay in the denominators of accuracy and recall, so refusing the hard cells lowers them.
Precision cannot see what is refused; F1 gains from it only where guesses would be right less often than half the F1.
"""

import numpy as np
import pandas as pd

from scbench.contract import UNASSIGNED


def confusion_matrix(true: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Count cells by true and predicted class.

    Parameters
    ----------
    true, predicted
        Labels of the test cells; ``predicted`` may hold ``"unassigned"``.
    classes
        All classes that may be predicted, in the order of rows and columns.

    Returns
    -------
    numpy.ndarray
        (classes, classes + 1) integers.
    """
    rows = pd.Index(classes).get_indexer(true)
    columns = pd.Index([*classes, UNASSIGNED]).get_indexer(predicted)
    if (rows < 0).any() or (columns < 0).any():
        raise ValueError("a label is not among the classes")
    counts = np.zeros((len(classes), len(classes) + 1), dtype=int)
    np.add.at(counts, (rows, columns), 1)
    return counts


def _right(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part of whole, 0 where there is no whole: a class that is never predicted has no precision to be proud of."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _present(confusion: np.ndarray) -> np.ndarray:
    """Classes that occur among the test cells or the predictions; others say nothing about the method."""
    return (confusion.sum(axis=1) > 0) | (confusion[:, :-1].sum(axis=0) > 0)


def _mean(values: np.ndarray, confusion: np.ndarray) -> float:
    return float(values[_present(confusion)].mean())


def accuracy(confusion: np.ndarray) -> float:
    """Share of the cells with the right label."""
    return float(_right(confusion).sum() / confusion.sum())


def misclassification(confusion: np.ndarray) -> float:
    """Share of the cells with a wrong label, as the released SMaSH code prints it."""
    return 1 - accuracy(confusion)


def misclassification_recall(confusion: np.ndarray) -> float:
    """Mean over classes of one minus recall (SMaSH, Methods, with P_i as the cells of class i)."""
    return _mean(1 - class_accuracy(confusion), confusion)


def misclassification_precision(confusion: np.ndarray) -> float:
    """Mean over classes of one minus precision (SMaSH, Methods, with P_i as the predictions of class i)."""
    return _mean(1 - _share(_right(confusion), confusion[:, :-1].sum(axis=0)), confusion)


def class_accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of the cells of each class with the right label."""
    return _share(_right(confusion), confusion.sum(axis=1))


def class_f1(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class: twice the right cells over the cells of the class plus the predictions of it."""
    return _share(2 * _right(confusion), confusion.sum(axis=1) + confusion[:, :-1].sum(axis=0))


def macro_f1(confusion: np.ndarray) -> float:
    """Mean over classes of F1."""
    return _mean(class_f1(confusion), confusion)


def weighted_f1(confusion: np.ndarray) -> float:
    """Mean over classes of F1, weighted by the cells of each class."""
    return float(np.average(class_f1(confusion), weights=confusion.sum(axis=1)))
