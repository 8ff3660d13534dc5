"""What `scbench.bench` measures of the environments of methods."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scbench import environments, pins
from scbench.bench_case import Case
from scbench.errors import UserError
from scbench.provenance import ROOT

_STARTS = 10
_ISOLATED = "spatialde"


def _names() -> list[str]:
    """Environments that hold nothing but Python packages."""
    found = []
    for path in sorted((ROOT / "envs").glob("*.yaml")):
        try:
            environments.read(path)
        except UserError:  # of R: conda alone builds it
            continue
        found.append(path.stem)
    return found


def _empty() -> Path:
    """A new folder, below which uv keeps what it downloads, too."""
    folder = Path(tempfile.mkdtemp())
    os.environ["UV_CACHE_DIR"] = str(folder / "cache")
    return folder


def _build(folder: Path, *names: str) -> None:
    for name in names:
        marker = folder / name / "complete"
        environments.build(name, marker)
        if reason := environments.interpreter([str(marker)])["reason"]:
            raise UserError(reason)


def _built() -> str:
    """Interpreter of an isolated environment that was built before."""
    marker = Path(environments.marker(_ISOLATED))
    environments.build(_ISOLATED, marker)
    return environments.interpreter([str(marker)])["interpreter"]


def _start(python: str, code: str) -> None:
    for _ in range(_STARTS):
        subprocess.run([python, "-c", f"import scbench.child; {code}"], cwd=ROOT / "scripts", check=True)


def _check() -> str:
    return f"scbench.child.pins.check({_ISOLATED!r}, {json.dumps(pins.pinned(_ISOLATED))})"


ENVIRONMENTS = {
    "base, built from nothing": Case(_empty, lambda folder: _build(folder, "base"), wall_s=90),
    "all of Python, built from nothing": Case(_empty, lambda folder: _build(folder, *_names()), wall_s=720),
    "start of a job in an environment, beyond that in this one": Case(
        _built,
        lambda python: _start(python, _check()),
        lambda: _start(sys.executable, "pass"),
        _STARTS,
        cpu_s=0.3,
    ),
}
