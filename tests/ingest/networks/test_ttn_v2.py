from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000201"
UP = "city-bins/devices/bin-17/up"
TIME = "2020-05-14T09:31:07.226618748Z"
GATEWAY_TIME = "2020-05-14T09:31:07.198Z"
ARRIVED = parse("2020-05-14T09:31:08Z") or 0


def row(**fields: Any) -> dict[str, Any]:
    return {"gtw_id": "eui-b827ebfffe0a0b0c", "time": GATEWAY_TIME, "rssi": -97, "snr": 7.2} | fields


def message(metadata: dict[str, Any] | None = None, **up: Any) -> dict[str, Any]:
    said = {"time": TIME, "modulation": "LORA", "data_rate": "SF7BW125", "gateways": [row()]} | (metadata or {})
    body = {
        "app_id": "city-bins",
        "dev_id": "bin-17",
        "hardware_serial": EUI.upper(),
        "port": 85,
        "counter": 8,
        "payload_raw": "AXUB",
        "metadata": said,
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, topic: str | None = UP, arrived: int = ARRIVED) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "ttn_v2", topic, json.dumps(value).encode(), arrived))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"counter": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"counter": None}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"port": 0, "payload_raw": None}, (0, 8, None, Outcome.NO_PAYLOAD)),
        ({"payload_raw": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_counter_and_port_are_never_left_out_so_a_missing_one_is_unknown(
    up: dict[str, Any], found: tuple[Any, ...]
) -> None:
    uplink = opened(message(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


def test_a_gateways_zero_is_left_out_and_fsk_has_no_snr() -> None:
    bare = {"gateways": [{"gtw_id": "roof"}]}
    assert (opened(message(bare)).best_rssi, opened(message(bare)).best_snr) == (0.0, 0.0)
    fsk = opened(message(bare | {"modulation": "FSK", "data_rate": ""}))
    assert (fsk.best_rssi, fsk.best_snr, fsk.spreading_factor) == (0.0, None, None)


def test_antennas_of_one_gateway_are_one_by_its_eui() -> None:
    rows = [row(), row(antenna=1, rssi=-90, snr=1), row(gtw_id="roof-library", snr=-1)]
    assert [gateway.id for gateway in opened(message({"gateways": rows})).gateways] == [
        "b827ebfffe0a0b0c",
        "roof-library",
    ]


@pytest.mark.parametrize(
    ("metadata", "found", "source"),
    [
        ({}, TIME, TimeSource.NETWORK),
        ({"time": None}, GATEWAY_TIME, TimeSource.GATEWAY),
        ({"time": "1970-01-01T00:00:00Z"}, GATEWAY_TIME, TimeSource.GATEWAY),
        ({"time": None, "gateways": [row(time="")]}, "2020-05-14T09:31:08Z", TimeSource.ARRIVAL),
    ],
)
def test_the_best_clock_of_a_message_says_when(metadata: dict[str, Any], found: str, source: TimeSource) -> None:
    uplink = opened(message(metadata))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), source)


@pytest.mark.parametrize(
    ("topic", "value", "outcome"),
    [
        ("activations", {"dev_eui": EUI, "dev_addr": "26012C34"}, Outcome.JOIN),
        ("down/scheduled", {"message": {"port": 1, "payload_raw": "AA=="}}, Outcome.QUEUED),
        ("down/sent", {"message": {"port": 1, "payload_raw": "AA=="}}, Outcome.SENT),
        ("down/acks", {"message": {"port": 1}}, Outcome.ACK),
        ("up/errors", {"error": "codec"}, Outcome.ERROR),
    ],
)
def test_events_are_told_apart_by_their_topic(topic: str, value: dict[str, Any], outcome: Outcome) -> None:
    uplink = opened(value, f"city-bins/devices/bin-17/events/{topic}")
    assert (uplink.outcome, uplink.f_cnt, uplink.payload) == (outcome, None, None)
    assert uplink.dev_eui == EUI or uplink.device_key == "city-bins/bin-17"


def test_an_error_says_its_words_as_the_reason() -> None:
    assert opened({"error": "codec failed"}, "city-bins/devices/bin-17/events/up/errors").reason == "codec failed"


@pytest.mark.parametrize("serial", [None, ""])
def test_a_device_without_eui_is_known_by_application_and_name(serial: str | None) -> None:
    assert opened(message(hardware_serial=serial), None).device_key == "city-bins/bin-17"


@pytest.mark.parametrize(
    ("value", "topic", "reason"),
    [
        ({"payload_raw": "AXUB", "port": 1}, "webhook", "unwrap/no_device"),
        (message(hardware_serial="not an eui"), UP, "unwrap/bad_eui"),
        (message(hardware_serial=5), UP, "unwrap/bad_eui"),
        (message(payload_raw="hello world"), UP, "unwrap/bad_payload"),
        (message(payload_raw=5), UP, "unwrap/bad_payload"),
        (message(counter=True), UP, "unwrap/bad_number"),
        (message(metadata={"gateways": 5}), UP, "unwrap/bad_field"),
        (message(), UP.replace("up", "events/reboot"), "unwrap/unknown_event"),
        ({"app_id": "a", "dev_id": "b", "metadata": {}}, None, "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, topic: str | None, reason: str) -> None:
    uplink = opened(value, topic)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(message(counter=True), None).dev_eui == EUI


def test_the_url_for_downlinks_and_its_key_stay_in_the_message() -> None:
    url = "https://integrations.example.org/down?key=ttn-account-v2.mAdEuPkEy"
    assert "mAdEuPkEy" not in repr(opened(message(downlink_url=url)))
