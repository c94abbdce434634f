from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "faa73111a2a0b005"
SECONDS = 1795558366
ARRIVED = (SECONDS + 1) * 1_000_000_000


def message(said: str = "uplink", meta: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    known = {"device": EUI, "gateway": "7c95bd7986a00001", "time": SECONDS + 0.5, "packet_id": "p1"} | (meta or {})
    body = {"port": 85, "counter_up": 118, "payload": "AXVk", "rx_time": SECONDS + 0.25} | params
    return {
        "type": said,
        "meta": {key: value for key, value in known.items() if value is not None},
        "params": {key: value for key, value in body.items() if value is not None},
    }


def opened(value: Any) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "everynet", None, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"counter_up": 0}, (85, 0, Outcome.DATA)),
        ({"counter_up": None, "port": None}, (None, None, Outcome.DATA)),
        ({"payload": None}, (85, 118, Outcome.NO_PAYLOAD)),
        ({"payload": None, "encrypted_payload": "AAAA", "port": 0}, (0, 118, Outcome.NO_PAYLOAD)),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(params: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**params))
    assert (uplink.f_port, uplink.f_cnt, uplink.outcome) == found


@pytest.mark.parametrize(
    ("meta", "params", "seconds", "source"),
    [
        ({}, {}, SECONDS + 0.5, TimeSource.NETWORK),
        ({"time": None}, {}, SECONDS + 0.25, TimeSource.GATEWAY),
        ({"time": None}, {"rx_time": None, "radio": {"time": SECONDS + 0.125}}, SECONDS + 0.125, TimeSource.GATEWAY),
        ({"time": None}, {"rx_time": SECONDS - 7200}, SECONDS + 1, TimeSource.ARRIVAL),
    ],
)
def test_the_servers_time_comes_before_the_gateways(
    meta: dict[str, Any], params: dict[str, Any], seconds: float, source: TimeSource
) -> None:
    uplink = opened(message(meta=meta, **params))
    assert (uplink.received_ns, uplink.time_source) == (round(seconds * 1000) * 1_000_000, source)


def test_the_gateway_is_named_with_and_without_radio_data() -> None:
    assert opened(message()).gateways == (Gateway("7c95bd7986a00001", None, None),)
    radio = {"hardware": {"rssi": -113, "snr": 0}, "modulation": {"spreading": 12}}
    uplink = opened(message(radio=radio))
    assert (uplink.gateways, uplink.spreading_factor) == ((Gateway("7c95bd7986a00001", -113.0, 0.0),), 12)


def test_copies_by_other_gateways_have_keys_of_their_own() -> None:
    copy = opened(message(meta={"packet_id": "p2", "gateway": "7c95bd7986a00002"}, duplicate=True))
    assert copy.dedup_key != opened(message()).dedup_key
    assert (copy.f_cnt, copy.payload) == (opened(message()).f_cnt, opened(message()).payload)


@pytest.mark.parametrize(
    ("said", "outcome", "reason"),
    [
        ("join_request", Outcome.JOIN, None),
        ("downlink", Outcome.SENT, None),
        ("location", Outcome.LOCATION, None),
        ("warning", Outcome.LOG, "everynet: warning slow"),
        ("error", Outcome.ERROR, "everynet: error slow"),
    ],
)
def test_other_types_are_events(said: str, outcome: Outcome, reason: str | None) -> None:
    uplink = opened(message(said, message="slow"))
    assert (uplink.outcome, uplink.reason, uplink.f_cnt) == (outcome, reason, None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message(meta={"device": None}), "unwrap/no_device"),
        (message(meta={"device": "faa7"}), "unwrap/bad_eui"),
        (message("mystery"), "unwrap/unknown_event"),
        (message(payload="no base64!"), "unwrap/bad_payload"),
        (message(payload=None, encrypted_payload="AAAA"), "unwrap/encrypted"),
        (message(port=256), "unwrap/bad_number"),
        (message(radio={"hardware": {"rssi": "loud"}}), "unwrap/bad_number"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
