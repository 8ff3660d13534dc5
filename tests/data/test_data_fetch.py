import hashlib
import json
import logging
import signal
import socket
import time
import zipfile

import pytest

import scbench
from scbench.data import fetch as module
from scbench.data.fetch import fetch, locate, verify
from scbench.errors import UserError

BODY = bytes(range(256)) * 1000
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "raw" / "file.h5ad"


@pytest.fixture
def get(tmp_path, target):
    def get(*urls, **keys):
        fetch({"type": "https", "urls": list(urls)} | keys, target, lock=tmp_path / "data.lock", name="set")

    return get


def assert_nothing_left(target):
    assert not target.exists()
    assert list(target.parent.iterdir()) == []


def test_download_goes_to_the_exact_path_and_names_itself(server, get, target, tmp_path, capfd):
    get(server.serve("/f", BODY), sha256=SHA)
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o644
    assert server.requests[0][1]["User-Agent"] == f"scbench/{scbench.__version__}"
    assert not (tmp_path / "data.lock").exists()
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"status": 404}, "HTTP 404"),
        ({"status": 403}, "HTTP 403"),
        ({"status": 503}, "HTTP 503"),
        ({"body": BODY[:100_000], "claimed": len(BODY)}, "100000 bytes read"),
        ({"body": b"x" + BODY[1:]}, hashlib.sha256(b"x" + BODY[1:]).hexdigest()),
        ({"body": b"<html>please log in</html>", "kind": "text/html"}, SHA),
        ({"body": b""}, "does not match"),
    ],
)
def test_a_bad_mirror_gives_way_to_the_next(server, get, target, caplog, reply, reason):
    bad, good = server.serve("/bad", **reply), server.serve("/good", BODY)
    with caplog.at_level(logging.WARNING):
        get(bad, good, sha256=SHA)
    assert target.read_bytes() == BODY
    assert [path for path, _ in server.requests] == ["/bad", "/good"]
    (line,) = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert line.startswith(f"set: download failed: {bad} (")
    assert reason in line


def test_when_all_mirrors_fail_the_error_lists_each_and_nothing_is_left(server, get, target, tmp_path):
    short = server.serve("/short", BODY[:1000], claimed=len(BODY))
    with pytest.raises(UserError, match=r"^set: file.h5ad could not be downloaded: .*/gone \(HTTP 404") as error:
        get(f"{server.address}/gone", short)
    assert f"{short} (" in str(error.value)
    assert "\n" not in str(error.value)
    assert_nothing_left(target)
    assert not (tmp_path / "data.lock").exists()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"body": b"<html>", "kind": "text/html; charset=utf-8"}, "an HTML page came"),
        ({"body": b""}, "the file is empty"),
    ],
)
def test_without_a_checksum_pages_and_empty_files_are_refused(server, get, target, reply, reason):
    with pytest.raises(UserError, match=reason):
        get(server.serve("/f", **reply))
    assert_nothing_left(target)


def test_a_redirect_that_carries_a_page_is_followed(server, get, target):
    url = server.serve("/old", b"<html>moved</html>", status=302, kind="text/html", headers={"Location": "/new"})
    server.serve("/new", BODY)
    get(url)
    assert target.read_bytes() == BODY


def test_a_silent_server_times_out(get, target, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UserError, match=r"(?i)timed out"):
        get(f"http://127.0.0.1:{silent.getsockname()[1]}/f", sha256=SHA)
    assert_nothing_left(target)


def test_the_checksum_is_recorded_at_first_use_and_enforced_from_then_on(server, get, target, tmp_path):
    url = server.serve("/f", BODY)
    get(url)
    lock = tmp_path / "data.lock"
    assert json.loads(lock.read_text()) == {"set/file.h5ad": {"bytes": len(BODY), "sha256": SHA}}
    target.unlink()
    server.serve("/f", BODY[::-1])
    with pytest.raises(UserError, match=rf"{SHA}.*recorded in .*data\.lock"):
        get(url)
    assert_nothing_left(target)
    server.serve("/f", BODY)
    get(url)
    assert target.read_bytes() == BODY


FETCH = """
import sys
from pathlib import Path
from scbench.data.fetch import fetch
url, path, lock = sys.argv[1:]
"""


