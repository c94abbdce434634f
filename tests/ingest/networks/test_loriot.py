from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000401"
TIME = "2026-11-24T23:12:46.445Z"
MS = (parse(TIME) or 0) // 1_000_000
ARRIVED = parse("2026-11-24T23:12:47Z") or 0


def row(gweui: str = "7076FFFFFF0A0B88", **fields: Any) -> dict[str, Any]:
    return {"gweui": gweui, "rssi": -91, "snr": 8, "ts": MS, "time": "2026-11-24T23:12:47.3Z", "ant": 0} | fields


def message(**up: Any) -> dict[str, Any]:
    body = {
        "cmd": "gw",
        "seqno": 17,
        "EUI": EUI.upper(),
        "ts": MS,
        "fcnt": 8,
        "port": 85,
        "dr": "SF7 BW125 4/5",
        "gws": [row()],
        "bat": 254,
        "data": "017501",
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, arrived: int = ARRIVED) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "loriot", None, json.dumps(value).encode(), arrived))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"fcnt": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fcnt": None}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"port": 0, "data": ""}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"port": None, "data": None}, (None, 8, None, Outcome.NO_PAYLOAD)),
        ({"data": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_zeros_are_written_so_a_missing_number_is_unknown(up: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize("text", [EUI, EUI.upper(), f"ELSYS-{EUI.upper()}", "24-E1-24-71-3E-00-04-01"])
def test_an_eui_is_read_with_dashes_and_behind_a_vendors_name(text: str) -> None:
    assert opened(message(EUI=text)).dev_eui == EUI


def test_a_gateway_listed_twice_is_one_and_best_rssi_and_snr_may_be_of_two() -> None:
    rows = [row(), row("7076FFFFFF0A0B89", rssi=-80, snr=-3), row(rssi=-95, snr=7)]
    uplink = opened(message(gws=rows))
    assert [gateway.id for gateway in uplink.gateways] == ["7076ffffff0a0b88", "7076ffffff0a0b89"]
    assert (uplink.best_rssi, uplink.best_snr) == (-80, 8)


def test_of_the_first_copy_alone_the_gateway_is_not_told() -> None:
    uplink = opened(message(cmd="rx", gws=None, rssi=-108, snr=0))
    assert [(gateway.id, gateway.rssi, gateway.snr) for gateway in uplink.gateways] == [("", -108, 0)]


@pytest.mark.parametrize(
    ("up", "found", "source"),
    [
        ({}, TIME, TimeSource.NETWORK),
        ({"ts": MS // 1000}, "2026-11-24T23:12:46Z", TimeSource.NETWORK),
        ({"ts": None}, TIME, TimeSource.NETWORK),
        ({"ts": None, "gws": [row(ts=None)]}, "2026-11-24T23:12:47.3Z", TimeSource.GATEWAY),
        ({"ts": None, "gws": [row(ts=None, time="2026-11-24T22:00:47Z")]}, "2026-11-24T23:12:47Z", TimeSource.ARRIVAL),
    ],
)
def test_the_best_clock_of_a_message_says_when(up: dict[str, Any], found: str, source: TimeSource) -> None:
    uplink = opened(message(**up))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), source)


def test_a_frame_kept_while_offline_is_late() -> None:
    uplink = opened(message(offline=True, ts=MS - 86_400_000))
    assert (uplink.flags, uplink.received_ns) == (("late",), parse("2026-11-23T23:12:46.445Z"))


def test_both_messages_of_a_frame_share_their_key_and_the_next_frame_has_another() -> None:
    first = opened(message(cmd="rx", gws=None, rssi=-108, snr=0))
    assert first.dedup_key == opened(message()).dedup_key
    assert first.dedup_key != opened(message(seqno=18)).dedup_key


@pytest.mark.parametrize(
    ("fields", "outcome", "status", "reason"),
    [
        ({"cmd": "txd", "seqdn": 12}, Outcome.SENT, {"f_cnt_down": 12}, None),
        ({"cmd": "tx", "port": 1, "data": "00"}, Outcome.QUEUED, None, None),
        ({"cmd": "tx", "error": "Device not found"}, Outcome.FAILED, None, "Device not found"),
    ],
)
def test_downlinks_are_events_without_counter_and_payload(
    fields: dict[str, Any], outcome: Outcome, status: dict[str, Any] | None, reason: str | None
) -> None:
    uplink = opened({"EUI": EUI, "ts": MS, **fields})
    assert (uplink.outcome, uplink.status, uplink.reason) == (outcome, status, reason)
    assert (uplink.f_cnt, uplink.f_port, uplink.payload) == (None, None, None)


def test_a_message_within_cras_wrapper_is_read_the_same() -> None:
    wrapped = {"type": "D", "tech": "L", "data": json.dumps(message())}
    assert opened(wrapped) == opened(message())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message(EUI=None), "unwrap/no_device"),
        (message(EUI="foobar"), "unwrap/bad_eui"),
        (message(EUI=5), "unwrap/bad_eui"),
        (message(data="AQIDBAUGBwg="), "unwrap/bad_payload"),
        (message(data=5), "unwrap/bad_payload"),
        (message(data=None, encdata="017501"), "unwrap/encrypted"),
        (message(fcnt=True), "unwrap/bad_number"),
        (message(gws=5), "unwrap/bad_field"),
        (message(cmd="cq"), "unwrap/unknown_event"),
        ({"tech": "L", "data": "{"}, "unwrap/not_json"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(message(fcnt=True)).dev_eui == EUI
    assert opened({"tech": "L", "data": json.dumps(message(data="x"))}).dev_eui == EUI
