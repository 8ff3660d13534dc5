"""Intervals, paired tests and rank groups over replicates."""

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit


def mean_interval(values: np.ndarray, overlap: float, confidence: float) -> tuple[float, float, float]:
    """Mean over replicates with its t interval.

    Parameters
    ----------
    values
        (replicates,) values.
    overlap
        Test cells over training cells where the replicates are splits of one dataset: they share cells, so their mean
        varies more than independent values would. 0 for independent datasets.
    confidence
        Level of the interval.

    Returns
    -------
    mean, low, high
        NaN bounds for one replicate.

    References
    ----------
    Nadeau C., Bengio Y. Inference for the generalization error. Machine Learning 52, 239-281 (2003).

    Examples
    --------
    >>> mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0]), 0, 0.95)
    >>> round(mean, 2), round(low, 2), round(high, 2)
    (2.0, -0.48, 4.48)
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, np.nan, np.nan
    half = _standard_error(values, overlap) * stdtrit(len(values) - 1, (1 + confidence) / 2)
    return mean, float(mean - half), float(mean + half)


def paired_pvalue(a: np.ndarray, b: np.ndarray, overlap: float) -> float:
    """Two-sided p-value of the corrected resampled t-test over shared replicates; NaN for one replicate.

    References
    ----------
    Nadeau C., Bengio Y. Inference for the generalization error. Machine Learning 52, 239-281 (2003).
    """
    difference = np.asarray(a) - np.asarray(b)
    if len(difference) < 2:
        return np.nan
    error = _standard_error(difference, overlap)
    # Equal up to rounding in every replicate: either no difference at all, or always the same one.
    if error <= 1e-12:
        return 1.0 if abs(difference.mean()) <= 1e-12 else 0.0
    return float(2 * stdtr(len(difference) - 1, -abs(difference.mean()) / error))


def holm(pvalues: np.ndarray) -> np.ndarray:
    """Adjust p-values by Holm, in their order.

    The function of statsmodels collects garbage in each call, which takes longer than all else that makes the table of
    ranks.

    Examples
    --------
    >>> holm(np.array([0.5, 0.01, 0.03]))
    array([0.5 , 0.03, 0.06])
    """
    order = np.argsort(pvalues)
    adjusted = np.empty(len(pvalues))
    adjusted[order] = np.minimum(np.maximum.accumulate(pvalues[order] * np.arange(len(pvalues), 0, -1)), 1)
    return adjusted


def rank_groups(values: pd.DataFrame, *, higher: bool, overlap: float, confidence: float) -> pd.DataFrame:
    """Rank methods by their mean and say which cannot be told apart from the best.

    Parameters
    ----------
    values
        (methods, replicates) values without gaps.
    higher
        Whether higher values are better.

    Returns
    -------
    pandas.DataFrame
        Per method ``mean, low, high, rank, group, p_vs_best, p_holm``. ``group`` is True unless the paired test
        against the method with the best mean, with Holm's correction over the methods, rejects. With one replicate
        nothing can be told apart.
    """
    numbers = {method: row.to_numpy(float) for method, row in values.iterrows()}
    table = pd.DataFrame.from_dict(
        {method: mean_interval(row, overlap, confidence) for method, row in numbers.items()},
        orient="index",
        columns=["mean", "low", "high"],
    )
    table["rank"] = table["mean"].round(12).rank(ascending=not higher, method="min")
    best = table["rank"].idxmin()
    table["p_vs_best"] = [
        np.nan if method == best else paired_pvalue(row, numbers[best], overlap) for method, row in numbers.items()
    ]
    tested = table["p_vs_best"].notna()
    table["p_holm"] = np.nan
    if tested.any():
        table.loc[tested, "p_holm"] = holm(table.loc[tested, "p_vs_best"].to_numpy())
    table["group"] = ~(table["p_holm"] < 1 - confidence)
    return table


def _standard_error(values: np.ndarray, overlap: float) -> float:
    return float(np.sqrt((1 / len(values) + overlap) * np.var(values, ddof=1)))
