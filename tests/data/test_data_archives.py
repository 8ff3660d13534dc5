import gzip
import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scbench.data import archives
from scbench.data.archives import is_archive, unpack
from scbench.errors import UserError

FORMATS = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]


def pack(path, files):
    """Write an archive of {name: bytes} in the format of the path's suffix."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, body in files.items():
                file.writestr(name, body)
    else:
        kind = path.suffix.removeprefix(".")
        with tarfile.open(path, "w" if kind == "tar" else f"w:{kind}") as file:
            for name, body in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(body)
                file.addfile(member, io.BytesIO(body))
    return path


def assert_refused(archive, folder, message):
    with pytest.raises(UserError, match=message) as error:
        unpack(archive, folder)
    assert str(archive) in str(error.value)
    assert list(folder.parent.iterdir()) == [archive]


names = st.text("abc.-_ é", min_size=1, max_size=8).filter(lambda name: name not in {".", ".."})
files = st.dictionaries(
    # Files at the top, or in one of two folders whose names no file has.
    st.one_of(names, st.builds("{}/{}".format, st.sampled_from(["DIR", "DIR/SUB"]), names)),
    st.binary(max_size=3000),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=files)
def test_ordinary_archives_round_trip(tmp_path_factory, kind, files):
    folder = tmp_path_factory.mktemp("archive")
    archive = pack(folder / f"a.{kind}", files)
    assert is_archive(archive)
    unpack(archive, folder / "out")
    found = {str(path.relative_to(folder / "out")): path for path in (folder / "out").rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == files
    assert sorted(folder.iterdir()) == sorted([archive, folder / "out"])


def test_a_single_gzip_file_loses_its_suffix(tmp_path):
    (tmp_path / "counts.mat.gz").write_bytes(gzip.compress(b"data"))
    unpack(tmp_path / "counts.mat.gz", tmp_path / "out")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir()] == [("counts.mat", b"data")]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil", "..\\evil"])  # noqa: S108
def test_members_that_leave_the_folder_are_refused(tmp_path, kind, name):
    archive = pack(tmp_path / f"a.{kind}", {"good": b"1", name: b"2"})
    assert_refused(archive, tmp_path / "out", "member '.*evil' leaves the folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as file:
        good = tarfile.TarInfo("good")
        file.addfile(good, io.BytesIO())
        bad = tarfile.TarInfo("bad")
        bad.type, bad.linkname = kind, "good"
        file.addfile(bad)
    assert_refused(archive, tmp_path / "out", "member 'bad' is a link or device")


def test_symbolic_links_in_a_zip_are_refused(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        link = zipfile.ZipInfo("bad")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert_refused(archive, tmp_path / "out", "member 'bad' is a link or device")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gz"])
def test_a_decompression_bomb_is_refused(tmp_path, kind):
    zeros = bytes(20 * 2**20)
    archive = tmp_path / f"a.{kind}"
    if kind == "gz":
        archive.write_bytes(gzip.compress(zeros))
    else:
        pack(archive, {"good": b"1", "bomb": zeros})
    assert_refused(archive, tmp_path / "out", f"bytes or more. Allowed .*: {archives.RATIO_FREE}")


def test_the_total_size_is_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    for kind in FORMATS:
        folder = tmp_path / kind
        folder.mkdir()
        archive = pack(folder / f"a.{kind}", {"a": os.urandom(600), "b": os.urandom(600)})
        assert_refused(archive, folder / "out", "1200 bytes or more. Allowed .*: 1000")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_archive_leaves_nothing(tmp_path, kind):
    archive = pack(tmp_path / f"a.{kind}", {"a": os.urandom(10**6), "b": os.urandom(10**6)})
    archive.write_bytes(archive.read_bytes()[:1_500_000])
    assert_refused(archive, tmp_path / "out", "cannot be unpacked")


@pytest.mark.parametrize("size", [6, 15, 200])
def test_the_beginning_of_a_compressed_file_is_refused(tmp_path, size):
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(os.urandom(5000))[:size])
    assert_refused(archive, tmp_path / "out", "cannot be unpacked")


def test_a_flipped_byte_is_noticed(tmp_path):
    for kind in ("zip", "gz"):
        folder = tmp_path / kind
        folder.mkdir()
        archive = folder / f"a.{kind}"
        if kind == "gz":
            archive.write_bytes(gzip.compress(os.urandom(5000)))
        else:
            pack(archive, {"a": os.urandom(5000)})
        body = bytearray(archive.read_bytes())
        body[2500] ^= 1
        archive.write_bytes(body)
        assert_refused(archive, folder / "out", "cannot be unpacked")


def test_what_is_not_an_archive_is_told_apart(tmp_path):
    file = tmp_path / "f.zip"
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    assert not is_archive(file)
    assert_refused(file, tmp_path / "out", "is not a zip, tar or gzip archive")


def test_what_was_there_before_stays(tmp_path):
    archive = pack(tmp_path / "a.zip", {"a": b"1"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(OSError, match="not empty"):
        unpack(archive, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
