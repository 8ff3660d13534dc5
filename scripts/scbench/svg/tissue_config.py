"""Checks of the part of a configuration that the experiments on real tissue follow."""

from collections.abc import Mapping
from typing import Any

from scbench.errors import UserError, did_you_mean


def check_tissue(run: dict[str, Any], registered: Mapping[str, dict[str, Any]]) -> None:
    """Check that what the experiments ask for is run, once, and that no control is compared.

    Parameters
    ----------
    run
        The configuration of the track.
    registered
        Registry entries of the methods.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed.
    """
    seen = []
    methods = [name for name in run["methods"] if registered[name]["role"] == "method"]
    for row in run["tissue"]:
        _known("dataset", [row["dataset"]], run["datasets"], "is not among the track's datasets")
        _known("methods", row["methods"], methods, "is not among the track's methods, or is a control")
        wanted = (row["dataset"], row["methods"])
        if wanted in seen:
            raise UserError(
                f"config: 'tracks.svg.tissue' has {row['dataset']!r} with {', '.join(row['methods'])} twice."
            )
        seen.append(wanted)


def _known(key: str, names: list[str], known: list[str], why: str) -> None:
    for name in names:
        if name not in known:
            raise UserError(
                f"config: 'tracks.svg.tissue.{key}' names {name!r}, which {why}. {did_you_mean(name, known)}"
            )
