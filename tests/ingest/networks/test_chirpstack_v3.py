from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000101"
UP = f"application/3/device/{EUI}/event/up"
GATEWAY_TIME = "2026-11-24T22:12:46.445667Z"
PUBLISHED = "2026-11-24T22:12:46.702117Z"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0
HEAD = {"applicationID": "3", "applicationName": "bins", "deviceName": "bin 17", "devEUI": EUI}


def row(**fields: Any) -> dict[str, Any]:
    return {"gatewayID": "0016c001f1500011", "rssi": -97, "loRaSNR": 7.2, "time": GATEWAY_TIME} | fields


def message(**up: Any) -> dict[str, Any]:
    sent = {"frequency": 868100000, "dr": 5}
    body = HEAD | {"rxInfo": [row()], "txInfo": sent, "adr": True, "fCnt": 8, "fPort": 85, "data": "AXUB"} | up
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = UP, arrived: int = ARRIVED) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "chirpstack_v3", topic, json.dumps(value).encode(), arrived))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"fCnt": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fCnt": None}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"fPort": 0, "data": ""}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"fPort": 0}, (0, 8, b"\x01\x75\x01", Outcome.NO_PAYLOAD)),
        ({"data": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_json_says_its_zeros_so_a_missing_number_is_unknown(up: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (EUI, EUI),
        (EUI.upper(), EUI),
        (base64.b64encode(bytes.fromhex(EUI)).decode(), EUI),
        ("0102030405060708", "0102030405060708"),
    ],
)
def test_an_eui_is_base64_only_with_its_padding_for_sixteen_hex_digits_are_base64_too(text: str, found: str) -> None:
    assert opened(message(devEUI=text)).dev_eui == found


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"frequency": 868100000, "dr": 0}, 12),
        ({"frequency": 868300000, "dr": 6}, 7),
        ({"frequency": 868800000, "dr": 7}, None),
        ({"frequency": 904600000, "dr": 3}, None),
        ({"frequency": 904600000, "modulation": "LORA", "loRaModulationInfo": {"spreadingFactor": 8}}, 8),
        ({"dataRate": {"modulation": "LORA", "bandwidth": 125, "spreadFactor": 9}}, 9),
        ({"frequency": 868100000, "modulation": "LR_FHSS"}, None),
        (None, None),
    ],
)
def test_a_spreading_factor_is_said_or_follows_from_the_data_rate_of_eu868(sent: Any, found: int | None) -> None:
    assert opened(message(txInfo=sent)).spreading_factor == found


@pytest.mark.parametrize(
    "sent", [{"frequency": 868800000, "dr": 7}, {"modulation": "FSK"}, {"dataRate": {"modulation": "FSK"}}]
)
def test_fsk_has_no_snr(sent: dict[str, Any]) -> None:
    uplink = opened(message(txInfo=sent, rxInfo=[row(loRaSNR=0)]))
    assert (uplink.best_rssi, uplink.best_snr) == (-97.0, None)


@pytest.mark.parametrize(
    ("up", "found", "source"),
    [
        ({}, GATEWAY_TIME, TimeSource.GATEWAY),
        ({"publishedAt": PUBLISHED}, PUBLISHED, TimeSource.APPLICATION),
        ({"rxInfo": [row(time=None), row()]}, GATEWAY_TIME, TimeSource.GATEWAY),
        ({"rxInfo": [row(time="2026-11-24T20:12:46Z")]}, "2026-11-24T22:12:47Z", TimeSource.ARRIVAL),
        ({"rxInfo": [row(time=None)]}, "2026-11-24T22:12:47Z", TimeSource.ARRIVAL),
    ],
)
def test_the_best_clock_of_a_message_says_when(up: dict[str, Any], found: str, source: TimeSource) -> None:
    uplink = opened(message(**up))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), source)


def test_two_antennas_are_one_gateway_in_either_way_of_writing() -> None:
    other = base64.b64encode(bytes.fromhex("0016c001f1500011")).decode()
    uplink = opened(message(rxInfo=[row(rssi=-90, loRaSNR=1), row(gatewayID=other), row(gatewayID=None, mac=other)]))
    assert [(gateway.id, gateway.rssi, gateway.snr) for gateway in uplink.gateways] == [("0016c001f1500011", -97, 7.2)]
    assert (uplink.best_rssi, uplink.best_snr) == (-90, 7.2)


def test_an_id_of_a_reception_makes_copies_one_in_either_way_of_writing() -> None:
    uplink_id = "3f2a7c1e-5b7d-4c1a-9f02-7f31c6a90b11"
    written = base64.b64encode(bytes.fromhex(uplink_id.replace("-", ""))).decode()
    first = opened(message(rxInfo=[row(uplinkID=uplink_id)]))
    assert first.dedup_key == opened(message(rxInfo=[row(uplinkID=written)])).dedup_key
    assert first.dedup_key != opened(message(rxInfo=[row(uplinkID=uplink_id)], data="AXUC")).dedup_key
    nothing = "00000000-0000-0000-0000-000000000000"
    assert opened(message(rxInfo=[row(uplinkID=nothing)])).dedup_key == opened(message()).dedup_key


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"margin": 7, "batteryLevel": 60.5}, {"external_power": False, "margin_db": 7, "battery_pct": 60.5}),
        (
            {"margin": 0, "batteryLevel": 0, "externalPowerSource": True},
            {"external_power": True, "margin_db": 0},
        ),
        (
            {"margin": 0, "batteryLevel": 0, "batteryLevelUnavailable": True},
            {"external_power": False, "margin_db": 0},
        ),
        ({"margin": 7, "battery": 254}, {"external_power": False, "margin_db": 7, "battery_pct": 100.0}),
        ({"margin": 7, "battery": 0}, {"external_power": True, "margin_db": 7}),
        ({"margin": 7, "battery": 255}, {"external_power": False, "margin_db": 7}),
    ],
)
def test_a_status_is_margin_and_battery_and_no_flat_battery_where_none_is_known(
    fields: dict[str, Any], status: dict[str, Any]
) -> None:
    uplink = opened(HEAD | fields, UP.replace("/up", "/status"))
    assert (uplink.outcome, uplink.status) == (Outcome.STATUS, status)


