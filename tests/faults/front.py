"""A small real HTTP server before InfluxDB: it hands everything on, but for what a test has it answer itself."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.servers.process import HOST

WRITE = "/api/v2/write"
_PASSED_ON = ("Authorization", "Content-Type", "Accept")


class Answer(NamedTuple):
    """What is answered to a write. `passed_on`: the lines that reach the server all the same."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    passed_on: bytes = b""


@dataclass
class Front:
    """`decide`: the answer to the lines of a write, None to hand them on. `writes_s`: when each write came."""

    url: str
    behind: str
    decide: Callable[[bytes], Answer | None] = lambda _: None
    writes_s: list[float] = field(default_factory=list)

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer of the server itself."""
        connection = HTTPConnection(urlsplit(self.behind).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kind = answer.headers["Content-Type"]
            return Answer(answer.status, answer.read(), (("Content-Type", kind),) if kind else ())
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece
    front: Front

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        headers = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
        own = self._own(body) if self.path.startswith(WRITE) else None
        if own is not None and own.passed_on:
            assert self.front.forward(self.command, self.path, own.passed_on, headers).status == 204
        self._answer(own or self.front.forward(self.command, self.path, body, headers))

    do_GET = do_POST  # noqa: N815  # the name that http.server calls

    def _own(self, lines: bytes) -> Answer | None:
        self.front.writes_s.append(time.monotonic())
        return self.front.decide(lines)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def before(url: str) -> Iterator[Front]:
    """A front before the server at this address, until the block ends."""
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    front = Front(f"http://{HOST}:{server.server_port}", url)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"front": front})
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
