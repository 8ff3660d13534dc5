"""Differences of a method from its comparators under resampling of the replicates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_TIE = 1e-12


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

    Deviations of the resampled means are widened so that their variance is (1/n + overlap) s^2 instead of the
    bootstrap's (n - 1)/n^2 s^2, and divided by an estimate of the standard deviation that varies as s does. With one
    comparator this gives Student's t distribution in the limit, which a plain bootstrap of few replicates is far from.

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
        weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
        wider = np.sqrt(n * (1 + n * overlap) / (n - 1) * (n - 1) / rng.chisquare(n - 1, resamples))
        deviations = ((differences - mean) @ weights.T / n) * wider
        variances = rows.var(axis=1, ddof=1)
        spread = np.sqrt((variances[0] + variances[1:]) / 2)
    drawn = np.hstack([mean, mean + deviations])
    drawn[np.abs(drawn) <= _TIE * np.abs(rows).max(initial=1)] = 0
    return Setting(list(others), differences, drawn, spread, rows[1:].mean(axis=1))


def holds(relation: str, drawn: np.ndarray) -> np.ndarray:
    """Whether a relation holds, for each resample.

    Parameters
    ----------
    drawn
        (comparators, resamples) differences of the method, of which more is better (for ``<`` and ``>`` more is more).

    Examples
    --------
    >>> holds("second_best_of", np.array([[-1.0, 1.0], [2.0, 1.0]]))
    array([ True, False])
    """
    worse, better = (drawn < 0).sum(axis=0), (drawn > 0).sum(axis=0)
    match relation:
        case "best_of" | "better_than" | ">":
            return better == len(drawn)
        case "worst_of" | "worse_than" | "<":
            return worse == len(drawn)
        case "second_best_of":
            return (worse == 1) & (better == len(drawn) - 1)
        case "third_best_of":
            return (worse == 2) & (better == len(drawn) - 2)
        case "in_top_2":
            return worse <= 1
        case "not_best_of":
            return worse >= 1
    raise ValueError(f"{relation!r} is not an order")


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
