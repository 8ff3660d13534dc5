"""The experiments of the papers as parts of configurations, and what several of them make together."""

from pathlib import Path
from typing import Any

from scbench.errors import UserError, did_you_mean
from scbench.provenance import ROOT
from scbench.validate import read_yaml, validate


def load(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Read `config/experiments.yaml`: id to ``tracks``, ``datasets`` and ``why``, each where there is one.

    Raises
    ------
    UserError
        Naming the experiment, the key, the value and what is allowed. Tracks are checked where they are run.
    """
    schema = read_yaml(root / "workflow/schemas/experiments.schema.yaml")
    return validate(read_yaml(root / "config/experiments.yaml"), schema, "experiments.yaml")


def expand(config: dict[str, Any], experiments: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Put the experiments that a configuration names in the place of its key ``experiment``.

    Parameters
    ----------
    config
        An unchecked configuration. ``experiment`` is an id, a list of them, or ``"all"``; without it, and for one that
        is expanded already, a copy is returned.
    experiments
        As `load` returns them.

    Returns
    -------
    dict
        ``tracks`` are those of the configuration together with those of the experiments, ``experiments`` the datasets
        of each: those of its tracks and those that it only counts in.

    Raises
    ------
    UserError
        If there is no such experiment, none of them runs anything, or two of them want different values of one key.
    """
    config = dict(config)
    if "experiment" not in config:
        return config
    named = config.pop("experiment")
    chosen = _chosen(named, experiments)
    tracks = config.pop("tracks", {})
    for name in chosen:
        tracks = _merge(tracks, experiments[name].get("tracks", {}), f"experiment {name!r}: tracks")
    if not tracks:
        reasons = " ".join(f"{name}: {experiments[name]['why']}" for name in chosen)
        raise UserError(f"config: 'experiment' names nothing that is run. {reasons}")
    datasets = {name: {"datasets": found} for name in chosen if (found := _datasets(experiments[name]))}
    return config | {"tracks": tracks, "experiments": config.get("experiments", {}) | datasets}


def _chosen(named: Any, experiments: dict[str, Any]) -> list[str]:
    if named == "all":
        return list(experiments)
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"config: 'experiment' must be an id, a list of ids, or 'all'. Got {named!r} instead.")
    for name in names:
        if name not in experiments:
            raise UserError(f"config: 'experiment' names {name!r}, which is none. {did_you_mean(name, experiments)}")
    return list(dict.fromkeys(names))


def _datasets(experiment: dict[str, Any]) -> list[str]:
    runs = experiment.get("tracks", {}).values()
    return list(dict.fromkeys([*experiment.get("datasets", []), *(name for run in runs for name in run["datasets"])]))


def _merge(one: Any, other: Any, at: str) -> Any:
    """Join two parts of configurations: lists without repeats, mappings key by key, equal values once."""
    if isinstance(one, dict) and isinstance(other, dict):
        one, other = _by_dataset(one), _by_dataset(other)
        shared = {key: _merge(one[key], other[key], f"{at}.{key}") for key in one if key in other}
        return one | other | shared
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(item for item in other if item not in one)]
    if at.rpartition(".")[0].endswith("replicates"):
        return max(one, other)
    if one != other:
        where, _, key = at.partition(": ")
        raise UserError(f"{where}: '{key}' wants {other!r} where others want {one!r}; run them one by one.")
    return one


def _by_dataset(run: dict[str, Any]) -> dict[str, Any]:
    """Number of replicates for each dataset of a track, since other experiments have other numbers."""
    if isinstance(run.get("replicates"), int) and isinstance(run.get("datasets"), list):
        return run | {"replicates": dict.fromkeys(run["datasets"], run["replicates"])}
    return run
