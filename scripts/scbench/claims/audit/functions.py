"""What the expressions of the audit may call."""

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from math import ceil, floor, log, sqrt
from typing import Any

import numpy as np
from scipy import stats

# Numbers of decimals are those of a printed number; results that are lists can be counted with `count`.


def rounds_to(value: float, printed: float, decimals: int) -> bool:
    """Whether a value is printed so, with either way of rounding a half.

    Examples
    --------
    >>> rounds_to(100 * 193 / 262, 73.66, 2), rounds_to(100 * 121 / 251, 48.20, 2)
    (True, False)
    """
    return bool(abs(value - printed) <= 0.5 * 10.0**-decimals * (1 + 1e-9))


def parts(percent: float, decimals: int, n: int) -> np.ndarray:
    """Whole numbers whose share of `n` is printed as this percentage.

    Examples
    --------
    >>> parts(93.79, 2, 306).tolist(), parts(93.79, 2, 300).tolist()
    ([287], [])
    """
    half = 0.5 * 10.0**-decimals
    low, high = max(0, ceil((percent - half) * n / 100 - 1)), floor((percent + half) * n / 100 + 1)
    return np.array([k for k in range(low, high + 1) if rounds_to(100 * k / n, percent, decimals)], int)


def wholes(percent: float, decimals: int, low: int, high: int) -> np.ndarray:
    """Numbers from `low` to `high` of which some whole part is printed as this percentage.

    Examples
    --------
    >>> wholes(93.79, 2, 1, 309).tolist()
    [145, 161, 177, 290, 306]
    """
    return np.array([n for n in range(int(low), int(high) + 1) if len(parts(percent, decimals, n))], int)


def totals(mean: float, decimals: int, n: int) -> np.ndarray:
    """Whole totals whose mean over `n` is printed so.

    Examples
    --------
    >>> totals(332.83, 2, 12).tolist(), totals(332.85, 2, 12).tolist()
    ([3994], [])
    """
    near = range(floor(mean * n) - n, ceil(mean * n) + n + 1)
    return np.array([total for total in near if rounds_to(total / n, mean, decimals)], int)


def samples(mean: float, sd: float, decimals: int, n: int, known: int, ddof: int, cut: bool) -> int:
    """Number of sets of `n` counts, one of them known, with a printed mean and standard deviation.

    Parameters
    ----------
    ddof
        0 if the variance divides by n, 1 if by n - 1.
    cut
        Whether digits of the standard deviation were cut off instead of rounded.

    Examples
    --------
    >>> samples(237.50, 64.00, 2, 4, 309, 1, False)
    1
    """
    found = 0
    for total in totals(mean, decimals, n).tolist():
        rest, last = int(n) - 2, total - int(known)
        # A count further from the mean than this would alone make the standard deviation too large.
        reach = (sd + 1) * sqrt(n)
        for others in combinations_with_replacement(range(max(0, floor(mean - reach)), ceil(mean + reach) + 1), rest):
            final = last - sum(others)
            if final < max(0, *others):
                continue
            spread = float(np.std([known, *others, final], ddof=int(ddof)))
            printed = floor(spread * 10**decimals + 1e-9) / 10**decimals if cut else None
            found += abs(printed - sd) < 1e-9 if cut else rounds_to(spread, sd, decimals)
    return found


def welch(a: float, sd_a: float, b: float, sd_b: float, n: int, ddof: int) -> float:
    """P-value of Welch's test on printed means and standard deviations of `n` values each.

    Examples
    --------
    >>> round(welch(665.00, 342.57, 332.83, 166.97, 12, 1), 3), round(welch(665.00, 342.57, 332.83, 166.97, 12, 0), 3)
    (0.008, 0.011)
    """
    return _t_test(a, sd_a, b, sd_b, n, ddof, equal_var=False)


def student(a: float, sd_a: float, b: float, sd_b: float, n: int, ddof: int) -> float:
    """P-value of Student's test, as `welch`."""
    return _t_test(a, sd_a, b, sd_b, n, ddof, equal_var=True)


def ks_distance(p: float, n: int, m: int) -> float:
    """Distance between two distribution functions that a p-value of the Kolmogorov-Smirnov test implies.

    Examples
    --------
    >>> round(ks_distance(6.39e-48, 323, 1325), 2)
    0.46
    """
    return sqrt(log(2 / p) / (2 * n * m / (n + m)))


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Rank correlation."""
    return float(stats.spearmanr(a, b).statistic)


def place(value: float, others: Sequence[float]) -> int:
    """1 if no other is smaller, 2 if one is, and so on.

    Examples
    --------
    >>> place(0.02, [0, 0, 0.65])
    3
    """
    return 1 + int(np.sum(np.asarray(others) < value))


def partners(own: Sequence[int], other_own: Sequence[int], size: int, other_size: int, third: int) -> np.ndarray:
    """Of sizes of what only one of three sets has, those that go with one for another set; each as often as it does.

    Genes that are not a set's own are shared with the other or with the third set, and at least one is common to all.

    Examples
    --------
    >>> partners([5, 8], [6], 10, 10, 3)
    array([5, 8])
    >>> partners([5, 9], [6], 10, 10, 3)
    array([5])
    """
    pairs = [(size - int(x), other_size - int(y), x) for x in own for y in other_own]
    # What two sets share is best shared with each other; the rest of the larger part must be in the third set.
    return np.array([x for a, b, x in pairs if min(a, b) >= 1 and abs(a - b) + 1 <= third], int)


def _t_test(a: float, sd_a: float, b: float, sd_b: float, n: int, ddof: int, *, equal_var: bool) -> float:
    wider = sqrt(n / (n - 1)) if ddof == 0 else 1
    return float(stats.ttest_ind_from_stats(a, sd_a * wider, n, b, sd_b * wider, n, equal_var=equal_var).pvalue)


def _sorted(values: Any) -> bool:
    return bool((np.diff(values) > 0).all())


FUNCTIONS: dict[str, Callable] = {
    "abs": np.abs, "all": np.all, "any": np.any, "count": len, "log10": np.log10, "max": np.max, "mean": np.mean,
    "min": np.min, "round": np.round, "sorted": np.sort, "sqrt": np.sqrt, "total": np.sum, "floor": np.floor,
    "rising": _sorted, "falling": lambda values: _sorted(-np.asarray(values)),
    "rounds_to": rounds_to, "parts": parts, "wholes": wholes, "totals": totals, "samples": samples, "welch": welch,
    "student": student, "ks_distance": ks_distance, "spearman": spearman, "place": place, "partners": partners,
}  # fmt: skip
