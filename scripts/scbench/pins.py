"""What an environment file pins, and what a process that should run in that environment has instead.

Standard library only: methods' own environments hold little else. `scbench.environments` builds from the same files.
"""

import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from scbench.errors import WrongEnvironmentError
from scbench.provenance import ROOT

_SHOWN = 3


def script_file(path: Path) -> Path:
    """File of commands that end the building of an environment; it need not exist."""
    return path.with_suffix(".post-deploy.sh")


def pinned(env: str, root: Path = ROOT) -> dict[str, str]:
    """Versions that an environment's file, and the script beside it, ask for, by package; ``python`` is one of them.

    Examples
    --------
    >>> found = pinned("spatialde")
    >>> found["spatialde"], found["somoclu"], found["python"].startswith("3.11")
    ('1.1.3', '1.7.6', True)
    """
    path = root / "envs" / f"{env}.yaml"
    found = dict(re.findall(r"^ *- ([\w.-]+)==?([\w.]+)$", path.read_text(), re.MULTILINE))
    if script_file(path).exists():
        found |= re.findall(r"([\w.-]+)==([\w.]+)", script_file(path).read_text())
    return found


def differences(pins: Mapping[str, str]) -> dict[str, str]:
    """Versions that this process would run with where they are not the pinned ones, by package.

    A package that is not installed is no difference: a method that needs it says so itself. Builds of one version
    (``2.13.0+cpu``) are equal, and so are the bugfix releases of Python, of which not every machine has each.

    Examples
    --------
    >>> differences({"numpy": "0.1", "no-such-package": "1.0"}).keys()
    dict_keys(['numpy'])
    """
    found = {}
    for package in pins.keys() - {"python"}:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    wrong = {name: version for name, version in found.items() if version.partition("+")[0] != pins[name]}
    python = platform.python_version()
    if "python" in pins and python.split(".")[:2] != pins["python"].split(".")[:2]:
        wrong["python"] = python
    return dict(sorted(wrong.items()))


def check(env: str, pins: Mapping[str, str]) -> None:
    """Refuse to run a method in another environment than its own.

    Raises
    ------
    WrongEnvironmentError
        With the versions that differ.
    """
    wrong = differences(pins)
    said = [f"{name} {version} instead of {pins[name]}" for name, version in wrong.items()]
    if said:
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        raise WrongEnvironmentError(f"{', '.join(said[:_SHOWN])}{more} (envs/{env}.yaml)")
