"""A Grafana that is stricter than any real one: dead routes answer 404, a wrong question is refused.

It has only what goes by uid or is alive in every version from 9.4 to 13. What it answers was seen in a 9.4, or stands
in the documentation of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-a-service-account"  # noqa: S105 only this stand-in knows it
Answer = tuple[int, Any]
"""Status and body, None for an empty one."""
NOT_FOUND: Answer = (404, {"message": "Not found"})
DEFAULTS = [{"role": "Editor", "permission": 2}, {"role": "Viewer", "permission": 1}]
CREATOR = {"userId": 7, "permission": 4}
"""Whoever makes a folder may administer it."""


@dataclass
class StandIn:
    """What it holds, and what it was asked: method and path."""

    url: str = ""
    role: str = "Admin"
    boards: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Any] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)
    rules: list[Any] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    annotations: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    queried: list[Any] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def written(self) -> list[str]:
        """What was asked to be another way than it is."""
        return [asked for asked in self.asked if not asked.startswith("GET") and asked != "POST /api/ds/query"]

    def answer(  # noqa: C901, PLR0911, PLR0912 a table of routes
        self, method: str, path: str, asked: dict[str, list[str]], body: Any
    ) -> Answer:
        """To one request."""
        if self.role != "Admin" and method != "GET" and path != "/api/ds/query":
            return 403, {"message": "You'll need additional permissions to perform this action."}
        match [method, *path.removeprefix("/api/").split("/")]:
            case ["GET", "health"]:
                return 200, {"database": "ok", "version": "9.4.0"}
            case ["GET", "plugins"]:
                return 200, [{"id": "stat"}, {"id": "table"}]
            case ["GET", "search"]:
                return 200, [{"uid": uid} for uid in self.boards]
            case ["GET", "dashboards", "uid", uid] if uid in self.boards:
                return 200, {"dashboard": self.boards[uid], "meta": {"folderUid": self.places.get(uid, "")}}
            case ["POST", "dashboards", "db"]:
                return self._save(body)
            case ["GET", "v1", "provisioning", "alert-rules"]:
                return 200, self.rules
            case ["GET", "datasources", "uid", "smartcity", "health"]:
                return 400, {"status": "ERROR", "message": "error reading InfluxDB"}
            case ["POST", "ds", "query"]:
                self.queried.append(body)
                failed = any(result.get("error") for result in self.results.values())
                return 400 if failed else 200, {"results": self.results}
            case ["POST", "folders"]:
                return self._add_folder(body)
            case [_, "folders", uid, *_] if uid not in self.folders:
                return 404, {"message": "folder not found", "status": "not-found"}
            case ["GET", "folders", uid]:
                return 200, {"uid": uid, "title": self.folders[uid]["title"]}
            case ["PUT", "folders", uid]:
                return self._rename(uid, body)
            case ["GET", "folders", uid, "permissions"]:
                return 200, self.folders[uid]["permissions"]
            case ["POST", "folders", uid, "permissions"]:
                return self._permit(uid, body)
            case ["GET", "teams", "search"]:
                (name,) = asked["name"]
                if name not in self.teams:
                    return 404, {"message": "Team not found"}
                return 200, {"teams": [{"id": self.teams[name], "name": name}], "totalCount": 1}
            case ["POST", "teams"]:
                return self._add_team(body)
            case ["GET", "annotations"]:
                return self._find_annotations(asked)
            case ["POST", "annotations"]:
                return self._add_annotation(body)
            case ["DELETE", "annotations", number]:
                return self._remove_annotation(int(number))
        return NOT_FOUND

    def _save(self, body: Any) -> Answer:
        board, folder = body["dashboard"], body.get("folderUid")
        if "folderId" in body or "id" in board or not 0 < len(board["uid"]) <= 40:
            return 400, {"message": "uid and folderUid are needed"}
        if folder not in self.folders:
            return 400, {"message": "Folder not found"}
        if board["uid"] in self.boards and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        self.boards[board["uid"]], self.places[board["uid"]] = board, folder
        return 200, {"uid": board["uid"], "status": "success"}

    def _add_folder(self, body: Any) -> Answer:
        if body["title"] in {folder["title"] for folder in self.folders.values()}:
            return 409, {"message": "a folder or dashboard in the general folder with the same name already exists"}
        if body["uid"] in self.folders:
            return 409, {"message": "a folder/dashboard with the same uid already exists"}
        if body["uid"] in self.boards:
            return 400, {"message": "Dashboard cannot be changed to a folder"}
        if not 0 < len(body["uid"]) <= 40:
            return 400, {"message": "uid too long, max 40 characters"}
        self.folders[body["uid"]] = {"title": body["title"], "permissions": [*DEFAULTS, CREATOR]}
        return 200, {"uid": body["uid"], "title": body["title"]}

    def _rename(self, uid: str, body: Any) -> Answer:
        if not body.get("overwrite"):
            return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
        self.folders[uid]["title"] = body["title"]
        return 200, {"uid": uid, "title": body["title"]}

    def _permit(self, uid: str, body: Any) -> Answer:
        for item in body["items"]:
            if len({"userId", "teamId", "role"} & item.keys()) != 1 or item["permission"] not in (1, 2, 4):
                return 400, {"message": "permissions cannot have both a user and team"}
            if "teamId" in item and item["teamId"] not in self.teams.values():
                return 500, {"message": "Failed to create permission"}
        self.folders[uid]["permissions"] = body["items"]
        return 200, {"message": "Dashboard permissions updated"}

    def _add_team(self, body: Any) -> Answer:
        if body["name"] in self.teams:
            return 409, {"message": "Team name taken"}
        self.teams[body["name"]] = next(self.numbers)
        return 200, {"teamId": self.teams[body["name"]], "message": "Team created"}

    def _find_annotations(self, asked: dict[str, list[str]]) -> Answer:
        """Newest first, and no more than the limit."""
        begin, end = int(asked["from"][0]), int(asked["to"][0])
        found = [
            note
            for note in sorted(self.annotations, key=lambda note: -note["time"])
            if set(asked["tags"]) <= set(note["tags"]) and begin <= note["time"] <= end
        ]
        return 200, found[: int(asked.get("limit", ["100"])[0])]

    def _add_annotation(self, body: Any) -> Answer:
        if not body.get("text") or not body.get("tags") or not body.get("time") or "dashboardId" in body:
            return 400, {"message": "text, tags and time are needed, and a dashboard goes by its uid"}
        number = next(self.numbers)
        self.annotations.append({"id": number, "dashboardUID": None} | body)
        return 200, {"id": number, "message": "Annotation added"}

    def _remove_annotation(self, number: int) -> Answer:
        """With nothing, as a server may; those that were seen say a sentence."""
        if number not in {note["id"] for note in self.annotations}:
            return 404, {"message": "Annotation not found"}
        self.annotations = [note for note in self.annotations if note["id"] != number]
        return 204, None


@contextmanager
def serving() -> Iterator[StandIn]:
    """It on a free port of this machine."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            stand_in.asked.append(f"{self.command} {parts.path}")
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if self.command != "GET" and raw else None
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, {"message": "Unauthorized"})
            else:
                self._send(*stand_in.answer(self.command, parts.path, parse_qs(parts.query), body))

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 the names in the standard library

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
