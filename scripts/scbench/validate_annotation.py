"""Check that what the annotation track draws is what it runs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from scbench.registry import Registry

_AT = "config: 'tracks.annotation"


def check_annotation(run: dict[str, Any], registry: "Registry") -> None:
    """Check the track's part of a configuration, whose shape is right.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed.
    """
    for family, levels in run["series"].items():
        _known(f"series.{family}", levels, run["datasets"])
        if len(set(levels.values())) < len(levels):
            raise UserError(f"{_AT}.series.{family}' must have levels that differ. Got {levels} instead.")
    for group, names in run["comparisons"].items():
        _known(f"comparisons.{group}", names, run["methods"])
    _known("pretraining", run["pretraining"], run["methods"])
    for name in run["pretraining"]:
        if "pretraining" not in registry.method(name)["shows"]:
            having = [other for other in run["methods"] if "pretraining" in registry.method(other)["shows"]]
            raise UserError(
                f"{_AT}.pretraining' names {name!r}, which has no losses of pre-training. "
                f"Of the methods that are run these have: {', '.join(having) or 'none'}."
            )


def _known(key: str, names: Iterable[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            raise UserError(f"{_AT}.{key}' names {name!r}, which the track does not run. {did_you_mean(name, known)}")
