"""Parameters with which slow methods take seconds on toy data; what a variant does stays as it is."""

import json
from typing import Any

from scbench.registry import Registry

_SCROBUST = {
    "width": 32,
    "heads": 4,
    "pretrain_epochs": 6,
    "pretrain_lr": 1e-3,
    "finetune_epochs": 20,
    "scratch_epochs": 20,
    "finetune_lr": 1e-2,
    "finetune_batch": 16,
}

_OTHERS = {"NSForest": {"n_trees": 100}, "TrendSceek": {"n_permutations": 99}, "VariableByCutoffs": {"min_genes": 20}}


def params(registry: Registry, name: str) -> dict[str, Any]:
    """Parameters of a registry entry, or quicker ones of the same variant."""
    entry = registry.method(name)
    class_name = entry["entry"].partition(":")[2]
    if class_name != "ScRobust":
        return entry["params"] | _OTHERS.get(class_name, {})
    view: dict[str, Any] = {} if entry["params"].get("variant") == "faithful" else {"finetune_view": 40}
    if entry["params"].get("frozen"):
        view["finetune_epochs"] = 40
    return entry["params"] | {"overrides": entry["params"].get("overrides", {}) | _SCROBUST | view}


def distinct(registry: Registry, names: list[str]) -> list[str]:
    """Entries that are the same class with the same quick parameters, once."""
    seen = {}
    for name in names:
        entry = registry.method(name)
        chosen = json.dumps(params(registry, name), sort_keys=True)
        seen.setdefault((entry["entry"], entry["regime"], entry["input_scale"], chosen), name)
    return list(seen.values())
