"""Claims about the structure of one tissue: rebuilt from called genes, and how far genes are from it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.errors import UserError, did_you_mean
from scbench.registry import Registry
from scbench.svg.structure.calls import gene_sets

_SETS = {
    (): "common",
    ("common-set",): "common",
    ("random-genes",): "random",
}  # words of the ledger that are no methods
_TISSUE, _CALLED = "results/svg/tissue-{tissue}", "results/svg/{dataset}/called.tsv"
_NO_LAYERS = "no annotated layers to compare with"
_RESOLVED = 0.5  # overlap above which no layer can be matched by two, nor match two
_RECIPES = {"ours": "", "released": "/released"}  # folders


def structure(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """A column of the table of structures, for the genes that only the claim's method calls, or the common ones.

    Common genes are compared with the annotated layers, all others with the structure of the common genes. Options:
    ``column``; ``tissue``, the methods that are compared; ``recipe``, ``ours`` or ``released``.
    """
    column = question.option("column")
    common = set_of(question.claim.scenario, question.variant) == "common"

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        own = table["set"] == set_of(question.claim.scenario, method)
        rows = table[own & (table["reference"] == ("annotated" if common else "common"))]
        return None if rows.empty else float(rows[column].iloc[0])

    against = "the annotated layers" if common else "that of the common genes"
    quantity = f"{column} of the rebuilt structure against {against}"
    lacking = _NO_LAYERS if common else ""
    return per_tissue(question, results, f"{_TISSUE}/structure.tsv", value, quantity, higher=True, lacking=lacking)


def layers_resolved(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of layers of the reference that a rebuilt structure resolves.

    A layer is resolved by a rebuilt one that shares with it more than half of the spots of both together. How many are
    looked for is told; how many of them are layers of the tissue is not. The reference are the annotated layers, else
    those of the common genes. Options: ``tissue``, ``recipe``.
    """
    set_ = set_of(question.claim.scenario, question.variant)

    def value(codes: dict[str, np.ndarray], method: tuple[str, ...]) -> float | None:
        reference = codes.get("annotated", None if set_ == "common" else codes.get("common"))
        found = codes.get(set_of(question.claim.scenario, method))
        return None if reference is None or found is None else float(_resolved(reference, found))

    quantity = "layers of the reference that share more than half of their spots with a rebuilt one"
    lacking = _NO_LAYERS if set_ == "common" else ""
    return per_tissue(question, results, f"{_TISSUE}/structures.npz", value, quantity, lacking=lacking)


def _resolved(reference: np.ndarray, found: np.ndarray) -> int:
    """Layers of a reference that one of the layers found overlaps by more than half of both together.

    Examples
    --------
    >>> _resolved(np.array([0, 0, 0, 1, 1, -1]), np.array([2, 2, 0, 0, 0, 0]))
    2
    >>> _resolved(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]))
    0
    """
    there = reference >= 0
    reference, found = reference[there], found[there]
    masks = [found == layer for layer in np.unique(found[found >= 0])]
    layers = [reference == layer for layer in np.unique(reference)]
    return sum(any((mask & layer).sum() > _RESOLVED * (mask | layer).sum() for mask in masks) for layer in layers)


