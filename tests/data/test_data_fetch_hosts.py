"""Manners towards hosts: one connection at a time, pauses before repeats, redirects."""

import socket
import threading
import time
from email.utils import formatdate

import pytest
import requests
from loopback import BODY, SHA

from scbench.data import hosts
from scbench.errors import UserError


@pytest.fixture
def pauses(monkeypatch):
    """What is slept between attempts, in vain."""
    pauses = []
    monkeypatch.setattr(hosts.time, "sleep", pauses.append)
    return pauses


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_overloaded_host_is_asked_again(server, get, target, hurry, status):
    get(server.serve_in_turn("/f", {"status": status}, {"status": status}, {"body": BODY}))
    assert target.read_bytes() == BODY
    assert server.paths == ["/f"] * 3


def test_pauses_grow_and_are_never_twice_the_same(server, get, pauses):
    with pytest.raises(UserError, match="HTTP 503"):
        get(server.serve("/f", status=503))
    assert len(server.requests) == 6
    assert len(pauses) == 5
    for pause, shortest in zip(pauses, (1, 2, 4, 8, 16), strict=True):
        assert shortest < pause < shortest + 0.5


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 7),
        ("in 200 s", 190, 200),
        ("86400", 300, 300),
        ("0", 1, 1.5),
        ("soon", 1, 1.5),
        ("9" * 5000, 1, 1.5),
        (formatdate(0, usegmt=True), 1, 1.5),
        ("Fri, 31 Dec 99999999999 00:00:00 GMT", 1, 1.5),
    ],
)
def test_the_pause_that_a_host_asks_for_is_made_within_reason(server, get, target, pauses, text, least, most):
    if text == "in 200 s":  # of now, not of when tests were collected
        text = formatdate(time.time() + 200, usegmt=True)
    get(server.serve_in_turn("/f", {"status": 429, "headers": {"Retry-After": text}}, {"body": BODY}))
    assert target.read_bytes() == BODY
    (pause,) = pauses
    assert least <= pause <= most


def test_a_pause_is_really_made(server, get, target):
    start = time.monotonic()
    get(server.serve_in_turn("/f", {"status": 503, "headers": {"Retry-After": "1"}}, {"body": BODY}))
    assert 1 <= time.monotonic() - start < 10


def test_a_silent_server_times_out(get, target, monkeypatch, hurry):
    monkeypatch.setattr(hosts, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UserError, match=r"(?i)timed out"):
        get(f"http://127.0.0.1:{silent.getsockname()[1]}/f", sha256=SHA)
    assert list(target.parent.rglob("*")) == []


def test_a_body_that_stops_coming_is_asked_for_again(server, get, target, monkeypatch, hurry):
    monkeypatch.setattr(hosts, "TIMEOUT", 0.3)
    whole = {"body": BODY, "ranges": True, "headers": {"ETag": '"1"'}}
    get(server.serve_in_turn("/f", whole | {"pause": 1}, whole))
    assert target.read_bytes() == BODY
    assert server.requests[1][1]["Range"] == "bytes=65536-"


def test_a_refused_connection_is_tried_again(server, get, target, pauses):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    get(f"http://127.0.0.1:{port}/f", server.serve("/f", BODY))
    assert target.read_bytes() == BODY
    assert len(pauses) == 5


def test_a_name_without_address_is_not_tried_again(get, pauses, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UserError, match=r"example\.invalid.*Name or service not known"):
        get("https://example.invalid/f")
    assert pauses == []


def test_redirects_are_followed_with_cookies_and_range(server, get, target, hurry):
    first = {"status": 302, "kind": "text/html", "body": b"<html>moved</html>", "headers": {"Location": "/b/old"}}
    url = server.serve_in_turn("/a", first | {"headers": {"Location": "b/old", "Set-Cookie": "seen=1; Path=/"}})
    server.serve("/b/old", status=307, headers={"Location": f"{server.address}/new"})
    whole = {"body": BODY, "ranges": True, "headers": {"ETag": '"1"'}}
    server.serve_in_turn("/new", whole | {"cut": 100_000}, whole)
    get(url)
    assert target.read_bytes() == BODY
    assert server.paths == ["/a", "/b/old", "/new"] * 2
    assert server.requests[2][1]["Cookie"] == "seen=1"
    assert server.requests[5][1]["Range"] == "bytes=100000-"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/f", "more than 10 redirects"),
        ("file:///etc/hostname", "No connection adapters"),
        ("http://[", "Invalid IPv6"),
    ],
)
def test_redirects_that_lead_nowhere_are_an_error(server, get, location, reason):
    with pytest.raises(UserError, match=reason):
        get(server.serve("/f", status=302, headers={"Location": location}))
    assert len(server.requests) <= 11


FETCH = """
import sys
from pathlib import Path
from scbench.data.fetch import fetch
folder, *urls = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for i, url in enumerate(urls):
    fetch({'urls': [url]}, Path(folder, str(i)), lock=Path(folder).parent / "data.lock", name=Path(folder).name)
"""


def test_processes_have_one_connection_to_a_host_together(server, python, tmp_path):
    # Each of many short downloads and, by way of redirects, the moments between them are a chance to overlap.
    server.serve("/old", status=302, headers={"Location": "/new"})
    server.serve("/new", BODY, pause=0.02)
    urls = [f"{server.address}/{name}" for name in ("old", "new", "old", "new")]
    processes = [python(FETCH, tmp_path / name, *urls) for name in "abc"]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.wait(60) == 0, process.stderr.read()
    assert server.peak == 1
    assert len(server.requests) == 18
    assert all((tmp_path / name / str(i)).read_bytes() == BODY for name in "abc" for i in range(4))


def test_the_server_would_notice_two_connections(server):
    url = server.serve("/f", BODY, pause=0.1)
    threads = [threading.Thread(target=lambda: requests.get(url, timeout=60)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.peak == 2


def test_another_host_need_not_wait(server, get, target, tmp_path):
    with hosts.alone_at("http://example.org/f", tmp_path / "hosts"):
        get(server.serve("/f", BODY))
    assert target.read_bytes() == BODY


def test_all_addresses_of_a_host_share_its_lock(tmp_path):
    entered = threading.Event()

    def enter(url):
        with hosts.alone_at(url, tmp_path):
            entered.set()

    with hosts.alone_at("https://a.org/f", tmp_path):
        thread = threading.Thread(target=enter, args=("http://A.org:8080/g",))
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join()
