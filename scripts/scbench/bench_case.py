"""A case of `scbench.bench`."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Something to measure.

    Attributes
    ----------
    prepare
        Makes the input, unmeasured.
    run
        The work; what it starts counts too.
    baseline
        Work whose CPU seconds are taken off, such as imports.
    per
        Number of equal parts of the work; CPU and wall time are given for one.
    cpu_s, wall_s, peak_rss_mb
        Targets.
    threads
        CPU threads.
    original
        CPU seconds of the original implementation on the same input, where known.
    """

    prepare: Callable[[], object]
    run: Callable[[object], object]
    baseline: Callable[[], object] = lambda: None
    per: int = 1
    cells: int | None = None
    genes: int | None = None
    cpu_s: float | None = None
    wall_s: float | None = None
    peak_rss_mb: float | None = None
    threads: int = 1
    original: float | None = None
