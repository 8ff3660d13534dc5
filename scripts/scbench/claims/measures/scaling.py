"""Claims about time and memory against the number of cells."""

from typing import Any

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry
from scbench.svg.scaling import MIN_SIZES, fit, run_table

_CONFIDENCE = 0.95
_FIGURE = "results/figures/svg-scaling-noisy.png"
_UNITS = {"wall_s": 1.0, "peak_rss_mb": 1 / 1e3}  # seconds; MB to GB


def exponent(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Exponent of the power law that a measure follows over the sizes. Option: ``column``."""
    column = question.option("column")
    found = fit(_runs(question, results, question.variant), column, _CONFIDENCE)
    if np.isnan(found["exponent"]):
        return Unmeasured("not_tested", _too_few(question, found))
    quantity = f"growth exponent of {column} from {found['from_cells']:.0f} to {found['to_cells']:.0f} cells"
    return Measurement(
        {"all sizes": np.array([found["exponent"]])}, quantity,
        intervals={"all sizes": (found["low"], found["high"])}, evidence=tuple(results.used), figure=_FIGURE,
    )  # fmt: skip


def at_size(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A measure at the largest size: measured where that run ended ok, else extended by the power law of the others.

    Option: ``column``. Memory is in GB, time in seconds.
    """
    column, setting = question.option("column"), question.datasets[-1]
    runs = _runs(question, results, question.variant)
    own = _at_size(runs, setting, column)
    if own is None:
        return Unmeasured("not_tested", _too_few(question, fit(runs, column, _CONFIDENCE)))
    value, bounds, how = own
    others, absent = {}, dict(question.absent)
    for name, group in question.comparators.items():
        found = _at_size(_runs(question, results, group), setting, column)
        if found is None:
            absent[name] = "too few sizes ran"
        else:
            others[name] = {setting: np.array([found[0]])}
    return Measurement(
        {setting: np.array([value])}, f"{column}, {how}", others, higher=False,
        intervals={setting: bounds} if bounds else {}, absent=absent, evidence=tuple(results.used), figure=_FIGURE,
    )  # fmt: skip


def fails(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the runs at the largest size that did not end ok."""
    status = results.status("svg", question.datasets[-1], question.variant[0])
    if status is None:
        return Unmeasured("not_tested", f"Not run yet: {question.datasets[-1]}.")
    value = np.array([float(status["status"] != "ok")])
    quantity = f"share of failed runs ({status['status']})"
    return Measurement({question.datasets[-1]: value}, quantity, exact=True, evidence=tuple(results.used))


def taken(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """What runs on the question's datasets took, over replicates. Option: ``column`` of the status row."""
    column, track, claimed = question.option("column"), question.claim.track, {}
    for dataset in question.datasets:
        numbers = results.replicates(track, dataset, question.variant[0])
        rows = [results.status(track, dataset, question.variant[0], number) for number in numbers]
        ended = [row[column] * _UNITS[column] for row in rows if row["status"] == "ok"]
        if ended:
            claimed[dataset] = np.array(ended)
    if not claimed:
        return Unmeasured("not_tested", f"Not run yet: {question.variant[0]} on {', '.join(question.datasets)}.")
    absent = {name: "not run" for name in question.datasets if name not in claimed}
    return Measurement(claimed, column, higher=False, absent=absent, evidence=tuple(results.used))


def _runs(question: Question, results: Results, group: tuple[str, ...]) -> pd.DataFrame:
    facts = {name: found for name in question.datasets if (found := results.facts(name))}
    rows = [status for name in facts if (status := results.status("svg", name, group[0]))]
    return run_table({"all": list(facts)}, rows, facts)


def _at_size(runs: pd.DataFrame, dataset: str, column: str) -> tuple[float, tuple[float, float] | None, str] | None:
    """Value at a dataset's size, its bounds if it is extended, and how it was come by."""
    measured = runs[(runs["dataset"] == dataset) & (runs["status"] == "ok")]
    if len(measured):
        return float(measured[column].iloc[0]) * _UNITS[column], None, "measured"
    found = fit(runs, column, _CONFIDENCE) if len(runs) else {"extrapolated": np.nan}
    if np.isnan(found["extrapolated"]):
        return None
    value, low, high = (float(found[f"extrapolated{end}"]) * _UNITS[column] for end in ("", "_low", "_high"))
    return value, (low, high), f"extended from {found['to_cells']:,.0f} to {found['target_cells']:,} cells"


def _too_few(question: Question, found: dict[str, Any]) -> str:
    name, sizes = question.variant[0], found["sizes"]
    return f"{name}: {sizes} sizes ended ok and took long enough for a fit; {MIN_SIZES} are needed."
