"""Claims about metrics that are in the tables of scores."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures import wide
from scbench.claims.measures.absence import reason
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

Tables = dict[str, pd.DataFrame]


def score(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Values of a metric of the tidy tables over replicates, dataset by dataset.

    Options: ``track`` (a sub-track, else the claim's), ``overlap``, test cells over training cells of the track's
    splits, and those of `scbench.claims.measures.wide.of_metric`.
    """
    higher = registry.metrics[question.option("metric")]["direction"] == "higher"
    return _measured(question, results, wide.of_metric, higher)


def misclassified(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the cells of each class with a wrong label; each class is a setting.

    Options: ``metric``, what it is called; ``overlap``; and that of `scbench.claims.measures.wide.of_classes`.
    """
    return _measured(question, results, wide.of_classes, higher=False)


def trend(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Change of a metric over the levels of a series, relative to its mean.

    By least squares over the levels in their order, replicate by replicate. The question's datasets are the levels of
    one series; with the option ``levels`` each is a series of its own (see `_series`).
    """
    series, levels = _series(question)
    if len(levels) < 3:
        return Unmeasured("not_tested", f"A trend needs three levels; there are {len(levels)}.")
    found = score(replace(question, datasets=tuple(chain.from_iterable(series.values()))), results, registry)
    if isinstance(found, Unmeasured):
        return found
    place = (levels - levels[0]) / (levels[-1] - levels[0])
    claimed, absent = {}, dict(found.absent)
    for name, datasets in series.items():
        if any(dataset not in found.claimed for dataset in datasets):
            absent[name] = "not run at all levels"
            continue
        values = _even([found.claimed[dataset] for dataset in datasets])
        claimed[name] = np.polyfit(place, values, 1)[0] / values.mean(axis=0)
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    quantity = f"trend of {found.quantity} over {len(levels)} levels"
    return Measurement(claimed, quantity, absent=absent, evidence=found.evidence)


def fall(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """How far a metric falls from the first level of a series to the last, dataset by dataset; less is better.

    Levels have splits of their own, so their replicates are not paired; methods are, at each level. Option: ``levels``
    (see `_series`).
    """
    series, _ = _series(question)
    ends = {name: (datasets[0], datasets[-1]) for name, datasets in series.items()}
    found = score(replace(question, datasets=tuple(chain.from_iterable(ends.values()))), results, registry)
    if isinstance(found, Unmeasured):
        return found

    def falls(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        both = {name: pair for name, pair in ends.items() if all(end in values for end in pair)}
        return {name: -np.diff(_even([values[end] for end in pair]), axis=0)[0] for name, pair in both.items()}

    claimed = falls(found.claimed)
    absent = found.absent | dict.fromkeys([name for name in ends if name not in claimed], "not run at both levels")
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    others = {name: falls(values) for name, values in found.others.items()}
    quantity = f"fall of {found.quantity}"
    return replace(found, claimed=claimed, others=others, absent=absent, quantity=quantity, higher=False)


def spread(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Standard deviation of a metric over replicates, dataset by dataset; less is better. Options as of `score`."""
    found = score(question, results, registry)
    if isinstance(found, Unmeasured):
        return found

    def spreads(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: pseudo_values(array) for name, array in values.items()}

    claimed = spreads(found.claimed)
    if not any(np.isfinite(values).any() for values in claimed.values()):
        return Unmeasured("not_tested", "A standard deviation with an error needs three runs that ended well.")
    others = {name: spreads(values) for name, values in found.others.items()}
    quantity = f"standard deviation of {found.quantity} (jackknife)"
    return replace(found, claimed=claimed, others=others, quantity=quantity, higher=False)


def pseudo_values(values: np.ndarray) -> np.ndarray:
    """Tukey's pseudo-values of the standard deviation, by which it has an error and is paired over methods.

    Parameters
    ----------
    values
        (replicates,); failed runs are NaN.

    Returns
    -------
    numpy.ndarray
        (replicates,) whose mean is the standard deviation, corrected for bias, and whose error is that of the
        jackknife; NaN where the replicate is. All NaN for fewer than three values.

    Examples
    --------
    >>> pseudo_values(np.array([0.0, 1.0, 2.0])).round(3)
    array([1.586, 0.172, 1.586])
    """
    valid = np.flatnonzero(np.isfinite(values))
    found, n = np.full(len(values), np.nan), len(valid)
    if n > 2:
        without = [np.std(np.delete(values[valid], place), ddof=1) for place in range(n)]
        found[valid] = n * np.std(values[valid], ddof=1) - (n - 1) * np.array(without)
    return found


def _measured(
    question: Question,
    results: Results,
    tables: Callable[[Question, Results, str, str], Tables | str],
    higher: bool,
) -> Measurement | Unmeasured:
    """Values over replicates, setting by setting."""
    track = question.measure.get("track", question.claim.track)
    claimed, others, absent = {}, {name: {} for name in question.comparators}, dict(question.absent)
    for dataset in question.datasets:
        found = tables(question, results, track, dataset)
        if isinstance(found, str):
            absent[dataset] = found
            continue
        own = {f"{name} on {dataset}": (name,) for name in question.each} or {"": question.variant}
        own = {name: _best(found, group, higher) for name, group in own.items()}
        theirs = {name: _best(found, group, higher) for name, group in question.comparators.items()}
        for name, values in own.items():
            for setting in values:
                claimed[name or setting] = values[setting]
                for comparator, numbers in theirs.items():
                    if setting in numbers:
                        others[comparator][name or setting] = numbers[setting]
                    else:
                        absent[f"{comparator} on {setting}"] = "not run"
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    return Measurement(
        claimed,
        wide.quantity(question),
        {name: values for name, values in others.items() if values},
        higher=higher,
        overlap=question.measure.get("overlap", 0.0),
        absent=absent,
        evidence=tuple(results.used),
        figure=f"results/figures/{track}-scores.png",
    )


def _series(question: Question) -> tuple[dict[str, list[str]], np.ndarray]:
    """Datasets of each series, from the first level to the last, and the levels.

    With the option ``levels``, which has the level by the end of a dataset's name, each dataset of the question is a
    series; without it, they are the steps of one.
    """
    if levels := question.measure.get("levels"):
        series = {name: [name + end for end in levels] for name in question.datasets}
        return series, np.array(list(levels.values()), float)
    return {"all levels": list(question.datasets)}, np.arange(len(question.datasets), dtype=float)


def _even(levels: list[np.ndarray]) -> np.ndarray:
    """(levels, replicates) values, of as many replicates as all levels have."""
    n_replicates = min(map(len, levels))
    return np.array([values[:n_replicates] for values in levels])


def _best(tables: Tables, group: tuple[str, ...], higher: bool) -> dict[str, np.ndarray]:
    """Values by setting of the method of a group that is better on average over all; empty if none has run."""
    whole = pd.concat(tables.values())
    run = [name for name in group if name in whole and whole[name].notna().any()]
    if not run:
        return {}
    best = (max if higher else min)(run, key=lambda name: whole[name].mean())
    return {setting: table[best].to_numpy() for setting, table in tables.items() if best in table}
