"""How large datasets are, also those that are not there yet."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scbench.data.sources import parents
from scbench.registry import Registry


@dataclass(frozen=True)
class Shape:
    """Size of a dataset; spatial tests, which see no labels, have no classes (0)."""

    cells: int
    genes: int
    classes: int


def shape(registry: Registry, dataset: str, folder: Path = Path()) -> Shape | None:
    """Size of a dataset: what was counted, or else what the registry expects, what a paper says, or its parents have.

    A subset of another dataset is at most as large. What is no more certain is enough for an estimate.

    Parameters
    ----------
    registry
        The registries.
    dataset
        Id.
    folder
        The working folder, where the facts of prepared datasets are. Replicates are alike; the first counts.

    Returns
    -------
    Shape or None
        None if neither tells the number of cells and of genes.
    """
    found = _known(registry, dataset, folder)
    return (
        Shape(found["cells"], found["genes"], found.get("classes", 0)) if found.keys() >= {"cells", "genes"} else None
    )


def _known(registry: Registry, dataset: str, folder: Path) -> dict[str, int]:
    entry = registry.dataset(dataset)
    prepared = f"{dataset}/r0" if registry.simulated(dataset) else dataset
    return (
        _joined([_known(registry, name, folder) for name in parents(entry["source"])])
        | _stated(entry.get("paper", {}))
        | _stated(entry["expected"])
        | _counted(folder / "resources/prepared" / f"{prepared}.json")
    )


def _joined(above: list[dict[str, int]]) -> dict[str, int]:
    """Sizes of several studies as one: their cells are put below one another, and genes are those that all have."""
    joins = {"cells": sum, "genes": min, "classes": max} if above else {}
    return {key: join(each[key] for each in above) for key, join in joins.items() if all(key in each for each in above)}


def _stated(size: dict[str, Any]) -> dict[str, int]:
    """Sizes that an entry states, with the number of its labels as ``classes``."""
    labels = size.get("labels", size.get("classes"))
    classes = len(labels) if isinstance(labels, dict) else labels
    return {key: size[key] for key in ("cells", "genes") if key in size} | ({"classes": classes} if classes else {})


def _counted(facts: Path) -> dict[str, int]:
    """Sizes from the facts of a prepared dataset; none if it is not there."""
    try:
        return _stated(json.loads(facts.read_text()))
    except FileNotFoundError:
        return {}
