"""Measure claims: from the ledger's words to values over replicates."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from scbench.claims.ledger import Claim
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question, Words
from scbench.claims.results import Results
from scbench.errors import UserError
from scbench.registry import Registry

Measure = Callable[[Question, Results, Registry], Measurement | Unmeasured]

_WITHOUT_DATA = (
    "constants.constant",
    "design.planned",
    "design.registered",
    "design.datasets",
    "design.compared",
    "protocol.gene_order",
)


def measure(
    claim: Claim, words: Words, results: Results, registry: Registry
) -> list[tuple[str, Measurement | Unmeasured]]:
    """Measure one claim.

    Parameters
    ----------
    claim
        The claim.
    words
        How its words are those of the workflow.
    results
        The results that exist.
    registry
        All registries.

    Returns
    -------
    list
        Name of the variant of the claim's method, and what was measured of it: that which follows the released code
        first. A claim about several datasets is measured when all of them have run (unless any will do). Where nothing
        was measured on the paper's data, it is what was on the analogue of these.
    """
    if claim.testable_here == "not-public":
        return [("", Unmeasured("not_public", "The data were not made public."))]
    if claim.testable_here == "needs-gpu-weights":
        return [("", Unmeasured("not_tested", "Needs pre-trained weights that are not part of the benchmark."))]
    if reason := words.why_not(claim):
        return [("", Unmeasured("not_tested", reason))]
    found = _measured(words.questions(claim), results, registry)
    analogue = words.analogue(claim)
    if analogue is None or any(isinstance(one, Measurement) for _, one in found):
        return found
    datasets, why = analogue
    shown = _measured(words.questions(claim, datasets), results, registry)
    other = [(name, replace(one, analogue=why)) for name, one in shown if isinstance(one, Measurement)]
    return other or found


def _measured(
    questions: list[Question], results: Results, registry: Registry
) -> list[tuple[str, Measurement | Unmeasured]]:
    found = []
    for name, question in _variants(questions):
        results.fresh()
        if not question.datasets and question.measure["by"] not in _WITHOUT_DATA:
            named = bool(question.claim.dataset)
            why = "No dataset of the registry is the paper's." if named else "The claim names no dataset."
            return [("", Unmeasured("not_tested", why))]
        one = function(question.measure["by"])(question, results, registry)
        if isinstance(one, Measurement) and question.elsewhere:
            one = _with_elsewhere(question, one, results, registry)
        found.append((name, _whole(question, one)))
    return found


def _with_elsewhere(question: Question, found: Measurement, results: Results, registry: Registry) -> Measurement:
    """Add the comparators that are of another scenario, each dataset of theirs beside ours in its place."""
    others, absent = dict(found.others), dict(found.absent)
    for name, other in question.elsewhere.items():
        theirs = function(other.measure["by"])(other, results, registry)
        if isinstance(theirs, Unmeasured):
            absent[name] = theirs.reason.removesuffix(".")
        else:
            pairs = zip(question.datasets, other.datasets, strict=True)
            others[name] = {own: theirs.claimed[their] for own, their in pairs if their in theirs.claimed}
    return replace(found, others=others, absent=absent, evidence=tuple(results.used))


def _variants(questions: list[Question]) -> list[tuple[str, Question]]:
    """Questions by the name of what they are about; constants have variants of their own, and designs none."""
    first = questions[0]
    match first.measure["by"].partition(".")[0]:
        case "constants":
            places = first.measure["at"].items()
            return [(name, replace(first, measure=first.measure | {"at": place})) for name, place in places]
        case "design" | "protocol":
            return [("", first)]
    return [(_name(question), question) for question in questions]


def _name(question: Question) -> str:
    methods = " or ".join(question.variant) or "; ".join(question.each)
    return ", ".join(filter(None, [methods, question.data]))


def function(name: str) -> Measure:
    """Look up ``module.function`` in `scbench.claims.measures`.

    Raises
    ------
    UserError
        If there is none.
    """
    module, _, member = name.partition(".")
    try:
        found: Any = getattr(import_module(f"scbench.claims.measures.{module}"), member)
    except (ModuleNotFoundError, AttributeError):
        raise UserError(f"measures.yaml: 'by' names {name!r}, which is no function of the measures.") from None
    return found


def _whole(question: Question, found: Measurement | Unmeasured) -> Measurement | Unmeasured:
    """What was measured, unless datasets that the claim is about are missing in it."""
    if isinstance(found, Unmeasured) or question.measure.get("any"):
        return found
    lacking = [name for name in question.datasets if name in found.absent]
    if not lacking:
        return found
    done = len(question.datasets) - len(lacking)
    why = f"{done} of {len(question.datasets)} datasets have run; lacking {', '.join(lacking)}."
    return Unmeasured("not_tested", why)
