"""Checksums of everything that uv installs for isolated methods: ``python -m scbench.environment_locks``.

``envs/locks/NAME.txt`` has, for each pin of ``envs/NAME.yaml``, the sha256 of every file that the package index offers
for that version; a build takes no other. What conda installs, and what the build of a package from source fetches for
itself, is not covered.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scbench import environments
from scbench.atomic import atomic
from scbench.provenance import ROOT
from scbench.registry import Registry


def isolated(registry: Registry) -> list[str]:
    """Names of the environments that uv builds."""
    return sorted({entry["env"] for entry in registry.methods.values() if entry["isolated"]})


def write(env: str, root: Path = ROOT) -> None:
    """Ask the package index for the checksums of an environment's pins, and write its lock file."""
    path = root / "envs" / f"{env}.yaml"
    recipe = environments.read(path)
    lock = environments.lock_file(path)
    lock.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, atomic(lock) as part:
        pins = Path(folder, "pins.in")
        pins.write_text("".join(f"{pin}\n" for pin in sorted(recipe.pip + recipe.conda, key=str.lower)))
        # No annotations and no header: they would name files and options of this machine.
        plain = ("--no-deps", "--no-header", "--no-annotate", "--generate-hashes", "--quiet")
        options = ("--python-version", recipe.python, "--output-file", str(part))
        command = [environments.uv(), "pip", "compile", *plain, *options, str(pins)]
        variables = {**os.environ, **recipe.variables}
        subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or isolated(Registry.load()):
        write(name)
