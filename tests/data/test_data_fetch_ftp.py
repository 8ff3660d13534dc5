"""Downloads by FTP, from as much of a server as they need."""

import socket
import socketserver
import threading
from contextlib import contextmanager
from functools import partial

import pooch
import pytest
from loopback import BODY, SHA

from scbench.errors import UserError


class Handler(socketserver.StreamRequestHandler):
    files: dict[str, bytes]
    sent: int  # bytes after which the connection breaks

    def handle(self):
        self._say("220 hello")
        with socket.create_server(("127.0.0.1", 0)) as passive:
            for line in self.rfile:
                word, _, argument = line.decode().strip().partition(" ")
                if not getattr(self, f"do_{word.lower()}", self._fine)(argument, passive):
                    return

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())
        return True

    def _fine(self, *_):
        return self._say("200 fine")

    def do_user(self, *_):
        return self._say("230 welcome")

    def do_size(self, path, _):
        return self._say(f"213 {len(self.files[path])}" if path in self.files else "550 no such file")

    def do_pasv(self, _, passive):
        high, low = divmod(passive.getsockname()[1], 256)
        return self._say(f"227 entering passive mode (127,0,0,1,{high},{low})")

    def do_retr(self, path, passive):
        self._say("150 here it comes")
        with passive.accept()[0] as data:
            data.sendall(self.files[path][: self.sent])
        return self.sent >= len(self.files[path]) and self._say("226 done")


@pytest.fixture
def serve(monkeypatch):
    @contextmanager
    def serve(sent=10**9):
        handler = type("Handler", (Handler,), {"files": {"/pub/f": BODY}, "sent": sent})
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            # Addresses with a port are not understood.
            monkeypatch.setattr(pooch, "FTPDownloader", partial(pooch.FTPDownloader, port=server.server_address[1]))
            yield "ftp://127.0.0.1/pub/"
            server.shutdown()

    return serve


def test_a_file_comes_whole(serve, get, target):
    with serve() as address:
        get(f"{address}gone", f"{address}f", sha256=SHA)
    assert target.read_bytes() == BODY


def test_a_connection_that_breaks_leaves_nothing(serve, get, target):
    with serve(sent=1000) as address, pytest.raises(UserError, match=r"could not be downloaded: ftp://127.0.0.1/pub/f"):
        get(f"{address}f")
    assert list(target.parent.rglob("*")) == []


def test_a_file_that_is_not_there_is_named(serve, get):
    with serve() as address, pytest.raises(UserError, match=r"ftp://127.0.0.1/pub/gone \(550 no such file\)"):
        get(f"{address}gone")
