from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24E124713B490001"
NS = "2026-11-24T22:16:52.137516855Z"
AS = "2026-11-24T22:16:52.343925999Z"
GPS = "2026-11-24T22:16:52.136Z"
ARRIVED = parse("2026-11-24T22:16:53Z") or 0


def row(eui: str = "7276FF0039030A11", **fields: Any) -> dict[str, Any]:
    return {"gateway_ids": {"gateway_id": "gw", "eui": eui}} | fields


def message(ids: dict[str, Any] | None = None, **up: Any) -> dict[str, Any]:
    lora = {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 9}}}
    body = {"f_port": 85, "f_cnt": 7, "frm_payload": "AXUB", "received_at": NS, "settings": lora, **up}
    return {
        "end_device_ids": ids if ids is not None else {"device_id": "bin-1", "dev_eui": EUI, "dev_addr": "01348CDA"},
        "received_at": AS,
        "uplink_message": {key: value for key, value in body.items() if value is not None},
    }


def opened(value: Any, topic: str | None = None, arrived: int = ARRIVED) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "things_stack", topic, json.dumps(value).encode(), arrived))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"f_cnt": None}, (85, 0, Outcome.DATA)),
        ({"f_port": None}, (0, 7, Outcome.NO_PAYLOAD)),
        ({"frm_payload": None}, (85, 7, Outcome.NO_PAYLOAD)),
        ({"frm_payload": ""}, (85, 7, Outcome.NO_PAYLOAD)),
        ({"f_port": None, "frm_payload": None, "f_cnt": None}, (None, 0, Outcome.NO_PAYLOAD)),
        ({"f_port": "85", "f_cnt": "7"}, (85, 7, Outcome.DATA)),
        ({"f_port": 85.0, "f_cnt": "4294967295"}, (85, 4294967295, Outcome.DATA)),
    ],
)
def test_a_dropped_zero_is_a_zero_except_a_port_without_payload(up: dict[str, Any], found: tuple[Any, ...]) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.outcome) == found


@pytest.mark.parametrize(
    ("fields", "rate", "best"),
    [
        ({"rssi": -30}, {"lora": {"spreading_factor": 7}}, (-30.0, 0.0)),
        ({"snr": 3.5}, {"lora": {"spreading_factor": 7}}, (0.0, 3.5)),
        ({"channel_rssi": -99, "snr": 3.5}, {"lora": {}}, (-99.0, 3.5)),
        ({"rssi": -60}, {"fsk": {"bit_rate": 50000}}, (-60.0, None)),
        ({"rssi": -60}, {"lrfhss": {}}, (-60.0, None)),
        ({"rssi": "-107.000000", "snr": "2.5"}, {}, (-107.0, 2.5)),
    ],
)
def test_rssi_and_snr_of_zero_are_restored_and_fsk_has_no_snr(
    fields: dict[str, Any], rate: dict[str, Any], best: tuple[float | None, float | None]
) -> None:
    uplink = opened(message(rx_metadata=[row(**fields)], settings={"data_rate": rate}))
    assert (uplink.best_rssi, uplink.best_snr) == best


def test_a_gateway_heard_directly_and_through_packet_broker_is_one() -> None:
    broker = {"forwarder_gateway_eui": "7276FF0039030A11", "forwarder_tenant_id": "ttn"}
    through = {"gateway_ids": {"gateway_id": "packetbroker"}, "packet_broker": broker, "rssi": -97, "snr": 7.2}
    uplink = opened(message(rx_metadata=[row(rssi=-97, snr=7.0), through]))
    assert [(gateway.id, gateway.snr) for gateway in uplink.gateways] == [("7276ff0039030a11", 7.2)]


def test_two_gateways_behind_packet_broker_are_two() -> None:
    through = [
        {"gateway_ids": {"gateway_id": "packetbroker"}, "packet_broker": {"forwarder_gateway_eui": eui}, "rssi": -97}
        for eui in ("7276FF0039030A11", "7276FF0039030A12")
    ]
    assert len(opened(message(rx_metadata=through)).gateways) == 2


