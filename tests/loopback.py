"""A server on this machine that misbehaves on request, and what it serves."""

import hashlib
import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep  # by its own name: tests replace that in `time`

BODY = bytes(range(256)) * 1000
SHA = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()  # noqa: S324
CHUNK = 2**16


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    claimed: int | None = None  # Content-Length, if not the true one; negative: none at all
    cut: int | None = None  # bytes after which the connection breaks
    pause: float = 0.0  # seconds between chunks
    ranges: bool = False  # whether a part can be asked for, given that If-Range fits the headers
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and extra headers for the headers of a request."""
        match = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        tag = self.headers.get("ETag", "W/")
        validators = {None, self.headers.get("Last-Modified")} | ({tag} - {f"W/{tag[2:]}"})  # weak tags fit nothing
        if not (self.ranges and match and self.status == 200 and asked.get("If-Range") in validators):
            return self.status, self.body, self.headers
        start, whole = int(match[1]), len(self.body)
        if start >= whole:
            return 416, b"", {"Content-Range": f"bytes */{whole}"}
        return 206, self.body[start:], {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"} | self.headers


@dataclass
class Server:
    address: str = ""
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)  # bytes of bodies by path
    peak: int = 0  # connections at the same time, at most
    _open: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def serve(self, path: str, body: bytes = b"", **options) -> str:
        return self.serve_in_turn(path, {"body": body} | options)

    def serve_in_turn(self, path: str, *replies: dict) -> str:
        """One reply after the other; the last one stays."""
        self.replies[path] = [Reply(**reply) for reply in replies]
        return f"{self.address}{path}"

    def next_reply(self, path: str, headers: dict[str, str]) -> Reply:
        with self._guard:
            self.requests.append((path, headers))
            replies = self.replies.get(path, [Reply(status=404)])
            return replies.pop(0) if len(replies) > 1 else replies[0]

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._guard:
            self._open += 1
            self.peak = max(self.peak, self._open)
        try:
            yield
        finally:
            with self._guard:
                self._open -= 1


class Handler(BaseHTTPRequestHandler):
    loopback: Server

    def do_GET(self) -> None:
        with self.loopback.counted():
            asked = dict(self.headers)
            reply = self.loopback.next_reply(self.path, asked)
            status, whole, headers = reply.answer(asked)
            body = whole[: reply.cut]
            self.send_response(status)
            self.send_header("Content-Type", reply.kind)
            claimed = len(whole) if reply.claimed is None else reply.claimed
            if claimed >= 0:
                self.send_header("Content-Length", str(claimed))
            for name, value in headers.items():
                self.send_header(name, value)
            *chunks, last = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)] or [b""]
            if chunks:
                self.end_headers()
            for chunk in chunks:
                self._send(chunk)
                if reply.pause:
                    sleep(reply.pause)
        # Not counted any more, since the client may be done before this thread is.
        if not chunks:
            self.end_headers()
        self._send(last)

    def _send(self, chunk: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the client was killed: the point of a test
            self.wfile.write(chunk)
            self.loopback.sent[self.path] += len(chunk)

    def log_message(self, *_: object) -> None:
        """Keep the test output quiet."""


@contextmanager
def loopback(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server in threads of this process; `tls` has the certificate of one for https."""
    server = Server()
    handler = type("Handler", (Handler,), {"loopback": server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        if tls is not None:
            httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        server.address = f"{'https' if tls else 'http'}://127.0.0.1:{httpd.server_port}"
        yield server
        httpd.shutdown()
