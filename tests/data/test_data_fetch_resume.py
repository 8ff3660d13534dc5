"""A cut or killed download goes on where it stopped, but never with bytes of another file."""

import json
import shutil
import signal
import time
from collections import namedtuple
from contextlib import nullcontext

import pytest
from loopback import BODY, SHA

from scbench.data import hosts
from scbench.data.resume import Origin, Partial
from scbench.errors import UserError

pytestmark = pytest.mark.usefixtures("hurry")

ETAG = {"ETag": '"1"'}
DATE = {"Last-Modified": "Tue, 01 Jul 2025 10:00:00 GMT"}
CUT = 100_000


@pytest.fixture
def stage(target):
    return target.parent / f".{target.name}.part"


def ranges(server):
    return [headers.get("Range") for _, headers in server.requests]


def test_a_cut_body_goes_on_where_it_stopped(server, get, target):
    whole = {"body": BODY, "ranges": True, "headers": ETAG}
    get(server.serve_in_turn("/f", whole | {"cut": CUT}, whole | {"cut": CUT}, whole))
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]
    assert ranges(server) == [None, "bytes=100000-", "bytes=200000-"]
    assert [headers.get("If-Range") for _, headers in server.requests] == [None, '"1"', '"1"']
    assert server.sent["/f"] == len(BODY)


def test_without_a_length_the_size_in_the_registry_tells_a_cut_from_the_end(server, get, target):
    whole = {"body": BODY, "ranges": True, "headers": ETAG, "claimed": -1}
    get(server.serve_in_turn("/f", whole | {"cut": CUT}, whole), bytes=len(BODY))
    assert target.read_bytes() == BODY
    assert ranges(server) == [None, "bytes=100000-"]


@pytest.mark.parametrize("rest", [BODY[CUT:], BODY[CUT:-1]])
def test_a_cut_body_in_chunks_goes_on_and_its_length_is_known_then(server, get, target, rest):
    chunk = b"%x\r\n%b\r\n" % (CUT, BODY[:CUT])
    first = {"body": chunk + b"ffff\r\n", "claimed": -1, "headers": ETAG | {"Transfer-Encoding": "chunked"}}
    part = ETAG | {"Content-Range": f"bytes {CUT}-{len(BODY) - 1}/{len(BODY)}"}
    last = {"body": BODY[-1:], "status": 206, "headers": {"Content-Range": f"bytes {len(BODY) - 1}-255999/{len(BODY)}"}}
    get(server.serve_in_turn("/f", first, {"body": rest, "status": 206, "claimed": -1, "headers": part}, last))
    assert target.read_bytes() == BODY
    assert ranges(server)[:2] == [None, "bytes=100000-"]
    assert len(server.requests) == (2 if rest == BODY[CUT:] else 3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ETAG, ETAG),
        (DATE, DATE),
        ({"ETag": 'W/"1"'} | DATE, {"ETag": 'W/"1"'} | DATE),
    ],
)
def test_what_a_failed_run_left_is_continued_by_the_next(server, get, target, stage, before, after):
    url = server.serve("/f", BODY, ranges=False, cut=CUT, headers=before)
    with pytest.raises(UserError, match=r"broken after 100000 of 256000 bytes.* goes on where this one stopped"):
        get(url)
    assert not target.exists()
    assert list(target.parent.iterdir()) == [stage]
    server.sent.clear()
    get(server.serve("/f", BODY, ranges=True, headers=after))
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]
    assert server.sent["/f"] == len(BODY) - CUT


def test_without_validators_a_checksum_allows_to_continue(server, get, target, stage):
    url = server.serve("/f", BODY, cut=CUT)
    with pytest.raises(UserError):
        get(url)  # nothing could tell whether the rest belongs to it
    assert list(target.parent.iterdir()) == []
    with pytest.raises(UserError):
        get(url, sha256=SHA)
    assert list(target.parent.iterdir()) == [stage]
    server.sent.clear()
    server.serve("/f", BODY, ranges=True)
    get(url, sha256=SHA)
    assert target.read_bytes() == BODY
    assert server.sent["/f"] == len(BODY) - CUT
    assert "If-Range" not in server.requests[-1][1]


def left_by_a_failed_run(server, get, headers=ETAG, **keys):
    url = server.serve("/f", BODY, cut=CUT, headers=headers)
    with pytest.raises(UserError):
        get(url, **keys)
    server.requests.clear()
    server.sent.clear()
    return url


def test_without_validators_a_part_is_not_continued_once_no_checksum_is_known(server, get, target):
    left_by_a_failed_run(server, get, headers={}, sha256=SHA)
    get(server.serve("/f", BODY[::-1], ranges=True))
    assert target.read_bytes() == BODY[::-1]
    assert ranges(server) == [None]


@pytest.mark.parametrize("new", [BODY[::-1], BODY[:50_000], BODY * 2])
@pytest.mark.parametrize("kept", [ETAG, DATE])
def test_a_file_that_changed_starts_anew(server, get, target, new, kept):
    left_by_a_failed_run(server, get, headers=kept)
    get(
        server.serve(
            "/f", new, ranges=True, headers={name: f"{value[:-1]}2{value[-1]}" for name, value in kept.items()}
        )
    )
    assert target.read_bytes() == new
    assert ranges(server) == ["bytes=100000-"]
    assert server.sent["/f"] == len(new)


