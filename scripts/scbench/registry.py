"""The registries of datasets, methods and metrics: read, checked and looked up."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from scbench import experiments, plan_encoder, plan_fidelity, subtracks
from scbench.data.sources import file_name, files, origins, parents
from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT, source_file
from scbench.svg.tissue_config import check_tissue
from scbench.validate import read_yaml, validate
from scbench.validate_annotation import check_annotation
from scbench.validate_svg import check_experiments

# Files of the registries, with their schemas.
_FILES = (("datasets", "datasets"), ("public_datasets", "datasets"), ("methods", "methods"), ("metrics", "metrics"))
_BASES = ("MarkerSelector", "SpatialTest", "CellAnnotator")


@dataclass(frozen=True)
class Registry:
    """All three registries, each a mapping from id to entry with every default filled in."""

    datasets: dict[str, dict[str, Any]]
    methods: dict[str, dict[str, Any]]
    metrics: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, root: Path = ROOT) -> "Registry":
        """Read the registries below `root`.

        Raises
        ------
        UserError
            Naming file, entry, key, value and what is allowed.
        """
        datasets, public, methods, metrics = (_read(root, *names) for names in _FILES)
        for name in datasets.keys() & public.keys():
            raise UserError(f"public_datasets.yaml: {name!r} is in datasets.yaml as well; ids must be unique.")
        registry = cls(datasets | public, methods, metrics)
        for name, entry in registry.datasets.items():
            registry._check_lineage(name)
            registry._check_nested(name)
            _check_files(root, name, entry)
            if entry["source"]["type"] in ("simulate", "derive", "combine") and "loader" in entry:
                raise UserError(f"datasets.yaml: '{name}' must not have a 'loader': its source is not a file.")
        for name, entry in registry.methods.items():
            _check_entry(root, name, entry)
            _check_env(root, name, entry)
        return registry

    def dataset(self, name: str, track: str | None = None) -> dict[str, Any]:
        """Look up a dataset, optionally one that a track may use."""
        return _look_up("dataset", self.datasets, name, lambda entry: track is None or track in entry["tracks"], track)

    def method(self, name: str, track: str | None = None) -> dict[str, Any]:
        """Look up a method, optionally of one track."""
        return _look_up("method", self.methods, name, lambda entry: track in (None, entry["track"]), track)

    def metrics_of(self, track: str) -> dict[str, dict[str, Any]]:
        """Metrics of a track, in the order of the file."""
        return {name: entry for name, entry in self.metrics.items() if track in entry["tracks"]}

    def origins(self, name: str) -> list[str]:
        """Datasets that a dataset is made of in the end; itself if it is made of no others."""
        return origins(self.datasets, name)

    def simulated(self, name: str) -> bool:
        """Whether each replicate has a dataset of its own."""
        return name in self._simulated

    @cached_property
    def _simulated(self) -> set[str]:
        kinds = {name: entry["source"]["type"] for name, entry in self.datasets.items()}
        return {name for name in kinds if any(kinds[origin] == "simulate" for origin in self.origins(name))}

    def same_cells(self, name: str) -> str:
        """Dataset with the same cells that a dataset's splits are those of: results can be compared cell by cell."""
        source = self.dataset(name)["source"]
        return self.same_cells(source["from"]) if source.get("transform") in ("nest", "dropout") else name

    def one_step(self, name: str) -> str | None:
        """Dataset with the same cells and labels whose question `name` asks in two steps; None if it does not."""
        source = self.dataset(name)["source"]
        return source["from"] if source.get("transform") == "nest" else None

    def _check_nested(self, name: str) -> None:
        """A dataset in two steps must be comparable with the one in one step."""
        entry, parent = self.datasets[name], self.one_step(name)
        if parent is None:
            return
        if entry["drop_labels"]:
            raise UserError(f"datasets.yaml: '{name}' must not drop labels that {parent!r} has; drop them there.")
        if entry["target_sum"] != self.datasets[parent]["target_sum"]:
            raise UserError(
                f"datasets.yaml: '{name}.target_sum' must be that of {parent!r}. Got {entry['target_sum']!r} instead."
            )

    def _check_lineage(self, name: str, above: tuple[str, ...] = ()) -> None:
        """What a dataset is made of must exist, and not be made of the dataset."""
        line = [*above, name]
        for parent in parents(self.datasets[name]["source"]):
            if parent not in self.datasets:
                raise UserError(
                    f"datasets.yaml: '{name}.source.from' names no dataset. "
                    f"Got {parent!r} instead. {did_you_mean(parent, self.datasets)}"
                )
            if parent in line:
                raise UserError(f"datasets.yaml: {line[0]!r} is derived from itself: {' <- '.join([*line, parent])}.")
            self._check_lineage(parent, tuple(line))


def load_config(config: dict, registry: Registry, root: Path = ROOT) -> dict[str, Any]:
    """Check a configuration and fill in its defaults.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed; unknown datasets and methods come with a suggestion.
    """
    config = experiments.expand(config, experiments.load(root))
    config = validate(config, read_yaml(root / "workflow/schemas/config.schema.yaml"), "config")
    for track, run in config["tracks"].items():
        _check_replicates(track, run)
        for dataset in run["datasets"]:
            registry.dataset(dataset, track)
        for method in run["methods"]:
            registry.method(method, track)
        plan_fidelity.check(track, run, registry)
    for experiment in config["experiments"].values():
        for dataset in experiment["datasets"]:
            registry.dataset(dataset)
    for row in config["expected"]:
        registry.method(row["method"], subtracks.base(row["track"]))
        if "dataset" in row:
            registry.dataset(row["dataset"], subtracks.base(row["track"]))
    if "markers" in config["tracks"]:
        _check_marker_figures(config["tracks"]["markers"], registry)
    if "svg" in config["tracks"]:
        check_experiments(config["tracks"]["svg"], registry)
        check_tissue(config["tracks"]["svg"], registry.methods)
    subtracks.check(config["tracks"], registry)
    if "annotation" in config["tracks"]:
        check_annotation(config["tracks"]["annotation"], registry)
        plan_encoder.check(config["tracks"]["annotation"], registry)
    return config


