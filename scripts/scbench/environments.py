"""Environments of methods on old pins, where no conda builds them.

``envs/NAME.yaml`` is written for conda. The same file makes a virtual environment here, built by uv into
``resources/envs/NAME-<digest of the file>/``: another file content is another environment. Files that are downloaded
must have the checksums of ``envs/locks/NAME.txt``, where there is one. An environment that cannot be built (no network,
no compiler) stops nothing: its marker says why, and the runs that need it are skipped with that reason. A marker of
either kind stays until ``make clean-envs`` removes it.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scbench.atomic import read_json, write_json
from scbench.data.local import staging
from scbench.data.lock import exclusive
from scbench.errors import UserError
from scbench.pins import script_file
from scbench.provenance import ROOT, digest

LOGGER = logging.getLogger(__name__)

_PYTHON = "bin/python"
_REASON_LENGTH = 400


@dataclass(frozen=True)
class Recipe:
    """What an environment file asks for.

    Attributes
    ----------
    python
        Version of Python, for instance ``"3.11"``: of the pinned one, whatever its bugfix release, which not every
        machine has.
    pip
        Exact requirements, ``name==version``.
    conda
        Further conda packages, in the same form.
    variables
        Environment variables.
    script
        Commands to run in the environment once all else is installed; empty if there are none.
    lock
        File of checksums, if there is one.
    """

    python: str
    pip: list[str]
    conda: list[str]
    variables: dict[str, str]
    script: str = ""
    lock: Path | None = None


def read(path: Path) -> Recipe:
    """Read an environment file.

    Raises
    ------
    UserError
        If Python is missing or something is not pinned to one version.
    """
    from scbench.validate import read_yaml  # asks for packages that the environments of methods do not have

    content = read_yaml(path)
    found: dict[str, str] = {}
    pip: list[str] = []
    for item in content["dependencies"]:
        if isinstance(item, dict):
            pip += item["pip"]
        else:
            name, _, version = item.partition("=")
            found[name] = version.lstrip("=")
    python = ".".join(found.pop("python", "").split(".")[:2])
    found.pop("pip", None)
    conda = [f"{name}=={version}" for name, version in found.items()]
    pins = [f"python=={python}", *pip, *conda]
    loose = [pin for pin in pins if len(parts := pin.split("==")) != 2 or not all(parts) or "*" in pin]
    if loose:
        raise UserError(f"{path.name}: every dependency must be pinned to one version. Got {loose[0]!r} instead.")
    variables = {name: str(value) for name, value in content.get("variables", {}).items()}
    script = script_file(path)
    commands = script.read_text() if script.exists() else ""
    return Recipe(python, pip, conda, variables, commands, lock if (lock := lock_file(path)).exists() else None)


def lock_file(path: Path) -> Path:
    """File of the checksums of what an environment file pins; it need not exist."""
    return path.parent / "locks" / f"{path.stem}.txt"


def marker(name: str, root: Path = ROOT) -> str:
    """Path, relative to the working folder, of the file that says how the build of an environment ended."""
    path = root / "envs" / f"{name}.yaml"
    files = [file for file in (path, script_file(path), lock_file(path)) if file.exists()]
    return f"resources/envs/{name}-{digest(files)}/.complete"


def build(name: str, path: Path, root: Path = ROOT) -> None:
    """Build an environment, or record why it cannot be built; one that is there is kept.

    It is built under a temporary name and then renamed, so a killed build leaves nothing that looks complete. Other
    processes that want it at the same time wait.

    Parameters
    ----------
    name
        Name of the file in ``envs/``.
    path
        Its `marker`: JSON with ``interpreter`` (relative to the marker's folder, or null) and ``reason``.
    """
    with exclusive(path.parent):
        if path.exists():
            return
        start = time.monotonic()
        LOGGER.info("environment %s: building it with uv (once; a minute or so)", name)
        try:
            _build(read(root / "envs" / f"{name}.yaml"), path)
        except UserError as error:
            LOGGER.warning("environment %s: %s", name, error)
            reason = f"environment {name!r} could not be built: {error} (`make clean-envs` to try again)"
            write_json({"interpreter": None, "reason": reason}, path)
        else:
            LOGGER.info("environment %s: built in %.0f s", name, time.monotonic() - start)


def interpreter(markers: Sequence[str]) -> dict[str, Any]:
    """Arguments of `scbench.supervise.run` that choose a run's interpreter.

    Parameters
    ----------
    markers
        Marker of the method's own environment; empty if it runs in that of this process.

    Returns
    -------
    dict
        ``interpreter``, None where there is none, and ``reason``, which then says why.
    """
    if not markers:
        return {"interpreter": sys.executable, "reason": ""}
    path = Path(markers[0])
    chosen = read_json(path)
    if chosen["interpreter"] is None:
        return chosen
    # Not resolved: Python finds its environment by the link that it is started by.
    python = path.parent.absolute() / chosen["interpreter"]
    if not python.exists():
        return {"interpreter": None, "reason": f"{python} is gone (`make clean-envs` to build it again)"}
    return chosen | {"interpreter": str(python)}


def _build(recipe: Recipe, path: Path) -> None:
    with staging(path.parent.absolute()) as stage:
        folder = stage / "env"
        python = str(folder / _PYTHON)
        _uv("venv", "--relocatable", "--python", recipe.python, str(folder), variables=recipe.variables)
        # What comes after is not resolved with the rest, which would build it on its own.
        left_out = stage / "overrides.txt"
        left_out.write_text("".join(f"{pin.partition('==')[0]}; python_version < '3'\n" for pin in recipe.conda))
        checked = ("--require-hashes", "--constraint", str(recipe.lock.absolute())) if recipe.lock else ()
        install = ("pip", "install", "--python", python, *checked)
        _uv(*install, "--override", str(left_out), *recipe.pip, variables=recipe.variables)
        if recipe.conda:
            # Built against what is there. Not from the cache: a build may have left out what it could not compile.
            own = ("--no-cache", "--no-deps", "--no-build-isolation")
            _uv(*install, *own, *recipe.conda, variables=recipe.variables)
        _uv("pip", "check", "--python", python, variables=recipe.variables)
        if recipe.script:
            search = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
            _run(["bash", "-c", recipe.script], recipe.variables | {"PATH": search})
        write_json({"interpreter": _PYTHON, "reason": ""}, folder / path.name)
        if path.parent.exists():  # empty, or a build of which the marker was deleted
            shutil.rmtree(path.parent)
        folder.replace(path.parent)


def uv() -> str:
    """Path of uv.

    Raises
    ------
    UserError
        If it is not installed.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise UserError("uv is not installed (`pip install uv`)")
    return found


def _uv(*arguments: str, variables: dict[str, str]) -> None:
    _run([uv(), "--quiet", *arguments], variables)


def _run(command: list[str], variables: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=tempfile.gettempdir(),  # what pyproject.toml tells uv is for the workflow's own environment
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        LOGGER.info("%s", done.stderr)
        raise UserError(" ".join(done.stderr.split())[:_REASON_LENGTH])
