"""Two cities, a few bins and trees, and the API over them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from sinks.books import Books
from sinks.events import SqliteEvents
from sinks.gaps import SqliteGaps
from sinks.journal import SqliteJournal
from sinks.ledger import SqliteLedger
from sinks.model import Asset, DeadLetter, Envelope, Gap, GapNotes, Organisation
from sinks.ports import Settlement, SourceEvent
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry, row

MINUTE = 60_000


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(latest_ttl_s=0, publisher="Stadt Offenbach", attribution="Stadt Offenbach am Main")


@pytest.fixture
def registry() -> MemoryRegistry:
    cities = [Organisation("giessen", "Gießen"), Organisation("offenbach", "Offenbach am Main")]
    public: dict[str, float | str | bool] = {"capacity_l": 120.0, "fraction": "residual"}
    assets = [
        Asset("of-bin-1", "offenbach", "bin", "Wilhelmsplatz", 50.1033, 8.7663, public | {"contact": "Private Person"}),
        Asset("of-bin-2", "offenbach", "bin", "Marktplatz <1>", 50.1055, 8.7610),
        Asset("gi-bin-1", "giessen", "bin", "Seltersweg", 50.5840, 8.6740),
        Asset("gi-tree-1", "giessen", "tree", "Linde am Brandplatz", 50.5870, 8.6780, {"species": "Tilia cordata"}),
    ]
    return MemoryRegistry(cities, assets)


@pytest.fixture
def reader(now_ms: int) -> MemoryReader:
    soil = {"measurement": "soil", "tenant": "giessen", "device_id": "70b3d57bb000c0de"}
    silent_since = now_ms - 10 * 24 * 60 * MINUTE
    return MemoryReader(
        [
            row(now_ms - 5 * MINUTE, "of-bin-1", {"level_pct": 61.0, "distance_mm": 812.0}),
            row(now_ms - 3 * MINUTE, "of-bin-1", {"level_pct": 80.25, "distance_mm": 512.0, "volume_l": 96.3}),
            row(now_ms - 2 * MINUTE, "of-bin-2", {"quality": 9, "quality_codes": "distance_mm=9:no_echo"}),
            row(silent_since, "gi-bin-1", {"level_pct": 12.0}, tenant="giessen"),
            row(now_ms - MINUTE, "gi-tree-1", {"soil_tension_kpa": 21.0}, depth_cm="30", **soil),
            row(now_ms - MINUTE, "gi-tree-1", {"soil_tension_kpa": 55.0}, depth_cm="60", **soil),
        ]
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    books = SqliteLedger(tmp_path / "ledger.sqlite")
    envelope = Envelope("mqtt", None, "v3/app/devices/eui-70b3d57bb000ffff/up", b"{}", 1)
    letter = DeadLetter("embedded", 4, 0, "observe/unknown_device", "nobody knows it", envelope, "70b3d57bb000ffff")
    counts = {"stored": 7, "duplicate": 2, "dead_letter": 1}
    notes = GapNotes([Gap("mqtt", "70b3d57bb000ffff", "counter", 1, 2, 5)], {"missing": 5, "found": 2})
    books.settle(Settlement("embedded", 10, {}, (letter,), counts, {"decoded": 7, "join": 1}, gaps=notes))
    yield books
    books.close()


@pytest.fixture
def books(tmp_path: Path, ledger: SqliteLedger, now_ms: int) -> Iterator[Books]:
    """Twelve messages were kept; the ledger has settled ten of them."""
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append([Envelope("mqtt", None, None, b"{}", now_ms * 1_000_000)] * 12)
    events = SqliteEvents(tmp_path / "events.sqlite")
    events.record(
        [SourceEvent("main", "message", 12, 1_000, 2_000), SourceEvent("main", "silent", 1, 3_000, 3_000, 2**62, "x")]
    )
    gaps = SqliteGaps(tmp_path / "ledger.sqlite")
    yield Books(journal, ledger, events, gaps)
    gaps.close()
    journal.close()
    events.close()


@pytest.fixture
def app(settings: ApiSettings, reader: MemoryReader, registry: MemoryRegistry, books: Books) -> FastAPI:
    return create_app(settings, reader, registry, books)


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)
