"""Claims about how specific the first markers of a method are."""

from collections.abc import Callable
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.measures.absence import reason
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry


def specific(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Share of the markers whose mean is highest in their own class, of the first replicate's test cells.

    Options: ``first``, markers of each class; ``tau``, specificity that they must have, too.
    """
    least, first = question.measure.get("tau", 0.0), question.option("first")

    def share(rows: pd.DataFrame) -> float:
        own = rows["own_list"].astype(bool)  # a gene of a list for all classes is given to the class where it peaks
        return float((own & _peaks(rows) & (rows["tau"] >= least)).mean())

    wanted = f" and whose tau is at least {least:g}" if least else ""
    quantity = f"share of the first {first} markers that peak in their class{wanted}"
    return _measured(question, results, share, quantity)


def specificity(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Mean tau of the markers, 0 for one whose mean is higher in another class, of the first replicate's test cells.

    Options: ``first``, markers of each class; ``classes``, a pattern with ``*`` of those that are looked at.
    """
    quantity = f"mean tau of the first {question.option('first')} markers of {question.option('classes')}"
    return _measured(
        question, results, lambda rows: float(rows["tau"].where(_peaks(rows), 0).fillna(0).mean()), quantity
    )


def _peaks(rows: pd.DataFrame) -> pd.Series:
    return rows["mean"] > rows["mean_next"]


def _measured(
    question: Question, results: Results, value: Callable[[pd.DataFrame], float], quantity: str
) -> Measurement | Unmeasured:
    """One value of the claim's method and of each comparator on each dataset."""
    track, claimed, absent = question.claim.track, {}, dict(question.absent)
    others: dict[str, dict[str, np.ndarray]] = {name: {} for name in question.comparators}
    for dataset in question.datasets:
        table = results.table(f"results/{track}/{dataset}/specificity.tsv")
        rows = None if table is None else _rows(table, question)
        own = None if rows is None else _best(rows, question.variant, value)
        if own is None:
            absent[dataset] = "not run" if table is None else f"no markers of {' or '.join(question.variant)}"
            continue
        claimed[dataset] = np.array([own])
        for name, group in question.comparators.items():
            if (found := _best(rows, group, value)) is None:
                absent[f"{name} on {dataset}"] = "not run"
            else:
                others[name][dataset] = np.array([found])
    if not claimed:
        return Unmeasured("not_tested", reason(question, absent))
    others = {name: values for name, values in others.items() if values}
    return Measurement(claimed, quantity, others, higher=True, absent=absent, evidence=tuple(results.used))


def _rows(table: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Rows of the first markers of the classes that are looked at; a failed run has none."""
    table = table[table["rank"].notna()]
    n_classes = len({*table["class"], *table["next_class"]})
    last = question.option("first") * np.where(table["own_list"].astype(bool), 1, n_classes)
    named = np.array([fnmatchcase(name, question.measure.get("classes", "*")) for name in table["class"]], dtype=bool)
    return table[named & (table["rank"] <= last)]


def _best(rows: pd.DataFrame, group: tuple[str, ...], value: Callable[[pd.DataFrame], float]) -> float | None:
    """Value of the better method of a group; None if none has markers."""
    values = [value(own) for name in group if len(own := rows[rows["method"] == name])]
    return max(values, default=None)
