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
    times
        Target: how many times less CPU time than the original.
    threads
        CPU threads.
    gpu
        Whether the work needs a GPU; where there is none, it is listed without numbers.
    original
        CPU seconds of one part by the original implementation, where known; or its work, as a case of its own, which is
        measured in the same process.
    """

    prepare: Callable[[], object]
    run: Callable[[object], object]
    baseline: Callable[[], object] = lambda: None
    per: float = 1
    cells: int | None = None
    genes: int | None = None
    cpu_s: float | None = None
    wall_s: float | None = None
    peak_rss_mb: float | None = None
    times: float | None = None
    threads: int = 1
    gpu: bool = False
    original: "float | Case | None" = None