@pytest.mark.parametrize(
    ("kind", "fields", "outcome"),
    [
        ("join", {"devAddr": "01e3a5c7"}, Outcome.JOIN),
        ("ack", {"acknowledged": True, "fCnt": 3}, Outcome.ACK),
        ("ack", {"acknowledged": False, "fCnt": 3}, Outcome.NACK),
        ("txack", {"fCnt": 3}, Outcome.TXACK),
        ("error", {"type": "OTAA", "error": "bad"}, Outcome.ERROR),
        ("location", {"location": {"latitude": 50.1}}, Outcome.LOCATION),
        ("integration", {"object": {"a": 1}}, Outcome.INTEGRATION),
    ],
)
@pytest.mark.parametrize("with_topic", [True, False])
def test_other_events_are_told_apart_with_and_without_topic(
    kind: str,
    fields: dict[str, Any],
    outcome: Outcome,
    with_topic: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    uplink = opened(HEAD | fields, UP.replace("/up", f"/{kind}") if with_topic else None)
    assert (uplink.outcome, uplink.f_cnt, uplink.f_port, uplink.payload) == (outcome, None, None, None)


def test_an_error_gives_its_type_and_words_as_the_reason() -> None:
    fields = {"type": "UPLINK_FCNT_RETRANSMISSION", "error": "did not increment", "fCnt": 7}
    assert opened(HEAD | fields, None).reason == "UPLINK_FCNT_RETRANSMISSION: did not increment"


@pytest.mark.parametrize(
    ("value", "topic", "reason"),
    [
        ({key: value for key, value in message().items() if key != "devEUI"}, "webhook", "unwrap/no_device"),
        (message(devEUI="AQIDBAUGBw=="), UP, "unwrap/bad_eui"),
        (message(devEUI=5), UP, "unwrap/bad_eui"),
        (message(data="hello world"), UP, "unwrap/bad_payload"),
        (message(data=5), UP, "unwrap/bad_payload"),
        (message(fCnt=True), UP, "unwrap/bad_number"),
        (message(fPort=300), UP, "unwrap/bad_number"),
        (message(rxInfo=[row(rssi=False)]), UP, "unwrap/bad_number"),
        (message(rxInfo=5), UP, "unwrap/bad_field"),
        (message(), UP.replace("/up", "/reboot"), "unwrap/unknown_event"),
        (HEAD, None, "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, topic: str | None, reason: str) -> None:
    uplink = opened(value, topic)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(message(fCnt=True, devEUI=base64.b64encode(bytes.fromhex(EUI)).decode()), None).dev_eui == EUI


def recorded(name: str) -> Envelope:
    for line in (Path(__file__).parent / "golden/chirpstack_v3.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["id"].endswith(name):
            body = base64.b64decode(record["message"]["protobuf_base64"])
            return Envelope("test", "chirpstack_v3", record["topic"], body, 0)
    raise AssertionError(name)


def test_data_is_read_from_payload_where_a_platform_in_between_renamed_it() -> None:
    assert opened(message(data=None, payload="AXUB"), None).payload == b"\x01\x75\x01"
    assert opened(message(payload={"distance": 5})).payload == b"\x01\x75\x01"


@pytest.mark.parametrize("kept", [("applicationID",), ("rxInfo",), ("deviceProfileName",), ("data", "fPort")])
def test_a_message_that_was_cut_down_on_its_way_is_recognised(kept: tuple[str, ...]) -> None:
    whole = message(deviceProfileName="EM400")
    body = json.dumps({key: whole[key] for key in ("devEUI", *kept)}).encode()
    (uplink,) = unwrap(Envelope("test", None, UP, body, ARRIVED))
    assert (uplink.network, uplink.dev_eui) == ("chirpstack_v3", EUI)


def test_protobuf_restores_the_zeros_that_it_drops() -> None:
    (uplink,) = unwrap(recorded("up-protobuf"))
    assert [(gateway.rssi, gateway.snr) for gateway in uplink.gateways] == [(-97, 7.2), (-120, 0.0)]


def test_protobuf_is_told_from_that_of_version_4_by_its_topic_or_its_first_field() -> None:
    body = recorded("up-protobuf").body
    for topic in (UP, "POST /chirpstack?event=up"):
        assert unwrap(Envelope("test", None, topic, body, 0))[0].network == "chirpstack_v3"


def test_protobuf_that_was_cut_short_is_a_dead_letter_or_a_shorter_event_of_the_device() -> None:
    envelope = recorded("up-protobuf")
    for length in range(1, len(envelope.body)):
        (uplink,) = unwrap(Envelope("test", "chirpstack_v3", envelope.topic, envelope.body[:length], 0))
        assert uplink.dev_eui == EUI


@pytest.mark.parametrize("body", [b"\x0a" + b"\xff" * 12, b"\x0b\x01", b"\x22\x05ab", b"\x22\x02ab"])
def test_what_is_no_protobuf_of_the_schema_is_a_dead_letter(body: bytes) -> None:
    (uplink,) = unwrap(Envelope("test", "chirpstack_v3", UP, body, 0))
    assert uplink.outcome is Outcome.DEAD_LETTER
