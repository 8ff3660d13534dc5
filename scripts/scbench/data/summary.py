"""The datasets of a configuration in one table: what there is, what is missing, and where it comes from."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbench.atomic import atomic, read_json
from scbench.data.sources import describe, files
from scbench.io import write_table
from scbench.plan_data import instance, lineage, unprepared
from scbench.report.tables import page

if TYPE_CHECKING:
    from scbench.plan import Plan

COLUMNS = [
    "dataset", "label", "state", "why", "cells", "genes", "classes", "paper", "labels_matched", "nonzero_fraction",
    "groups", "source", "certainty", "sha256", "accession", "licence",
]  # fmt: skip


def summary(
    registry: Mapping[str, Mapping[str, Any]],
    facts: Iterable[Mapping[str, Any]],
    left_out: Mapping[str, str],
    unprepared: Mapping[str, tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """Describe datasets.

    Parameters
    ----------
    registry
        Entries of the registry by id.
    facts
        Of the prepared datasets (`scbench.data.facts`). A simulated one is described by its first replicate.
    left_out
        Datasets whose files the user has to bring, with the reason.
    unprepared
        State of other datasets that are not there, and why (`scbench.plan_data.unprepared`).

    Returns
    -------
    pandas.DataFrame
        With `COLUMNS`; ``state`` is ``prepared``, ``left out``, ``failed`` or ``not prepared``, ``paper`` is what a
        paper says of the size, ``labels_matched`` how many cells a file of labels names, ``groups`` the number of cells
        of each batch, donor and so on, and ``sha256`` that of the prepared file.
    """
    rows = {}
    for fact in facts:
        rows.setdefault(fact["dataset"], _prepared(fact))
    others = {name: ("left out", why) for name, why in left_out.items()} | dict(unprepared or {})
    rows |= {name: {"state": state, "why": why} for name, (state, why) in others.items()}
    table = [{"dataset": name, **_about(registry[name]), **row} for name, row in sorted(rows.items())]
    return pd.DataFrame(table, columns=COLUMNS).astype(dict.fromkeys(("cells", "genes", "classes"), "Int64"))


def publish(table: pd.DataFrame, path: Path, html: Path) -> None:
    """Write a summary as a table and as a page."""
    write_table(table, path)
    with atomic(html) as part:
        part.write_text(page({"datasets": table}, "Datasets"))


def publish_failures(plan: "Plan", prepared: Iterable[str], path: Path, html: Path) -> None:
    """Write the summary after a run that failed, if a dataset is not there.

    It is as old as can be, so that the next run makes it again.
    """
    paths = lineage(plan, prepared)
    absent = unprepared(plan, paths, Path())
    if not absent:
        return
    facts = [read_json(fact) for file in paths if (fact := Path(file).with_suffix(".json")).exists()]
    names = {instance(plan, file)[0] for file in paths} | set(plan.left_out)
    registry = {name: plan.registry.dataset(name) for name in names}
    publish(summary(registry, facts, plan.left_out, absent), path, html)
    for made in (path, html):
        os.utime(made, (0, 0))


def _prepared(fact: Mapping[str, Any]) -> dict[str, Any]:
    groups = (
        f"{column}: {', '.join(f'{k} {n}' for k, n in sizes.items())}" for column, sizes in fact["groups"].items()
    )
    same = {key: fact[key] for key in ("cells", "genes", "nonzero_fraction", "sha256")}
    matched = "{} of {}".format(*fact["labels_matched"]) if fact["labels_matched"] else ""
    same["labels_matched"] = matched
    return {"state": "prepared", "why": "", "classes": len(fact["labels"]), "groups": "; ".join(groups), **same}


def _about(entry: Mapping[str, Any]) -> dict[str, Any]:
    same = {key: entry.get(key, "") for key in ("label", "certainty", "accession", "licence")}
    paper = ", ".join(f"{key} {number}" for key, number in entry.get("paper", {}).items())
    return {"source": _source(entry["source"]), "paper": paper, **same}


def _source(source: Mapping[str, Any]) -> str:
    match source["type"]:
        case "https" | "wheel":
            return "; ".join(describe(file) for file in files(source).values())
        case "manual":
            return "by hand"
        case "derive":
            return f"{source['transform']} of {source['from']}"
        case "combine":
            return f"{', '.join(source['from'])} together"
        case "simulate":
            return f"simulated: {source['generator']}"
        case "package":
            return f"package {source['package']}: {source['path']}"
    return f"local file {source['path']}"
