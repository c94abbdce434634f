"""Observations of a station by range of time."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from sinks.model import Field
from tests.api.client import Client
from tests.api.memory import MemoryReader, row

ADDRESS = "/api/v1/stations/of-bin-1/observations"
DAY = "from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z"
START = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def long_day(reader: MemoryReader) -> MemoryReader:
    """2 500 rows of two devices, two values each, every second time the same for both devices."""
    for minute in range(1250):
        time_ms = START + minute * 60_000
        for device in ("a84041ffff1d2c3b", "a84041ffff1d2c3c"):
            reader.put(row(time_ms, "of-bin-1", {"level_pct": minute / 20, "distance_mm": 1500.0}, device_id=device))
    return reader


def read_all(client: Client, query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    address = f"{ADDRESS}?{query}"
    while address:
        body = client.get(address).json()
        items += body["items"]
        address = body.get("next", "")
    return items


def test_without_a_range_the_last_day_is_answered(client: Client) -> None:
    values = [(one["quantity"], one["value"]) for one in client.get(ADDRESS).json()["items"]]
    assert values == [
        ("distance_mm", 812.0),
        ("level_pct", 61.0),
        ("distance_mm", 512.0),
        ("level_pct", 80.25),
        ("volume_l", 96.3),
    ]


def test_from_is_included_and_to_is_not(client: Client, reader: MemoryReader) -> None:
    reader.put(row(START, "of-bin-1", {"level_pct": 1.0}), row(START + 86_400_000, "of-bin-1", {"level_pct": 2.0}))
    assert [one["value"] for one in client.get(f"{ADDRESS}?{DAY}").json()["items"]] == [1.0]


@pytest.mark.parametrize("limit", [1, 7, 1000, 9999])
def test_pages_of_any_size_give_every_value_once_and_in_order(client: Client, reader: MemoryReader, limit: int) -> None:
    for minute in range(20):
        for device in ("a84041ffff1d2c3b", "a84041ffff1d2c3c"):
            fields = {"level_pct": float(minute), "distance_mm": 1500.0 - minute}
            reader.put(row(START + minute * 60_000, "of-bin-1", fields, device_id=device))
    items = read_all(client, f"{DAY}&limit={limit}")
    assert len(items) == 80
    assert [one["time"] for one in items] == sorted(one["time"] for one in items)
    assert sum(one["value"] for one in items if one["quantity"] == "level_pct") == 2 * sum(range(20))


@pytest.mark.usefixtures("long_day")
def test_a_long_range_is_read_in_parts_and_loses_nothing(client: Client) -> None:
    items = read_all(client, f"{DAY}&quantity=level_pct&limit=999")
    assert len(items) == 2500
    assert {one["quantity"] for one in items} == {"level_pct"}


def test_a_rare_quantity_is_found_behind_many_other_rows(client: Client, reader: MemoryReader) -> None:
    reader.put(*(row(START + second, "of-bin-1", {"distance_mm": 1.0}) for second in range(21_000)))
    reader.put(row(START + 86_000_000, "of-bin-1", {"volume_l": 3.0}))
    assert [one["value"] for one in read_all(client, f"{DAY}&quantity=volume_l")] == [3.0]


@pytest.mark.usefixtures("long_day")
def test_the_largest_page_is_the_servers_limit(client: Client) -> None:
    assert len(client.get(f"{ADDRESS}?{DAY}&limit=1000000").json()["items"]) == 5000
    assert len(client.get(f"{ADDRESS}?{DAY}").json()["items"]) == 100


def test_several_quantities_can_be_asked_for(client: Client) -> None:
    items = client.get(f"{ADDRESS}?quantity=level_pct&quantity=volume_l").json()["items"]
    assert {one["quantity"] for one in items} == {"level_pct", "volume_l"}


def test_quality_belongs_to_the_value_and_not_to_the_row(client: Client, reader: MemoryReader) -> None:
    codes = "distance_mm=4:out_of_range level_pct=3:below_empty"
    fields: dict[str, Field] = {
        "distance_mm": 9000.0,
        "level_pct": -4.0,
        "temperature_c": 20.0,
        "quality": 4,
        "quality_codes": codes,
    }
    reader.put(row(START, "of-bin-1", fields))
    items = client.get(f"{ADDRESS}?{DAY}").json()["items"]
    assert {one["quantity"]: (one["quality"], one.get("reason")) for one in items} == {
        "distance_mm": ("fail", "out_of_range"),
        "level_pct": ("suspect", "below_empty"),
        "temperature_c": ("good", None),
    }


def test_codes_that_cannot_be_read_leave_the_doubt_on_every_value(client: Client, reader: MemoryReader) -> None:
    reader.put(row(START, "of-bin-1", {"level_pct": 5.0, "quality": 3, "quality_codes": "what is this"}))
    (one,) = client.get(f"{ADDRESS}?{DAY}").json()["items"]
    assert (one["quality"], one["reason"]) == ("suspect", "unreadable_codes")


def changed_token(token: str, old: bytes, new: bytes) -> str:
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert old in raw
    return base64.urlsafe_b64encode(raw.replace(old, new)).decode().rstrip("=")


@pytest.mark.parametrize("token", ["x", "%00", "....", "W10", "bnVsbA", "WzEsMl0", "A" * 400, "ä"])
def test_a_page_token_that_is_none_is_a_bad_request(client: Client, token: str) -> None:
    answer = client.get(f"{ADDRESS}?{DAY}&page={token}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "page")


@pytest.mark.usefixtures("long_day")
def test_a_page_token_of_another_question_is_a_bad_request(client: Client) -> None:
    following = client.get(f"{ADDRESS}?{DAY}&limit=3").json()["next"]
    assert client.get(following).status_code == 200
    assert client.get(following + "&quantity=level_pct").status_code == 400


@pytest.mark.usefixtures("long_day")
def test_a_page_token_holds_no_device(client: Client) -> None:
    token = client.get(f"{ADDRESS}?{DAY}&limit=3").json()["next"].split("page=")[1]
    assert b"a84041" not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


@pytest.mark.usefixtures("long_day")
def test_a_page_token_with_a_position_that_cannot_be_is_a_bad_request(client: Client) -> None:
    following = client.get(f"{ADDRESS}?{DAY}&limit=3").json()["next"]
    head, token = following.split("page=")
    for new in (b"[-1,3]", b"[99999999999999,3]", b"[1777593600000,-3]"):
        position = f"[{START},3]".encode()
        assert client.get(f"{head}page={changed_token(token, position, new)}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z",
        "from=2026-05-01T00:00:00Z&to=2026-05-01T00:00:00Z",
        "from=2026-05-01T00:00:00&to=2026-05-02T00:00:00Z",
        "from=yesterday",
        "from=0001-01-01T00:00:00Z",
        "to=9999-01-01T00:00:00Z",
        "quantity=rssi_dbm",
        "quantity=nonsense",
        "limit=0",
        "limit=-1",
        "limit=many",
        "&".join(["quantity=level_pct"] * 21),
    ],
)
def test_a_question_that_makes_no_sense_is_a_bad_request(client: Client, query: str) -> None:
    answer = client.get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_an_unknown_station_is_not_found(client: Client) -> None:
    assert client.get("/api/v1/stations/none/observations").status_code == 404


def test_what_is_long_past_may_be_kept_longer_than_what_is_new(client: Client) -> None:
    assert client.get(f"{ADDRESS}?{DAY}").headers["cache-control"] == "public, max-age=300"
    assert client.get(ADDRESS).headers["cache-control"] == "public, max-age=1"
