"""What the annotation track draws of its runs besides scores, cost and confusion."""

from typing import Any

from scbench.layout import test_dropout


def figures(run: dict[str, Any]) -> list[str]:
    """Names of the figures, without the track and suffix."""
    novel, sizes = run.get("novel", {"datasets": {}}), run.get("sizes", {"datasets": []})
    return [
        *(f"{kind}-{dataset}" for kind in ("classes", "reliability") for dataset in run["datasets"]),
        *(f"dropout-{family}" for family in run["series"]),
        *(f"comparison-{group}" for group in run["comparisons"]),
        *(f"pretraining-{method}-{dataset}" for method in run["pretraining"] for dataset in run["datasets"]),
        *(name for name in ("novel", "platforms") if name in run),
        *(f"coverage-{dataset}" for dataset in novel["datasets"]),
        *(f"sizes-{dataset}" for dataset in sizes["datasets"]),
    ]


def dropout_lines(run: dict[str, Any], family: str) -> dict[str, dict[tuple[str, str], float]]:
    """Additional dropout of (dataset, scenario) pairs: in training and test cells, and in test cells only.

    Examples
    --------
    >>> run = {"series": {"toys": {"toy": 0, "toy_30": 0.3}}, "test_dropout": [0.5]}
    >>> dropout_lines(run, "toys")["Dropout in test cells only"]
    {('toy', ''): 0, ('toy', 'test-dropout-50'): 0.5}
    """
    levels = run["series"][family]
    lines = {"Dropout in all cells": {(dataset, ""): level for dataset, level in levels.items()}}
    first = min(levels, key=levels.get)
    if run["test_dropout"] and levels[first] == 0:
        own = {(first, test_dropout(rate)): rate for rate in run["test_dropout"]}
        lines["Dropout in test cells only"] = {(first, ""): 0, **own}
    return lines


def size_lines(run: dict[str, Any], dataset: str) -> dict[str, dict[tuple[str, str], float]]:
    """Number of training cells of (dataset, scenario) pairs."""
    return {"": {(dataset, f"train-{size}"): size for size in run["sizes"]["sizes"]}}


def novel_strips(run: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of types that were left out. By chance as many cells are called novel as are rejected."""
    return {
        "shown": {"novel_accuracy": run["novel"]["reject"], "known_accuracy": None, "novelty_auroc": 0.5},
        "scenario": "novel",
        "names": run["novel"]["datasets"],
        "title": "Types that were never seen",
    }


def platform_strips(run: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of batches that were tested on.

    Examples
    --------
    >>> run = {"platforms": {"datasets": {"toy": {"column": "batch", "tests": ["a", "b"]}}}}
    >>> platform_strips(run)["names"]
    {'toy': ['a', 'b']}
    """
    return {
        "shown": dict.fromkeys(("accuracy", "weighted_f1", "macro_f1")),
        "scenario": "",
        "names": {dataset: row["tests"] for dataset, row in run["platforms"]["datasets"].items()},
        "title": "Tested on a batch that was not trained on",
    }
