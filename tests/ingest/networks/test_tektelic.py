from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "647fda0000a0b003"
SECONDS = 1795558366
ARRIVED = (SECONDS + 1) * 1_000_000_000
BYTES = [1, 117, 100]


def first(payload: Any = "-", **said: Any) -> dict[str, Any]:
    row = {"mac": "647FDAFFFEA00001", "rxInfo": {"rssi": -46, "loRaSNR": 11, "time": ""}}
    meta = {"deviceMetaData": {"deviceEUI": EUI}, "gatewayMetaDataList": [row], "fport": 85, "fcount": 9} | said
    return {"payloadMetaData": meta, "payload": {"bytes": BYTES} if payload == "-" else payload}


def second(**said: Any) -> dict[str, Any]:
    meta = {"deviceEui": EUI, "fPort": 85, "fCntUp": 9, "recvTime": SECONDS, "dataRate": 5, "uLFreq": 866100000} | said
    return {"data": {"bytes": BYTES}, "errors": [], "tektelicMetadata": meta}


def opened(value: Any) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "tektelic", None, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"bytes": BYTES}, b"\x01\x75\x64"),
        ({"bytes": [1, -128, -1]}, b"\x01\x80\xff"),
        ({"bytes": "[1, 117, 100]"}, b"\x01\x75\x64"),
        ({"payload_hex": "017564"}, b"\x01\x75\x64"),
        ({"bytes": []}, b""),
        ({}, b""),
        (None, b""),
    ],
)
def test_bytes_come_as_numbers_or_as_text(payload: Any, found: bytes) -> None:
    uplink = opened(first(payload))
    assert (uplink.payload, uplink.outcome) == (found, Outcome.DATA if found else Outcome.NO_PAYLOAD)


def test_version_1_has_no_clock_but_our_own_and_its_gateways() -> None:
    assert opened(first()).time_source is TimeSource.ARRIVAL
    row = {"mac": "647FDAFFFEA00001", "rxInfo": {"time": "2026-11-24T22:12:46Z"}}
    uplink = opened(first(gatewayMetaDataList=[row]))
    assert (uplink.received_ns, uplink.time_source) == (SECONDS * 1_000_000_000, TimeSource.GATEWAY)


def test_version_2_has_the_servers_clock_and_a_data_rate() -> None:
    uplink = opened(second())
    assert (uplink.received_ns, uplink.time_source) == (SECONDS * 1_000_000_000, TimeSource.NETWORK)
    assert uplink.spreading_factor == 7


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (first(fcount=0), (85, 0)),
        (first(fcount=None, fport=None), (None, None)),
        (second(fCntUp=0), (85, 0)),
        (second(fCntUp=None, fPort=None), (None, None)),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(value: Any, found: tuple[int | None, ...]) -> None:
    uplink = opened(value)
    assert (uplink.f_port, uplink.f_cnt) == found


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (first({"temperature": 21.5}), "unwrap/bad_payload"),
        (first({"bytes": [256]}), "unwrap/bad_payload"),
        (first({"bytes": [True]}), "unwrap/bad_payload"),
        (first({"bytes": "[1, x]"}), "unwrap/bad_payload"),
        (first({"payload_hex": "0"}), "unwrap/bad_payload"),
        (first("017564"), "unwrap/bad_payload"),
        (first(deviceMetaData=None), "unwrap/no_device"),
        (first(fport=300), "unwrap/bad_number"),
        (second(deviceEui="647F"), "unwrap/bad_eui"),
        ({"payload": {"bytes": BYTES}}, "unwrap/no_device"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
