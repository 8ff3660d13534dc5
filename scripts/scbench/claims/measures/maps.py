"""Claims about embeddings that saw no labels, and their maps."""

from collections.abc import Callable
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.absence import reason
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

_COMPONENTS = ("hvg_cutoffs", "pca")  # methods that stand for principal components of variable genes


def separation(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Mean silhouette of cell types in the map of an embedding; more is better.

    Options: ``embedder``, whose embeddings were laid out; ``types``, patterns with ``*``, of which each makes one group
    of the types that it names (without regard to case), else all types; ``features``, their number where several are
    compared.
    """
    from sklearn.metrics import silhouette_score

    patterns = question.measure.get("types", [])

    def value(method: str, dataset: str) -> float | str:
        points = results.table(f"results/annotation/embeddings-map-{dataset}-{question.option('embedder')}.tsv")
        points = _embedding(question, points, method)
        if isinstance(points, str):
            return points
        groups = points["type"].astype(str).map(lambda name: _group(name, patterns))
        points, groups = points[groups != ""], groups[groups != ""]
        if lacking := [pattern for pattern in patterns if pattern not in set(groups)]:
            return f"no type is named {', '.join(lacking)}"
        return float(silhouette_score(points[["x", "y"]], groups)) if len(set(groups)) > 1 else "it has one type"

    return _measured(question, results, value, f"silhouette of {', '.join(patterns) or 'cell types'} in the map")


def by_type_or_dataset(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Mean silhouette by cell type minus that by the covariate, which is the dataset, in an embedding.

    Options: ``embedder``; ``layer`` of an encoder that has several.
    """

    def value(method: str, dataset: str) -> float | str:
        table = results.table(f"results/annotation/embeddings-{dataset}-{question.option('embedder')}.tsv")
        table = _embedding(question, table, method)
        if isinstance(table, str):
            return table
        found = table[table["score"] == "silhouette"].set_index("of")["value"]
        return float(found["types"] - found["covariate"]) if "covariate" in found else "no covariate was asked for"

    return _measured(question, results, value, "silhouette by type minus by dataset")


def times(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Mean silhouette of the times of cells in an embedding after ComBat. Option: ``embedder``."""

    def value(method: str, dataset: str) -> float | str:
        table = results.table(f"results/annotation/stages-scores-{dataset}-{question.option('embedder')}.tsv")
        if table is None:
            return "not run"
        name = f"{'HVGs' if method in _COMPONENTS else 'scRobust'} after ComBat"
        rows = table[(table["embedding"] == name) & (table["of"] == "types") & (table["score"] == "silhouette")]
        return float(rows["value"].iloc[0])

    return _measured(question, results, value, "silhouette of times after ComBat")


def clusters(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of clusters of an embedding in which a type has more cells than any other.

    Options: ``embedder``; ``type``, a pattern with ``*``.
    """

    def value(method: str, dataset: str) -> float | str:
        points = results.table(f"results/annotation/embeddings-map-{dataset}-{question.option('embedder')}.tsv")
        points = _embedding(question, points, method)
        if isinstance(points, str):
            return points
        most = pd.crosstab(points["cluster"], points["type"].astype(str)).idxmax(axis=1)
        return float(sum(fnmatchcase(name, question.option("type")) for name in most))

    return _measured(question, results, value, f"clusters of mostly {question.option('type')}")


def listed(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """How many of some genes are among the markers that tell stages of clusters apart.

    Options: ``embedder``; ``genes``; ``between``, stage -> stages that it is compared with.
    """
    pairs = {(stage, other) for stage, others in question.option("between").items() for other in others}

    def value(method: str, dataset: str) -> float | str:
        table = results.table(f"results/annotation/stages-{dataset}-{question.option('embedder')}.tsv")
        if table is None:
            return "not run"
        compared = [{(a, b), (b, a)} & pairs for a, b in zip(table["stage"], table["against"], strict=True)]
        rows = table[np.array(compared, dtype=bool) & (table["by"] == "clusters")]
        return float(rows[rows["gene"].isin(question.option("genes"))]["gene"].nunique())

    return _measured(question, results, value, f"of {', '.join(question.option('genes'))}, listed as markers")


def _embedding(question: Question, table: pd.DataFrame | None, method: str) -> pd.DataFrame | str:
    """Rows of the embedding that stands for a method; in words, why there are none."""
    if table is None:
        return "not run"
    names = pd.Series(table["embedding"].unique())
    if method in _COMPONENTS:
        names = names[names.str.startswith("PCA, ")]
    else:
        names = names[names.str.startswith("scRobust, ")]
        if layer := question.measure.get("layer"):
            names = names[names.str.contains(f", layer {layer},")]
    if features := question.measure.get("features"):
        names = names[names.str.contains(f", {features} ")]
    return table[table["embedding"] == names.iloc[0]] if len(names) == 1 else f"{len(names)} embeddings could be meant"


def _group(name: str, patterns: list[str]) -> str:
    """First pattern that a type has; without patterns the type."""
    if not patterns:
        return name
    return next((pattern for pattern in patterns if fnmatchcase(name.lower(), pattern.lower())), "")


def _measured(
    question: Question, results: Results, value: Callable[[str, str], float | str], quantity: str
) -> Measurement | Unmeasured:
    """One value on each dataset, of the claim's method and of each comparator; ``value`` says why it has none."""
    embedder, claimed, absent = question.option("embedder"), {}, dict(question.absent)
    others: dict[str, dict[str, np.ndarray]] = {name: {} for name in question.comparators}
    for dataset in question.datasets:
        for side, group in {"": question.variant, **question.comparators}.items():
            known = group[0] in (*_COMPONENTS, embedder)
            found = value(group[0], dataset) if known else f"{group[0]} was not asked to embed cells"
            if isinstance(found, str):
                absent[f"{side} on {dataset}" if side else dataset] = found
            else:
                (others[side] if side else claimed)[dataset] = np.array([found])
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    others = {name: values for name, values in others.items() if values}
    return Measurement(claimed, quantity, others, higher=True, absent=absent, evidence=tuple(results.used))
