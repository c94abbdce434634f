"""Stations as JSON and GeoJSON."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from sinks.model import Asset
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry, row


def ids(client: Client, query: str) -> list[str]:
    answer = client.get(f"/api/v1/stations{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_a_station_says_who_where_and_how_it_is(client: Client) -> None:
    station = client.get("/api/v1/stations/of-bin-1").json()
    assert station["name"] == "Wilhelmsplatz"
    assert station["kind"] == "bin"
    assert (station["organisation"], station["organisation_name"]) == ("offenbach", "Offenbach am Main")
    assert station["location"] == {"lat": 50.1033, "lon": 8.7663}
    assert station["properties"] == {"capacity_l": 120.0, "fraction": "residual"}
    assert (station["state"], station["stale"]) == ("soon", False)
    assert station["last_seen"] == station["latest"]["level_pct"]["time"]
    assert 180 <= station["age_s"] < 240


def test_the_newest_value_of_each_quantity_has_unit_time_and_quality(client: Client) -> None:
    level = client.get("/api/v1/stations/of-bin-1").json()["latest"]["level_pct"]
    assert level == {"time": level["time"], "quantity": "level_pct", "value": 80.25, "unit": "%", "quality": "good"}
    assert level["time"].endswith("Z")


def test_a_value_that_is_missing_is_null_and_says_why(client: Client) -> None:
    station = client.get("/api/v1/stations/of-bin-2").json()
    distance = station["latest"]["distance_mm"]
    assert (distance["value"], distance["quality"], distance["reason"]) == (None, "missing", "no_echo")
    assert (station["state"], station["stale"]) == ("unknown", False)


def test_soil_values_are_kept_apart_by_depth_and_the_driest_decides(client: Client) -> None:
    station = client.get("/api/v1/stations/gi-tree-1").json()
    depths = {name: one["depth_cm"] for name, one in station["latest"].items()}
    assert depths == {"soil_tension_kpa@30": 30.0, "soil_tension_kpa@60": 60.0}
    assert station["state"] == "dry"


def test_a_silent_station_is_stale_and_its_old_value_no_longer_counts(client: Client) -> None:
    station = client.get("/api/v1/stations/gi-bin-1").json()
    assert (station["state"], station["stale"]) == ("unknown", True)
    assert station["latest"]["level_pct"]["value"] == 12.0


def test_a_station_that_never_sent_is_listed(client: Client, registry: MemoryRegistry) -> None:
    registry.put(Asset("new", "giessen", "bin", "Neu", 50.58, 8.67))
    station = client.get("/api/v1/stations/new").json()
    assert (station["last_seen"], station["age_s"], station["stale"], station["state"]) == (None, None, True, "unknown")


def test_a_swapped_device_goes_on_with_the_station(client: Client, reader: MemoryReader, now_ms: int) -> None:
    reader.put(row(now_ms, "of-bin-1", {"level_pct": 5.0}, device_id="24e124fffe000001"))
    assert client.get("/api/v1/stations/of-bin-1").json()["latest"]["level_pct"]["value"] == 5.0


def test_rows_of_devices_that_watch_nothing_make_no_station(client: Client, reader: MemoryReader, now_ms: int) -> None:
    reader.put(row(now_ms, "", {"level_pct": 5.0}))
    assert ids(client, "") == ["gi-bin-1", "gi-tree-1", "of-bin-1", "of-bin-2"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?organisation=giessen", ["gi-bin-1", "gi-tree-1"]),
        ("?kind=tree", ["gi-tree-1"]),
        ("?state=unknown", ["gi-bin-1", "of-bin-2"]),
        ("?kind=bin&organisation=offenbach&state=soon", ["of-bin-1"]),
        ("?bbox=8.7,50.0,8.8,50.2", ["of-bin-1", "of-bin-2"]),
        ("?bbox=8.7663,50.1033,8.7663,50.1033", ["of-bin-1"]),
        ("?bbox=170,-90,8.675,90", ["gi-bin-1"]),
        ("?organisation=nowhere", []),
    ],
)
def test_stations_are_chosen_by_query(client: Client, query: str, expected: list[str]) -> None:
    assert ids(client, query) == expected


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0,5,1,4", "0,0,0,91", "-181,0,0,1", "nan,0,1,1", "0,0,1,inf"])
def test_a_box_that_is_none_is_a_bad_request(client: Client, box: str) -> None:
    answer = client.get(f"/api/v1/stations?bbox={box}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "bbox")


def test_pages_follow_one_another_to_the_end(client: Client) -> None:
    seen, address = [], "http://testserver/api/v1/stations?limit=2&kind=bin"
    while address:
        body = client.get(address).json()
        assert len(body["items"]) <= 2
        seen += [one["id"] for one in body["items"]]
        address = body.get("next")
    assert seen == ["gi-bin-1", "of-bin-1", "of-bin-2"]


def test_the_next_page_is_named_in_the_link_header_too(client: Client) -> None:
    answer = client.get("/api/v1/stations?limit=1")
    assert f'<{answer.json()["next"]}>; rel="next"' in answer.headers["link"]
    assert 'rel="license"' in answer.headers["link"]


def test_forwarded_headers_do_not_change_links(client: Client) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    following = client.get("/api/v1/stations?limit=1", headers=forged).json()["next"]
    assert urlsplit(following)[:2] == ("http", "testserver")


def test_geojson_puts_longitude_first_and_values_flat(client: Client) -> None:
    answer = client.get("/api/v1/stations.geojson?organisation=offenbach")
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    first, second = body["features"]
    assert (first["type"], first["id"]) == ("Feature", "of-bin-1")
    assert first["geometry"] == {"type": "Point", "coordinates": [8.7663, 50.1033]}
    assert first["properties"]["level_pct"] == 80.25
    assert first["properties"]["state"] == "soon"
    assert second["properties"]["distance_mm"] is None


def test_a_collection_names_its_licence_and_publisher(client: Client) -> None:
    meta = client.get("/api/v1/stations").json()["meta"]
    assert meta["licence"]["url"] == "https://www.govdata.de/dl-de/by-2-0"
    assert (meta["publisher"], meta["attribution"]) == ("Stadt Offenbach", "Stadt Offenbach am Main")


def test_latest_values_of_all_stations_come_without_master_data(client: Client) -> None:
    body = client.get("/api/v1/latest?kind=tree").json()
    assert [sorted(one) for one in body["items"]] == [["age_s", "id", "last_seen", "latest", "stale", "state"]]


def test_latest_of_one_station_is_what_the_station_says(client: Client) -> None:
    station = client.get("/api/v1/stations/of-bin-1").json()
    assert client.get("/api/v1/stations/of-bin-1/latest").json()["latest"] == station["latest"]
