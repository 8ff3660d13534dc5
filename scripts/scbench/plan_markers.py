"""What the marker track draws of its runs besides scores, cost, confusion and overlap."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scbench.registry import Registry


def pairs(run: dict[str, Any], registry: "Registry") -> list[tuple[str, str]]:
    """Datasets of a track that are asked about in one step and in two."""
    found = ((registry.one_step(name), name) for name in run["datasets"])
    return [(one, two) for one, two in found if one in run["datasets"]]


def localisations(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Maps of marker scores by the name of their files.

    Examples
    --------
    >>> list(localisations({"localisation": [{"dataset": "brain", "method": "cosg", "tissue": "slice"}]}))
    ['brain-cosg-slice']
    """
    return {"{dataset}-{method}-{tissue}".format(**row): row for row in run["localisation"]}


def figures(run: dict[str, Any], registry: "Registry") -> list[str]:
    """Names of the figures, without the track and suffix."""
    one_step = [name for name in run["datasets"] if not registry.one_step(name)]
    explained = [name for name in run["methods"] if "shapley" in registry.method(name)["shows"]]
    return [
        *(["panel-size"] if run["panel_sizes"] else []),
        *(["classifiers"] if len(run["classifiers"]) > 1 else []),
        *(["two-step"] if pairs(run, registry) else []),
        *(f"comparison-{group}" for group in run["comparisons"]),
        *(f"shapley-{method}-{dataset}" for method in explained for dataset in run["datasets"]),
        *(f"learning-{dataset}" for dataset in one_step if run["learning_curves"]["methods"]),
        *(f"localisation-{name}" for name in localisations(run)),
    ]


def tables(run: dict[str, Any]) -> list[str]:
    """Paths of the tables."""
    return [
        *(f"results/markers/{name}/specificity.tsv" for name in run["datasets"]),
        *(f"results/tables/markers-specificity-{name}.html" for name in run["datasets"]),
        "results/tables/markers-summary.html",
    ]