def distance(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Median distance to the structure, of the genes that only a method calls. Option: ``column``.

    The claims are about most genes; and a mean would be infinite with the first gene that has no segment.
    """
    column = question.option("column")

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[(table["set"] == set_of("unique-genes", method)) & (table["segmentation"] == "shared")]
        return None if rows.empty else float(rows[column].median())

    return per_tissue(
        question,
        results,
        f"{_TISSUE}/distances.tsv",
        value,
        f"median {column} distance",
        higher=False,
        figure="distances",
    )


def passing(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Cut-off of a distance, or the share of a method's own genes that pass it.

    Options: ``distance``; ``column``; ``rest``: the share that does not pass, of which less is better.
    """
    kind, column, rest = question.option("distance"), question.option("column"), question.measure.get("rest", False)

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[(table["metric"] == kind) & (table["set"] == set_of(question.claim.scenario, method))]
        if rows.empty:
            return None
        found = float(rows[column].iloc[0])
        return 1 - found if rest else found

    quantity = f"share beyond the cut-off by {kind} distance" if rest else f"{column} by {kind} distance"
    how = {"higher": False if rest else None, "figure": "distances"}
    return per_tissue(question, results, f"{_TISSUE}/distance_cutoffs.tsv", value, quantity, **how)


def separation(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """P-value of the two-sample Kolmogorov-Smirnov test of distances. Option: ``distance``."""
    kind, comparators = question.option("distance"), list(question.comparators.values())

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        sets = {set_of("unique-genes", method), set_of("unique-genes", comparators[0])}
        pairs = zip(table["set_a"], table["set_b"], strict=True)
        rows = table[(table["metric"] == kind) & np.array([{a, b} == sets for a, b in pairs])]
        return None if rows.empty else float(rows["pvalue"].iloc[0])

    if not comparators:
        return Unmeasured("not_tested", "; ".join(f"{name}: {why}" for name, why in question.absent.items()))
    alone = replace(question, comparators={})  # the one p-value is of both methods
    return per_tissue(alone, results, f"{_TISSUE}/distance_tests.tsv", value, f"p of the KS test of {kind} distances")


def expressing(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Median number of spots with counts of a gene, over the genes that only a method calls. Option: ``tissue``."""
    compared = question.option("tissue")

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        if not {"n_spots", *compared} <= set(table):
            return None
        genes = gene_sets(table, compared).get(set_of("unique-genes", method), [])
        return float(table["n_spots"].iloc[genes].median()) if len(genes) else None

    return per_tissue(question, results, _CALLED, value, "median number of spots with counts of a gene", figure="calls")


def set_of(scenario: str, method: tuple[str, ...]) -> str:
    """Name of the set of genes of a method (see `scbench.svg.structure.calls.gene_sets`)."""
    return _SETS.get(method) or f"{'only' if scenario == 'unique-genes' else 'all'} {method[0]}"


def place(path: str, question: Question, dataset: str) -> str:
    """Path with ``{tissue}`` (dataset, methods, recipe) and ``{dataset}`` filled in. Option: ``tissue``."""
    return path.format(tissue="-".join([dataset, *question.option("tissue")]) + _recipe(question), dataset=dataset)


def _recipe(question: Question) -> str:
    """Folder of the tables of a recipe. Option: ``recipe``, by default ours."""
    recipe = question.measure.get("recipe", "ours")
    if recipe not in _RECIPES:
        raise UserError(
            f"measures.yaml: 'recipe' of {question.claim.claim_id!r} is {recipe!r}. {did_you_mean(recipe, _RECIPES)}"
        )
    return _RECIPES[recipe]


def per_tissue(
    question: Question,
    results: Results,
    path: str,
    value: Callable[[Any, tuple[str, ...]], float | None],
    quantity: str,
    higher: bool | None = None,
    lacking: str = "",
    figure: str = "structure",
) -> Measurement | Unmeasured:
    """Measure one value for each tissue of the claim, and of each comparator.

    Parameters
    ----------
    path
        Of the table or archive of a tissue, with ``{tissue}`` (dataset and methods) or ``{dataset}`` in it.
    value
        From what `path` holds and a method to the value, None if there is none.
    lacking
        What is said where there is none.
    figure
        Kind of figure that shows it.
    """
    claimed, others, absent = {}, {key: {} for key in question.comparators}, dict(question.absent)
    for dataset in question.datasets:
        file = place(path, question, dataset)
        content = results.arrays(file) if file.endswith(".npz") else results.table(file)
        own = None if content is None else value(content, question.variant)
        if own is None:
            why = lacking or f"no such set of genes for {' or '.join(question.variant)}"
            absent[dataset] = "not run" if content is None else why
            continue
        claimed[dataset] = np.array([own])
        for key, group in question.comparators.items():
            found = value(content, group)
            if found is None:
                absent[f"{key} on {dataset}"] = "no such set of genes"
            else:
                others[key][dataset] = np.array([found])
    if not claimed:
        return Unmeasured("not_tested", "; ".join(f"{key}: {why}" for key, why in absent.items()) + ".")
    shown = place("{dataset}" if figure == "calls" else "{tissue}", question, next(iter(claimed)))
    return Measurement(
        claimed,
        quantity,
        {key: rows for key, rows in others.items() if rows},
        higher=higher,
        absent=absent,
        evidence=tuple(results.used),
        figure="" if _recipe(question) else f"results/figures/svg-{figure}-{shown}.png",  # all are of our recipe
    )
