from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "70b3d59ba0a0b002"
TIME, STORED = "2026-11-24T22:12:46.546Z", "2026-11-24T22:12:50.011Z"
ARRIVED = parse("2026-11-24T22:12:51Z") or 0


def message(value: Any = "-", top: dict[str, Any] | None = None, **lora: Any) -> dict[str, Any]:
    said = {"devEUI": EUI.upper(), "port": 85, "fcnt": 17, "rssi": -99, "snr": 7, "sf": 12} | lora
    body = {
        "streamId": f"urn:lo:nsid:lora:{EUI.upper()}",
        "id": "5db04870c74a496551700001",
        "timestamp": TIME,
        "created": STORED,
        "metadata": {"network": {"lora": {key: field for key, field in said.items() if field is not None}}},
        "value": {"payload": "017564"} if value == "-" else value,
    }
    return body | (top or {})


def opened(value: Any) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "live_objects", "fifo/bins", json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("lora", "found"),
    [
        ({}, (85, 17, (Gateway("", -99.0, 7.0),))),
        ({"fcnt": 0, "snr": 0}, (85, 0, (Gateway("", -99.0, 0.0),))),
        ({"fcnt": None, "port": None, "rssi": None, "snr": None}, (None, None, ())),
        ({"bestGatewayId": "FF0109A4"}, (85, 17, (Gateway("FF0109A4", -99.0, 7.0),))),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(lora: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**lora))
    assert (uplink.f_port, uplink.f_cnt, uplink.gateways) == found


def test_the_network_comes_before_the_platform() -> None:
    assert (opened(message()).received_ns, opened(message()).time_source) == (parse(TIME), TimeSource.NETWORK)
    later = opened(message(top={"timestamp": None}))
    assert (later.received_ns, later.time_source) == (parse(STORED), TimeSource.APPLICATION)


def test_a_redelivered_message_has_its_key_again() -> None:
    assert opened(message()).dedup_key == opened(message()).dedup_key
    assert opened(message()).dedup_key != opened(message(top={"id": "5db04870c74a496551700002"})).dedup_key


@pytest.mark.parametrize(("value", "payload"), [({}, b""), (None, b""), ({"payload": ""}, b"")])
def test_without_a_payload_there_is_none(value: Any, payload: bytes) -> None:
    uplink = opened(message(value))
    assert (uplink.outcome, uplink.payload) == (Outcome.NO_PAYLOAD, payload)


def test_a_join_is_an_event() -> None:
    assert opened(message(messageType="JOIN_REQUEST")).outcome is Outcome.JOIN


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message({"temp_sol": 14}), "unwrap/bad_payload"),
        (message({"payload": 5}), "unwrap/bad_payload"),
        (message({"payload": "017"}), "unwrap/bad_payload"),
        (message("text"), "unwrap/bad_field"),
        (message(port=300), "unwrap/bad_number"),
        (message(fcnt=True), "unwrap/bad_number"),
        (message(devEUI="70B3"), "unwrap/bad_eui"),
        ({"streamId": "android1", "value": {"t": 1}, "metadata": {"connector": "mqtt"}}, "unwrap/no_device"),
        (message(top={"metadata": {"connector": "sms"}}), "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
