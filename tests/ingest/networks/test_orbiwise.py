from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "70b3d5f830a0b004"
MS = 1795558366799
ARRIVED = (MS + 500) * 1_000_000


def message(**fields: Any) -> dict[str, Any]:
    body = {
        "id": MS,
        "deveui": EUI,
        "timestamp": "2026-11-24T22:12:46.799Z",
        "devaddr": 805313363,
        "dataFrame": "AXVk",
        "fcnt": 7264,
        "port": 85,
        **fields,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = None) -> list[Uplink]:
    return unwrap(Envelope("test", "orbiwise", topic, json.dumps(value).encode(), ARRIVED))


def only(value: Any, topic: str | None = None) -> Uplink:
    (uplink,) = opened(value, topic)
    return uplink


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"fcnt": 0}, (85, 0, b"\x01\x75\x64", Outcome.DATA)),
        ({"fcnt": None, "port": None}, (None, None, b"\x01\x75\x64", Outcome.DATA)),
        ({"dataFrame": "017564", "data_format": "hex"}, (85, 7264, b"\x01\x75\x64", Outcome.DATA)),
        ({"dataFrame": ""}, (85, 7264, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_what_is_missing_is_unknown_and_a_zero_is_a_zero(fields: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = only(message(**fields))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    "fields", [{}, {"timestamp": "2026-11-24 23:12:46.799"}, {"timestamp": None}], ids=["own", "local", "none"]
)
def test_a_time_without_offset_is_not_believed_and_the_id_is_one_too(fields: dict[str, Any]) -> None:
    uplink = only(message(**fields))
    assert (uplink.received_ns, uplink.time_source) == (MS * 1_000_000, TimeSource.NETWORK)


def test_what_the_server_kept_is_late_and_keeps_its_time() -> None:
    uplink = only(message(live=False, timestamp="2026-11-23T22:12:46Z"))
    assert (uplink.received_ns, uplink.flags) == ((MS - 799 - 86_400_000) * 1_000_000, ("late",))


def test_the_address_is_a_decimal_number() -> None:
    assert only(message()).session == f"{805313363:08x}"
    assert only(message(devaddr="000a0022")).session == "000a0022"


def test_of_a_list_of_gateways_the_levels_at_the_top_are_no_further_one() -> None:
    row = {"gtw_id": "00000F0C210A0001", "rssi": -101, "snr": 3.5}
    assert only(message(rssi=-101, snr=3.5, gtw_info=[row])).gateways == (Gateway("00000f0c210a0001", -101.0, 3.5),)
    assert only(message(rssi=-101, snr=3.5)).gateways == (Gateway("", -101.0, 3.5),)


def test_a_list_gives_all_its_frames() -> None:
    found = opened([message(), message(fcnt=7265), message(deveui=None)])
    assert [uplink.outcome for uplink in found] == [Outcome.DATA, Outcome.DATA, Outcome.DEAD_LETTER]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"deveui": None}, "unwrap/no_device"),
        ({"deveui": "xxxxxxx"}, "unwrap/bad_eui"),
        ({"dataFrame": "no base64!"}, "unwrap/bad_payload"),
        ({"port": 256}, "unwrap/bad_number"),
        ({"fcnt": True}, "unwrap/bad_number"),
        ({"decrypted": False}, "unwrap/encrypted"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    uplink = only(message(**fields))
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