@pytest.mark.parametrize(
    ("up", "top", "found"),
    [
        ({}, AS, (NS, TimeSource.NETWORK, ())),
        ({"received_at": None}, AS, (AS, TimeSource.APPLICATION, ())),
        ({"received_at": "0001-01-01T00:00:00Z"}, AS, (AS, TimeSource.APPLICATION, ())),
        ({"received_at": "1980-01-06T00:00:00Z"}, AS, (AS, TimeSource.APPLICATION, ("time_implausible",))),
        ({"received_at": None, "rx_metadata": [row(time=NS), row(gps_time=GPS)]}, None, (GPS, TimeSource.GPS, ())),
        ({"received_at": None, "rx_metadata": [row(time=GPS)]}, None, (GPS, TimeSource.GATEWAY, ())),
        (
            {"received_at": None, "rx_metadata": [row(time="2026-11-24T20:16:52Z")]},
            None,
            ("2026-11-24T22:16:53Z", TimeSource.ARRIVAL, ("time_implausible",)),
        ),
        ({"received_at": None}, None, ("2026-11-24T22:16:53Z", TimeSource.ARRIVAL, ())),
    ],
)
def test_the_best_clock_of_a_message_says_when(
    up: dict[str, Any], top: str | None, found: tuple[str, TimeSource, tuple[str, ...]]
) -> None:
    uplink = opened(message(**up) | {"received_at": top})
    assert (uplink.received_ns, uplink.time_source, uplink.flags) == (parse(found[0]), *found[1:])


def test_without_own_time_and_arrival_there_is_no_time() -> None:
    uplink = opened(message(received_at=None) | {"received_at": None}, arrived=0)
    assert (uplink.received_ns, uplink.time_source) == (None, None)


