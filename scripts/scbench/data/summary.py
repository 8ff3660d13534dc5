"""The datasets of a configuration in one table: what there is, what is missing, and where it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from scbench.data.sources import describe, files

COLUMNS = [
    "dataset", "label", "state", "why", "cells", "genes", "classes", "paper", "labels_matched", "nonzero_fraction",
    "groups", "source", "certainty", "sha256", "accession", "licence",
]  # fmt: skip


def summary(
    registry: Mapping[str, Mapping[str, Any]], facts: Iterable[Mapping[str, Any]], left_out: Mapping[str, str]
) -> pd.DataFrame:
    """Describe datasets.

    Parameters
    ----------
    registry
        Entries of the registry by id.
    facts
        Of the prepared datasets (`scbench.data.facts`). A simulated one is described by its first replicate.
    left_out
        Datasets that could not be prepared, with the reason.

    Returns
    -------
    pandas.DataFrame
        With `COLUMNS`; ``state`` is ``prepared`` or ``left out``, ``paper`` is what a paper says of the size,
        ``labels_matched`` how many cells a file of labels names, ``groups`` the number of cells of each batch, donor
        and so on, and ``sha256`` that of the prepared file.
    """
    rows = {}
    for fact in facts:
        rows.setdefault(fact["dataset"], _prepared(fact))
    rows |= {name: {"state": "left out", "why": why} for name, why in left_out.items()}
    table = [{"dataset": name, **_about(registry[name]), **row} for name, row in sorted(rows.items())]
    return pd.DataFrame(table, columns=COLUMNS).astype(dict.fromkeys(("cells", "genes", "classes"), "Int64"))


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
