"""Files of Zenodo and figshare records: everything but the names of the hosts is as their interfaces answer."""

import fcntl
import json
from urllib.parse import urlsplit

import pytest
from loopback import BODY, MD5, SHA
from requests.adapters import HTTPAdapter

from scbench.errors import UserError

pytestmark = pytest.mark.usefixtures("hurry", "internet")
ZENODO = "doi:10.5281/zenodo.7/some file.h5ad"
FIGSHARE = "doi:10.6084/m9.figshare.12.v3/file.h5ad"


@pytest.fixture
def internet(server, monkeypatch, tmp_path):
    """Let all requests to other hosts go to the server, under `/HOST/PATH`, and list whether each host was locked."""
    send = HTTPAdapter.send
    locked = []

    def redirected(self, request, **options):
        parts = urlsplit(request.url)
        if parts.hostname == "127.0.0.1":
            return send(self, request, **options)
        locked.append((parts.hostname, is_locked(tmp_path / "hosts", parts.hostname.removeprefix("api."))))
        moved = request.copy()
        moved.url = f"{server.address}/{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        response = send(self, moved, **options)
        response.url = request.url
        return response

    monkeypatch.setattr(HTTPAdapter, "send", redirected)
    return locked


def is_locked(folder, host):
    with (folder / f".{host}.flock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def answer(server, path, what):
    server.serve(path, json.dumps(what).encode(), kind="application/json")


@pytest.fixture
def zenodo(server):
    """A record with two files, one of them served; keys change what it says of that."""

    def serve(**keys):
        server.serve("/doi.org/10.5281/zenodo.7", status=302, headers={"Location": "https://zenodo.org/record/7"})
        server.serve("/zenodo.org/record/7", status=301, headers={"Location": "/records/7"})
        server.serve("/zenodo.org/records/7", b"<html>the record</html>", kind="text/html")
        address = "https://zenodo.org/api/records/7/files/some%20file.h5ad/content"
        file = {"key": "some file.h5ad", "size": len(BODY), "checksum": f"md5:{MD5}", "links": {"self": address}}
        other = {"key": "b", "size": 3, "checksum": f"md5:{'1' * 32}", "links": {"self": "https://zenodo.org/b"}}
        answer(server, "/zenodo.org/api/records/7", {"id": 7, "files": [other, file | keys]})
        return server.serve("/zenodo.org" + urlsplit(address).path, BODY, ranges=True, headers={"ETag": '"1"'})

    return serve


@pytest.fixture
def figshare(server):
    def serve(**keys):
        page = "https://figshare.com/articles/dataset/_/12/3"
        server.serve("/doi.org/10.6084/m9.figshare.12.v3", status=302, headers={"Location": page})
        server.serve("/figshare.com/articles/dataset/_/12/3", status=403)  # pages are not for programs
        answer(server, "/api.figshare.com/v2/articles?doi=10.6084/m9.figshare.12.v3", [{"id": 12}])
        address = "https://ndownloader.figshare.com/files/99"
        file = {"name": "file.h5ad", "size": len(BODY), "computed_md5": MD5, "download_url": address}
        answer(server, "/api.figshare.com/v2/articles/12/versions/3", {"files": [file | keys]})
        server.serve(
            "/ndownloader.figshare.com/files/99", status=302, headers={"Location": "https://s3.example/99?key=1"}
        )
        return server.serve("/s3.example/99?key=1", BODY, ranges=True, headers={"ETag": '"1"'})

    return serve


@pytest.mark.parametrize(("record", "url"), [("zenodo", ZENODO), ("figshare", FIGSHARE)])
class TestBoth:
    @pytest.fixture
    def serve(self, request, record):
        return request.getfixturevalue(record)

    def test_the_file_of_a_record_is_downloaded(self, serve, url, server, get, target, tmp_path):
        serve()
        get(url)
        assert target.read_bytes() == BODY
        assert json.loads((tmp_path / "data.lock").read_text())["set/file.h5ad"]["sha256"] == SHA
        assert all(headers["User-Agent"].startswith("scbench/") for _, headers in server.requests)

    def test_each_host_is_locked_while_it_is_asked(self, serve, url, get, internet):
        serve()
        get(url)
        assert {host for host, _ in internet} > {"doi.org"}
        assert all(held for _, held in internet)

    def test_a_download_goes_on(self, serve, url, server, get, target):
        data = urlsplit(serve())
        path = data.path + (f"?{data.query}" if data.query else "")
        whole = {"body": BODY, "ranges": True, "headers": {"ETag": '"1"'}}
        server.serve_in_turn(path, whole | {"cut": 100_000}, whole)
        get(url)
        assert target.read_bytes() == BODY
        assert server.sent[path] == len(BODY)

    def test_the_checksum_of_the_record_is_enforced(self, serve, url, get, target, tmp_path):
        serve(checksum=f"md5:{'0' * 32}", computed_md5="0" * 32)
        with pytest.raises(UserError, match=f"md5 {MD5} does not match. Expected {'0' * 32}"):
            get(url)
        assert list(target.parent.rglob("*")) == []
        assert not (tmp_path / "data.lock").exists()

    def test_so_is_its_size(self, serve, url, get, target):
        serve(size=7)
        with pytest.raises(UserError, match=r"256000 bytes\. Expected 7"):
            get(url)
        assert list(target.parent.rglob("*")) == []

    @pytest.mark.parametrize(
        ("keys", "reason"), [({"md5": "0" * 32}, f"record says md5 {MD5}"), ({"bytes": 7}, "record says bytes 256000")]
    )
    def test_a_record_that_differs_from_the_registry_is_refused_before_the_download(
        self, serve, url, server, get, keys, reason
    ):
        data = urlsplit(serve())
        with pytest.raises(UserError, match=reason):
            get(url, **keys)
        assert data.path not in [urlsplit(path).path for path in server.paths]

    def test_what_the_registry_knows_beyond_the_record_is_enforced_too(self, serve, url, get):
        serve()
        with pytest.raises(UserError, match=f"sha256 {SHA} does not match"):
            get(url, sha256="0" * 64)

    def test_a_file_that_the_record_lacks_is_an_error(self, serve, url, get):
        serve()
        with pytest.raises(UserError, match=r"'gone\.h5ad' not found"):
            get(f"{url.rsplit('/', 1)[0]}/gone.h5ad")

    @pytest.mark.parametrize("said", [{}, [], {"files": [{}]}, {"files": None}, {"files": [7]}, [{"id": 7}]])
    def test_an_answer_without_sense_is_an_error(self, serve, url, server, get, said):
        serve()
        for path in list(server.replies):
            if "/api" in path and "content" not in path:
                answer(server, path, said)
        with pytest.raises(
            UserError, match=r"makes no sense|not found in data archive|Couldn't determine|HTTP 404"
        ) as error:
            get(url)
        assert "\n" not in str(error.value)

    def test_an_overloaded_interface_is_asked_again(self, serve, url, server, get, target):
        serve()
        for path, replies in server.replies.items():
            server.replies[path] = [type(replies[0])(status=503), *replies]
        get(url)
        assert target.read_bytes() == BODY


def test_an_answer_that_is_a_page_is_an_error(server, get, zenodo):
    zenodo()
    server.serve("/zenodo.org/api/records/7", b"<html>", kind="text/html")
    with pytest.raises(UserError, match="makes no sense"):
        get(ZENODO)


def test_a_private_record_gives_way_to_the_next_mirror(server, get, target, zenodo):
    zenodo()
    server.serve("/zenodo.org/api/records/7", status=403)
    get(ZENODO, server.serve("/f", BODY))
    assert target.read_bytes() == BODY


def test_a_doi_that_does_not_exist_or_leads_elsewhere_is_an_error(server, get):
    server.serve("/doi.org/10.1/x", status=302, headers={"Location": "https://example.org/x"})
    with pytest.raises(UserError, match=r"10\.1/none/f \(HTTP 404.*leads to https://example.org/x. Allowed: .*zenodo"):
        get("doi:10.1/none/f", "doi:10.1/x/f")


@pytest.mark.parametrize("url", ["doi:", "doi:10.5281", "doi:10.5281/zenodo.7", "doi:10.5281/zenodo.7/", "doi://x/y"])
def test_an_address_that_lacks_a_part_is_an_error(get, zenodo, url):
    zenodo()
    with pytest.raises(UserError) as error:
        get(url)
    assert "\n" not in str(error.value)