@pytest.mark.parametrize(
    ("ids", "topic", "device"),
    [
        ({"device_id": "bin-1", "application_ids": {"application_id": "waste"}}, None, (None, "waste/bin-1")),
        ({"device_id": "bin-1", "application_ids": {}}, None, (None, "/bin-1")),
        ({}, "v3/waste@city/devices/bin-1/up", (None, "waste/bin-1")),
        ({}, "webhook /hook/24E124713B490001/up", ("24e124713b490001", None)),
    ],
)
def test_a_device_without_eui_is_known_by_application_and_id(
    ids: dict[str, Any], topic: str | None, device: tuple[str | None, str | None]
) -> None:
    uplink = opened(message(ids), topic)
    assert (uplink.dev_eui, uplink.device_key) == device


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message({}), "unwrap/no_device"),
        (message({"dev_eui": "not an eui"}), "unwrap/bad_eui"),
        (message({"dev_eui": 5}), "unwrap/bad_eui"),
        (message(frm_payload="base64 encoded payload"), "unwrap/bad_payload"),
        (message(frm_payload=5), "unwrap/bad_payload"),
        (message(f_port=True), "unwrap/bad_number"),
        (message(f_port=256), "unwrap/bad_number"),
        (message(f_cnt=-1), "unwrap/bad_number"),
        (message(rx_metadata=[row(rssi="nan")]), "unwrap/bad_number"),
        (message(rx_metadata={}), "unwrap/bad_field"),
        (message(app_s_key={"key": "c2VjcmV0c2VjcmV0c2VjcmV0"}), "unwrap/encrypted"),
        ({"end_device_ids": {"dev_eui": EUI}, "uplink_message_v9": {}}, "unwrap/unknown_event"),
        (5, "unwrap/bad_field"),
        ([], "unwrap/empty"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


@pytest.mark.parametrize("up", [{"f_port": True}, {"frm_payload": "?"}, {"app_s_key": {}}])
def test_a_dead_letter_names_its_device_where_it_can(up: dict[str, Any]) -> None:
    assert opened(message(**up)).dev_eui == EUI.lower()
    without_eui = {"device_id": "bin-1", "application_ids": {"application_id": "waste"}}
    assert opened(message(without_eui, **up)).device_key == "waste/bin-1"


def test_no_key_of_a_session_leaves_the_message() -> None:
    key = {"key": "c2VjcmV0c2VjcmV0c2VjcmV0", "kek_label": "label-of-the-kek"}
    join = {"end_device_ids": {"dev_eui": EUI}, "join_accept": {"session_key_id": "AaIP", "app_s_key": key}}
    for value in (message(app_s_key=key), join):
        assert "c2VjcmV0" not in repr(opened(value))
        assert "kek" not in repr(opened(value))


def test_the_session_is_its_key_id_or_else_the_address() -> None:
    assert opened(message(session_key_id="AaIP")).session == "AaIP"
    assert opened(message()).session == "01348CDA"


def test_copies_by_mqtt_webhook_and_storage_share_their_dedup_key_though_storage_has_no_id() -> None:
    value = message() | {"correlation_ids": ["as:up:1", "gs:uplink:01M87T41352SF01CTXFC46KPD7"]}
    copies = [opened(value, topic) for topic in ("v3/waste/devices/bin-1/up", "webhook /hook/up")]
    copies.append(opened(message(), None))
    assert len({copy.dedup_key for copy in copies}) == 1


def test_without_the_network_servers_time_the_servers_id_tells_frames_apart() -> None:
    value = message(received_at=None) | {"correlation_ids": ["gs:uplink:01M87T41352SF01CTXFC46KPD7"]}
    assert "01M87T41352SF01CTXFC46KPD7" in str(opened(value).dedup_key)


def test_without_the_servers_id_the_servers_time_tells_frames_apart() -> None:
    again = message(received_at="2026-11-24T22:16:52.137516856Z")
    assert opened(message()).dedup_key == opened(message()).dedup_key
    assert opened(message()).dedup_key != opened(again).dedup_key


def test_each_normalized_measurement_of_a_frame_keeps_its_own_key() -> None:
    ids = {"end_device_ids": {"dev_eui": EUI}, "correlation_ids": ["gs:uplink:01M8"]}
    keys = {
        opened(ids | {"uplink_normalized": {"normalized_payload": {"air": {"temperature": value}}}}).dedup_key
        for value in (1, 2)
    }
    assert len(keys) == 2


def test_a_simulated_frame_is_never_data() -> None:
    uplink = opened(message() | {"simulated": True})
    assert (uplink.outcome, uplink.flags) == (Outcome.SIMULATED, ("simulated",))


def test_a_stored_frame_is_a_back_fill() -> None:
    uplink = opened({"result": message()})
    assert (uplink.outcome, uplink.flags) == (Outcome.DATA, ("backfill",))


def test_lines_and_lists_of_the_storage_integration_are_frames_of_their_own_and_a_bad_one_harms_no_other() -> None:
    stored = [{"result": message(f_cnt=f_cnt)} for f_cnt in (1, -1, 3)]
    lines = "\n\n".join(json.dumps(one) for one in stored)
    for body in (lines, json.dumps(stored)):
        for network in ("things_stack", None):
            found = unwrap(Envelope("test", network, None, body.encode(), ARRIVED))
            assert [uplink.f_cnt for uplink in found] == [1, None, 3]
            assert [uplink.outcome for uplink in found] == [Outcome.DATA, Outcome.DEAD_LETTER, Outcome.DATA]
            assert {uplink.dev_eui for uplink in found} == {EUI.lower()}


@pytest.mark.parametrize(
    ("kind", "body", "outcome", "f_cnt"),
    [
        ("downlink_queued", {"f_port": 85}, Outcome.QUEUED, None),
        ("downlink_sent", {"f_port": 85, "session_key_id": "AaIP"}, Outcome.SENT, 0),
        ("downlink_ack", {"f_port": 85, "f_cnt": 2}, Outcome.ACK, 2),
        ("downlink_nack", {"f_port": 85, "f_cnt": 3}, Outcome.NACK, 3),
        ("downlink_failed", {"downlink": {"f_port": 85}, "error": {"name": "too_long"}}, Outcome.FAILED, None),
        ("downlink_failed", {"downlink": {"f_port": 85, "session_key_id": "AaIP"}}, Outcome.FAILED, 0),
        ("service_data", {"service": "lora-cloud"}, Outcome.INTEGRATION, None),
        ("location_solved", {"service": "gls"}, Outcome.LOCATION, None),
    ],
)
def test_other_events_are_told_apart(kind: str, body: dict[str, Any], outcome: Outcome, f_cnt: int | None) -> None:
    uplink = opened({"end_device_ids": {"dev_eui": EUI}, "received_at": AS, kind: body})
    assert (uplink.outcome, uplink.f_cnt, uplink.dev_eui) == (outcome, f_cnt, EUI.lower())


def test_every_invalidated_downlink_is_an_event_of_its_own() -> None:
    value = {
        "end_device_ids": {"dev_eui": EUI},
        "downlink_queue_invalidated": {"downlinks": [{"f_port": 1}, {"f_port": 1}]},
    }
    found = unwrap(Envelope("test", "things_stack", None, json.dumps(value).encode(), ARRIVED))
    assert [uplink.outcome for uplink in found] == [Outcome.FAILED, Outcome.FAILED]
    assert len({uplink.dedup_key for uplink in found}) == 2
