"""What the experiments with encoders that saw no labels make: names, figures and tables."""

from typing import TYPE_CHECKING, Any

from scbench.data.local import locate
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.seeds import seed as derived_seed

if TYPE_CHECKING:
    from scbench.registry import Registry

KINDS = ("embeddings", "pathways", "attention", "stages")
# Classifiers of the panels where the configuration has no marker track: the first two of its default.
_CLASSIFIERS = ["knn3", "svm"]
_ENTRY = "scbench.annotation.scrobust."
# Names that tables of stages have for something else.
_NO_STAGES = ("unnamed", "others", "cluster", "n_cells", "stage")


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


def datasets(run: dict[str, Any]) -> list[str]:
    """Datasets of the experiments, each once."""
    return list(dict.fromkeys(row["dataset"] for kind in KINDS for row in run.get(kind, ())))


def check(run: dict[str, Any], registry: "Registry") -> None:
    """Check the experiments of a configured annotation track.

    Raises
    ------
    UserError
        If a dataset, method or type is not known, a method is no scRobust, a file of gene sets is missing, a time is of
        two stages or a stage has a name of something else, or two experiments of one kind have the same dataset and
        method. It names the key, the value and what is allowed.
    """
    for kind in KINDS:
        at, seen = f"config: 'tracks.annotation.{kind}'", set()
        for row in run.get(kind, ()):
            dataset, method = row["dataset"], row["method"]
            labels = registry.dataset(dataset, "annotation")["expected"].get("labels")
            if not registry.method(method, "annotation")["entry"].startswith(_ENTRY):
                known = [name for name, entry in registry.methods.items() if entry["entry"].startswith(_ENTRY)]
                raise UserError(
                    f"{at} needs a variant of scRobust. Got {method!r} instead. {did_you_mean(method, known)}"
                )
            gene_sets(row)
            _check_stages(at, row.get("stages", {}))
            for name in row.get("types", ()):
                if isinstance(labels, dict) and name not in labels:
                    raise UserError(f"{at}: {name!r} is not a type of {dataset!r}. {did_you_mean(name, labels)}")
            if (dataset, method) in seen:
                raise UserError(f"{at} has the dataset {dataset!r} with the method {method!r} twice.")
            seen.add((dataset, method))


def _check_stages(at: str, stages: dict[str, list[str]]) -> None:
    times = [time for own in stages.values() for time in own]
    for time in times:
        if times.count(time) > 1:
            raise UserError(f"{at} has the time {time!r} in two stages; each time is of one.")
    for name in stages:
        if name in _NO_STAGES:
            raise UserError(f"{at} must not call a stage {name!r}. Names of something else: {', '.join(_NO_STAGES)}.")


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
