from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713d000a03"
TIME = "2026-11-24T22:12:46.078763Z"
LOCAL = "2026-11-24T22:12:46Z"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0


def message(**fields: Any) -> dict[str, Any]:
    body = {
        "applicationID": 1,
        "devEUI": EUI,
        "time": TIME,
        "fCnt": 128,
        "fPort": 85,
        "data": "AXUB",
        "rxInfo": [{"mac": "24e124fffef5a001", "rssi": -51, "loRaSNR": 13.8, "time": TIME}],
        "txInfo": {"dataRate": {"modulation": "LORA", "spreadFactor": 7}},
        **fields,
    }
    return {key: value for key, value in body.items() if value != "-"}


def opened(value: Any, network: str | None = "milesight_gateway", topic: str | None = "/bins") -> Uplink:
    (uplink,) = unwrap(Envelope("test", network, topic, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"fCnt": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fCnt": "-"}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"data": ""}, (85, 128, b"", Outcome.NO_PAYLOAD)),
        ({"data": None, "fPort": 0}, (0, 128, None, Outcome.NO_PAYLOAD)),
        ({"data": "-", "fPort": 0}, (0, 128, None, Outcome.NO_PAYLOAD)),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(fields: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**fields))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    ("fields", "found", "source"),
    [
        ({}, TIME, TimeSource.NETWORK),
        ({"time": "2026-1124T22:12:46"}, TIME, TimeSource.GATEWAY),
        (
            {"time": "-", "rxInfo": [], "gatewayTime": "2026-11-24T23:12:47+01:00"},
            "2026-11-24T22:12:47Z",
            "application",
        ),
        ({"time": "-", "rxInfo": "-"}, "2026-11-24T22:12:47Z", TimeSource.ARRIVAL),
    ],
)
def test_the_gateway_is_the_server_and_its_time_counts(fields: dict[str, Any], found: str, source: str) -> None:
    uplink = opened(message(**fields))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), source)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"devEUI": "-"}, "unwrap/no_device"),
        ({"devEUI": "24e1"}, "unwrap/bad_eui"),
        ({"data": "-"}, "unwrap/bad_payload"),
        ({"data": "-", "fPort": "-", "rxInfo": "-"}, "unwrap/bad_payload"),
        ({"data": "not base64 at all"}, "unwrap/bad_payload"),
        ({"fPort": True}, "unwrap/bad_number"),
        ({"rxInfo": [{"rssi": "strong"}]}, "unwrap/bad_number"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    uplink = opened(message(**fields))
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_values_merged_into_the_top_change_nothing() -> None:
    assert opened(message(battery=92, distance=2116, status="-")).outcome is Outcome.DATA


def test_a_device_that_its_gateway_misses_is_a_status() -> None:
    uplink = opened({"devEUI": EUI, "gatewaySN": "6438", "status": "offline", "time": TIME}, None)
    assert (uplink.outcome, uplink.status) == (Outcome.STATUS, {"online": False})


def test_the_servers_words_of_an_error_are_its_reason() -> None:
    uplink = opened({"devEUI": EUI, "gatewaySN": "6438", "error": "device offline", "time": TIME}, None)
    assert (uplink.outcome, uplink.reason) == (Outcome.ERROR, "gateway: device offline")
