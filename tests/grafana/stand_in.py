"""A Grafana that is stricter than any real one: dead routes answer 404, a wrong question is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-a-service-account"  # noqa: S105 only this stand-in knows it


@dataclass
class StandIn:
    """What it holds, and what it was asked: method and path."""

    url: str = ""
    boards: dict[str, Any] = field(default_factory=dict)
    rules: list[Any] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    annotations: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    queried: list[Any] = field(default_factory=list)

    def answer(  # noqa: PLR0911 a table of routes
        self, path: str, asked: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        """Status and body, None for an empty one."""
        match path.removeprefix("/api/").split("/"):
            case ["health"]:
                return 200, {"database": "ok", "version": "9.4.0"}
            case ["plugins"]:
                return 200, [{"id": "stat"}, {"id": "table"}]
            case ["search"]:
                return 200, [{"uid": uid} for uid in self.boards]
            case ["dashboards", "uid", uid] if uid in self.boards:
                return 200, {"dashboard": self.boards[uid]}
            case ["v1", "provisioning", "alert-rules"]:
                return 200, self.rules
            case ["datasources", "uid", "smartcity", "health"]:
                return 400, {"status": "ERROR", "message": "error reading InfluxDB"}
            case ["ds", "query"]:
                self.queried.append(body)
                failed = any(result.get("error") for result in self.results.values())
                return 400 if failed else 200, {"results": self.results}
            case ["annotations"]:
                return self._annotations(asked, body)
            case ["admin", "provisioning", "dashboards", "reload"]:
                return 204, None
        return 404, {"message": "Not found"}

    def _annotations(self, asked: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if body is None:
            wanted = set(asked.get("tags", []))
            return 200, [note for note in self.annotations if wanted <= set(note["tags"])]
        if not body.get("dashboardUID") or not body.get("tags") or "dashboardId" in body:
            return 400, {"message": "dashboardUID and tags are needed"}
        self.annotations.append(body)
        return 200, {"id": len(self.annotations), "message": "Annotation added"}


@contextmanager
def serving() -> Iterator[StandIn]:
    """It on a free port of this machine."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            stand_in.asked.append(f"{self.command} {parts.path}")
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if self.command == "POST" and raw else None
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, {"message": "Unauthorized"})
            else:
                self._send(*stand_in.answer(parts.path, parse_qs(parts.query), body))

        do_POST = do_GET  # noqa: N815 the name in the standard library

        def _send(self, status: int, body: Any) -> None:
            raw = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name in the standard library
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield stand_in
        finally:
            server.shutdown()
