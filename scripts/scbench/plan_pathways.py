"""What the experiments with pathways and with attention make: names, figures and tables."""

from typing import Any

from scbench.data.fetch import locate
from scbench.provenance import ROOT
from scbench.seeds import seed as derived_seed

KINDS = ("pathways", "attention")
# Classifiers of the panels where the configuration has no marker track: the first two of its default.
_CLASSIFIERS = ["knn3", "svm"]


def rows(run: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Experiments of one kind by the name of their files.

    Examples
    --------
    >>> list(rows({"attention": [{"dataset": "xin", "method": "scrobust", "top": 10}]}, "attention"))
    ['xin-scrobust']
    """
    return {f"{row['dataset']}-{row['method']}": row for row in run.get(kind, ())}


def figures(run: dict[str, Any]) -> list[str]:
    """Names of the figures, without the track and suffix."""
    return [f"{kind}-{name}" for kind in KINDS for name in rows(run, kind)]


def tables(run: dict[str, Any]) -> list[str]:
    """Paths of the tables."""
    return [f"results/annotation/{name}.tsv" for name in figures(run)]


def gene_sets(row: dict[str, Any]) -> list[str]:
    """Path of an experiment's file of gene sets; a relative one starts at the project's folder. None for a simulation.

    Raises
    ------
    UserError
        If there is no such file.
    """
    return [str(locate({"type": "local", "path": row["gene_sets"]}, ROOT))] if "gene_sets" in row else []


def seed(base: int, kind: str, dataset: str, method: str) -> int:
    """Seed of an experiment's random sets or genes."""
    return derived_seed(base, kind, dataset, method)


def classifiers(tracks: dict[str, dict[str, Any]]) -> list[str]:
    """Classifiers that judge panels: the first and, where there is one, the support vector machine.

    Examples
    --------
    >>> classifiers({"markers": {"classifiers": ["knn3", "knn5", "svm"]}}), classifiers({})
    (['knn3', 'svm'], ['knn3', 'svm'])
    """
    found = tracks.get("markers", {}).get("classifiers", _CLASSIFIERS)
    return list(dict.fromkeys([found[0], *(name for name in found if name == "svm")]))
