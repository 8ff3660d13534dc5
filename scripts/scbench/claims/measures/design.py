"""Claims about data and design: sizes of datasets, and what an experiment is set up to do."""

from functools import cache
from typing import Any

import numpy as np

from scbench import experiments
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question, Words
from scbench.claims.results import Results
from scbench.registry import Registry, load_config

_REDUCE = {"min": min, "max": max, "count": len, "sum": sum}


def size(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A number of the facts of prepared datasets: ``cells``, ``genes``, ``classes``, ``controls``, ``patterned_genes``.

    Options: ``fact``; ``reduce`` (``min`` or ``max``) over several datasets; ``rest``: what is left of ``genes``.
    """
    fact, found, absent = question.option("fact"), {}, {}
    for name in question.datasets:
        facts = results.facts(name) or {}
        value = (len(facts["labels"]) or None) if facts and fact == "classes" else facts.get(fact)
        if value is None:
            absent[name] = f"no {fact}" if facts else "not prepared"
        else:
            found[name] = float(facts["genes"] - value if question.measure.get("rest") else value)
    if absent and ("reduce" in question.measure or not found):
        unprepared = [name for name, why in absent.items() if why == "not prepared"]
        why = f"Not prepared yet: {', '.join(unprepared)}." if unprepared else f"No {fact} in {', '.join(absent)}."
        return Unmeasured("not_tested", why)
    if reduce := question.measure.get("reduce"):
        found = {f"{reduce} over {len(found)} datasets": _REDUCE[reduce](found.values())}
    values = {name: np.array([value]) for name, value in found.items()}
    return Measurement(values, f"{fact} of the prepared data", exact=True, absent=absent, evidence=tuple(results.used))


def patterns(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of patterns of the simulated genes, or of genes of a pattern.

    Options: ``of``: which patterns count, by default all; ``genes``: take the mean number of genes of a pattern.
    """
    facts = {name: (results.facts(name) or {}).get("patterns") for name in question.datasets}
    if lacking := [name for name, found in facts.items() if not found]:
        return Unmeasured("not_tested", f"Not prepared yet, or without patterns: {', '.join(lacking)}.")
    values = {}
    for name, found in facts.items():
        sizes = [n for pattern, n in found.items() if pattern in question.measure.get("of", found)]
        values[name] = np.array([float(np.mean(sizes) if question.measure.get("genes") else len(sizes))])
    quantity = "genes of a pattern" if question.measure.get("genes") else "patterns of the simulated genes"
    return Measurement(values, quantity, exact=True, evidence=tuple(results.used))


def simulated(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A parameter of the simulations of the question's datasets. Options: ``param``, ``reduce``, ``over``.

    ``over`` is a parameter to divide by.
    """
    param, over = question.option("param"), question.measure.get("over")
    params = [_param(registry, name, param) for name in question.datasets]
    if any(value is None for value in params):
        return Unmeasured("not_tested", f"The simulation has no parameter {param}.")
    if over:
        params = [value / _param(registry, name, over) for name, value in zip(question.datasets, params, strict=True)]
    reduce = question.measure.get("reduce")
    value = _REDUCE[reduce](params) if reduce in _REDUCE else _step(params) if reduce == "step" else params[0]
    quantity = f"{param}{f' over {over}' if over else ''} in the registry of datasets"
    return _design(value, quantity, "datasets")


def planned(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A value of the experiment's configuration. Options: ``path`` below its track, ``reduce``, ``over``, ``minus``.

    ``over`` is the path of a value to divide by; ``minus`` is what the value is taken from.
    """
    experiment = question.measure.get("experiment", question.claim.experiment)
    track = _checked(experiment)["tracks"][question.claim.track]
    value = _at(track, question.option("path"))
    if reduce := question.measure.get("reduce"):
        value = _REDUCE[reduce](list(value.values()) if isinstance(value, dict) else value)
    if over := question.measure.get("over"):
        value = value / _at(track, over)
    value = question.option("minus") - value if "minus" in question.measure else value
    quantity = f"{question.option('path')} of the experiment {experiment}"
    return _design(value, quantity, "experiments")


def registered(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A parameter that the registry gives a method. Options: ``method``, ``path`` below its ``params``."""
    name, path = question.option("method"), question.option("path")
    return _design(_at(registry.method(name)["params"], path), f"{path} of {name} in the registry", "methods")


def datasets(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of datasets that stand for the claim's. Option ``experiment``: those that it names."""
    names = question.datasets
    if experiment := question.measure.get("experiment"):
        known = experiments.load()[experiment]
        names = known.get("datasets") or known["tracks"][question.claim.track]["datasets"]
    return _design(len(names), "datasets of the experiment", "experiments")


def compared(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of methods that an experiment compares: words of the ledger, of which each may have several variants.

    Options: ``experiment``; ``without``: words that do not count, as the method that is compared with its peers.
    """
    experiment = question.measure.get("experiment", question.claim.experiment)
    run = set(_checked(experiment)["tracks"][question.claim.track]["methods"])
    without = set(question.measure.get("without", []))
    words = Words.load().variants()
    found = [word for word, variants in words.items() if word not in without and variants & run]
    return _design(len(found), f"methods of the experiment {experiment}: {', '.join(found)}", "experiments")


@cache
def _checked(experiment: str) -> dict[str, Any]:
    return load_config({"experiment": experiment}, _registry())


@cache
def _registry() -> Registry:
    return Registry.load()


def _design(value: float, quantity: str, file: str) -> Measurement:
    return Measurement({"design": np.array([float(value)])}, quantity, exact=True, evidence=(f"config/{file}.yaml",))


def _param(registry: Registry, dataset: str, name: str) -> float | None:
    return registry.dataset(dataset)["source"].get("params", {}).get(name)


def _step(values: list[float]) -> float:
    """The one step between sorted values."""
    return float(np.mean(np.diff(sorted(values))))


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
