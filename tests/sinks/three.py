"""A stand-in for InfluxDB 3 Core, which cannot be had on a machine without a container engine.

It answers as documented and as others have measured: writes by `/api/v3/write_lp`, each refused line numbered and the
others stored; tags of a table fixed by its first write; types of its columns; InfluxQL at `/query`, where LIMIT counts
the values of each field and not rows, tags of a GROUP BY are columns, and values cannot be bound; errors as text with a
status. It knows no more InfluxQL than `sinks/influxdb` speaks. What holds against it is likely, not proven.
Sources: InfluxDB 3 Core documentation, "v3 write_lp", "v1 API query", "Manage databases", "Troubleshoot issues writing
data".
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sinks.influxdb.connection import Connection
from tests.servers.process import HOST, free_port

TOKEN = "apiv3-of-nobody"  # noqa: S105  # of a server that is none
TABLE_COLUMNS = 500
SHOWN = 100
"""Refused lines that one answer names."""

Value = float | int | bool | str
Key = tuple[int, tuple[tuple[str, str], ...]]

_LINE = re.compile(r'((?:\\[,= ]|[^ ])+) ((?:"(?:\\.|[^"\\])*"|[^ "])+) (-?\d+)')
_FIELD = re.compile(r'([^=,]+)=("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_SELECT = re.compile(
    r'SELECT (.+?) FROM "([^"]+)" WHERE (.+?)(?: GROUP BY (.+?))?(?: ORDER BY time( DESC)?)?(?: LIMIT (\d+))?\s*'
)
_NAMES = {float: "float", int: "integer", bool: "boolean", str: "string"}
_COLUMN_TYPES = {"float64": float, "int64": int, "bool": bool, "utf8": str}


@dataclass
class Table:
    tags: frozenset[str]
    fields: dict[str, type] = field(default_factory=dict)
    rows: dict[Key, dict[str, Value]] = field(default_factory=dict)


class Refusal(Exception):
    """Why a line is not taken."""


@dataclass
class Three:
    """`databases`: what is on its disk. `limit`: columns that a table may have. `away`: it answers nobody."""

    port: int = field(default_factory=free_port)
    databases: dict[str, dict[str, Table]] = field(default_factory=dict)
    retention: dict[str, str | None] = field(default_factory=dict)
    limit: int = TABLE_COLUMNS
    away: bool = False

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def connection(self, database: str = "city") -> Connection:
        return Connection(self.url, "", database, TOKEN)

    def answer(self, method: str, path: str, asked: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Status, and JSON or text."""
        if path == "/ping":
            return 200, {"product_name": "InfluxDB 3 Core", "version": "3.10.1", "revision": "0", "process_id": "0"}
        if (method, path) == ("POST", "/api/v3/write_lp"):
            return self.write(asked["db"], body.decode())
        if (method, path) == ("GET", "/query"):
            return self.query(asked["db"], asked["q"])
        wanted = json.loads(body)
        if (method, path) == ("POST", "/api/v3/configure/database"):
            return self.make_database(wanted)
        if (method, path) == ("POST", "/api/v3/configure/table"):
            return self.make_table(wanted)
        return 404, "not found"

    def make_database(self, wanted: Mapping[str, Any]) -> tuple[int, Any]:
        if wanted["db"] in self.databases:
            return 409, "attempted to create a resource that already exists"
        self.databases[wanted["db"]] = {}
        self.retention[wanted["db"]] = wanted.get("retention_period")
        return 200, ""

    def make_table(self, wanted: Mapping[str, Any]) -> tuple[int, Any]:
        tables = self.databases[wanted["db"]]
        if wanted["table"] in tables:
            return 409, "attempted to create a resource that already exists"
        fields = {it["name"]: _COLUMN_TYPES[it["type"]] for it in wanted["fields"]}
        tables[wanted["table"]] = Table(frozenset(wanted["tags"]), fields)
        return 200, ""

    def write(self, database: str, text: str) -> tuple[int, Any]:
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines:
            return 400, "incoming write was empty"
        tables = self.databases.setdefault(database, {})
        refused: list[dict[str, Any]] = []
        for number, line in enumerate(lines, 1):
            try:
                self.take(tables, line)
            except Refusal as why:
                refused.append({"original_line": line[:20], "line_number": number, "error_message": str(why)})
        if not refused:
            return 204, ""
        over = any("exceed" in str(it["error_message"]) for it in refused)
        return 422 if over else 400, {"error": "partial write of line protocol occurred", "data": refused[:SHOWN]}

    def take(self, tables: dict[str, Table], line: str) -> None:
        found = _LINE.fullmatch(line)
        if found is None:
            raise Refusal("No fields were provided")
        name, *marks = re.split(r"(?<!\\),", found[1])
        tags = {key: _plain(value) for key, value in (re.split(r"(?<!\\)=", mark, maxsplit=1) for mark in marks)}
        fields = {key: _value(value) for key, value in _FIELD.findall(found[2])}
        table = tables.setdefault(name, Table(frozenset(tags)))
        for tag in tags.keys() - table.tags:
            raise Refusal(f"Detected a new tag '{tag}' in write. The tag set is immutable on first write to the table.")
        for key, value in fields.items():
            known = table.fields.setdefault(key, type(value))
            if known is not type(value):
                old, new = (f"iox::column_type::field::{_NAMES[it]}" for it in (known, type(value)))
                raise Refusal(f"invalid column type for column '{key}', expected {old}, got {new}")
        if len(table.fields) + len(table.tags) > self.limit:
            raise Refusal(f"Update to schema would exceed number of columns per table limit of {self.limit} columns")
        table.rows.setdefault((int(found[3]), tuple(sorted(tags.items()))), {}).update(fields)

    def query(self, database: str, text: str) -> tuple[int, Any]:
        if database not in self.databases:
            return 404, {"error": f"query error: database not found: {database}"}
        if "$" in re.sub(r"'(?:\\.|[^'\\])*'", "", text):
            return 400, "error in InfluxQL statement: parsing error"
        tables = self.databases[database]
        if text == "SHOW FIELD KEYS":
            series = [
                {
                    "name": name,
                    "columns": ["fieldKey", "fieldType"],
                    "values": [[k, _NAMES[v]] for k, v in it.fields.items()],
                }
                for name, it in tables.items()
            ]
        elif text == "SHOW TAG KEYS":
            series = [
                {"name": name, "columns": ["tagKey"], "values": [[tag] for tag in sorted(it.tags)]}
                for name, it in tables.items()
            ]
        else:
            series = self.select(tables, text)
        return 200, {"results": [{"statement_id": 0, **({"series": series} if series else {})}]}

    def select(self, tables: Mapping[str, Table], text: str) -> list[dict[str, Any]]:
        found = _SELECT.fullmatch(text)
        assert found is not None, text
        columns, table, backwards = re.findall(r'"([^"]+)"::(\w+)', found[1]), tables.get(found[2]), bool(found[5])
        if table is None:
            return []
        groups = re.findall(r'"([^"]+)"', found[4] or "")
        names = [name for name, kind in columns if kind != "tag"]
        kept: dict[Key, dict[str, Value]] = {}
        counts: dict[tuple[Any, ...], int] = {}
        for (time_ms, marks), fields in sorted(table.rows.items(), key=lambda it: it[0], reverse=backwards):
            tags = dict(marks)
            if not _matches(found[3], time_ms, tags):
                continue
            for name in names:
                group = (name, *(tags.get(tag, "") for tag in groups))
                counts[group] = counts.get(group, 0) + (name in fields)
                if name in fields and counts[group] <= int(found[6] or 10**9):
                    kept.setdefault((time_ms, marks), {})[name] = fields[name]
        shown = [*groups, *(name for name, _ in columns)]
        rows = [
            [time_ms, *({**dict(marks), **fields}.get(name) for name in shown)]
            for (time_ms, marks), fields in kept.items()
        ]
        return [{"name": found[2], "columns": ["time", *shown], "values": rows}] if rows else []


def _matches(condition: str, time_ms: int, tags: Mapping[str, str]) -> bool:
    from_ns, to_ns = (int(it) for it in re.findall(r"time (?:>=|<) (-?\d+)", condition))
    wanted = re.findall(r'"(\w+)" = \'((?:\\.|[^\'\\])*)\'', condition)
    return from_ns <= time_ms * 1_000_000 < to_ns and all(
        tags.get(tag, "") == re.sub(r"\\(.)", r"\1", value) for tag, value in wanted
    )


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _value(text: str) -> Value:
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text[:-1]) if text.endswith("i") else float(text)
    except ValueError:
        raise Refusal("No fields were provided") from None


@contextmanager
def serving(three: Three) -> Iterator[None]:
    """Answer at its port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one piece

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if three.away:
                self.close_connection = True
                return
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            if self.headers["Authorization"] in (f"Bearer {TOKEN}", f"Token {TOKEN}"):
                status, said = three.answer(self.command, address.path, asked, body)
            else:
                status, said = 401, "the request was not authenticated"
            answer = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815  # the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server((HOST, three.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
