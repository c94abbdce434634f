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

EUI = "24e124713d000001"
UP = f"application/ceae7fb4-8915-4b76-8f49-566f68f16d4c/device/{EUI}/event/up"
TIME = "2026-11-24T22:12:46.445667+00:00"
NS = "2026-11-24T22:12:46.447040839+00:00"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0


def row(gateway: str = "0016c001f1500001", **fields: Any) -> dict[str, Any]:
    return {"gatewayId": gateway, "nsTime": NS, "rssi": -97, "snr": 7.2} | fields


def message(**up: Any) -> dict[str, Any]:
    body = {
        "deduplicationId": "7516400c-5601-4865-8c39-2d9a0cc031af",
        "time": TIME,
        "deviceInfo": {"devEui": EUI},
        "devAddr": "0065a4e8",
        "fCnt": 8,
        "fPort": 85,
        "data": "AXUB",
        "rxInfo": [row()],
        "txInfo": {"modulation": {"lora": {"spreadingFactor": 7}}},
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = UP, arrived: int = ARRIVED) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "chirpstack", topic, json.dumps(value).encode(), arrived))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"fCnt": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fCnt": None}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"fPort": 0, "data": ""}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"fPort": None, "data": None}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"data": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
        ({"fPort": 0}, (0, 8, b"\x01\x75\x01", Outcome.NO_PAYLOAD)),
    ],
)
def test_zeros_of_version_4_0_are_restored_and_port_0_carries_no_payload(
    up: dict[str, Any], found: tuple[Any, ...]
) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


@pytest.mark.parametrize(
    ("fields", "modulation", "best"),
    [
        ({}, {"lora": {"spreadingFactor": 7}}, (0.0, 0.0)),
        ({"rssi": -60}, {"fsk": {"datarate": 50000}}, (-60.0, None)),
        ({"rssi": -60, "snr": 1.5}, {"lrFhss": {}}, (-60.0, 1.5)),
        ({"rssi": "-60", "snr": "1.5"}, {}, (-60.0, 1.5)),
    ],
)
def test_rssi_and_snr_of_zero_are_restored_and_fsk_has_no_snr(
    fields: dict[str, Any], modulation: dict[str, Any], best: tuple[float | None, float | None]
) -> None:
    rows = [{"gatewayId": "0016c001f1500001"} | fields]
    uplink = opened(message(rxInfo=rows, txInfo={"modulation": modulation}))
    assert (uplink.best_rssi, uplink.best_snr) == best


def test_a_gateway_in_several_rows_is_one() -> None:
    uplink = opened(message(rxInfo=[row(), row("0016c001f1500002", snr=9.0), row()]))
    assert [gateway.id for gateway in uplink.gateways] == ["0016c001f1500002", "0016c001f1500001"]


@pytest.mark.parametrize(
    ("time", "rows", "found", "source", "flags"),
    [
        (TIME, [row()], TIME, TimeSource.NETWORK, ()),
        ("2026-11-24T21:12:46Z", [row()], NS, TimeSource.NETWORK, ("time_implausible",)),
        ("1980-01-06T00:00:10Z", [row()], NS, TimeSource.NETWORK, ("time_implausible",)),
        ("2026-11-24T22:12:56Z", [row()], NS, TimeSource.NETWORK, ("time_implausible",)),
        (TIME, [row(nsTime=None)], TIME, TimeSource.NETWORK, ()),
        (None, [row()], NS, TimeSource.NETWORK, ()),
        ("1980-01-06T00:00:10Z", [row(nsTime=None, gwTime=TIME)], TIME, TimeSource.GATEWAY, ("time_implausible",)),
        ("1980-01-06T00:00:10Z", [row(nsTime=None, time=TIME)], TIME, TimeSource.GATEWAY, ("time_implausible",)),
        ("1980-01-06T00:00:10Z", [], "2026-11-24T22:12:47Z", TimeSource.ARRIVAL, ("time_implausible",)),
    ],
    ids=[
        "time agrees with the server",
        "GPS an hour behind",
        "GPS without lock",
        "gateway 10 s ahead",
        "before 4.6 there is only time",
        "no time",
        "gateway time, 4.6",
        "gateway time, before",
        "nothing left but the arrival",
    ],
)
def test_the_servers_own_clock_judges_the_time_of_the_event(
    time: str | None, rows: list[dict[str, Any]], found: str, source: TimeSource, flags: tuple[str, ...]
) -> None:
    uplink = opened(message(time=time, rxInfo=rows))
    assert (uplink.received_ns, uplink.time_source, uplink.flags) == (parse(found), source, flags)


