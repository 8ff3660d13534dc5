"""Claims about genes whose answer is known: negative controls and markers, and how many of them are called."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.calls import FDR
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.data.names import cut
from scbench.registry import Registry
from scbench.scoring.svg import adjustments


def called(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of negative controls that a method calls. Options: ``adjustment``."""

    def value(genes: pd.DataFrame) -> float:
        return float(genes.loc[genes["control"], "called"].sum())

    return _each(question, results, registry, value, "negative controls called", higher=False)


def false_positives(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the negative controls that a method calls. Options: ``adjustment``."""

    def value(genes: pd.DataFrame) -> float:
        return float(genes.loc[genes["control"], "called"].mean())

    return _each(question, results, registry, value, "share of the negative controls called", higher=False)


def balance(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the other genes that a method calls less that of the negative controls: Youden's J of its calls.

    All genes that are no controls are taken for spatially variable, as the balance of many calls with few false ones
    means. Options: ``adjustment``.
    """

    def value(genes: pd.DataFrame) -> float:
        shares = genes.groupby("control")["called"].mean()
        return float(shares[False] - shares[True])

    quantity = "Youden's J: share of the genes called less that of the negative controls"
    return _each(question, results, registry, value, quantity, higher=True)


def recovered(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of some genes that a method calls. Options: ``genes``, in any case of letters; ``adjustment``."""
    wanted = {name.casefold() for name in question.option("genes")}
    claimed, absent = {}, {}
    for dataset in question.datasets:
        genes = _genes(question, results, dataset, question.variant[0])
        if genes is None:
            absent[dataset] = "not run"
            continue
        chosen = genes[genes["gene"].astype(str).str.casefold().isin(wanted)]
        lacking = len(wanted) - chosen["gene"].nunique()
        if lacking:
            absent[dataset] = f"{lacking} of {len(wanted)} genes are not in the data"
        else:
            claimed[dataset] = np.array([float(chosen["called"].sum())])
    if not claimed:
        return Unmeasured("not_tested", _why(absent))
    quantity = f"of {', '.join(question.option('genes'))}, called"
    return Measurement(claimed, quantity, exact=True, absent=absent, evidence=tuple(results.used))


def _each(
    question: Question,
    results: Results,
    registry: Registry,
    value: Callable[[pd.DataFrame], float],
    quantity: str,
    higher: bool,
) -> Measurement | Unmeasured:
    """One value for each dataset with negative controls, of the claim's method and of each comparator."""
    claimed, others, absent = {}, {name: {} for name in question.comparators}, dict(question.absent)
    for dataset in question.datasets:
        regex = registry.dataset(dataset).get("controls")
        own = None if regex is None else _genes(question, results, dataset, question.variant[0], regex)
        if own is None:
            absent[dataset] = "no negative controls are registered" if regex is None else "not run"
            continue
        claimed[dataset] = np.array([value(own)])
        for name, group in question.comparators.items():
            genes = _genes(question, results, dataset, group[0], regex)
            if genes is None:
                absent[f"{name} on {dataset}"] = "not run"
            else:
                others[name][dataset] = np.array([value(genes)])
    if not claimed:
        return Unmeasured("not_tested", _why(absent))
    found = {name: rows for name, rows in others.items() if rows}
    evidence = tuple(results.used)
    return Measurement(claimed, quantity, found, exact=True, higher=higher, absent=absent, evidence=evidence)


def _genes(
    question: Question, results: Results, dataset: str, method: str, regex: str | None = None
) -> pd.DataFrame | None:
    """Genes, whether each is called and whether a control; None where the method did not run to its end."""
    output = results.output("svg", dataset, method)
    if output is None or output["pvalue"].isna().all():
        return None
    made = adjustments(output)[question.measure.get("adjustment", "bh")] <= FDR
    control = np.zeros(len(output), bool) if regex is None else ~pd.isna(cut(output["gene"], f"({regex})", "controls"))
    return pd.DataFrame({"gene": output["gene"], "called": made, "control": control})


def _why(absent: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in absent.items()) + "."
