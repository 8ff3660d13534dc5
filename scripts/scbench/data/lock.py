"""The lock file: checksums recorded at the first download and enforced from then on."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scbench.atomic import read_json, write_json
from scbench.errors import UserError
from scbench.provenance import file_sha256


def recorded(lock: Path, key: str) -> str | None:
    """Checksum recorded for `key`, or None.

    Raises
    ------
    UserError
        If the lock file is not what `record` writes.
    """
    return _read(lock).get(key, {}).get("sha256")


def record(lock: Path, key: str, file: Path) -> None:
    """Record size and checksum of `file`. Safe against other processes that record at the same time.

    Raises
    ------
    UserError
        If another process has recorded a different checksum in the meantime.
    """
    entry = {"bytes": file.stat().st_size, "sha256": file_sha256(file)}
    with exclusive(lock):
        entries = _read(lock)
        known = entries.setdefault(key, entry)
        if known != entry:
            raise UserError(f"{lock}: {key} was just recorded with sha256 {known['sha256']}. Got {entry['sha256']}.")
        write_json(entries, lock)


def _read(lock: Path) -> dict[str, dict]:
    if not lock.exists():
        return {}
    try:
        entries = read_json(lock)
    except json.JSONDecodeError as error:
        raise UserError(f"{lock} is not valid JSON: {error}. Restore it, or delete it to record it anew.") from error
    if not (isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())):
        raise UserError(f"{lock} must map each file to its sha256 and bytes. Restore or delete it.")
    return entries


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Keep other processes out of the block that is given the same path, which need not exist."""
    # A file of its own: the lock file itself is replaced, and with it whatever flock would hold on to.
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.with_name(f".{lock.name}.flock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
