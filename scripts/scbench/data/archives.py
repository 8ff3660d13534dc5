"""Unpack downloaded archives without trusting them."""

import gzip
import lzma
import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from scbench.errors import UserError

MAX_BYTES = 64 * 2**30  # of all unpacked files together
# Count matrices written as text compress 20 to 200 fold; the zeros of a decompression bomb, 1000 fold or more.
MAX_RATIO = 500
RATIO_FREE = 16 * 2**20  # bytes below which the ratio does not matter

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


def is_archive(path: Path) -> bool:
    """Whether the content of a file (not its name) is that of a zip, tar or gzip archive.

    Office documents are zip files, too, but count as what they are.
    """
    kind = _kind(path)
    return kind is not None and not (kind == "zip" and _is_document(path))


def check_zip(archive: Path) -> None:
    """Raise `UserError` if the members of a zip file, an Excel workbook say, exceed the limits of `unpack`."""
    with zipfile.ZipFile(archive) as file:
        _check_size(archive, sum(member.file_size for member in file.infolist()), _limit(archive))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip (or wheel), tar (also gz, bz2, xz) or single-file gzip archive.

    Parameters
    ----------
    archive
        The file. A single gzip file is unpacked under its own name less ``.gz``.
    folder
        Where the members go; it must not exist yet, or be empty.

    Raises
    ------
    UserError
        If a member has an absolute path or one with ``..``, or is a link or device; if the members together exceed
        `MAX_BYTES` or `MAX_RATIO` times the size of the archive; or if the archive is broken. Nothing is left then.

    Notes
    -----
    Memory: constant. Both formats state the size of a member ahead of its data, and no more than that is written.
    """
    limit = _limit(archive)
    unpackers = {"zip": _unpack_zip, "tar": _unpack_tar, "gz": _unpack_gz}
    kind = _kind(archive)
    if kind is None:
        raise UserError(f"{archive} is not a zip, tar or gzip archive.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        stage = Path(temporary, "files")
        stage.mkdir()
        try:
            unpackers[kind](archive, stage, limit)
        except _BROKEN as error:
            raise UserError(f"{archive} cannot be unpacked: {error}") from error
        stage.replace(folder)


def _limit(archive: Path) -> int:
    return min(MAX_BYTES, max(RATIO_FREE, MAX_RATIO * archive.stat().st_size))


def _is_document(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return "[Content_Types].xml" in file.namelist()
    except zipfile.BadZipFile:  # `unpack` says what is wrong with it
        return False


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    if head in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "zip"
    if _is_tar(path):
        return "tar"
    return "gz" if head.startswith(b"\x1f\x8b") else None


def _is_tar(path: Path) -> bool:
    try:
        with tarfile.open(path) as file:
            return file.next() is not None  # zeros, compressed or not, would pass for a tar without members
    except _BROKEN:  # `unpack` says what is wrong with it, if it is an archive
        return False


def _unpack_zip(archive: Path, folder: Path, limit: int) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        for member in members:
            _check_name(archive, member.filename)
            # The upper half holds the Unix mode; it is 0 in archives made elsewhere.
            if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _link_or_device(archive, member.filename)
        _check_size(archive, sum(member.file_size for member in members), limit)
        for member in members:
            file.extract(member, folder)


def _unpack_tar(archive: Path, folder: Path, limit: int) -> None:
    size = 0
    with tarfile.open(archive, "r|*") as file:
        for member in file:
            _check_name(archive, member.name)
            if not (member.isfile() or member.isdir()):
                raise _link_or_device(archive, member.name)
            size += member.size
            _check_size(archive, size, limit)
            file.extract(member, folder, filter="data")


def _unpack_gz(archive: Path, folder: Path, limit: int) -> None:
    size = 0
    with gzip.open(archive) as packed, (folder / archive.name.removesuffix(".gz")).open("wb") as unpacked:
        while chunk := packed.read(2**20):
            size += len(chunk)
            _check_size(archive, size, limit)
            unpacked.write(chunk)


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise UserError(f"{archive}: the member {name!r} leaves the folder. Allowed: relative paths without '..'.")


def _link_or_device(archive: Path, name: str) -> UserError:
    return UserError(f"{archive}: the member {name!r} is a link or device. Allowed: files and folders.")


def _check_size(archive: Path, size: int, limit: int) -> None:
    if size > limit:
        raise UserError(f"{archive} would unpack to {size} bytes or more. Allowed for an archive of its size: {limit}.")
