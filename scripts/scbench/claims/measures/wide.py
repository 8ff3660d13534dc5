"""Values on one dataset side by side: a row for each replicate, a column for each method."""

from fnmatch import fnmatchcase

import pandas as pd

from scbench.claims.question import Question
from scbench.claims.results import Results

_KEYS = {"index": "replicate", "columns": "method", "values": "value"}


def of_metric(question: Question, results: Results, track: str, dataset: str) -> dict[str, pd.DataFrame] | str:
    """A metric of the tidy tables, by setting, of which the dataset is the one; in words, why there is none.

    Options: ``metric``, ``scenario`` (of the tidy tables), and of a metric by class one of

    - ``class``: a name, or a pattern with ``*`` that names one;
    - ``rare``: the mean over classes with at most this share of the cells;
    - ``best``: of so many classes in which the claim's method is best on average, that in which it is worst.
    """
    table = results.scores(track, dataset)
    if table is None:
        return "not run"
    chosen = (table["metric"] == question.option("metric")) & (
        table["scenario"] == question.measure.get("scenario", "")
    )
    table = table[chosen]
    if {"class", "rare", "best"} & question.measure.keys():
        classes = _classes(table, question, results, dataset)
        if isinstance(classes, str):
            return classes
        table = table[table["class"].isin(classes)]
    else:
        table = table[table["class"] == ""]
    return {dataset: _wide(table)}


def of_classes(question: Question, results: Results, track: str, dataset: str) -> dict[str, pd.DataFrame] | str:
    """Share of the test cells of a class with a wrong label, each class a setting; in words, why there is none.

    Option: ``scenario`` of the tables of confusion.
    """
    table = results.table(f"results/{track}/{dataset}/confusion.tsv")
    if table is None:
        return "not run"
    table = table[table["scenario"] == question.option("scenario")]
    table = table.assign(wrong=table["n"].where(table["true"] != table["predicted"], 0))
    sums = table.groupby(["true", "method", "replicate"])[["wrong", "n"]].sum().reset_index()
    sums["value"] = sums["wrong"] / sums["n"]
    return {f"{name} of {dataset}": _wide(rows) for name, rows in sums.groupby("true")}


def quantity(question: Question) -> str:
    """What the values are of, in words."""
    match question.measure:
        case {"class": pattern}:
            of = f" of {pattern}"
        case {"rare": share}:
            of = f" of classes with at most {share:.0%} of the cells"
        case {"best": place}:
            of = f" of the worst of the best {place} classes"
        case _:
            of = ""
    return question.option("metric") + of


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    return table.pivot_table(**_KEYS, dropna=False).sort_index()


def _classes(table: pd.DataFrame, question: Question, results: Results, dataset: str) -> list[str] | str:
    """Names of the classes that are asked for; in words, why there are none."""
    known = sorted(table["class"].unique())
    if (share := question.measure.get("rare")) is not None:
        facts = results.facts(dataset)
        if facts is None:
            return "not prepared"
        most = share * sum(facts["labels"].values())
        return [name for name in known if facts["labels"][name] <= most] or "no class is rare"
    if (place := question.measure.get("best")) is not None:
        own = table[table["method"] == question.variant[0]].groupby("class")["value"].mean()
        return [own.nlargest(place).index[-1]] if len(own) >= place else f"{len(own)} classes have values"
    pattern = question.measure["class"]
    named = [name for name in known if fnmatchcase(name, pattern)]
    return named if len(named) == 1 else f"{pattern!r} names {len(named)} of its classes: {', '.join(known)}"
