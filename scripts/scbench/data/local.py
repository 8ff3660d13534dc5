"""Files on this machine: where those of packages and users are, whether they are right, where new ones grow."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scbench.errors import UserError
from scbench.provenance import file_sha256


def stage_of(path: Path) -> Path:
    """Hidden folder beside `path` for what is to become it."""
    return path.parent / f".{path.name}.part"


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, removed at the end; what a killed run left in it is removed at the start."""
    folder = stage_of(path)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def locate(source: dict, root: Path) -> Path:
    """Find the file of a ``package`` or ``local`` source. Packages are not imported.

    Parameters
    ----------
    source
        Source of a registry entry with ``path`` and, for a file inside an installed package, ``package``.
    root
        Folder at which a relative local path starts.

    Raises
    ------
    UserError
        If the package or the file does not exist, or the path leaves the package.
    """
    if source["type"] == "local":
        path = root / Path(source["path"]).expanduser()
    else:
        folder = _package_folder(source["package"])
        # Lexically, not by resolving links: some installers link every file of a package to their cache.
        path = Path(os.path.normpath(folder / source["path"]))
        if not path.is_relative_to(folder):
            raise UserError(f"{source['path']!r} leaves the folder of the package {source['package']}.")
    if not path.is_file():
        raise UserError(f"{path} {'is not a file' if path.exists() else 'does not exist'}.")
    return path


def verify(path: Path, expected: str) -> None:
    """Raise `UserError` with both checksums unless the sha256 of `path` is the expected one."""
    found = file_sha256(path)
    if found != expected:
        raise UserError(f"{path}: the sha256 is {found}. Expected {expected}.")


def _package_folder(package: str) -> Path:
    top, *rest = package.split(".")  # find_spec of a dotted name would import its parents
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"The package {top!r} is {'not installed' if spec is None else 'a single file'}.")
    return Path(os.path.normpath(Path(next(iter(spec.submodule_search_locations)), *rest)))
