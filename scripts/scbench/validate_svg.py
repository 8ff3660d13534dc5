"""Check that what the experiments of the svg track ask for can be run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from scbench.registry import Registry

_AT = "config: 'tracks.svg"


def check_experiments(run: dict[str, Any], registry: "Registry") -> None:
    """Check the track's part of a configuration, whose shape is right.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed.
    """
    for name, series in run["series"].items():
        _known(f"series.{name}.levels", series["levels"], run["datasets"])
        if len(set(series["levels"].values())) < len(series["levels"]):
            raise UserError(f"{_AT}.series.{name}.levels' must differ. Got {series['levels']} instead.")
    for key in ("leak", "power"):
        _known(key, run.get(key, []), run["datasets"])
        for dataset in run.get(key, []):
            if not registry.simulated(dataset):
                raise UserError(f"{_AT}.{key}' must name simulated datasets. Got {dataset!r} instead.")
    with_pvalues = [name for name in run["methods"] if registry.method(name)["pvalues"]]
    for dataset, methods in run["calibration"].items():
        registry.dataset(dataset, "svg")
        _known(f"calibration.{dataset}", methods, with_pvalues, "which is not a method of the track with p-values")
    for datasets in run.get("scaling", {"datasets": {}})["datasets"].values():
        for dataset in datasets:
            registry.dataset(dataset, "svg")
    for method in run.get("scaling", {"methods": []})["methods"]:
        registry.method(method, "svg")


def _known(key: str, names: Iterable[str], known: list[str], why: str = "which the track does not run") -> None:
    for name in names:
        if name not in known:
            raise UserError(f"{_AT}.{key}' names {name!r}, {why}. {did_you_mean(name, known)}")