def _check_replicates(track: str, run: dict[str, Any]) -> None:
    """Replicates that are given by dataset must be given for each."""
    counts = run["replicates"]
    missing = [name for name in run["datasets"] if isinstance(counts, dict) and name not in counts]
    if missing:
        raise UserError(f"config: 'tracks.{track}.replicates' lacks {', '.join(missing)}; it must name each dataset.")


def _check_marker_figures(run: dict[str, Any], registry: Registry) -> None:
    """Check that what figures ask for is run."""
    at = "tracks.markers"

    def known(key: str, names: list[str], run_names: list[str]) -> None:
        for name in names:
            if name not in run_names:
                hint = did_you_mean(name, run_names)
                raise UserError(f"config: '{at}.{key}' names {name!r}, which the track does not run. {hint}")

    for group, names in run["comparisons"].items():
        known(f"comparisons.{group}", names, run["methods"])
    known("matrix", run["matrix"], run["methods"])
    known("learning_curves.methods", run["learning_curves"]["methods"], run["methods"])
    for name in run["learning_curves"]["methods"]:
        if "learning_curves" not in registry.method(name)["shows"]:
            having = [other for other in run["methods"] if "learning_curves" in registry.method(other)["shows"]]
            raise UserError(
                f"config: '{at}.learning_curves.methods' names {name!r}, which has no learning curves. "
                f"Of the methods that are run these have: {', '.join(having) or 'none'}."
            )
    for row in run["localisation"]:
        known("localisation.dataset", [row["dataset"]], run["datasets"])
        known("localisation.method", [row["method"]], run["methods"])
        registry.dataset(row["tissue"], "svg")


def _read(root: Path, name: str, schema_name: str) -> dict[str, dict]:
    schema = read_yaml(root / "workflow" / "schemas" / f"{schema_name}.schema.yaml")
    return validate(read_yaml(root / "config" / f"{name}.yaml"), schema, f"{name}.yaml")


def _check_files(root: Path, name: str, entry: dict) -> None:
    """Check that the files which an entry speaks of are among its files, or the project's."""
    if "harmonise" in entry and not (root / entry["harmonise"]).is_file():
        raise UserError(f"datasets: '{name}.harmonise' names no file. Got {entry['harmonise']!r} instead.")
    for key, default in (("labels", "labels"), ("gene_names", "genes")):
        role, known = entry.get(key, {}).get("file", default), entry["source"].get("files", {})
        if key in entry and role not in known:
            raise UserError(f"datasets: '{name}.{key}' needs the file {role!r}. {did_you_mean(role, known)}")
    names = [file_name(file) for file in files(entry["source"]).values()]
    if twice := [each for each in names if names.count(each) > 1]:
        raise UserError(f"datasets: '{name}' has two files called {twice[0]!r}; give one of them a 'name'.")


def _look_up(kind: str, entries: dict, name: str, allowed: Any, track: str | None) -> dict:
    found = entries.get(name)
    if found is not None and allowed(found):
        return found
    why = "is not in the registry" if found is None else f"is not of track {track!r}"
    fitting = [known for known, entry in entries.items() if allowed(entry)]
    raise UserError(f"{kind} {name!r} {why}. {did_you_mean(name, fitting)}")


@cache
def _classes(path: Path) -> dict[str, list[str] | None]:
    """Classes of a module with the parameters of their ``__init__``, read without importing it.

    None where a class inherits its ``__init__`` from outside of the package.
    """
    body = ast.parse(path.read_text(), str(path)).body
    nodes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    package = next((folder for folder in path.parents if folder.name == "scbench"), path.parent)
    imported = {
        alias.asname or alias.name: package.parent / f"{node.module.replace('.', '/')}.py"
        for node in body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scbench.")
        for alias in node.names
    }

    def parameters(name: str) -> list[str] | None:
        if name in _BASES:
            return []
        if name not in nodes:
            return _classes(imported[name]).get(name) if name in imported and imported[name].is_file() else None
        for item in nodes[name].body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                return [arg.arg for arg in (*item.args.args[1:], *item.args.kwonlyargs)]
        return parameters(ast.unparse(nodes[name].bases[0])) if nodes[name].bases else []

    return {name: parameters(name) for name in nodes}


def _check_entry(root: Path, name: str, entry: dict) -> None:
    """Check that class and parameters exist."""
    path = source_file(entry["entry"], root)
    file, class_name = path.relative_to(root), entry["entry"].partition(":")[2]
    at = f"methods.yaml: '{name}"
    if not path.is_file():
        raise UserError(f"{at}.entry' names no file. Got {entry['entry']!r} instead; {file} does not exist.")
    classes = _classes(path)
    if class_name not in classes:
        hint = did_you_mean(class_name, classes)
        raise UserError(f"{at}.entry' names no class of {file}. Got {class_name!r} instead. {hint}")
    known = classes[class_name]
    for param in entry["params"]:
        if known is not None and param not in known:
            raise UserError(f"{at}.params' has the unknown key {param!r}. {did_you_mean(param, known)}")


def _check_env(root: Path, name: str, entry: dict) -> None:
    env = entry["env"]
    if not (root / "envs" / f"{env}.yaml").is_file():
        hint = did_you_mean(env, [path.stem for path in (root / "envs").glob("*.yaml")])
        raise UserError(f"methods.yaml: '{name}.env' names no environment. Got {env!r} instead. {hint}")
