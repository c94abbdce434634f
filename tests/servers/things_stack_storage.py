"""The storage API of The Things Stack as a small real HTTP server on loopback, with failures on demand.

Answers as the server is documented and as its answers are shown in public: chunked, one {"result": …} a line with an
empty line between, filtered by `after`, ordered by `received_at`, at most `limit`; a continuation token in a header
stands for the whole query. Each entry of `script` decides about one request, then the server is itself again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "NNSXS.A-KEY-FOR-TESTS.ONLY"
PATH = "/api/v3/as/applications/city/packages/storage/uplink_message"


@dataclass
class Storage:
    """What the server holds, how it behaves, and which queries it has had.

    `script`: "cut" (in the middle of the second object), "half" (the connection ends after the first object), "error"
    (an error object instead of the second), "reverse" (newest first whatever was asked), or a status with headers.
    `tokens`: whether it gives continuation tokens.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    script: list[str | tuple[int, dict[str, str]]] = field(default_factory=list)
    tokens: bool = True
    queries: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def page(self, query: dict[str, str]) -> tuple[list[dict[str, Any]], str | None]:
        """The messages asked for, and the token for the rest."""
        asked: dict[str, Any] = (
            json.loads(query["continuation_token"]) if "continuation_token" in query else {**query, "skip": 0}
        )
        found = sorted((m for m in self.messages if m["received_at"] > asked["after"]), key=lambda m: m["received_at"])
        end = asked["skip"] + int(asked["limit"])
        more = self.tokens and end < len(found)
        return found[asked["skip"] : end], json.dumps(asked | {"skip": end}) if more else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: Storage

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.storage.queries.append(query)
        act = self.storage.script.pop(0) if self.storage.script else ""
        if isinstance(act, tuple):
            self._refuse(*act)
        elif self.headers["Authorization"] != f"Bearer {KEY}":
            self._refuse(401, {})
        elif parts.path != PATH:
            self._refuse(404, {})
        else:
            self._stream(query, act)

    def _refuse(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": "0"}).items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, query: dict[str, str], act: str) -> None:
        messages, token = self.storage.page(query)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        if token:
            self.send_header("X-Continuation-Token", token)
        self.end_headers()
        for number, message in enumerate(reversed(messages) if act == "reverse" else messages):
            line = json.dumps({"result": message}, separators=(",", ":")).encode() + b"\n\n"
            if number == 1 and act in {"cut", "half"}:
                if act == "cut":
                    self._chunk(line[:100])
                self.close_connection = True
                return
            self._chunk(b'{"error":{"code":14}}\n' if number == 1 and act == "error" else line)
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        """A test asks the storage, not a log."""


@contextmanager
def running() -> Iterator[Storage]:
    """The server, until the block ends."""
    storage = Storage()
    handler = type("Handler", (_Handler,), {"storage": storage})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        storage.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield storage
        finally:
            server.shutdown()
            thread.join()
