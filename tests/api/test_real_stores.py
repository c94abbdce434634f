"""The same API over the embedded store, the SQL registry and the SQLite books, written to while it answers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import ApiSettings
from sinks.embedded.read import EmbeddedReader
from sinks.embedded.write import EmbeddedStore
from sinks.model import Asset, Organisation, Point, Series
from sinks.registry.store import SqlRegistry, open_registry
from sinks.storage import Storage
from tests.api.client import Client
from tests.api.server import running, until

SERIES = Series("bin_level", "offenbach", "of-bin-1", "a84041ffff1d2c3b", "em400-mud")


@dataclass
class House:
    """Real stores in one folder, and the API over them."""

    store: EmbeddedStore
    registry: SqlRegistry
    client: Client

    def write(self, *levels: tuple[int, float]) -> None:
        points = [Point(SERIES, time_ms, {"level_pct": level, "quality": 1, "offset": 5}) for time_ms, level in levels]
        assert self.store.write(points).rejected == ()


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(latest_ttl_s=0)


@pytest.fixture
def house(tmp_path: Path, settings: ApiSettings) -> Iterator[House]:
    store, reader = EmbeddedStore(tmp_path / "store.db"), EmbeddedReader(tmp_path / "store.db")
    registry = open_registry(f"sqlite:///{tmp_path / 'registry.db'}")
    registry.add_organisation(Organisation("offenbach", "Offenbach am Main"))
    registry.add_asset(Asset("of-bin-1", "offenbach", "bin", "Wilhelmsplatz", 50.1033, 8.7663, {"capacity_l": 120.0}))
    books = Storage(data=tmp_path).open_books()
    yield House(store, registry, Client(create_app(settings, reader, registry, books)))
    for one in (store, reader, registry, books):
        one.close()


def test_what_is_written_is_answered(house: House, now_ms: int) -> None:
    house.write((now_ms - 1000, 40.0), (now_ms, 91.0))
    station = house.client.get("/api/v1/stations/of-bin-1").json()
    assert (station["state"], station["latest"]["level_pct"]["value"]) == ("full", 91.0)
    assert station["organisation_name"] == "Offenbach am Main"
    assert station["properties"] == {"capacity_l": 120.0}


def test_observations_are_paged_without_loss(house: House, now_ms: int) -> None:
    house.write(*((now_ms - 1000 * number, float(number % 100)) for number in range(2500)))
    seen, address = 0, "/api/v1/stations/of-bin-1/observations?limit=700"
    while address:
        body = house.client.get(address).json()
        seen += len(body["items"])
        address = body.get("next", "")
    assert seen == 2500


def test_a_station_that_joins_the_registry_is_answered(house: House, now_ms: int) -> None:
    house.write((now_ms, 1.0))
    assert house.client.get("/api/v1/stations/new").status_code == 404
    house.registry.add_asset(Asset("new", "offenbach", "tree", "Linde", 50.1, 8.7))
    assert house.client.get("/api/v1/stations/new").json()["state"] == "unknown"


def test_before_the_intake_has_made_the_store_the_answer_is_empty_and_no_error(house: House) -> None:
    assert house.client.get("/api/v1/ready").status_code == 200
    station = house.client.get("/api/v1/stations/of-bin-1").json()
    assert (station["state"], station["latest"]) == ("unknown", {})


def test_many_ask_at_once_while_values_are_written(house: House, settings: ApiSettings, now_ms: int) -> None:
    house.write((now_ms, 1.0))
    paths = ("/api/v1/stations", "/api/v1/stations/of-bin-1/observations", "/api/v1/status", "/metrics", "/")
    with running(house.client.app, settings) as server, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(httpx.get, server.address + path, timeout=20) for path in paths * 20]
        for number in range(50):
            house.write((now_ms + number, float(number)))
        assert {one.result().status_code for one in asked} == {200}


def test_a_new_value_is_answered_within_a_second(house: House, settings: ApiSettings, now_ms: int) -> None:
    house.write((now_ms, 1.0))
    with running(house.client.app, settings) as server, httpx.Client() as client:
        house.write((now_ms + 1, 77.0))
        address = f"{server.address}/api/v1/stations/of-bin-1/latest"
        until(lambda: client.get(address).json()["latest"]["level_pct"]["value"] == 77.0, within_s=1)
