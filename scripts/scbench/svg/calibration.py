"""Whether the p-values of a test are uniform where no gene has a pattern."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import beta, kstest

from scbench.scoring.svg import adjustments

ALPHAS = (0.05, 0.01, 0.001, 1e-4)
COLUMNS = [
    "method", "replicates", "tests", "alpha", "rejected", "rate", "low", "high",
    "ks_statistic", "ks_pvalue", "calls", "replicates_with_calls",
]  # fmt: skip


def by_method(names: Sequence[str], items: Iterable) -> dict[str, list]:
    """Group what was read of each replicate, all replicates of the first method first.

    Examples
    --------
    >>> by_method(["a", "b"], [1, 2, 3, 4])
    {'a': [1, 2], 'b': [3, 4]}
    """
    items = list(items)
    count = len(items) // len(names)
    return {name: items[place * count : (place + 1) * count] for place, name in enumerate(names)}


def pool(outputs: Sequence[pd.DataFrame]) -> np.ndarray:
    """P-values of all replicates; a gene without one counts as 1."""
    return np.nan_to_num(np.concatenate([table["pvalue"].to_numpy(float) for table in outputs]), nan=1.0)


def calibrate(
    runs: Mapping[str, Sequence[pd.DataFrame]], *, fdr: float, confidence: float, alphas: Sequence[float] = ALPHAS
) -> pd.DataFrame:
    """Compare what tests reject on a null dataset with what they may.

    Parameters
    ----------
    runs
        By method the tables of its replicates, independent of each other. Empty tables, which failed runs leave, do not
        count; a method with nothing else has no row.
    fdr
        Level of the Benjamini-Hochberg calls.
    confidence
        Level of the intervals.
    alphas
        Levels at which raw p-values are counted.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, a row per method and level. ``rejected`` is the number of p-values at or below alpha,
        ``rate`` its share with Wilson's interval, ``ks_*`` the Kolmogorov-Smirnov test that all p-values are uniform,
        ``calls`` the genes called in any replicate.
    """
    tables = []
    for method, outputs in runs.items():
        outputs = [table for table in outputs if len(table)]
        if not outputs:
            continue
        pvalues = pool(outputs)
        calls = [int((adjustments(table)["bh"] <= fdr).sum()) for table in outputs]
        uniform = kstest(pvalues, "uniform")
        shared = {
            "method": method,
            "replicates": len(outputs),
            "tests": len(pvalues),
            "ks_statistic": uniform.statistic,
            "ks_pvalue": uniform.pvalue,
            "calls": sum(calls),
            "replicates_with_calls": sum(n > 0 for n in calls),
        }
        tables.append(rejection_rates(pvalues, alphas, confidence).assign(**shared))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def rejection_rates(pvalues: np.ndarray, alphas: Sequence[float], confidence: float) -> pd.DataFrame:
    """Share of p-values at or below each level, with Wilson's interval.

    References
    ----------
    Wilson E.B. Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212 (1927).

    Examples
    --------
    >>> rejection_rates(np.array([0.01, 0.2, 0.6, 1.0]), [0.05], 0.95).round(3).to_numpy().tolist()
    [[0.05, 1.0, 0.25, 0.046, 0.699]]
    """
    from statsmodels.stats.proportion import proportion_confint

    rejected = np.array([(pvalues <= alpha).sum() for alpha in alphas])
    low, high = proportion_confint(rejected, len(pvalues), alpha=1 - confidence, method="wilson")
    low = np.where(rejected > 0, low, 0.0)  # and not 1e-19
    rates = rejected / len(pvalues)
    return pd.DataFrame({"alpha": alphas, "rejected": rejected, "rate": rates, "low": low, "high": high})


def quantiles(pvalues: np.ndarray, confidence: float, points: int = 300) -> pd.DataFrame:
    """Sorted p-values against those of a uniform sample, thinned to what a figure can show.

    Parameters
    ----------
    pvalues
        (tests,) p-values.
    confidence
        Level of the band, at each place by itself.
    points
        Number of places, evenly spread over the logarithm of the rank.

    Returns
    -------
    pandas.DataFrame
        ``expected``, ``observed``, and the bounds ``low`` and ``high`` within which the p-value of this rank lies, from
        its beta distribution.
    """
    n = len(pvalues)
    rank = np.unique(np.geomspace(1, n, points).round().astype(int))
    tail = (1 - confidence) / 2
    bounds = {name: beta.ppf(q, rank, n - rank + 1) for name, q in (("low", tail), ("high", 1 - tail))}
    return pd.DataFrame({"expected": rank / (n + 1), "observed": np.sort(pvalues)[rank - 1], **bounds})
