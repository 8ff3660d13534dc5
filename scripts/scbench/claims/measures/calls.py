"""Claims about which genes are called, and how many."""

import numpy as np
from scipy.stats import ttest_ind

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.errors import UserError
from scbench.registry import Registry
from scbench.scoring.svg import called

FDR = 0.05  # "SV gene" of the scGCO paper: adjusted p below this


def n_called(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of called genes, one value on each tissue, which is there once.

    Option ``pool``: the datasets are the replicates of one setting, and not settings of their own.
    """
    counts = {name: _counts(question, results, group) for name, group in _groups(question).items()}
    claimed = counts.pop("")
    if not claimed:
        return Unmeasured("not_tested", f"Not run yet: {', '.join(question.datasets)}.")
    absent = question.absent | {name: "not run" for name in question.datasets if name not in claimed}
    if question.measure.get("pool"):
        named = {name: [found[d] for d in claimed if d in found] for name, found in counts.items()}
        setting = f"{len(claimed)} tissues"
        values = {setting: np.array(list(claimed.values()), float)}
        others = {name: {setting: np.array(found, float)} for name, found in named.items() if found}
    else:
        values = {name: np.array([n], float) for name, n in claimed.items()}
        others = {name: {d: np.array([n], float) for d, n in found.items()} for name, found in counts.items() if found}
    shared = {"higher": True, "absent": absent, "evidence": tuple(results.used)}
    return Measurement(values, "genes called", others, exact=not question.measure.get("pool"), **shared)


def fewest_called(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Least number of called genes over the datasets."""
    found = n_called(question, results, registry)
    if isinstance(found, Unmeasured):
        return found
    least = {name: np.array([min(v[0] for v in rows.values())]) for name, rows in found.others.items()}
    setting = f"{len(found.claimed)} tissues"
    claimed = {setting: np.array([min(values[0] for values in found.claimed.values())])}
    others = {name: {setting: values} for name, values in least.items()}
    quantity = "least number of genes called on a tissue"
    shared = {"exact": True, "higher": True, "joined": True}
    return Measurement(claimed, quantity, others, **shared, absent=found.absent, evidence=found.evidence)


def spread_called(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Coefficient of variation of the number of called genes over the datasets."""
    found = n_called(question, results, registry)
    if isinstance(found, Unmeasured):
        return found
    counts = np.array([values[0] for values in found.claimed.values()])
    if len(counts) < 3 or not counts.any():
        return Unmeasured("not_tested", f"{len(counts)} tissues, {int(counts.sum())} genes called: no spread to see.")
    value = np.array([counts.std(ddof=1) / counts.mean()])
    quantity = f"coefficient of variation over {len(counts)} tissues"
    return Measurement({"all": value}, quantity, exact=True, absent=found.absent, evidence=found.evidence)


def ratio(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Called genes of the claim's method over those of its comparator."""
    found = n_called(question, results, registry)
    if isinstance(found, Unmeasured):
        return found
    other = found.others.get(only_comparator(question), {})
    values = {name: n / other[name] for name, n in found.claimed.items() if other.get(name, np.zeros(1))[0]}
    if not values:
        return Unmeasured("not_tested", "The comparator calls no gene, or was not run.")
    return Measurement(values, "ratio of genes called", exact=True, absent=found.absent, evidence=found.evidence)


def difference_pvalue(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """P-value of Welch's test on the numbers of called genes over tissues (option ``pool`` is implied)."""
    own = _counts(question, results, question.variant)
    other = _counts(question, results, question.comparators.get(only_comparator(question), ("",)))
    if min(len(own), len(other)) < 2:
        return Unmeasured("not_tested", f"Not run yet on two tissues or more: {', '.join(question.datasets)}.")
    pvalue = ttest_ind(list(own.values()), list(other.values()), equal_var=False).pvalue
    quantity = f"p of Welch's test over {len(own)} tissues"
    return Measurement({"all": np.array([float(pvalue)])}, quantity, exact=True, evidence=tuple(results.used))


def tissues_with_calls(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of tissues on which a method calls any gene; all of them must have run."""
    counts = _counts(question, results, question.variant)
    if len(counts) < len(question.datasets):
        return Unmeasured("not_tested", f"Run on {len(counts)} of {len(question.datasets)} tissues.")
    value = np.array([float(sum(n > 0 for n in counts.values()))])
    return Measurement({"all": value}, "tissues with called genes", exact=True, evidence=tuple(results.used))


def only_comparator(question: Question) -> str:
    """The one comparator of a claim that compares two.

    Raises
    ------
    UserError
        If it has none or several.
    """
    names = question.claim.comparator_ids
    if len(names) != 1:
        by, got = question.measure["by"], ", ".join(names) or "none"
        raise UserError(f"{question.claim.claim_id}: {by} needs one comparator. Got {got}.")
    return names[0]


def _groups(question: Question) -> dict[str, tuple[str, ...]]:
    return {"": question.variant} | question.comparators


def _counts(question: Question, results: Results, group: tuple[str, ...]) -> dict[str, int]:
    """Called genes by dataset, where the method ran to its end."""
    found = {}
    for dataset in question.datasets:
        output = results.output("svg", dataset, group[0])
        genes = None if output is None else called(output, FDR).get(question.measure.get("adjustment", "bh"))
        if genes is not None:
            found[dataset] = int(genes.sum())
    return found
