"""What a configuration runs: every path and every job, known before anything is run.

The rules of the workflow ask this module and hold no logic of their own. Paths are relative to the working folder.
"""

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from scbench import gpus, plan_annotation, plan_encoder, plan_fidelity, plan_markers, plan_svg, plan_tissue, subtracks
from scbench.available import left_out, without
from scbench.costs import Cost, Costs
from scbench.data.local import locate
from scbench.data.sources import downloads, paths
from scbench.layout import LAST_STATUS, is_expected
from scbench.provenance import digest, from_here, sources
from scbench.registry import ROOT, Registry, load_config
from scbench.seeds import seed
from scbench.shapes import shape

_CORE = "scbench.child"


@dataclass(frozen=True)
class Plan:
    """A checked configuration together with the registries.

    Attributes
    ----------
    config
        As `scbench.registry.load_config` returns it.
    registry
        All registries.
    left_out
        Datasets that are not in `config` any more because the user has to bring their files, with what is missing.
    """

    config: dict[str, Any]
    registry: Registry
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, config: dict[str, Any], root: Path = ROOT) -> "Plan":
        """Read the registries and check a configuration against them."""
        registry = Registry.load(root)
        checked = load_config(config, registry, root)
        absent = left_out(checked, registry, Path())  # of the working folder, as everything that is made
        if absent:
            checked = load_config(without(checked, absent), registry, root)
        return cls(checked, registry, absent)

    @cached_property
    def tracks(self) -> dict[str, dict[str, Any]]:
        """The configured tracks and their sub-tracks."""
        return subtracks.expand(self.config["tracks"])

    # --- data ---------------------------------------------------------------------------------------------------------

    @cached_property
    def downloads(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The dataset and the file of each download, by the path it goes to."""
        return downloads(self.registry.datasets)

    def prepared(self, dataset: str, replicate: int | str) -> str:
        """Path of a prepared dataset. Each replicate of a simulated dataset has its own."""
        instance = f"{dataset}/r{replicate}" if self.registry.simulated(dataset) else dataset
        return f"resources/prepared/{instance}.h5ad"

    @staticmethod
    def instance(name: str) -> tuple[str, str]:
        """Dataset and replicate of a prepared dataset's name.

        Examples
        --------
        >>> Plan.instance("zeisel"), Plan.instance("sim_null/r0")
        (('zeisel', ''), ('sim_null', '0'))
        """
        dataset, _, replicate = name.partition("/r")
        return dataset, replicate

    def source(self, dataset: str, replicate: str) -> dict[str, str]:
        """Paths that a dataset is prepared from, by role: downloads, files that are there, other prepared datasets."""
        source = self.registry.dataset(dataset)["source"]
        match source["type"]:
            case "derive":
                return {"counts": self.prepared(source["from"], replicate)}
            case "combine":
                return {name: self.prepared(name, replicate) for name in source["from"]}
            case "local" | "package":
                return {"counts": str(locate(source, ROOT))}
        return paths(self.registry.datasets, dataset)

    def data_code(self, dataset: str) -> list[str]:
        """Source files, and the table of labels, that a prepared dataset depends on."""
        entry = self.registry.dataset(dataset)
        generator = entry["source"].get("generator")
        own = [f"scbench.simulate.{generator}"] if generator else []
        tables = [from_here(ROOT / entry["harmonise"])] if "harmonise" in entry else []
        return self.sources("scbench.data.prepare", "scbench.data.facts", *own) + tables

    def data_seed(self, dataset: str, replicate: str) -> int:
        """Seed of a simulation or a random transform."""
        return seed(self.config["seed"], "data", dataset, replicate)

    def of_experiments(self) -> list[str]:
        """Prepared datasets of the experiments."""
        datasets = {name for experiment in self.config["experiments"].values() for name in experiment["datasets"]}
        return sorted(self.prepared(name, 0) for name in datasets)

    def all_prepared(self) -> list[str]:
        """Every prepared dataset that the tracks need."""
        runs = self.tracks.items()
        own = {self.prepared(name, 0) for name in plan_encoder.datasets(self.tracks.get("annotation", {}))}
        own |= {self.prepared(d, r) for track, run in runs for d in run["datasets"] for r in self.replicates(track, d)}
        return sorted(own | plan_svg.prepared(self))

    def split(self, track: str, dataset: str, replicate: int | str) -> list[str]:
        """Path of the split of a replicate; none for spatial tests, which see all spots."""
        return [] if track == "svg" else [f"resources/splits/{track}/{dataset}/r{replicate}.npz"]

    def split_scheme(self, track: str, dataset: str, replicate: int) -> dict[str, Any]:
        """Arguments of the function of `scbench.splits` that makes a split."""
        cells = self.registry.same_cells(dataset)
        shared = {"base_seed": self.config["seed"], "dataset": cells, "replicate": replicate}
        run = self.tracks[track]
        if "schemes" in run:
            return shared | run["schemes"][dataset][replicate]
        if track == "markers":
            return {"kind": "holdout", "test_fraction": run["test_fraction"], **shared}
        return {"kind": "fold", "folds": run["folds"], **shared}

    # --- runs ---------------------------------------------------------------------------------------------------------

    def replicates(self, track: str, dataset: str) -> range:
        """Replicates of a dataset in a track."""
        count = self.tracks[track]["replicates"]
        wanted = count[dataset] if isinstance(count, dict) else count
        return range(min(wanted, self.config["limits"].get("replicates", wanted)))

    def overlap(self, track: str) -> float:
        """Test cells over training cells of a track's splits; 0 where each replicate has a dataset of its own."""
        run = self.tracks[track]
        match track:
            case "markers":
                return run["test_fraction"] / (1 - run["test_fraction"])
            case "annotation":
                return 1 / (run["folds"] - 1)
        return subtracks.overlap(run)

    def method(self, name: str) -> dict[str, Any]:
        """A method's registry entry under the configuration's caps."""
        entry = dict(self.registry.method(name))
        for key, cap in self.config["limits"].items():
            if key in entry:  # not the number of replicates, which is no property of a method
                entry[key] = min(entry[key], cap)
        return entry

    @staticmethod
    @cache
    def sources(*modules: str) -> list[str]:
        """Source files of modules and of everything of ours that they import.

        Relative where they lie below the working folder: a project that is moved or copied is still up to date.
        """
        return [from_here(path) for path in sources(*modules)]

    def method_code(self, method: str) -> list[str]:
        """Source files of a method: with what it imports, but without what runs every method (see `core`)."""
        core = self.sources(_CORE)
        return [path for path in self.sources(self.registry.method(method)["entry"]) if path not in core]

    @cached_property
    def core(self) -> str:
        """Digest of the code that runs every method.

        It and the digest of a method's own code are parameters of each run and not inputs: the same few files would be
        looked at again for each of thousands of jobs.
        """
        return self._digest(_CORE)

    @staticmethod
    @cache
    def _digest(*modules: str) -> str:
        return digest(sources(*modules))

    def metric_code(self, track: str) -> list[str]:
        """Source files that the scores of a track depend on."""
        name = subtracks.base(track)
        entries = {entry["entry"] for entry in self.registry.metrics_of(name).values()}
        return self.sources(*sorted(entries), "scbench.score", f"scbench.scoring.{name}")

    def scoring(self, track: str) -> dict[str, Any]:
        """The part of the configuration that scores depend on (not the lists of datasets and methods)."""
        others = ("datasets", "methods", "replicates", "tissue", *plan_svg.KEYS, *subtracks.UNSCORED)
        return {key: value for key, value in self.tracks[track].items() if key not in others}

    def statistics(self, track: str) -> dict[str, Any]:
        """The part of the configuration that statuses and ranks depend on."""
        return {
            "expected": self.config["expected"],
            "overlap": self.overlap(track),
            "confidence": self.config["confidence"],
        }

    def confusion_scenario(self, track: str) -> str:
        """Scenario that confusion matrices are drawn for."""
        return f"top{max(self.tracks[track]['top_k'])}" if track == "markers" else ""

    def labels(self, track: str) -> dict[str, dict]:
        """What figures need of the registry entries of a track's methods, metrics and datasets."""
        run, registry = self.tracks[track], self.registry
        metrics = registry.metrics_of(subtracks.base(track))
        entries = {
            "methods": ({name: registry.method(name) for name in run["methods"]}, ("label", "role", "track")),
            "metrics": (metrics, ("label", "min", "max", "direction", "primary", "per_class")),
            "datasets": ({name: registry.dataset(name) for name in run["datasets"]}, ("label", "reference")),
        }
        return {
            kind: {name: {key: entry[key] for key in keys if key in entry} for name, entry in found.items()}
            for kind, (found, keys) in entries.items()
        }

    def spec(self, track: str, dataset: str, method: str, replicate: int) -> dict[str, Any]:
        """Everything that a run needs to know but its paths."""
        entry = self.method(method)
        run = self.tracks[track]
        keys = (
            "entry",
            "params",
            "input_scale",
            "role",
            "regime",
            "pvalues",
            "uses_samples",
            "uses_labels",
            "checkpoints",
            "env",
            "threads",
            "mem_mb",
            "timeout_s",
            "gpu",
            "cpu_fallback",
        )
        return {key: entry[key] for key in keys} | {
            "track": track,
            "dataset": dataset,
            "method": method,
            "replicate": replicate,
            "seed": seed(self.config["seed"], "method", track, dataset, method, replicate),
            "attempt": self.attempt(track, dataset, method, replicate),
            "test_dropout": [
                [rate, seed(self.config["seed"], "test-dropout", self.registry.same_cells(dataset), replicate, rate)]
                for rate in run.get("test_dropout", [])
            ],
            "target_sum": self.registry.dataset(dataset)["target_sum"],
            "core": self.core,
            "code": self._digest(entry["entry"]),
        }

    def gpus(self, method: str) -> int:
        """GPUs to ask for: those of the registry, but none where they can and shall be done without."""
        entry = self.method(method)
        use = self.config["gpu"]
        without = use == "never" or (use == "auto" and len(self.visible_gpus) < entry["gpu"])
        return 0 if entry["cpu_fallback"] and without else entry["gpu"]

    @cached_property
    def visible_gpus(self) -> list[str]:
        """GPUs of the machine on which this runs."""
        return gpus.visible()

    @cached_property
    def costs(self) -> Costs:
        """What runs are predicted to cost."""
        return Costs.load(ROOT)

    def cost(self, dataset: str, method: str) -> Cost | None:
        """What a run is predicted to cost; None if that cannot be told."""
        if (dataset, method) not in self._predicted:
            self._predicted[dataset, method] = self.costs.predict(method, shape(self.registry, dataset))
        return self._predicted[dataset, method]

    @cached_property
    def _predicted(self) -> dict[tuple[str, str], Cost | None]:
        return {}

    def attempt(self, track: str, dataset: str, method: str, replicate: int) -> int:
        """Number of the attempt that a run is at.

        It grows by one after a bad end, which changes the job's parameters: so Snakemake retries exactly the bad runs.
        A skipped run stays as it is (its reason lies in the data or the environment, which are inputs), and so does
        one whose end is expected or, where runs grow until they fail, a result.
        """
        try:
            last = json.loads(Path(f"results/{track}/{dataset}/{method}/r{replicate}/{LAST_STATUS}").read_text())
        except FileNotFoundError:
            return 1
        settled = last["status"] in ("ok", "skipped") or is_expected(last, self.config["expected"])
        settled |= plan_svg.measured(self, track, dataset, last["status"])
        return last["attempt"] + (not settled)

    # --- figures and targets ------------------------------------------------------------------------------------------

    def figures(self, track: str) -> list[str]:
        """Figures of a track, without suffix."""
        if subtracks.base(track) != track:  # its figures are among those of its track
            return []
        names = ["scores", "cost"]
        kinds = ["tissue" if track == "svg" else "confusion"]
        datasets = self.tracks[track]["datasets"]
        if track == "markers":
            names += plan_markers.figures(self.tracks[track], self.registry)
            kinds += ["overlap", *(["matrix"] if self.tracks[track]["matrix"] else [])]
        names += [f"{kind}-{dataset}" for kind in kinds for dataset in datasets]
        names += plan_svg.figures(self.tracks[track], self.registry) if track == "svg" else []
        names += plan_tissue.figures(self.tracks[track]) if track == "svg" else []
        if track == "annotation":
            names += plan_annotation.figures(self.tracks[track]) + plan_encoder.figures(self.tracks[track])
        return [f"results/figures/{track}-{name}" for name in names]

    def targets(self, track: str) -> list[str]:
        """Everything that a track ends in."""
        figures = [f"{figure}.{kind}" for figure in self.figures(track) for kind in ("png", "pdf")]
        tables = [f"results/tables/{track}.html"]
        tables += plan_markers.tables(self.tracks[track]) if track == "markers" else []
        tables += plan_fidelity.tables(track, self.tracks[track])
        tables += plan_svg.tables(self.tracks[track]) if track == "svg" else []
        tables += plan_tissue.tables(self.tracks[track]) if track == "svg" else []
        tables += plan_encoder.tables(self.tracks[track]) if track == "annotation" else []
        return [*(f"results/{track}/{name}.tsv" for name in ("scores", "status", "ranks")), *tables, *figures]
