from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "a81758fffe0a0b02"
TIME = "2026-11-24T22:12:46.799874Z"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0


def raw(**fields: Any) -> dict[str, Any]:
    body = {
        "devEui": EUI,
        "messageType": "payload",
        "timestamp": TIME,
        "payload": "0100e2",
        "fCntUp": 4427,
        "rssi": "-115",
        "snr": "-8.2",
        "gatewayIdentifier": "1789",
        "spreadingFactor": "7",
        "fPort": "5",
        **fields,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = None) -> list[Uplink]:
    return unwrap(Envelope("test", "netmore", topic, json.dumps(value).encode(), ARRIVED))


def only(value: Any, topic: str | None = None) -> Uplink:
    (uplink,) = opened(value, topic)
    return uplink


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, (5, 4427, Outcome.DATA)),
        ({"fCntUp": 0}, (5, 0, Outcome.DATA)),
        ({"fCntUp": None}, (5, None, Outcome.DATA)),
        ({"fPort": None}, (None, 4427, Outcome.DATA)),
        ({"fPort": "0", "payload": ""}, (0, 4427, Outcome.NO_PAYLOAD)),
        ({"payload": None}, (5, 4427, Outcome.NO_PAYLOAD)),
        ({"messageType": None}, (5, 4427, Outcome.DATA)),
    ],
)
def test_numbers_stand_in_texts_and_what_is_missing_is_unknown(fields: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = only([raw(**fields)])
    assert (uplink.f_port, uplink.f_cnt, uplink.outcome) == found


def test_without_a_list_the_gateway_at_the_top_is_the_one() -> None:
    assert only([raw()]).gateways == (Gateway("1789", -115.0, -8.2),)


def test_of_a_list_the_gateway_at_the_top_is_no_further_one() -> None:
    row = {"gwEui": "647FDAFFFE016C02", "gatewayIdentifier": "1789", "rssi": "-115", "snr": "-8.2"}
    assert only([raw(gateways=[row])]).gateways == (Gateway("647fdafffe016c02", -115.0, -8.2),)


def test_a_frame_without_a_gateway_has_none() -> None:
    assert only([raw(rssi=None, snr=None, gatewayIdentifier=None)]).gateways == ()


def test_the_time_of_a_frame_comes_before_the_time_of_its_wrapper() -> None:
    wrapped = [{"t": 1795558366900, "n": "raw", "u": "json", "v": raw()}]
    assert (only(wrapped).received_ns, only(wrapped).time_source) == (parse(TIME), TimeSource.NETWORK)
    wrapped[0]["v"] = raw(timestamp=None)
    assert (only(wrapped).received_ns, only(wrapped).time_source) == (1795558366900000000, TimeSource.APPLICATION)


def test_every_frame_of_a_list_stands_for_itself() -> None:
    found = opened([raw(), raw(payload="zz"), raw(fCntUp=4428)])
    assert [uplink.outcome for uplink in found] == [Outcome.DATA, Outcome.DEAD_LETTER, Outcome.DATA]
    assert found[1].dev_eui == EUI
    assert len({uplink.dedup_key for uplink in found}) == 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "unwrap/empty"),
        ([raw(devEui=None)], "unwrap/no_device"),
        ([raw(devEui="116c52b4274f")], "unwrap/bad_eui"),
        ([raw(payload="0100e")], "unwrap/bad_payload"),
        ([raw(fPort="port")], "unwrap/bad_number"),
        ([raw(fPort=True)], "unwrap/bad_number"),
        ([raw(messageType="reboot")], "unwrap/unknown_event"),
        ([{"t": 1, "n": "temperature", "u": "C", "v": 22.6}], "unwrap/no_device"),
        ([5], "unwrap/bad_field"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = only(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_bare_frame_without_its_list_is_read_too() -> None:
    assert only(raw()).outcome is Outcome.DATA
