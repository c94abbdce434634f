from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000501"
TIME = "2021-08-18T13:44:57.659Z"
MS = (parse(TIME) or 0) // 1_000_000
ARRIVED = parse("2021-08-18T13:44:58Z") or 0


def row(name: str = "wren", **fields: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "rssi": -88.0, "snr": 7.8, "spreading": "SF7BW125", "reported_at": MS} | fields


def message(**up: Any) -> dict[str, Any]:
    body = {
        "dev_eui": EUI.upper(),
        "devaddr": "A9020048",
        "fcnt": 8,
        "port": 85,
        "payload": "AXUB",
        "reported_at": MS,
        "hotspots": [row()],
        "type": "uplink",
        "uuid": "0a0b0c0d-1111-4d0e-8d7a-1a2b3c4d5e6f",
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "helium", None, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"fcnt": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fcnt": None}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"port": 0, "payload": ""}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"payload": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_zeros_are_written_so_a_missing_number_is_unknown(up: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    ("up", "found", "source"),
    [
        ({}, TIME, TimeSource.NETWORK),
        ({"reported_at": MS // 1000}, "2021-08-18T13:44:57Z", TimeSource.NETWORK),
        ({"reported_at": MS * 10}, TIME, TimeSource.NETWORK),
        ({"reported_at": None}, TIME, TimeSource.NETWORK),
        ({"reported_at": None, "hotspots": []}, "2021-08-18T13:44:58Z", TimeSource.ARRIVAL),
    ],
    ids=["milliseconds", "seconds", "neither", "only the hotspot's", "none"],
)
def test_a_time_is_seconds_or_milliseconds_by_its_size(up: dict[str, Any], found: str, source: TimeSource) -> None:
    uplink = opened(message(**up))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), source)


def test_the_best_hotspot_is_first_by_its_id() -> None:
    uplink = opened(message(hotspots=[row(), row("finch", snr=9, rssi=-101), row("wren", snr=1)]))
    assert [(gateway.id, gateway.snr) for gateway in uplink.gateways] == [("finch", 9), ("wren", 7.8)]
    assert (uplink.best_rssi, uplink.best_snr, uplink.spreading_factor) == (-88, 9, 7)


def test_a_replayed_frame_is_late_and_keeps_its_time() -> None:
    uplink = opened(message(replay=True, reported_at=MS - 86_400_000))
    assert (uplink.flags, uplink.received_ns) == (("late",), parse("2021-08-17T13:44:57.659Z"))


@pytest.mark.parametrize("kind", ["join", "join_request", "join_accept"])
def test_a_join_is_a_join(kind: str) -> None:
    uplink = opened(message(type=kind, payload=None))
    assert (uplink.outcome, uplink.session, uplink.f_cnt) == (Outcome.JOIN, "A9020048", None)


def test_the_url_for_downlinks_stays_in_the_message() -> None:
    assert "secret" not in repr(opened(message(downlink_url="https://console.example.org/down/secret")))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message(dev_eui=None), "unwrap/no_device"),
        (message(dev_eui="x"), "unwrap/bad_eui"),
        (message(payload="hello world"), "unwrap/bad_payload"),
        (message(fcnt=True), "unwrap/bad_number"),
        (message(hotspots=5), "unwrap/bad_field"),
        (message(type="downlink"), "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(message(fcnt=True)).dev_eui == EUI
