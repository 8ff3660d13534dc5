"""Search for the smooth factor of a gene, as released."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from scbench.svg.scgco.regions import SMALL, Verdict

_LOWEST, _HIGHEST, _HIGHEST_SMALL = 30, 120, 500
_STRIKING = 0.01


class Step(NamedTuple):
    """A smooth factor, the labels it gives and what they are worth."""

    factor: int
    labels: np.ndarray
    verdict: Verdict


def start_factor(moran: float, smooth_factor: int = 60) -> int:
    """Factor to start from: high where neighbours are hardly alike."""
    if moran < 0.05:
        return min(2 * smooth_factor, 100)
    return smooth_factor if moran < 0.1 else 10


def search(cut: Callable[[int], Step], start: int, n: int, *, good: float) -> Step:
    """Raise the smooth factor as scGCO 1.1.2 does.

    Up to 30 in any case, and on as long as the score is below `good` although p < 0.01, but not beyond 120, in steps of
    10 (20 from 20 small segments for 200 spots on); the best of the factors tried is taken. If the most unlikely
    segment is then smaller than nine spots, the factor goes on in steps of 50 as long as p < 0.01, up to 500, and the
    last is taken.

    Parameters
    ----------
    cut
        Cuts at a factor.
    start
        First factor.
    n
        Spots.
    good
        Score that is good enough.

    Notes
    -----
    The text starts at 10, takes steps of 5 or 10 and stops when the score falls.
    """
    steps = [cut(start)]
    while (now := steps[-1]).factor < _LOWEST or (now.verdict.score < good and now.verdict.pvalue < _STRIKING):
        steps.append(cut(now.factor + (20 if now.verdict.n_small * 200 / n >= 20 else 10)))
        if steps[-1].factor > _HIGHEST:
            break
    best = max(steps, key=lambda step: step.verdict.score)
    if best.verdict.size >= SMALL:
        return best
    while best.verdict.pvalue < _STRIKING:
        best = cut(best.factor + 50)
        if best.factor > _HIGHEST_SMALL:
            break
    return best
