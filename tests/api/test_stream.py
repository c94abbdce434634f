"""The live feed over a real connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from sinks.model import Asset
from sinks.ports import Row, Selection
from tests.api.memory import MemoryReader, MemoryRegistry, row
from tests.api.server import Running, running, until


@dataclass
class Listener:
    """Reads events off one open stream."""

    lines: Iterator[str]
    comments: list[str] = field(default_factory=list)
    retry: str = ""

    def event(self) -> tuple[str, dict[str, Any], str]:
        """Name, data and id ("" when it has none) of the next event."""
        parts: dict[str, str] = {}
        for line in self.lines:
            name, _, value = line.partition(": ")
            if not line and "data" in parts:
                return parts["event"], json.loads(parts["data"]), parts.get("id", "")
            if line.startswith(":"):
                self.comments.append(line)
            elif name == "retry":
                self.retry = value
            elif line:
                parts[name] = value
        raise EOFError("the stream has ended")

    def events(self, number: int) -> list[tuple[str, dict[str, Any], str]]:
        return [self.event() for _ in range(number)]


@contextmanager
def listening(server: Running, query: str = "", **headers: str) -> Iterator[Listener]:
    address = f"{server.address}/api/v1/stream{query}"
    with httpx.Client(timeout=10) as client, client.stream("GET", address, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer.iter_lines())


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(latest_ttl_s=0.05, heartbeat_s=0.2, max_stream_clients=3)


@pytest.fixture
def server(app: FastAPI, settings: ApiSettings) -> Iterator[Running]:
    with running(app, settings) as started:
        yield started


def test_a_new_client_gets_every_station_once(server: Running) -> None:
    with listening(server) as listener:
        events = listener.events(4)
    assert {name for name, _, _ in events} == {"latest"}
    assert sorted(data["id"] for _, data, _ in events) == ["gi-bin-1", "gi-tree-1", "of-bin-1", "of-bin-2"]
    assert listener.retry == "3000"


def test_only_the_last_event_of_one_look_has_an_id(server: Running) -> None:
    with listening(server) as listener:
        marks = [mark for _, _, mark in listener.events(4)]
    assert marks[:3] == ["", "", ""]
    assert marks[3].isdecimal()


def test_a_change_is_told_as_the_whole_station(server: Running, reader: MemoryReader, now_ms: int) -> None:
    with listening(server) as listener:
        listener.events(4)
        reader.put(row(now_ms, "of-bin-1", {"level_pct": 95.5}))
        name, station, mark = listener.event()
        asked = httpx.get(f"{server.address}/api/v1/stations/of-bin-1").json()
    assert (name, station["id"], station["state"]) == ("latest", "of-bin-1", "full")
    assert station | {"age_s": 0} == asked | {"age_s": 0}
    assert mark


def test_a_client_that_comes_back_gets_only_what_it_missed(server: Running, reader: MemoryReader, now_ms: int) -> None:
    with listening(server) as listener:
        mark = listener.events(4)[3][2]
    reader.put(row(now_ms, "of-bin-2", {"level_pct": 10.0}))
    with listening(server, **{"Last-Event-ID": mark}) as listener:
        assert listener.event()[1]["id"] == "of-bin-2"
    with listening(server, f"?since={mark}") as listener:
        assert listener.event()[1]["id"] == "of-bin-2"


def test_a_client_hears_only_of_the_places_it_chose(server: Running, reader: MemoryReader, now_ms: int) -> None:
    with listening(server, "?organisation=giessen&kind=tree") as listener:
        assert listener.event()[1]["id"] == "gi-tree-1"
        reader.put(row(now_ms, "of-bin-1", {"level_pct": 1.0}))
        soil = {"measurement": "soil", "tenant": "giessen"}
        reader.put(row(now_ms, "gi-tree-1", {"soil_tension_kpa": 99.0}, depth_cm="30", **soil))
        assert listener.event()[1]["id"] == "gi-tree-1"


def test_a_station_that_is_removed_or_added_is_told(server: Running, registry: MemoryRegistry) -> None:
    with listening(server) as listener:
        listener.events(4)
        registry.all_assets.pop(0)
        registry.put(Asset("new", "giessen", "bin", "Neu", 50.5, 8.6))
        told = {(name, data["id"]) for name, data, _ in listener.events(2)}
    assert told == {("gone", "of-bin-1"), ("latest", "new")}


def test_a_store_that_falls_silent_and_comes_back_is_told(server: Running, reader: MemoryReader) -> None:
    with listening(server) as listener:
        listener.events(4)
        reader.down = True
        assert listener.event()[:2] == ("store", {"reachable": False})
        reader.down = False
        assert listener.event()[:2] == ("store", {"reachable": True})


class BreakableReader(MemoryReader):
    """Has a fault that nobody foresaw, once it is told to."""

    broken = False

    def latest(self, selection: Selection) -> list[Row]:
        if self.broken:
            raise ZeroDivisionError
        return super().latest(selection)


def test_a_fault_of_ours_ends_the_streams_and_the_next_client_starts_anew(
    settings: ApiSettings, registry: MemoryRegistry
) -> None:
    reader = BreakableReader()
    app = create_app(settings, reader, registry, None)
    with running(app, settings) as server:
        with listening(server) as listener:
            listener.events(4)
            reader.broken = True
            with pytest.raises(EOFError):
                listener.event()
        reader.broken = False
        with listening(server) as listener:
            listener.events(4)


def test_a_quiet_stream_has_heartbeats(server: Running) -> None:
    with listening(server, "?kind=none") as listener:
        for line in listener.lines:
            if line == ": alive":
                break
        else:
            pytest.fail("the stream ended without a heartbeat")


def test_more_clients_than_may_are_turned_away_until_one_leaves(server: Running, app: FastAPI) -> None:
    with listening(server), listening(server):
        with listening(server):
            answer = httpx.get(f"{server.address}/api/v1/stream")
            assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")
            assert answer.headers["retry-after"]
        until(lambda: app.state.services.feed.clients == 2)
        with listening(server) as listener:
            assert listener.event()


def test_many_clients_share_one_look_and_nobody_looks_without_clients(
    server: Running, app: FastAPI, reader: MemoryReader
) -> None:
    with listening(server) as first, listening(server) as second:
        first.events(4)
        second.events(4)
        assert app.state.services.feed.clients == 2
    until(lambda: app.state.services.feed.clients == 0)
    until(app.state.services.feed._task.done)
    asked = reader.asked
    assert httpx.get(f"{server.address}/api/v1/health").status_code == 200
    assert reader.asked == asked


def test_stopping_ends_open_streams_at_once(
    settings: ApiSettings, reader: MemoryReader, registry: MemoryRegistry
) -> None:
    app = create_app(settings, reader, registry, None)
    with running(app, settings) as server, listening(server) as listener:
        listener.events(4)
        server.stop(within_s=3)
        with pytest.raises(EOFError):
            listener.event()
