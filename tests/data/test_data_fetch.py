import hashlib
import json
import logging
import shutil
import zipfile
from collections import namedtuple

import pytest
from loopback import BODY, MD5, SHA

import scbench
from scbench.data import fetch as module
from scbench.data.fetch import fetch
from scbench.errors import UserError

pytestmark = pytest.mark.usefixtures("hurry")


def assert_nothing_left(target):
    assert not target.exists()
    assert list(target.parent.rglob("*")) == []


def test_download_goes_to_the_exact_path_and_names_itself(server, get, target, tmp_path, capfd):
    get(server.serve("/f", BODY), sha256=SHA)
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o644
    assert server.requests[0][1]["User-Agent"] == f"scbench/{scbench.__version__}"
    assert not (tmp_path / "data.lock").exists()
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("reply", "times", "reason"),
    [
        ({"status": 404}, 1, "HTTP 404 Not Found"),
        ({"status": 403}, 1, "HTTP 403 Forbidden"),
        ({"status": 202}, 1, "HTTP 202 Accepted"),
        ({"status": 206, "body": BODY}, 1, "HTTP 206 Partial Content"),
        ({"status": 500}, 6, "HTTP 500"),
        ({"status": 503}, 6, "HTTP 503"),
        ({"body": BODY, "cut": 100_000}, 6, "broken after 100000 of 256000 bytes"),
        ({"body": BODY, "cut": 100_000, "claimed": -1}, 1, "does not match"),
        ({"body": b"x" + BODY[1:]}, 1, hashlib.sha256(b"x" + BODY[1:]).hexdigest()),
        ({"body": b"<html>please log in</html>", "kind": "text/html"}, 1, "an HTML page came"),
        ({"body": b""}, 1, "the file is empty"),
    ],
)
def test_a_bad_mirror_gives_way_to_the_next(server, get, target, caplog, reply, times, reason):
    bad, good = server.serve("/bad", **reply), server.serve("/good", BODY)
    with caplog.at_level(logging.WARNING):
        get(bad, good, sha256=SHA)
    assert target.read_bytes() == BODY
    assert server.paths == ["/bad"] * times + ["/good"]
    assert list(target.parent.iterdir()) == [target]
    (line,) = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert line.startswith(f"set: download failed: {bad} (")
    assert reason in line


def test_when_all_mirrors_fail_the_error_lists_each_and_nothing_is_left(server, get, target, tmp_path):
    short = server.serve("/short", BODY, cut=1000)
    with pytest.raises(UserError, match=r"^set: file.h5ad could not be downloaded: .*/gone \(HTTP 404") as error:
        get(f"{server.address}/gone", short)
    assert f"{short} (" in str(error.value)
    assert "\n" not in str(error.value)
    assert_nothing_left(target)
    assert not (tmp_path / "data.lock").exists()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"body": b"please log in", "kind": "text/html; charset=utf-8"}, "an HTML page came"),
        ({"body": b"<!DOCTYPE html>\n<title>Log in</title>"}, "an HTML page came"),
        ({"body": b"\n <HTML lang=en>"}, "an HTML page came"),
        ({"body": b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --> <!doctype HTML>"}, "an HTML page came"),
        ({"body": b""}, "the file is empty"),
    ],
)
def test_without_a_checksum_pages_and_empty_files_are_refused(server, get, target, tmp_path, reply, reason):
    with pytest.raises(UserError, match=reason):
        get(server.serve("/f", **reply, headers={"ETag": '"1"'}))
    assert_nothing_left(target)
    assert not (tmp_path / "data.lock").exists()


@pytest.mark.parametrize("body", [b"<?xml version='1.0'?><sdrf/>", b"gene\t<html>\n", b"<htmlish>"])
def test_data_that_only_look_like_a_page_are_accepted(server, get, target, body):
    get(server.serve("/f", body))
    assert target.read_bytes() == body


@pytest.mark.parametrize("keys", [{"md5": MD5}, {"sha256": SHA, "md5": MD5, "bytes": len(BODY)}])
def test_what_is_known_of_a_file_is_enforced(server, get, target, keys):
    get(server.serve("/f", BODY), **keys)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"md5": "0" * 32}, f"md5 {MD5} does not match. Expected {'0' * 32}"),
        ({"sha256": SHA, "md5": "0" * 32}, f"md5 {MD5}"),
        ({"bytes": 7}, "256000 bytes. Expected 7"),
        ({"bytes": 7, "sha256": SHA}, "256000 bytes. Expected 7"),
    ],
)
def test_a_file_that_differs_from_what_is_known_is_thrown_away(server, get, target, tmp_path, keys, reason):
    with pytest.raises(UserError, match=reason):
        get(server.serve("/f", BODY, headers={"ETag": '"1"'}), **keys)
    assert_nothing_left(target)
    assert not (tmp_path / "data.lock").exists()


def test_a_file_of_another_size_is_not_even_downloaded(server, get):
    url = server.serve("/f", BODY * 100, pause=0.01)
    with pytest.raises(UserError, match=r"25600000 bytes\. Expected 256000"):
        get(url, bytes=len(BODY), sha256=SHA)
    assert server.sent["/f"] < len(BODY) * 50


def test_a_body_of_no_stated_length_is_cut_off_where_it_should_end(server, get, target):
    url = server.serve("/f", BODY * 100, claimed=-1, pause=0.01)
    with pytest.raises(UserError, match="more than the expected 256000 bytes"):
        get(url, bytes=len(BODY), sha256=SHA)
    assert server.sent["/f"] < len(BODY) * 50
    assert_nothing_left(target)


def test_a_redirect_that_carries_a_page_is_followed(server, get, target):
    url = server.serve("/old", b"<html>moved</html>", status=302, kind="text/html", headers={"Location": "/new"})
    server.serve("/new", BODY)
    get(url)
    assert target.read_bytes() == BODY


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


def test_a_disk_that_fills_leaves_nothing(server, python, target, tmp_path):
    first, second = (server.serve(path, BODY, headers={"ETag": '"1"'}) for path in ("/f", "/g"))
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


def test_a_file_that_does_not_fit_is_not_begun(server, get, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6 - len(BODY) + 1, len(BODY) - 1))
    urls = [server.serve(path, BODY * 100, pause=0.01) for path in ("/f", "/g")]
    with pytest.raises(UserError, match=rf"^set: cannot write {target}: 25.6MB more are needed, 256kB are free\.$"):
        get(*urls)
    assert server.paths == ["/f"]
    assert server.sent["/f"] < len(BODY) * 50
    assert_nothing_left(target)
    get(server.serve("/f", BODY[1:]))  # just fits
    assert target.read_bytes() == BODY[1:]


def test_a_file_of_unstated_length_must_fit_as_far_as_its_size_is_known(server, get, target, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2 * 10**6))
    url = server.serve("/f", BODY, claimed=-1)
    with pytest.raises(UserError, match=rf"^set: cannot write {target}: 3.00MB more are needed, 2.00MB are free\.$"):
        get(url, size_mb=3)
    assert_nothing_left(target)
    get(url, size_mb=1.5)
    assert target.read_bytes() == BODY, "about is not exactly"


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
