"""The mean of a claim's quantity over settings and replicates, with what is known of its error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

_MOST = 100_000
_NORMAL = 10**6  # degrees of freedom with which Student's t is normal


@dataclass(frozen=True)
class Estimate:
    """Mean over settings of the means over replicates.

    Attributes
    ----------
    spread
        Standard deviation that one replicate of every setting would have; 0 if nothing is random, NaN if unknown.
    n
        Replicates of the setting that has fewest.
    overlap
        Test cells over training cells where replicates are splits of the same cells (see `scbench.stats`).
    settings
        Number of settings with values.
    df
        Degrees of freedom, where the error does not come from replicates.
    sides
        The spread below the mean and that above it, in units of `spread`.
    """

    mean: float
    spread: float
    n: int
    overlap: float
    settings: int
    df: int | None = None
    sides: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def of(cls, settings: Mapping[str, np.ndarray], overlap: float, exact: bool) -> Self:
        """Estimate from the values of each setting, without failed runs (NaN) and settings in which all failed."""
        valid = [values for array in settings.values() if len(values := array[np.isfinite(array)])]
        n = min(map(len, valid))
        variances = [np.var(values, ddof=1) if len(values) > 1 else np.nan for values in valid]
        spread = 0.0 if exact and n == 1 else float(np.sqrt(np.sum(variances)) / len(valid))
        mean = float(np.mean([values.mean() for values in valid]))
        return cls(mean, spread, n, overlap, len(valid))

    @classmethod
    def between(
        cls, settings: Mapping[str, np.ndarray], bounds: Mapping[str, tuple[float, float]], confidence: float
    ) -> Self:
        """Estimate from one value of each setting and its interval, normal on either side with a spread of its own."""
        values = np.array([settings[name].mean() for name in bounds])
        ends = np.array(list(bounds.values()))
        below, above = np.sqrt(np.sum((ends.T - values) ** 2, axis=1)) / len(values)
        half = float(below + above) / 2
        sides = (float(below) / half, float(above) / half) if half else (1.0, 1.0)
        spread = half / float(stdtrit(_NORMAL, (1 + confidence) / 2))
        return cls(float(values.mean()), spread, 1, 0.0, len(values), _NORMAL, sides)

    @property
    def known(self) -> bool:
        """Whether the error is known: a single run of something random has none."""
        return bool(np.isfinite(self.spread))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Confidence interval of the mean; NaN where there is none."""
        if not self.known or self._df(self.n) == 0:
            return np.nan, np.nan
        half, (below, above) = self._half(self.n, confidence), self.sides
        return self.mean - below * half, self.mean + above * half

    def share_above(self, limit: float, *, or_equal: bool = False) -> float:
        """Probability that the mean lies above a limit; of a mean without error whether it does."""
        distance = self.mean - limit
        error = self._error(self.n) * self.sides[0 if distance > 0 else 1] if self.known else 0.0
        if error <= 1e-12 * max(1, abs(self.mean)):
            equal = np.isclose(self.mean, limit, rtol=1e-12, atol=1e-12)
            return float(or_equal if equal else distance > 0)
        return float(stdtr(self._df(self.n), distance / error))

    def replicates_for(self, half: float, confidence: float) -> int | None:
        """Replicates with which half of the interval is narrower than `half`; None if that is unknown or never so."""
        if not self.known or self.df or self.spread == 0 or half <= 0:
            return None
        n = np.unique(np.geomspace(2, _MOST, 2000).astype(int))
        enough = self._half(n, confidence) < half
        return int(n[enough.argmax()]) if enough.any() else None

    def _half(self, n: int | np.ndarray, confidence: float) -> float | np.ndarray:
        return self._error(n) * stdtrit(self._df(n), (1 + confidence) / 2)

    def _df(self, n: int | np.ndarray) -> int | np.ndarray:
        return self.df or self.settings * (n - 1)

    def _error(self, n: int | np.ndarray) -> float | np.ndarray:
        return self.spread * np.sqrt(1 / n + self.overlap)
