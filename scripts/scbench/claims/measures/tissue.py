"""Claims about the structure of one tissue: rebuilt from called genes, and how far genes are from it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

_COMMON = "common-set"  # of the ledger


def structure(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A column of the table of structures, for the genes that only the claim's method calls, or the common ones.

    Options: ``column``, and ``tissue``, the methods that are compared.

    The reference is the paper's: of the common genes the annotated layers, and of all other sets the structure of the
    common genes, whether or not layers are annotated.
    """
    column = question.option("column")

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        reference = "annotated" if method == (_COMMON,) else "common"
        rows = table[(table["set"] == _set_of(question.claim.scenario, method)) & (table["reference"] == reference)]
        return None if rows.empty else float(rows[column].iloc[0])

    return _measure(question, results, "structure.tsv", value, f"{column} of the rebuilt structure", higher=True)


def distance(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Median distance to the structure, of the genes that only a method calls. Option: ``column``.

    The claims are about most genes; and a mean would be infinite with the first gene that has no segment.
    """
    column = question.option("column")

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[(table["set"] == _set_of("unique-genes", method)) & (table["segmentation"] == "shared")]
        return None if rows.empty else float(rows[column].median())

    return _measure(question, results, "distances.tsv", value, f"median {column} distance", higher=False)


def passing(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Cut-off of a distance, or the share of a method's own genes that pass it. Options: ``distance``, ``column``."""
    kind, column = question.option("distance"), question.option("column")

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[(table["metric"] == kind) & (table["set"] == _set_of(question.claim.scenario, method))]
        return None if rows.empty else float(rows[column].iloc[0])

    return _measure(question, results, "distance_cutoffs.tsv", value, f"{column} by {kind} distance")


def separation(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """P-value of the two-sample Kolmogorov-Smirnov test of distances. Option: ``distance``."""
    kind, comparators = question.option("distance"), list(question.comparators.values())

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        sets = {_set_of("unique-genes", method), _set_of("unique-genes", comparators[0])}
        pairs = zip(table["set_a"], table["set_b"], strict=True)
        rows = table[(table["metric"] == kind) & np.array([{a, b} == sets for a, b in pairs])]
        return None if rows.empty else float(rows["pvalue"].iloc[0])

    if not comparators:
        return Unmeasured("not_tested", "; ".join(f"{name}: {why}" for name, why in question.absent.items()))
    alone = replace(question, comparators={})  # the one p-value is of both methods
    return _measure(alone, results, "distance_tests.tsv", value, f"p of the KS test of {kind} distances")


def clusters(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of clusters of the genes that a method calls."""
    return _measure(
        question, results, "clusters.tsv", lambda table, method: float(table["cluster"].nunique()), "clusters of genes"
    )


def _set_of(scenario: str, method: tuple[str, ...]) -> str:
    if not method or method == (_COMMON,):
        return "common"
    return f"{'only' if scenario == 'unique-genes' else 'all'} {method[0]}"


def _measure(
    question: Question,
    results: Results,
    name: str,
    value: Callable[[pd.DataFrame, tuple[str, ...]], float | None],
    quantity: str,
    higher: bool | None = None,
) -> Measurement | Unmeasured:
    """One value for each tissue of the claim, and of each comparator."""
    claimed, others, absent = {}, {key: {} for key in question.comparators}, dict(question.absent)
    compared = question.option("tissue")
    for dataset in question.datasets:
        folder = f"results/svg/tissue-{'-'.join([dataset, *compared])}"
        table = results.table(f"{folder}/{name}")
        own = None if table is None else value(table, question.variant)
        if own is None:
            absent[dataset] = "not run" if table is None else f"{question.variant[0]} has no such row in {name}"
            continue
        claimed[dataset] = np.array([own])
        for key, group in question.comparators.items():
            found = value(table, group)
            if found is None:
                absent[f"{key} on {dataset}"] = "no such set of genes"
            else:
                others[key][dataset] = np.array([found])
    if not claimed:
        return Unmeasured("not_tested", "; ".join(f"{key}: {why}" for key, why in absent.items()) + ".")
    figure = f"results/figures/svg-structure-{'-'.join([question.datasets[0], *compared])}.png"
    return Measurement(
        claimed,
        quantity,
        {key: rows for key, rows in others.items() if rows},
        higher=higher,
        absent=absent,
        evidence=tuple(results.used),
        figure=figure,
    )
