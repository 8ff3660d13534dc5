"""Claims about clusters of called genes: how many there are, and whether they are localised on the tissue."""

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.tissue import per_tissue, set_of
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry

_TRENDS = "results/svg/tissue-{tissue}/cluster_trends.tsv"


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
        lacking = [name for name in question.datasets if name in found.absent]
        return Unmeasured(
            "not_tested", f"{len(numbers)} tissues are too few for a spread; lacking {', '.join(lacking)}."
        )
    quantity = f"coefficient of variation of the number of clusters over {len(numbers)} tissues"
    value = np.array([numbers.std(ddof=1) / numbers.mean()])
    return Measurement({"all": value}, quantity, absent=found.absent, evidence=found.evidence)


def localised(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Moran's I of the mean pattern of the genes of a cluster, as a mean over the clusters of a method.

    The numbers of clusters are arbitrary, and no file says which layer is which: so a claim about one cluster is
    measured on all of them, and that they lie somewhere is tested, not where. Random genes in the same table have none.
    """
    quantity = "Moran's I of the mean pattern of a cluster, mean over all clusters; not in which layer they lie"
    return _clusters(question, results, "moran", "mean", quantity)


def _clusters(
    question: Question, results: Results, column: str, statistic: str, quantity: str
) -> Measurement | Unmeasured:
    def value(table: pd.DataFrame, method: tuple[str, ...]) -> float | None:
        rows = table[table["set"] == set_of("", method)]
        return None if rows.empty else float(rows[column].agg(statistic))

    return per_tissue(question, results, _TRENDS, value, quantity, figure="clusters")
