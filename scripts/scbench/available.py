"""Leave out of a configuration the datasets whose files the user has not brought yet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scbench.data.sources import missing
from scbench.errors import UserError
from scbench.registry import Registry

_LISTS = ("datasets", "leak", "power")  # keys whose lists name datasets
_FIELDS = ("dataset", "tissue")  # keys of a row whose value is a dataset


def left_out(config: dict[str, Any], registry: Registry, root: Path) -> dict[str, str]:
    """Datasets of a configuration that cannot be prepared, with the reason and what to do.

    Parameters
    ----------
    config
        A checked configuration.
    registry
        All registries.
    root
        Folder below which ``resources/manual`` lies.
    """
    found = {}
    for name in sorted(_named([config["tracks"], config["experiments"]], set(registry.datasets))):
        absent = {origin: missing(registry.datasets, origin, root) for origin in registry.origins(name)}
        reasons = [_reason(registry.dataset(origin)["source"], lacks) for origin, lacks in absent.items() if lacks]
        if reasons:
            found[name] = " ".join(reasons)
    return found


def without(config: dict[str, Any], absent: Mapping[str, str]) -> dict[str, Any]:
    """Copy a configuration without some datasets, and without what is left with no dataset.

    Keys may be gone that have defaults; checking the configuration again fills them in.

    Parameters
    ----------
    config
        A checked configuration.
    absent
        The datasets, with the reason.

    Raises
    ------
    UserError
        If no track is left, with all reasons.
    """
    pruned = _pruned(config, set(absent))
    if "tracks" not in pruned:
        reasons = "\n".join(f"{name}: {why}" for name, why in absent.items())
        raise UserError(f"config: every dataset of the tracks needs files that you have to bring.\n{reasons}")
    return pruned


def _reason(source: Mapping[str, Any], lacks: list[str]) -> str:
    return f"{source['reason']}; lacks {', '.join(lacks)}. {' '.join(source['instructions'].split())}"


def _named(value: Any, known: set[str]) -> set[str]:
    """Names of datasets anywhere in a part of a configuration."""
    if isinstance(value, str):
        return {value} & known
    if isinstance(value, dict):
        return (set(value) & known).union(*(_named(below, known) for below in value.values()))
    return set().union(*(_named(below, known) for below in value)) if isinstance(value, list) else set()


def _pruned(value: Any, datasets: set[str], key: str = "") -> Any:
    """Copy a value without datasets; None where nothing is left of it."""
    if isinstance(value, list):
        kept = [item for item in value if not (key in _LISTS and item in datasets)]
        kept = [below for item in kept if (below := _pruned(item, datasets)) is not None]
        if key == "leak" and len(kept) < len(value):  # a pair
            return None
        return kept if kept or not value else None
    if not isinstance(value, dict):
        return value
    if any(value.get(field) in datasets for field in _FIELDS if isinstance(value.get(field), str)):
        return None
    below = {name: _pruned(item, datasets, name) for name, item in value.items() if name not in datasets}
    if "datasets" in below and below["datasets"] is None:
        return None
    if key == "series":  # of two levels or more
        below = {name: family for name, family in below.items() if family and len(family.get("levels", family)) > 1}
    kept = {name: item for name, item in below.items() if item is not None or value[name] is None}
    return kept if kept or not value else None
