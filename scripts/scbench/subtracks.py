"""Experiments that are tracks of their own: the same rules run, score and collect them, other splits make them.

A sub-track has the name of its track and its own, ``annotation-novel``, and tables of its own. Its runs differ from
those of the track only in which cells train and which are predicted.
"""

from typing import TYPE_CHECKING, Any

from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from scbench.registry import Registry

_EXPERIMENTS = {"annotation": ("novel", "platforms", "sizes")}

# Parts of a track's configuration that its own scores do not depend on.
UNSCORED = (
    *_EXPERIMENTS["annotation"],
    *("series", "comparisons", "pretraining", "embeddings", "pathways", "attention", "stages", "schemes"),
)


def base(track: str) -> str:
    """Track that a sub-track belongs to; a track belongs to itself.

    Examples
    --------
    >>> base("annotation-novel"), base("svg")
    ('annotation', 'svg')
    """
    return track.partition("-")[0]


def expand(tracks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Configured tracks, each followed by its sub-tracks.

    Those have ``datasets``, ``methods`` and, by dataset, the number of ``replicates`` besides what the configuration
    says of the experiment.
    """
    found = {}
    for track, run in tracks.items():
        found[track] = run
        for name in _EXPERIMENTS.get(track, ()):
            if name in run:
                schemes = _schemes(name, run[name])
                counts = {dataset: len(rows) for dataset, rows in schemes.items()}
                shared = {key: run[key] for key in ("rare", "folds")}
                own = {"datasets": list(schemes), "replicates": counts, "test_dropout": []}
                found[f"{track}-{name}"] = shared | run[name] | own | {"schemes": schemes}
    return found


def names() -> list[str]:
    """Every sub-track there can be."""
    return [f"{track}-{name}" for track, found in _EXPERIMENTS.items() for name in found]


def overlap(run: dict[str, Any]) -> float:
    """Test cells over training cells of a sub-track's replicates, as far as they are drawn from the same cells."""
    share = run.get("test_fraction", 0.0)
    return share / (1 - share)


def check(tracks: dict[str, dict[str, Any]], registry: "Registry") -> None:
    """Check that datasets and methods of sub-tracks exist, and types that are left out.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed.
    """
    for track, run in expand(tracks).items():
        if track == base(track):
            continue
        for dataset in run["datasets"]:
            registry.dataset(dataset, base(track))
        for method in run["methods"]:
            registry.method(method, base(track))
    for dataset, types in tracks.get("annotation", {}).get("novel", {}).get("datasets", {}).items():
        known = registry.dataset(dataset)["expected"].get("labels")
        for name in types:
            if isinstance(known, dict) and name not in known:
                at = f"config: 'tracks.annotation.novel.datasets.{dataset}'"
                raise UserError(f"{at} names no type of the dataset. Got {name!r} instead. {did_you_mean(name, known)}")


def _schemes(name: str, run: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Arguments of the function of `scbench.splits` for each replicate of each dataset."""
    match name:
        case "novel":
            shared = {key: run[key] for key in ("calibration", "test_fraction")}
            return {
                dataset: [{"kind": "novel", "left_out": left_out, **shared} for left_out in types]
                for dataset, types in run["datasets"].items()
            }
        case "platforms":
            return {
                dataset: [
                    {"kind": "platforms", "column": row["column"], "test": test, "train": row.get("train")}
                    for test in row["tests"]
                ]
                for dataset, row in run["datasets"].items()
            }
    rows = [
        {"kind": "sizes", "size": size, "replicate": draw, "test_fraction": run["test_fraction"]}
        for draw in range(run["repeats"])
        for size in run["sizes"]
    ]
    return dict.fromkeys(run["datasets"], rows)
