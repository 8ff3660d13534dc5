"""Download a file over HTTP, going on where an earlier download, cut or killed, stopped."""

import errno
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from scbench.atomic import read_json, write_json
from scbench.data.hosts import opened, patiently
from scbench.redact import redacted

CHUNK = 2**16  # bytes, of which those before a timeout are lost


@dataclass(frozen=True)
class Origin:
    """Where the beginning of a file came from, and what tells whether the rest still belongs to it.

    Attributes
    ----------
    url
        As the registry has it, before redirects, but for passwords and tokens.
    size
        Bytes of the whole file, if known.
    validator
        Strong ``ETag`` or ``Last-Modified`` of the file. None if there is no such thing but the checksum of the whole
        is known, which will tell.
    """

    url: str
    size: int | None
    validator: str | None


class Partial:
    """A file that is being downloaded, in a folder of its own, which outlasts a killed process.

    Parameters
    ----------
    folder
        Made when the first byte is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "data"
        self._note = folder / "origin.json"

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.file.stat().st_size if self.file.exists() else 0

    def origin(self) -> Origin | None:
        """Where the bytes came from; None if they cannot be continued."""
        try:
            return Origin(**read_json(self._note)) if self.size else None
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def begin(self, origin: Origin | None) -> None:
        """Start anew. Without an `origin` it cannot be continued after an interruption."""
        self.discard()
        self.folder.mkdir(parents=True)
        self.file.touch()
        if origin is not None:
            write_json(asdict(origin), self._note)

    def discard(self) -> None:
        """Remove everything."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


def download(
    url: str, partial: Partial, *, size: int | None, size_mb: float | None = None, checked: bool, locks: Path
) -> None:
    """Bring `partial` to the whole file of a URL. Memory: constant.

    Parameters
    ----------
    url
        Address, ``http`` or ``https``.
    partial
        What is there of the file. Bytes from another URL are given up as soon as this one delivers.
    size
        Bytes that the file must have, if known.
    size_mb
        About how large it is, if known; it must fit on the disk should the host not say how long the file is.
    checked
        Whether the caller will compare a checksum. If not, pages are refused, and a file is continued only if the
        host can tell that it has not changed.
    locks
        Folder of locks, see `scbench.data.hosts.alone_at`.

    Raises
    ------
    requests.RequestException
        If the host does not deliver, after some patience.
    ValueError
        If it delivers something else: a page, or a file of another size.
    OSError
        With ``ENOSPC`` if the rest of the file would not fit on the disk.
    """
    about = None if size_mb is None else round(size_mb * 1e6)
    patiently(lambda: _go_on(url, partial, size, about, checked, locks), lambda: partial.size)


def _go_on(url: str, partial: Partial, size: int | None, about: int | None, checked: bool, locks: Path) -> None:
    old = partial.origin()
    if old is None or old.url != redacted(url) or not (checked or old.validator):
        old = None
    elif partial.size == old.size:  # killed between the last byte and the check
        return
    with opened(url, locks, _range(old, partial.size)) as response:
        goes_on = _goes_on(response, old, partial)
        whole = _length(response) or size
        _refuse(response, whole, size, checked)
        _require_space(partial, whole or about)
        if not goes_on:
            origin = Origin(redacted(url), whole, _validator(response))
            partial.begin(origin if checked or origin.validator else None)
        _append(response, partial, whole)


def _range(old: Origin | None, have: int) -> dict[str, str]:
    if old is None:
        return {}
    return {"Range": f"bytes={have}-"} | ({"If-Range": old.validator} if old.validator else {})


def _goes_on(response: requests.Response, old: Origin | None, partial: Partial) -> bool:
    """Whether the body goes on with what is there; if not, it is the whole file."""
    have = partial.size
    if response.status_code == requests.codes.ok:
        return False
    if old is None or response.status_code not in {requests.codes.partial, requests.codes.range_not_satisfiable}:
        raise requests.HTTPError(response=response)
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if match is None or (int(match[1]), int(match[2])) != (have, old.size or int(match[2])):
        partial.discard()
        raise requests.ConnectionError(f"no longer the file whose first {have} bytes are here")
    return True


def _length(response: requests.Response) -> int | None:
    """Bytes of the whole file, also if the rest of it comes."""
    part = response.headers.get("Content-Range", "").rpartition("/")[2]
    text = part or response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _validator(response: requests.Response) -> str | None:
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")  # a weak tag may not be used


def _refuse(response: requests.Response, whole: int | None, size: int | None, checked: bool) -> None:
    if not checked and response.headers.get("Content-Type", "").startswith("text/html"):
        raise ValueError("an HTML page came where data were expected")
    if None not in (whole, size) and whole != size:
        raise ValueError(f"it has {whole} bytes. Expected {size}")


def _require_space(partial: Partial, whole: int | None) -> None:
    """Raise `OSError` if the disk has no room for the rest, or for the whole file in place of what is there."""
    partial.folder.parent.mkdir(parents=True, exist_ok=True)
    needed = (whole or 0) - partial.size
    free = shutil.disk_usage(partial.folder.parent).free
    if needed > free:
        needed, free = (tqdm.format_sizeof(number, "B") for number in (needed, free))
        raise OSError(errno.ENOSPC, f"{needed} more are needed, {free} are free")


def _append(response: requests.Response, partial: Partial, whole: int | None) -> None:
    bar = tqdm(
        total=whole,
        initial=partial.size,
        ncols=79,
        unit="B",
        unit_scale=True,
        mininterval=0.1 if sys.stderr.isatty() else 10,  # seconds; a log is not a screen
    )
    with bar, partial.file.open("ab") as file:
        try:
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                if whole is not None and bar.n > whole:
                    partial.discard()
                    raise ValueError(f"it has more than the expected {whole} bytes")
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(f"broken after {bar.n} of {whole or '?'} bytes: {error}") from error
    if whole is not None and partial.size < whole:  # without a Content-Length an end and a cut look alike
        raise requests.ConnectionError(f"broken after {partial.size} of {whole} bytes")
