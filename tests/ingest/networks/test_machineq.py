from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000302"
TIME = "2026-11-24T23:11:55.829Z"
ARRIVED = parse("2026-11-24T23:11:56Z") or 0


def row(gateway: str = "0A0040C8", **fields: Any) -> dict[str, Any]:
    return {"GatewayID": gateway, "GatewayRSSI": "-104.000000", "GatewaySNR": "-3.750000"} | fields


def document(**up: Any) -> dict[str, Any]:
    body = {
        "Time": TIME,
        "DevEUI": EUI.upper(),
        "DevAddr": "12006B9E",
        "FPort": "85",
        "FCntUp": "4",
        "MessageType": "2",
        "payload_hex": "017501",
        "SpreadingFactor": "10",
        "Late": "0",
        "GatewayList": [row()],
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "machineq", None, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"FCntUp": "0"}, (85, 0, Outcome.DATA)),
        ({"FCntUp": ""}, (85, None, Outcome.DATA)),
        ({"FPort": "", "payload_hex": ""}, (None, 4, Outcome.NO_PAYLOAD)),
    ],
)
def test_an_empty_text_is_unknown_and_a_zero_is_a_zero(up: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(document(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.outcome) == found


def test_the_best_gateway_has_the_best_snr_whichever_is_at_the_top() -> None:
    rows = [row(), row("0A004116", GatewayRSSI="-111", GatewaySNR="2"), row("0A0051C7", GatewayRSSI="", GatewaySNR="")]
    uplink = opened(document(GatewayList=rows, GatewayID="0A0040C8", GatewayRSSI="-104", GatewaySNR="-3.75"))
    assert [(gateway.id, gateway.rssi, gateway.snr) for gateway in uplink.gateways] == [
        ("0A004116", -111, 2),
        ("0A0040C8", -104, -3.75),
        ("0A0051C7", None, None),
    ]


def test_without_a_list_the_gateway_at_the_top_counts() -> None:
    uplink = opened(document(GatewayList=None, GatewayID="0A0040C8", GatewayRSSI="-104", GatewaySNR="-3.75"))
    assert [gateway.id for gateway in uplink.gateways] == ["0A0040C8"]


def test_the_time_of_a_queued_frame_is_believed_however_old() -> None:
    uplink = opened(document(Late="1", Time="2026-11-20T23:11:55.829Z"))
    assert (uplink.time_source, uplink.flags) == (TimeSource.NETWORK, ("late",))
    assert uplink.received_ns == parse("2026-11-20T23:11:55.829Z")


def test_a_join_request_is_a_join() -> None:
    assert opened(document(MessageType="0")).outcome is Outcome.JOIN


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (document(DevEUI=""), "unwrap/no_device"),
        (document(DevEUI="x"), "unwrap/bad_eui"),
        (document(payload_hex="0x01"), "unwrap/bad_payload"),
        (document(FPort="x"), "unwrap/bad_number"),
        (document(GatewayList=5), "unwrap/bad_field"),
        (document(AppSKey="0123456789abcdef"), "unwrap/encrypted"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_message_that_lost_its_device_on_the_way_says_what_is_missing() -> None:
    body = json.dumps(document(DevEUI=None)).encode()
    (uplink,) = unwrap(Envelope("test", None, None, body, ARRIVED))
    assert (uplink.network, (uplink.reason or "").partition(": ")[0]) == ("machineq", "unwrap/no_device")


def test_a_dead_letter_names_its_device_and_no_key() -> None:
    uplink = opened(document(AppSKey="0123456789abcdef"))
    assert uplink.dev_eui == EUI
    assert "0123456789abcdef" not in repr(uplink)
