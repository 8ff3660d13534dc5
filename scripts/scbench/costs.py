"""What a run will cost, from what runs did: power laws in the size of the dataset, fitted by `scbench.costs_fit`.

Light, since it is read as the workflow is parsed, by each job anew.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scbench.shapes import Shape
from scbench.validate import read_yaml

FILE = "config/costs.yaml"

# Size that the fitted numbers are stated for.
REFERENCE = Shape(1000, 1000, 10)
# Largest ratio to what was measured, in cells and in genes, up to which a power law is believed.
REACH = 10
# Other machines may be so many times as slow as the one that was measured.
_SLOWER = 2
# What no job is asked to do with less, and what each needs besides the method: the Snakemake that runs it, and loading.
_LEAST_MB, _LEAST_MIN = 1000, 10
_OWN_MB, _OWN_MIN = 300, 5


@dataclass(frozen=True)
class Cost:
    """Of one run.

    Attributes
    ----------
    cpu_s
        CPU seconds, with imports and reading: also the time that passes, on a free core, unless a method has threads.
    memory_mb
        Peak memory.
    disk_mb
        Size of the outputs.
    """

    cpu_s: float
    memory_mb: float
    disk_mb: float


@dataclass(frozen=True)
class Costs:
    """The fitted model.

    Attributes
    ----------
    table
        What `scbench.costs_fit` has written.
    """

    table: dict[str, Any]

    @classmethod
    def load(cls, root: Path) -> "Costs":
        """Read the model of the project."""
        return cls(read_yaml(root / FILE))

    def predict(self, method: str, shape: Shape | None) -> Cost | None:
        """Cost of one run.

        Parameters
        ----------
        method
            Id of a method.
        shape
            Of the dataset; None if it is not known.

        Returns
        -------
        Cost or None
            None if the method was never measured, or only on datasets that are smaller by more than `REACH`.
        """
        known = self.table["methods"].get(method)
        if known is None or shape is None or not _within_reach(shape, known["largest"]):
            return None
        cpu_s, growth_mb, disk_mb = (_power(known[name], shape) for name in ("cpu_s", "growth_mb", "disk_mb"))
        return Cost(known["overhead_s"] + cpu_s, known["base_mb"] + growth_mb, disk_mb)

    def memory_mb(self, method: str, limit: int, cost: Cost | None, attempt: int) -> int:
        """Memory to ask a scheduler for.

        Parameters
        ----------
        method
            Id of a method.
        limit
            Memory limit of the run itself (MB).
        cost
            As predicted.
        attempt
            1, or more if the scheduler has ended the job before.

        Returns
        -------
        int
            First what is predicted, with its error. Then a tenth more than the limit, so that the run ends first and
            can say why; then more.
        """
        full = int(limit * 1.1) + _OWN_MB
        first = full if cost is None else _OWN_MB + cost.memory_mb * self._margin(method, "memory_mb")
        first = max(first, _LEAST_MB)
        if first >= full:
            return full * attempt
        return int(first) if attempt == 1 else full * (attempt - 1)

    def runtime_min(self, method: str, limit: int, cost: Cost | None, attempt: int) -> int:
        """Minutes to ask a scheduler for: what is predicted, with its error, and from the second attempt on the limit.

        Parameters
        ----------
        method, cost, attempt
            As of `memory_mb`.
        limit
            Time limit of the run itself (s).
        """
        full = limit // 60 + _OWN_MIN
        if cost is None or attempt > 1:
            return full
        first = _OWN_MIN + cost.cpu_s * self._margin(method, "cpu_s") * _SLOWER / 60
        return min(full, max(int(first), _LEAST_MIN))

    def _margin(self, method: str, quantity: str) -> float:
        """Factor by which a run may cost more than predicted: the worst of the method, or what few runs exceed."""
        return max(self.table["error"][quantity]["high"], self.table["methods"][method]["worst"].get(quantity, 1.0))


def _within_reach(shape: Shape, largest: dict[str, int]) -> bool:
    return shape.cells <= REACH * largest["cells"] and shape.genes <= REACH * largest["genes"]


def _power(law: dict[str, float], shape: Shape) -> float:
    """Value of a power law; datasets without classes are as those with so many as the reference."""
    ratios = {key: getattr(shape, key) / getattr(REFERENCE, key) for key in ("cells", "genes")}
    ratios["classes"] = shape.classes / REFERENCE.classes if shape.classes else 1.0
    value = law["at_reference"]
    for key, ratio in ratios.items():
        value *= ratio ** law[key]
    return value
