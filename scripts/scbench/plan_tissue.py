"""What the experiments on real tissue make: names, figures and tables."""

from typing import Any

_KINDS = ("clusters", "structure", "distances", "voronoi")


def rows(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Experiments of a configured track, by the name of their files.

    Examples
    --------
    >>> list(rows({"tissue": [{"dataset": "mob", "methods": ["scgco", "spark"], "reference": "common"}]}))
    ['mob-scgco-spark']
    """
    return {"-".join([row["dataset"], *row["methods"]]): row for row in run["tissue"]}


def figures(run: dict[str, Any]) -> list[str]:
    """Names of figures: of calls one per dataset, of the other kinds one per experiment."""
    calls = dict.fromkeys(f"calls-{row['dataset']}" for row in run["tissue"])
    return [*calls, *(f"{kind}-{name}" for kind in _KINDS for name in rows(run))]


def tables(run: dict[str, Any]) -> list[str]:
    """Tables that the figures are drawn from, and those of the recipe that the authors released."""
    calls = dict.fromkeys(f"results/svg/{row['dataset']}/calls.tsv" for row in run["tissue"])
    kinds = [*_KINDS[:3], "released/structure"]
    return [*calls, *(f"results/svg/tissue-{name}/{kind}.tsv" for kind in kinds for name in rows(run))]
