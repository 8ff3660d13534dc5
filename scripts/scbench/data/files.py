"""The files that a dataset is made of, as they were downloaded, and what is inside them."""

from collections.abc import Mapping
from pathlib import Path

from scbench.data.archives import is_archive, unpack
from scbench.data.local import verify
from scbench.errors import UserError, did_you_mean

COUNTS = "counts"  # the file that holds the matrix


class Files:
    """Files by their role; archives are unpacked when they are first asked for.

    Parameters
    ----------
    source
        Source of a registry entry: with ``files``, which gives what is known of each role (``sha256``, ``member``), or
        itself what is known of the only file.
    paths
        Where the file of each role is; a single path is that of the only file.
    stage
        An empty folder to unpack into.

    Raises
    ------
    UserError
        If a role has no file, or a checksum is another.
    """

    def __init__(self, source: Mapping, paths: Path | Mapping[str, Path], stage: Path) -> None:
        self._known = source.get("files", {COUNTS: source})
        self._paths = paths if isinstance(paths, Mapping) else {COUNTS: paths}
        self._stage = stage
        for role, known in self._known.items():
            if "sha256" in known:
                verify(self._path(role), known["sha256"])

    def find(self, role: str, member: str | None = None) -> Path:
        """Give the file to read: a role's file itself, or the member, the only file or the folder of an archive.

        Parameters
        ----------
        role
            The role.
        member
            File inside the archive; by default what the registry says.

        Raises
        ------
        UserError
            If there is no such role or member, or the archive is broken.
        """
        path = self._path(role)
        member = member or self._known.get(role, {}).get("member")
        if not is_archive(path):
            if member is not None:
                raise UserError(f"{path} is not a zip, tar or gzip archive, so it has no member {member!r}.")
            return path
        files = self._unpacked(role)
        if member is not None:
            if member not in files:
                raise UserError(f"{path} has no member {member!r}. {did_you_mean(member, files)}")
            return files[member]
        return next(iter(files.values())) if len(files) == 1 else self._folder(role)

    def members(self, which: str | list[str]) -> dict[str, Path]:
        """Give the parts of a dataset by name: all that a pattern matches inside the counts, or the files of roles.

        Parameters
        ----------
        which
            Pattern of files or folders, such as ``*/human*.csv.gz``, or a list of roles.

        Raises
        ------
        UserError
            If the pattern matches nothing, the counts are no archive, or a role is not there.
        """
        if not isinstance(which, str):
            return {role: self.find(role) for role in which}
        path = self._path(COUNTS)
        if not is_archive(path):
            raise UserError(f"{path} is not a zip, tar or gzip archive, so it has no members {which!r}.")
        known = self._unpacked(COUNTS)
        folder = self._folder(COUNTS)
        found = {str(path.relative_to(folder)): path for path in sorted(folder.glob(which))}
        if not found:
            raise UserError(f"{path} has no members {which!r}. {did_you_mean(which, known)}")
        return found

    def _path(self, role: str) -> Path:
        if role not in self._paths:
            raise UserError(f"unknown file {role!r}. {did_you_mean(role, self._paths)}")
        return self._paths[role]

    def _folder(self, role: str) -> Path:
        return self._stage / f"unpacked_{role}"

    def _unpacked(self, role: str) -> dict[str, Path]:
        folder = self._folder(role)
        if not folder.exists():
            unpack(self._path(role), folder)
        return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
