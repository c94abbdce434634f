from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713d000a01"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0
SERVER = 1795558366512


def message(**fields: Any) -> dict[str, Any]:
    body = {
        "id": "69246c1f2b7d4a0001c0ffe1",
        "endDevice": {"devEui": EUI.upper(), "devAddr": "01A2B3C4"},
        "fPort": 85,
        "fCntUp": 412,
        "payload": "017564",
        "recvTime": SERVER,
        **fields,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = None) -> list[Uplink]:
    return unwrap(Envelope("test", "wanesy", topic, json.dumps(value).encode(), ARRIVED))


def only(value: Any, topic: str | None = None) -> Uplink:
    (uplink,) = opened(value, topic)
    return uplink


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"fCntUp": 0, "fPort": 1}, (1, 0, b"\x01\x75\x64", Outcome.DATA)),
        ({"fCntUp": None, "fPort": None}, (None, None, b"\x01\x75\x64", Outcome.DATA)),
        ({"fCntUp": None, "fPort": None, "fcntUp": 7, "fport": 2}, (2, 7, b"\x01\x75\x64", Outcome.DATA)),
        ({"payload": ""}, (85, 412, b"", Outcome.NO_PAYLOAD)),
        ({"payload": None, "fPort": None}, (None, 412, None, Outcome.NO_PAYLOAD)),
        ({"fPort": 0}, (0, 412, b"\x01\x75\x64", Outcome.NO_PAYLOAD)),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(fields: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = only(message(**fields))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    ("fields", "found", "source", "flags"),
    [
        ({}, SERVER, TimeSource.NETWORK, ()),
        ({"gwRecvTime": SERVER - 90}, SERVER, TimeSource.NETWORK, ()),
        ({"gwRecvTime": SERVER - 9_000_000, "delayed": True}, SERVER - 9_000_000, TimeSource.GATEWAY, ("late",)),
        ({"delayed": True}, SERVER, TimeSource.NETWORK, ("late",)),
        ({"gwRecvTime": 12_000, "delayed": True}, SERVER, TimeSource.NETWORK, ("late", "time_implausible")),
    ],
    ids=["server", "gateway in time", "buffered", "buffered, without gateway's time", "buffered, gateway in 1970"],
)
def test_a_buffered_frame_is_of_the_time_when_its_gateway_heard_it(
    fields: dict[str, Any], found: int, source: TimeSource, flags: tuple[str, ...]
) -> None:
    uplink = only(message(**fields))
    assert (uplink.received_ns, uplink.time_source, uplink.flags) == (found * 1_000_000, source, flags)


def test_a_page_of_the_rest_api_gives_all_its_frames_as_a_back_fill() -> None:
    other = message(id="69246c1f2b7d4a0001c0ffe2", fCntUp=413)
    found = opened({"count": 2, "totalCount": 2, "list": [message(), other, {"id": "x", "fPort": 1}]})
    assert [(uplink.outcome, uplink.f_cnt) for uplink in found] == [
        (Outcome.DATA, 412),
        (Outcome.DATA, 413),
        (Outcome.DEAD_LETTER, None),
    ]
    assert all("backfill" in uplink.flags for uplink in found)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"endDevice": None}, "unwrap/no_device"),
        ({"endDevice": {"devEui": "24E1"}}, "unwrap/bad_eui"),
        ({"payload": "0175é"}, "unwrap/bad_payload"),
        ({"payload": "AXVk", "encodingType": "BASE32"}, "unwrap/bad_payload"),
        ({"payload": "base64 encoded payload", "encodingType": "BASE64"}, "unwrap/bad_payload"),
        ({"fPort": 300}, "unwrap/bad_number"),
        ({"fCntUp": True}, "unwrap/bad_number"),
        ({"encrypted": True}, "unwrap/encrypted"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    uplink = only(message(**fields))
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"event": "SENT", "status": "OK"}, Outcome.SENT),
        ({"event": "ACK", "status": "OK"}, Outcome.ACK),
        ({"event": "SENT", "status": "KO"}, Outcome.FAILED),
    ],
)
def test_a_downlinks_fate_is_an_event(fields: dict[str, str], outcome: Outcome) -> None:
    body = {"dataDownId": "d1", "endDevice": {"devEui": EUI}, "timestamp": SERVER, **fields}
    uplink = only(body)
    assert (uplink.outcome, uplink.dev_eui, uplink.f_cnt) == (outcome, EUI, None)


def test_a_downlinks_fate_without_a_device_says_what_to_push_instead() -> None:
    reason = only({"dataDownId": "d1", "event": "evt", "status": "OK", "clusterId": 1}).reason or ""
    assert reason.startswith("unwrap/no_device: ")