def test_the_earliest_of_the_servers_times_counts_whatever_the_order_of_rows() -> None:
    later = row("0016c001f1500002", nsTime="2026-11-24T22:12:46.900Z")
    for rows in ([row(), later], [later, row()]):
        assert opened(message(time="1980-01-06T00:00:10Z", rxInfo=rows)).received_ns == parse(NS)


@pytest.mark.parametrize(
    ("value", "topic", "reason"),
    [
        (message(deviceInfo={}), "webhook", "unwrap/no_device"),
        (message(deviceInfo={"devEui": "JOEkcT0AAAE="}), UP, "unwrap/bad_eui"),
        (message(data="hello world"), UP, "unwrap/bad_payload"),
        (message(fCnt=True), UP, "unwrap/bad_number"),
        (message(fPort=300), UP, "unwrap/bad_number"),
        (message(rxInfo=[row(rssi=False)]), UP, "unwrap/bad_number"),
        (message(rxInfo=5), UP, "unwrap/bad_field"),
        (message(joinServerContext={"sessionKeyId": "AaIP"}), UP, "unwrap/encrypted"),
        (message(), UP.replace("/up", "/reboot"), "unwrap/unknown_event"),
        (message(), "POST /chirpstack?event=reboot", "unwrap/unknown_event"),
        ({"deviceInfo": {"devEui": EUI}, "time": TIME}, None, "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, topic: str | None, reason: str) -> None:
    uplink = opened(value, topic)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(message(fCnt=True)).dev_eui == EUI
    assert opened(message(joinServerContext={}, deviceInfo={"devEui": EUI.upper()})).dev_eui == EUI


def test_an_event_without_device_takes_the_one_of_its_topic() -> None:
    assert opened(message(deviceInfo={})).dev_eui == EUI


@pytest.mark.parametrize(
    "topic", ["POST /chirpstack?event=up", "/in?token=x&event=up&y=1", "city/sensors/up", "webhook /in", "", None]
)
def test_the_event_is_read_from_suffix_query_or_keys(topic: str | None) -> None:
    assert opened(message(), topic).outcome is Outcome.DATA


def test_a_fork_that_calls_the_data_payload_and_writes_nulls_is_read() -> None:
    nulls = {"level": None, "margin": 0, "batteryLevel": 0.0, "externalPowerSource": None, "queueItemId": ""}
    value = {key: value for key, value in message().items() if key != "data"}
    for topic in (UP, None):
        assert opened(value | nulls | {"payload": "AXUB", "acknowledged": False}, topic).payload == b"\x01\x75\x01"
    assert opened(message(payload={"temperature": 20})).payload == b"\x01\x75\x01"
    assert opened(value | {"payload": {"temperature": 20}}).outcome is Outcome.NO_PAYLOAD


def test_no_key_of_a_join_server_leaves_the_message() -> None:
    context = {"sessionKeyId": "AaIP", "appSKey": {"kekLabel": "label", "aesKey": "c2VjcmV0c2VjcmV0"}}
    for topic in (UP, UP.replace("/up", "/join")):
        assert "c2VjcmV0" not in repr(opened(message(joinServerContext=context), topic))


def test_join_and_up_of_one_id_and_test_data_that_reuse_an_id_keep_their_own_keys() -> None:
    join = {key: message()[key] for key in ("deduplicationId", "time", "deviceInfo", "devAddr")}
    keys = {
        opened(message()).dedup_key,
        opened(message(data="AXUC")).dedup_key,
        opened(join, UP.replace("/up", "/join")).dedup_key,
    }
    assert len(keys) == 3
    assert opened(message()).dedup_key == opened(message(), None).dedup_key


def test_log_lines_without_an_id_are_told_apart_by_what_they_say() -> None:
    keys = {
        opened({"time": TIME, "deviceInfo": {"devEui": EUI}, "level": "ERROR", "code": code}, None).dedup_key
        for code in ("OTAA", "UPLINK_MIC")
    }
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"margin": 7, "batteryLevel": 60.5}, {"margin_db": 7.0, "external_power": False, "battery_pct": 60.5}),
        ({}, {"margin_db": 0.0, "external_power": False, "battery_pct": 0.0}),
        ({"margin": -20, "externalPowerSource": True, "batteryLevel": 0.0}, {"margin_db": -20, "external_power": True}),
        ({"margin": 1, "batteryLevelUnavailable": True}, {"margin_db": 1.0, "external_power": False}),
    ],
)
def test_a_battery_on_mains_or_unknown_has_no_level(fields: dict[str, Any], status: dict[str, Any]) -> None:
    head = {"time": TIME, "deviceInfo": {"devEui": EUI}}
    assert opened(head | fields, UP.replace("/up", "/status")).status == status


