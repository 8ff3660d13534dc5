"""Claims about where a gene is expressed in the data themselves."""

from fnmatch import fnmatchcase

import numpy as np

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.absence import reason
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.markers.profiles import class_means
from scbench.registry import Registry


def alone(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of a gene's mean expression in one of two types that the other lacks.

    0 for a gene that both express alike, 1 for one that a single type expresses: tau over the two. Nothing is random,
    as these are the data and no method. Options: ``gene``; ``types``, two patterns with ``*``, each of which names one
    type without regard to case.
    """
    gene, patterns, claimed, absent = question.option("gene"), question.option("types"), {}, {}
    for dataset in question.datasets:
        data = results.prepared(dataset)
        if data is None:
            absent[dataset] = "not prepared"
            continue
        known = np.unique(data.labels)
        types = [name for pattern in patterns for name in known if fnmatchcase(name.lower(), pattern.lower())]
        column = np.flatnonzero(data.genes == gene)
        if len(types) != len(patterns) or not len(column):
            absent[dataset] = f"of {', '.join(patterns)} and {gene} it has {', '.join([*types, *data.genes[column]])}"
            continue
        means = class_means(data.X[:, column], data.labels, np.array(types)).ravel()
        if means.max() == 0:
            absent[dataset] = f"no cell of these types expresses {gene}"
            continue
        claimed[dataset] = np.array([1 - means.min() / means.max()])
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    quantity = f"share of the mean of {gene} in one of {', '.join(patterns)} that the other lacks"
    return Measurement(claimed, quantity, exact=True, absent=absent, evidence=tuple(results.used))