def test_a_killed_download_leaves_nothing_and_restarts_cleanly(server, get, python, target, tmp_path):
    url = server.serve("/f", BODY * 20, pause=0.2)
    code = f"{FETCH}fetch({{'urls': [url]}}, Path(path), lock=Path(lock), name='set')"
    process = python(code, url, target, tmp_path / "data.lock")
    deadline = time.monotonic() + 60
    while not any(path.is_file() and path.stat().st_size for path in target.parent.rglob("*")):
        assert time.monotonic() < deadline, "the download did not start"
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not target.exists()
    assert any(target.parent.rglob("*")), "the kill came too late to leave anything to clean up"
    get(server.serve("/f", BODY * 20))
    assert target.read_bytes() == BODY * 20
    assert list(target.parent.iterdir()) == [target]


def test_a_disk_that_fills_leaves_nothing(server, python, target, tmp_path):
    first, second = server.serve("/f", BODY), server.serve("/g", BODY)
    code = f"""{FETCH}
import resource, signal
from scbench.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    fetch({{'urls': url.split()}}, Path(path), lock=Path(lock), name='set')
except UserError as error:
    sys.exit(f"ONE LINE: {{error}}")
"""
    process = python(code, f"{first} {second}", target, tmp_path / "data.lock")
    assert f"ONE LINE: set: cannot write {target}: File too large." in process.communicate()[1]
    assert [path for path, _ in server.requests] == ["/f"]  # another mirror would not help
    assert_nothing_left(target)


@pytest.fixture
def wheel_index(tmp_path, monkeypatch):
    """Let pip see nothing but a folder with one tiny wheel."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel = folder / "tinydata-1.0-py3-none-any.whl"
    info = "tinydata-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tinydata/data.txt", "data")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return wheel


def test_a_wheel_comes_through_pip(wheel_index, target, tmp_path):
    source = {"type": "wheel", "package": "tinydata", "version": "1.0"}
    source["sha256"] = hashlib.sha256(wheel_index.read_bytes()).hexdigest()
    fetch(source, target, lock=tmp_path / "data.lock", name="tiny")
    assert target.read_bytes() == wheel_index.read_bytes()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "9.9"}, r"pip:tinydata==9\.9 \(.*No matching distribution"),
        ({"sha256": "0" * 64}, "0" * 64),
    ],
)
def test_a_wheel_that_is_missing_or_differs_is_an_error(wheel_index, target, tmp_path, change, reason):
    source = {"type": "wheel", "package": "tinydata", "version": "1.0"} | change
    with pytest.raises(UserError, match=reason) as error:
        fetch(source, target, lock=tmp_path / "data.lock", name="tiny")
    assert "\n" not in str(error.value)
    assert_nothing_left(target)


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "site" / "explosivepackage" / "sub"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('this package must not be imported')")
    (folder / "__init__.py").touch()
    (folder / "data.h5ad").write_bytes(BODY)
    (tmp_path / "site" / "secret.h5ad").write_bytes(BODY)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return folder


@pytest.mark.parametrize(
    ("name", "path"), [("explosivepackage", "sub/data.h5ad"), ("explosivepackage.sub", "data.h5ad")]
)
def test_a_package_file_is_found_without_importing_the_package(package, tmp_path, name, path):
    source = {"type": "package", "package": name, "path": path}
    assert locate(source, tmp_path) == package / "data.h5ad"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "../secret.h5ad"}, r"'\.\./secret\.h5ad' leaves the folder of the package explosivepackage"),
        ({"path": "/etc/hostname"}, "'/etc/hostname' leaves the folder"),
        ({"path": "gone.h5ad"}, r"gone\.h5ad does not exist"),
        ({"path": "sub"}, "sub is not a file"),
        ({"package": "nosuchpackage"}, "'nosuchpackage' is not installed"),
        ({"package": "this"}, "'this' is a single file"),
    ],
)
def test_a_package_file_that_cannot_be_had_is_an_error(package, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        locate({"type": "package", "package": "explosivepackage", "path": "sub/data.h5ad"} | change, tmp_path)


def test_local_paths_start_at_the_root(tmp_path):
    (tmp_path / "my.h5ad").write_bytes(BODY)
    assert locate({"type": "local", "path": "my.h5ad"}, tmp_path) == tmp_path / "my.h5ad"
    assert locate({"type": "local", "path": str(tmp_path / "my.h5ad")}, tmp_path / "x") == tmp_path / "my.h5ad"
    with pytest.raises(UserError, match=r"your\.h5ad does not exist"):
        locate({"type": "local", "path": "your.h5ad"}, tmp_path)


def test_verify_names_both_checksums(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(BODY)
    verify(file, SHA)
    with pytest.raises(UserError, match=f"{file}: .*{SHA}.*{'0' * 64}"):
        verify(file, "0" * 64)
