"""What was measured of one claim, before anything is concluded from it."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Measurement:
    """Values over replicates of one claim's quantity, in the base unit of the claim's metric.

    A setting is what the relation of a claim may hold in or not: a dataset, a level of noise, a class. Most claims have
    one. Replicates of a setting are paired by their position over the methods; a failed run is NaN there.

    Attributes
    ----------
    claimed
        Setting -> (replicates,) values of the claim's method. One value without replicates if nothing is random.
    others
        Comparator of the claim -> setting -> (replicates,) values; only those that were run.
    quantity
        What was measured, in words: the metric, or for the claim of a shape what its shape was told by.
    exact
        Whether nothing about the values is random, so that one value is all there is. One value of a random quantity
        is a single run: it is never enough to call a claim reproduced or contradicted.
    higher
        Whether more is better; None if neither is.
    joined
        Whether one value tells of all the settings that a claim counts, so that there is nothing to count.
    overlap
        Test cells over training cells where replicates are splits of the same cells, else 0 (see `scbench.stats`).
    intervals
        Setting -> bounds of an interval that comes from elsewhere than replicates, from a fit over sizes say.
    absent
        Comparator or setting -> why there is no value of it.
    analogue
        Why the data are not the paper's: such a claim is shown and never judged. Empty if they are.
    evidence
        Files that the values were read from, relative to the working folder.
    figure
        Figure that shows the values, relative to the working folder; empty if none does.
    """

    claimed: dict[str, np.ndarray]
    quantity: str
    others: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    exact: bool = False
    higher: bool | None = None
    joined: bool = False
    overlap: float = 0.0
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    analogue: str = ""
    evidence: tuple[str, ...] = ()
    figure: str = ""


@dataclass(frozen=True)
class Unmeasured:
    """A claim without values.

    Attributes
    ----------
    verdict
        ``"not_tested"`` or ``"not_public"``.
    reason
        Data missing, method missing, hardware, or not run yet; in words.
    """

    verdict: str
    reason: str
