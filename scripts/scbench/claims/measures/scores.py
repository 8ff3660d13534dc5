"""Claims about metrics that are in the tables of scores."""

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry


def score(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Values of a metric of the tidy tables over replicates, dataset by dataset.

    Options: ``metric``, ``scenario`` (of the tidy tables), ``track`` (a sub-track, else the claim's), ``class``, and
    ``overlap``, test cells over training cells of the track's splits.
    """
    track = question.measure.get("track", question.claim.track)
    claimed, others, absent = {}, {name: {} for name in question.comparators}, dict(question.absent)
    for dataset in question.datasets:
        table = results.scores(track, dataset)
        if table is None:
            absent[dataset] = "not run"
            continue
        wide = _wide(table, question)
        higher = registry.metrics[question.option("metric")]["direction"] == "higher"
        for name, values in _claimed(question, wide, dataset, higher).items():
            claimed[name] = values
            for comparator, group in question.comparators.items():
                found = _best(wide, group, higher)
                if found is None:
                    absent[f"{comparator} on {dataset}"] = "not run"
                else:
                    others[comparator][name] = found
    if not claimed:
        return Unmeasured("not_tested", _reason(question, absent))
    return Measurement(
        claimed,
        question.option("metric"),
        {name: found for name, found in others.items() if found},
        higher=registry.metrics[question.option("metric")]["direction"] == "higher",
        overlap=question.measure.get("overlap", 0.0),
        absent=absent,
        evidence=tuple(results.used),
        figure=f"results/figures/{track}-scores.png",
    )


def trend(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Change of a metric over the question's datasets, which are the levels of a series, relative to its mean.

    By least squares over the levels in their order, replicate by replicate.
    """
    found = score(question, results, registry)
    if isinstance(found, Unmeasured):
        return found
    if len(found.claimed) < 3:
        return Unmeasured("not_tested", f"A trend needs three levels; of {len(found.claimed)} there are results.")
    n_replicates = min(len(values) for values in found.claimed.values())
    levels = np.array([values[:n_replicates] for values in found.claimed.values()])
    place = np.linspace(0, 1, len(levels))
    changes = np.polyfit(place, levels, 1)[0] / levels.mean(axis=0)
    quantity = f"trend of {question.option('metric')} over {len(levels)} levels"
    return Measurement({"all levels": changes}, quantity, absent=found.absent, evidence=found.evidence)


def _wide(table: pd.DataFrame, question: Question) -> pd.DataFrame:
    """(replicates, methods) values."""
    chosen = (
        (table["metric"] == question.option("metric"))
        & (table["scenario"] == question.measure.get("scenario", ""))
        & (table["class"] == question.measure.get("class", ""))
    )
    return table[chosen].pivot_table(index="replicate", columns="method", values="value", dropna=False).sort_index()


def _claimed(question: Question, wide: pd.DataFrame, dataset: str, higher: bool) -> dict[str, np.ndarray]:
    """By setting: the dataset, or each method on it where the claim holds for several."""
    groups = {f"{name} on {dataset}": (name,) for name in question.each} or {dataset: question.variant}
    found = {setting: _best(wide, group, higher) for setting, group in groups.items()}
    return {setting: values for setting, values in found.items() if values is not None}


def _best(wide: pd.DataFrame, group: tuple[str, ...], higher: bool) -> np.ndarray | None:
    """Values of the method of a group with the better mean; None if none has run."""
    run = [name for name in group if name in wide and wide[name].notna().any()]
    if not run:
        return None
    return wide[(max if higher else min)(run, key=lambda name: wide[name].mean())].to_numpy()


def _reason(question: Question, absent: dict[str, str]) -> str:
    lacking = [name for name in question.datasets if name in absent]
    if lacking:
        return f"Not run yet: {', '.join(lacking)}."
    return f"{' and '.join(question.variant or question.each)}: no result on {', '.join(question.datasets)}."