@pytest.mark.parametrize(
    ("kind", "fields", "outcome"),
    [
        ("ack", {"queueItemId": "q", "acknowledged": True, "fCntDown": 3}, Outcome.ACK),
        ("ack", {"queueItemId": "q", "acknowledged": False, "fCntDown": 3}, Outcome.NACK),
        ("txack", {"downlinkId": 5, "queueItemId": "q", "gatewayId": "g", "fCntDown": 3}, Outcome.TXACK),
        ("location", {"location": {"latitude": 50.1}}, Outcome.LOCATION),
        ("integration", {"integrationName": "loracloud"}, Outcome.INTEGRATION),
        ("log", {"level": "WARNING", "code": "OTAA", "description": "text"}, Outcome.LOG),
        ("join", {"devAddr": "0065a4e8"}, Outcome.JOIN),
    ],
)
@pytest.mark.parametrize("with_topic", [True, False])
def test_other_events_are_told_apart_with_and_without_topic(
    kind: str,
    fields: dict[str, Any],
    outcome: Outcome,
    with_topic: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    head = {"time": TIME, "deviceInfo": {"devEui": EUI}}
    uplink = opened(head | fields, UP.replace("/up", f"/{kind}") if with_topic else None)
    assert (uplink.outcome, uplink.f_cnt, uplink.f_port, uplink.payload) == (outcome, None, None, None)


def test_a_log_line_gives_its_words_as_the_reason() -> None:
    fields = {"time": TIME, "deviceInfo": {"devEui": EUI}, "level": "WARNING", "code": "OTAA", "description": "bad"}
    assert opened(fields, None).reason == "OTAA: bad"


def recorded(name: str) -> Envelope:
    for line in (Path(__file__).parent / "golden/chirpstack.jsonl").read_text().splitlines():
        record = json.loads(line)
        if name in record["id"]:
            body = base64.b64decode(record["message"]["protobuf_base64"])
            return Envelope("test", "chirpstack", record["topic"], body, 0)
    raise AssertionError(name)


def test_protobuf_gives_decimal_numbers_as_json_does() -> None:
    (uplink,) = unwrap(recorded("pb-004-first-up"))
    assert [(gateway.rssi, gateway.snr) for gateway in uplink.gateways] == [(-97, 7.2), (-111, -7.8), (-118, -14.5)]


def test_protobuf_of_a_topic_that_names_no_event_is_a_dead_letter() -> None:
    envelope = recorded("pb-004-first-up")
    (uplink,) = unwrap(Envelope("test", "chirpstack", "in", envelope.body, 0))
    assert (uplink.reason or "").startswith("unwrap/unknown_event: ")


def test_protobuf_that_was_cut_short_is_a_dead_letter_or_a_shorter_event_of_the_device() -> None:
    envelope = recorded("pb-004-first-up")
    for length in range(1, len(envelope.body)):
        (uplink,) = unwrap(Envelope("test", "chirpstack", envelope.topic, envelope.body[:length], 0))
        assert uplink.dev_eui == EUI


def test_a_log_event_in_protobuf_without_level_and_code_has_the_first_of_each() -> None:
    device = b"\x12\x12\x42\x10" + EUI.encode()
    (uplink,) = unwrap(Envelope("test", "chirpstack", UP.replace("/up", "/log"), device, 0))
    assert uplink.status == {"log_level": "INFO", "log_code": "UNKNOWN"}


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a" + b"\xff" * 12,
        b"\x0b\x01",
        b"\x0a\x05ab",
        b"\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0d\x00\x00\x00\x00",
        b"\x08\x01",
    ],
    ids=["endless number", "group", "short text", "time out of range", "wrong wire type", "number for a text"],
)
def test_what_is_no_protobuf_of_the_schema_is_a_dead_letter(body: bytes) -> None:
    (uplink,) = unwrap(Envelope("test", "chirpstack", UP, body, 0))
    assert (uplink.outcome, uplink.dev_eui) == (Outcome.DEAD_LETTER, EUI)