@pytest.mark.parametrize("new", [BODY[:50_000], BODY[:CUT], BODY * 2])
def test_a_host_that_forgets_if_range_is_seen_through_by_the_size(server, get, target, new):
    left_by_a_failed_run(server, get)  # 416 of a shorter file, 206 with another total of a longer one
    get(server.serve("/f", new, ranges=True, headers=ETAG))
    assert target.read_bytes() == new
    assert ranges(server) == ["bytes=100000-", None]


@pytest.mark.parametrize("part", ["bytes 0-255999/256000", "bytes 100000-255999/*", "lines 100000-255999/256000", ""])
def test_a_part_other_than_the_one_asked_for_is_not_used(server, get, target, part):
    left_by_a_failed_run(server, get)
    wrong = {"body": BODY, "status": 206, "headers": {"Content-Range": part}}
    get(server.serve_in_turn("/f", wrong, {"body": BODY}))
    assert target.read_bytes() == BODY
    assert ranges(server) == ["bytes=100000-", None]


def test_a_host_without_ranges_starts_anew(server, get, target):
    url = left_by_a_failed_run(server, get)
    server.serve("/f", BODY, headers=ETAG)
    get(url)
    assert target.read_bytes() == BODY
    assert server.sent["/f"] == len(BODY)


def test_the_part_from_one_mirror_is_not_continued_by_another(server, get, target):
    left_by_a_failed_run(server, get)
    get(server.serve("/g", BODY[::-1], ranges=True, headers=ETAG))
    assert target.read_bytes() == BODY[::-1]
    assert ranges(server) == [None]


def test_the_part_outlasts_a_mirror_that_does_not_deliver(server, get, target):
    left_by_a_failed_run(server, get)
    server.serve("/f", BODY, ranges=True, headers=ETAG)
    get(server.serve("/gone", status=404), f"{server.address}/f")
    assert target.read_bytes() == BODY
    assert server.sent["/f"] == len(BODY) - CUT


def test_a_wrong_checksum_at_the_end_throws_the_part_away(server, get, target):
    left_by_a_failed_run(server, get, sha256=SHA)
    server.serve("/f", BODY[:CUT] + BODY[CUT:][::-1], ranges=True, headers=ETAG)
    with pytest.raises(UserError, match="does not match"):
        get(f"{server.address}/f", sha256=SHA)
    assert ranges(server) == ["bytes=100000-"]
    assert list(target.parent.iterdir()) == []


def test_only_what_is_missing_must_fit_on_the_disk(server, get, target, monkeypatch):
    url = left_by_a_failed_run(server, get)
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(len(BODY) - CUT))
    server.serve("/f", BODY, ranges=True, headers=ETAG)
    get(url)
    assert target.read_bytes() == BODY


def test_a_part_that_is_whole_needs_no_request(server, get, target, stage):
    url = server.serve("/f", BODY, ranges=True, headers=ETAG)
    partial = Partial(stage)
    partial.begin(Origin(url, len(BODY), '"1"'))
    partial.file.write_bytes(BODY)  # killed between the last byte and the check
    get(url, sha256=SHA)
    assert target.read_bytes() == BODY
    assert server.requests == []


@pytest.mark.parametrize("note", ["", '{"half": ', "[]", '{"url": "x"}', None])
def test_a_part_of_unknown_origin_is_not_continued(server, get, target, stage, note):
    stage.mkdir(parents=True)
    (stage / "data").write_bytes(BODY[::-1][:CUT])
    if note is not None:
        (stage / "origin.json").write_text(note)
    get(server.serve("/f", BODY, ranges=True, headers=ETAG), sha256=SHA)
    assert target.read_bytes() == BODY
    assert ranges(server) == [None]


@pytest.mark.parametrize(("worthwhile", "requests"), [(50_000, 26), (50_001, 11)])
def test_a_download_that_gets_on_is_not_given_up(server, get, monkeypatch, worthwhile, requests):
    monkeypatch.setattr(hosts, "WORTHWHILE", worthwhile)
    url = server.serve("/f", BODY, ranges=True, headers=ETAG, cut=10_000)
    with nullcontext() if requests == 26 else pytest.raises(UserError, match="broken after 110000 of 256000"):
        get(url, sha256=SHA)
    assert len(server.requests) == requests


KILLED = """
import sys
from pathlib import Path
from scbench.data.fetch import fetch
url, path, lock = sys.argv[1:]
fetch({'urls': [url]}, Path(path), lock=Path(lock), name='set')
"""


def test_a_killed_download_goes_on_in_the_next_run(server, get, python, target, stage, tmp_path):
    body = BODY * 20
    url = server.serve("/f", body, ranges=True, headers=ETAG, pause=0.1)
    process = python(KILLED, url, target, tmp_path / "data.lock")
    part = stage / "data"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 2**20):
        assert time.monotonic() < deadline, "the download did not start"
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not target.exists()
    have = part.stat().st_size
    assert 2**20 <= have < len(body)
    server.requests.clear()
    server.sent.clear()
    server.serve("/f", body, ranges=True, headers=ETAG)
    get(url)
    assert target.read_bytes() == body
    assert list(target.parent.iterdir()) == [target]
    assert ranges(server) == [f"bytes={have}-"]
    assert json.loads((tmp_path / "data.lock").read_text())["set/file.h5ad"]["bytes"] == len(body)
