"""What the runs of a plan ask a scheduler for, and what all of them will take."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scbench.costs import FILE, REACH

if TYPE_CHECKING:
    from scbench.plan import Plan

_COLUMNS = ("track", "runs", "bounded", "CPU h", "bound h", "GPU h", "largest job", "outputs")

_LEGEND = f"""\
CPU h: {{predicted}} runs as predicted by {FILE}; for sizes that were not measured a run is typically off by a factor
of {{typical:g}}, and by more than {{high:g}} in one of ten.
bound h: {{bounded}} runs at the time limits of their methods, which were not measured, or only on data smaller by more
than a factor of {REACH}, or whose data are of unknown size.
GPU h: at most, since measured without. Outputs: of the predicted runs.
Not in it: {{others}} other jobs (data, splits, scores, figures)."""


@dataclass
class _Sum:
    """What runs take together: hours predicted, hours of the limits of others, and so on."""

    runs: int = 0
    bounded: int = 0
    cpu_h: float = 0.0
    bound_h: float = 0.0
    gpu_h: float = 0.0
    largest_mb: float = 0.0
    disk_mb: float = 0.0

    def add(self, plan: "Plan", dataset: str, method: str, runs: int) -> None:
        """Count so many runs of a method on a dataset."""
        entry = plan.method(method)
        cost, most_h = plan.cost(dataset, method), entry["timeout_s"] / 3600
        self.runs += runs
        self.largest_mb = max(self.largest_mb, memory_mb(plan, dataset, method, 1))
        wall_h = most_h if cost is None else min(cost.cpu_s / 3600, most_h)
        self.gpu_h += runs * plan.gpus(method) * wall_h
        if cost is None:
            self.bounded += runs
            self.bound_h += runs * most_h * entry["threads"]
        else:
            self.cpu_h += runs * min(cost.cpu_s / 3600, most_h * entry["threads"])
            self.disk_mb += runs * cost.disk_mb

    def cells(self) -> list[str]:
        """As text, in the order of the columns."""
        hours = [f"{value:.1f}" for value in (self.cpu_h, self.bound_h, self.gpu_h)]
        return [str(self.runs), str(self.bounded), *hours, f"{self.largest_mb / 1000:.1f} GB", _size(self.disk_mb)]


def memory_mb(plan: "Plan", dataset: str, method: str, attempt: int) -> int:
    """Memory to ask for; see `scbench.costs.Costs.memory_mb`."""
    return plan.costs.memory_mb(method, plan.method(method)["mem_mb"], plan.cost(dataset, method), attempt)


def runtime_min(plan: "Plan", dataset: str, method: str, attempt: int) -> int:
    """Minutes to ask for; see `scbench.costs.Costs.runtime_min`."""
    return plan.costs.runtime_min(method, plan.method(method)["timeout_s"], plan.cost(dataset, method), attempt)


def describe(plan: "Plan", runs: Iterable[Mapping[str, str]], others: int) -> str:
    """Table of what runs will take, by track.

    Parameters
    ----------
    plan
        The plan.
    runs
        Wildcards of the jobs of the rule `run`.
    others
        Number of all other jobs.
    """
    tracks: dict[str, _Sum] = {}
    total = _Sum()
    for (track, dataset, method), count in Counter(
        (job["track"], job["dataset"], job["method"]) for job in runs
    ).items():
        for part in (tracks.setdefault(track, _Sum()), total):
            part.add(plan, dataset, method, count)
    named = {track: tracks[track] for track in plan.tracks if track in tracks} | {"total": total}
    rows = [list(_COLUMNS), *([name, *part.cells()] for name, part in named.items())]
    machines = " or ".join(plan.costs.table["machines"])
    return "\n".join(
        [
            f"What the {total.runs} runs of this plan take, as on {machines}:",
            *_aligned(rows),
            _LEGEND.format(
                predicted=total.runs - total.bounded,
                bounded=total.bounded,
                others=others,
                **plan.costs.table["error"]["cpu_s"],
            ),
        ]
    )


def _size(mb: float) -> str:
    return f"{mb / 1000:.1f} GB" if mb >= 100 else f"{mb:.1f} MB"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
