"""Claims about which genes several methods call alike."""

from collections.abc import Callable, Sequence

import numpy as np

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.calls import FDR, only_comparator
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry
from scbench.scoring.svg import called

_Values = dict[str, np.ndarray]


def shared(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of genes that the claim's method and its comparator both call.

    Option ``with``: another method, where the claim is that its method shares more genes with it than its comparators.
    """
    other = question.measure.get("with") or _comparator(question)
    claimed, absent = _values(question, results, [question.variant[0], other], lambda own, its: len(own & its))
    others = {}
    for name, group in question.comparators.items() if "with" in question.measure else ():
        others[name], lacking = _values(question, results, [group[0], other], lambda own, its: len(own & its))
        absent |= {f"{name} on {dataset}": why for dataset, why in lacking.items()}
    return _measurement(question, results, claimed, f"genes called that {other} calls too", absent, others)


def share(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of one method's genes that another calls too.

    Option ``of``: whose genes, those of the claim's ``method`` or of its ``comparator``.
    """
    pair = [question.variant[0], _comparator(question)]
    of, by = pair if question.option("of") == "method" else reversed(pair)
    claimed, absent = _values(
        question, results, [of, by], lambda own, its: len(own & its) / len(own) if own else np.nan
    )
    return _measurement(question, results, claimed, f"share of the genes called by {of} that {by} calls too", absent)


def alone(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of genes that the claim's method calls, and none of its comparators."""
    rest = [group[0] for group in question.comparators.values()]
    methods = [question.variant[0], *rest]
    claimed, absent = _values(question, results, methods, lambda own, *theirs: len(own.difference(*theirs)))
    return _measurement(question, results, claimed, f"genes called, and not by {' or '.join(rest)}", absent)


def _comparator(question: Question) -> str:
    return question.comparators.get(only_comparator(question), ("",))[0]


def _values(
    question: Question, results: Results, methods: Sequence[str], value: Callable[..., float]
) -> tuple[_Values, dict[str, str]]:
    """One value of the sets of genes that methods call, for each tissue on which all of them ran; else why not."""
    found, absent = {}, {}
    for dataset in question.datasets:
        genes = {method: _called(question, results, dataset, method) for method in methods}
        lacking = [method for method, called_genes in genes.items() if called_genes is None]
        if lacking:
            absent[dataset] = f"no calls of {', '.join(lacking)}"
        else:
            found[dataset] = np.array([float(value(*genes.values()))])
    return found, absent


def _called(question: Question, results: Results, dataset: str, method: str) -> set[str] | None:
    """Genes that a method calls by the option ``adjustment``; None where it did not run to its end, or only ranks."""
    output = results.output("svg", dataset, method)
    genes = None if output is None else called(output, FDR).get(question.option("adjustment"))
    return None if genes is None else set(output["gene"][genes])


def _measurement(
    question: Question,
    results: Results,
    claimed: _Values,
    quantity: str,
    absent: dict[str, str],
    others: dict[str, _Values] | None = None,
) -> Measurement | Unmeasured:
    absent = question.absent | absent
    if not claimed:
        return Unmeasured("not_tested", "; ".join(f"{key}: {why}" for key, why in absent.items()) + ".")
    others = {name: values for name, values in (others or {}).items() if values}
    return Measurement(claimed, quantity, others, exact=True, higher=True, absent=absent, evidence=tuple(results.used))
