"""Differences of a method from its comparators under resampling of the replicates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_TIE = 1e-12

# Comparators that are ahead of the method.
_AHEAD = {
    "best_of": 0, "better_than": 0, ">": 0, "second_best_of": 1, "third_best_of": 2,
    "worst_of": None, "worse_than": None, "<": None,
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One setting of an ordering.

    Attributes
    ----------
    names
        Comparators with values.
    differences
        (comparators, replicates) method minus comparator, of the replicates in which all of them ran.
    drawn
        (comparators, 1 + resamples) means of the differences: as measured, then resampled.
    spread
        (comparators,) standard deviation of one run of the method and of the comparator.
    about
        (comparators,) mean of the comparator.
    """

    names: list[str]
    differences: np.ndarray
    drawn: np.ndarray
    spread: np.ndarray
    about: np.ndarray


def resample(
    claimed: np.ndarray,
    others: Mapping[str, np.ndarray],
    *,
    overlap: float,
    resamples: int,
    rng: np.random.Generator,
) -> Setting | None:
    """Resample the replicates of one setting, all methods together.

    A bootstrap that gives each replicate a weight from the normal distribution instead of how often it was drawn, then
    divides by an estimate of the standard deviation that varies as s does. Each difference then follows Student's t
    distribution with the variance (1/n + overlap) s^2, which a bootstrap that draws from few replicates is far from;
    weights are shared, so that differences from several comparators stay related as they are.

    Parameters
    ----------
    claimed
        (replicates,) values; failed runs are NaN.
    others
        Comparator -> values, paired by position; a single value is paired with every replicate.

    Returns
    -------
    Setting or None
        None if no replicate has all values.
    """
    n = max(map(len, [claimed, *others.values()]))
    rows = np.array([_to_length(values, n) for values in (claimed, *others.values())])
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    n = rows.shape[1]
    if n == 0:
        return None
    differences = rows[0] - rows[1:]
    mean = differences.mean(axis=1, keepdims=True)
    deviations = np.zeros((len(others), resamples))
    spread = np.zeros(len(others))
    if n > 1:
        weights = rng.standard_normal((n, resamples))
        deviations = (differences - mean) @ weights * np.sqrt((1 / n + overlap) / rng.chisquare(n - 1, resamples))
        variances = rows.var(axis=1, ddof=1)
        spread = np.sqrt((variances[0] + variances[1:]) / 2)
    drawn = np.hstack([mean, mean + deviations])
    drawn[np.abs(drawn) <= _TIE * np.abs(rows).max(initial=1)] = 0
    return Setting(list(others), differences, drawn, spread, rows[1:].mean(axis=1))


def share(relation: str, drawn: np.ndarray) -> tuple[float, int]:
    """Probability that a relation holds, which is that of its least sure comparison.

    A joint probability over comparators would fall with their number even if none could be told apart, and would rest
    on correlations that a few replicates do not show. So a relation is as sure as each comparison that it needs
    (intersection-union), and as unsure as one comparator, of so many, is ahead or behind by chance (Bonferroni).

    Parameters
    ----------
    drawn
        (comparators, resamples) differences of the method, of which more is better (for ``<`` and ``>`` more is more).

    Returns
    -------
    share, comparator
        The probability, and the index of the comparator of that comparison.

    Examples
    --------
    >>> share("best_of", np.array([[1.0, 2.0, 1.0, 3.0], [2.0, 1.0, 1.0, -1.0]]))
    (0.75, 1)
    """
    ahead, behind = (drawn < 0).mean(axis=1), (drawn > 0).mean(axis=1)
    order = np.lexsort((behind, -ahead))  # those most surely ahead of the method come first
    n = len(drawn)
    if relation == "not_best_of":
        return 1 - cautious(1 - ahead[order[0]], n), int(order[0])
    if relation == "in_top_2":
        sure, order = 1 - ahead[order[1:]], order[1:]
    else:
        first = n if _AHEAD[relation] is None else _AHEAD[relation]
        sure = np.concatenate([ahead[order[:first]], behind[order[first:]]])
    return cautious(sure.min(), n), int(order[sure.argmin()])


def similar(drawn: np.ndarray, margins: np.ndarray) -> tuple[float, int]:
    """As `share`, that no difference reaches its margin: two one-sided tests for each comparator.

    Examples
    --------
    >>> similar(np.array([[0.1, 0.2, -0.1, 3.0]]), np.array([[1.0]]))
    (0.75, 0)
    """
    beyond = np.maximum((drawn >= margins).mean(axis=1), (drawn <= -margins).mean(axis=1))
    return cautious(1 - beyond.max(), len(drawn)), int(beyond.argmax())


def cautious(share: float, n: int) -> float:
    """Raise the probability of what one of `n` comparisons speaks against: one of them does so easily."""
    return float(share if share >= 0.5 else min(0.5, n * share))


def at_least(target: int, shares: np.ndarray) -> float:
    """Probability that a relation holds in so many settings, given the probability for each.

    Examples
    --------
    >>> at_least(1, np.array([0.5, 0.5]))
    0.75
    """
    return float(counts(shares)[max(target, 0) :].sum())


def counts(shares: np.ndarray) -> np.ndarray:
    """Distribution of the number of settings in which a relation holds."""
    distribution = np.ones(1)
    for share in shares:
        distribution = np.convolve(distribution, [1 - share, share])
    return distribution


def _to_length(values: np.ndarray, n: int) -> np.ndarray:
    """Repeat a single value; fill up what has fewer replicates with NaN."""
    if len(values) == 1:
        return np.repeat(values, n)
    return np.pad(values, (0, n - len(values)), constant_values=np.nan)
