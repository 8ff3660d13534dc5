"""Claims about clusters of called genes: how many there are, and whether they are localised on the tissue."""

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.tissue import per_tissue, place, set_of
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

_TRENDS = "results/svg/tissue-{tissue}/cluster_trends.tsv"
_LAYERS = "results/svg/tissue-{tissue}/cluster_layers.tsv"


def number(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Number of clusters of the genes that a method calls. Option: ``tissue``, the methods that are compared."""
    return _clusters(question, results, "cluster", "size", "clusters of genes")


def spread(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Coefficient of variation of the number of clusters over tissues, of which there must be three."""
    found = number(question, results, registry)
    if isinstance(found, Unmeasured):
        return found
    numbers = np.concatenate(list(found.claimed.values()))
    if len(numbers) < 3:
        why = "; ".join(f"{name}: {text}" for name, text in found.absent.items())
        return Unmeasured("not_tested", f"A spread needs three tissues; there are {len(numbers)}. {why}.")
    quantity = f"coefficient of variation of the number of clusters over {len(numbers)} tissues"
    value = np.array([numbers.std(ddof=1) / numbers.mean()])
    return Measurement({"all": value}, quantity, absent=found.absent, evidence=found.evidence)


def localised(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Moran's I of the mean pattern of the genes of a cluster, as a mean over the clusters of a method.

    That clusters lie somewhere is tested, not where. Clusters of random genes have none.
    """
    quantity = "Moran's I of the mean pattern of a cluster, mean over all clusters; not in which layer they lie"
    return _clusters(question, results, "moran", "mean", quantity)


def in_layers(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the genes of a cluster that are highest, or lowest, in some annotated layers.

    The numbers of clusters are arbitrary: a claim about one is that there is such a cluster, and the one in which the
    share is largest is taken. Options: ``layers``, parts of their names, in any case of letters; ``extreme``, highest
    or lowest. Where no layers are annotated it is tested with `localised` that the clusters lie anywhere.
    """
    layers, extreme = question.option("layers"), question.option("extreme")
    tables = [results.table(place(_LAYERS, question, dataset)) for dataset in question.datasets]
    if all(table is None or table.empty for table in tables):
        return localised(question, results, registry)

    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[table["set"] == set_of("", method)]
        meant = rows["layer"].astype(str).str.casefold().map(lambda name: any(part in name for part in layers))
        if not meant.any():
            return None
        genes = rows[meant].groupby("cluster").agg({f"n_{extreme}": "sum", "n_genes": "first"})
        return float((genes[f"n_{extreme}"] / genes["n_genes"]).max())

    named = f"layer named {' or '.join(layers)}"
    quantity = f"share of the genes of a cluster whose mean is {extreme} in a {named}"
    return per_tissue(question, results, _LAYERS, value, quantity, figure="clusters", lacking=f"no {named}")


def _clusters(
    question: Question, results: Results, column: str, statistic: str, quantity: str
) -> Measurement | Unmeasured:
    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[table["set"] == set_of("", method)]
        return None if rows.empty else float(rows[column].agg(statistic))

    return per_tissue(question, results, _TRENDS, value, quantity, figure="clusters")
