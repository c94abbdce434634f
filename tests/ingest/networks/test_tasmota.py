from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

TOPIC = "tele/tank7/SENSOR"
LOCAL = "2026-11-24T23:12:46"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0


def opened(body: Any, topic: str | None = TOPIC, network: str | None = "tasmota") -> Uplink:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (uplink,) = unwrap(Envelope("test", network, topic, raw, ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("sensors", "decoded"),
    [
        ({"SR04": {"Distance": 211.6}}, {"distance_mm": 2116.0}),
        ({"SR04": {"Distance": "211.6"}}, {"distance_mm": 2116.0}),
        ({"VL53L0X": {"Distance": 263}}, {"distance_mm": 263.0}),
        ({"VL53L1X-1": {"Distance": 0}}, {"distance_mm": 0.0}),
        ({"DS18B20": {"Id": "01131B123456", "Temperature": 20.6}, "TempUnit": "C"}, {"temperature_c": 20.6}),
        ({"DS18B20": {"Temperature": 68}, "TempUnit": "F"}, {"temperature_c": 20.0}),
        ({"SR04": {"Distance": None}}, {"distance_mm": None}),
        ({"SR04": {"Distance": 5}, "ESP32": {"Temperature": 53.3}}, {"distance_mm": 50.0}),
        ({"SR04": {"Distance": 5}, "MCP230XX": {"D0": 0}}, {"distance_mm": 50.0}),
        ({"CHIRP1": {"Moisture": 432, "Light": 12}}, {"soil_moisture_raw": 432.0}),
        (
            {"Flora-6a1b2c": {"Temperature": 8.5, "Moisture": 26, "Fertility": 210, "Battery": 97}},
            {"temperature_c": 8.5, "soil_moisture_index": 26.0, "soil_ec_us_cm": 210.0, "battery_pct": 97.0},
        ),
    ],
)
def test_values_of_known_sensors_are_read(sensors: dict[str, Any], decoded: dict[str, float | None]) -> None:
    uplink = opened({"Time": LOCAL} | sensors)
    assert (uplink.outcome, uplink.decoded) == (Outcome.DATA, decoded)


def test_two_values_of_one_quantity_are_none_and_harm_no_other() -> None:
    uplink = opened({"DS18B20-1": {"Temperature": 8}, "DS18B20-2": {"Temperature": 9}, "SR04": {"Distance": 5}})
    assert uplink.decoded == {"distance_mm": 50.0}
    assert (uplink.reason or "").startswith("unwrap/no_value: temperature_c by several sensors")


@pytest.mark.parametrize(
    ("time", "found", "source", "flags"),
    [
        ("2026-11-24T23:12:46+01:00", "2026-11-24T22:12:46Z", TimeSource.APPLICATION, ()),
        (LOCAL, "2026-11-24T22:12:47Z", TimeSource.ARRIVAL, ("time_unreadable",)),
        (None, "2026-11-24T22:12:47Z", TimeSource.ARRIVAL, ()),
    ],
)
def test_only_a_time_with_its_offset_is_believed(
    time: str | None, found: str, source: TimeSource, flags: tuple[str, ...]
) -> None:
    uplink = opened({"Time": time, "SR04": {"Distance": 5}})
    assert (uplink.received_ns, uplink.time_source, uplink.flags) == (parse(found), source, flags)


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("tele/tank7/SENSOR", "tasmota/tank7"),
        ("tank7/tele/SENSOR", "tasmota/tank7"),
        ("city/tele/north/tank7/SENSOR", "tasmota/city/north/tank7"),
    ],
)
def test_the_device_is_what_is_left_of_the_topic(topic: str, device: str) -> None:
    assert opened({"SR04": {"Distance": 5}}, topic, None).device_key == device


def test_an_answer_to_a_query_wraps_its_sensors() -> None:
    uplink = opened({"StatusSNS": {"Time": LOCAL, "SR04": {"Distance": 5}}}, "stat/tank7/STATUS10", None)
    assert (uplink.outcome, uplink.decoded) == (Outcome.DATA, {"distance_mm": 50.0})


@pytest.mark.parametrize(
    ("body", "topic", "outcome", "status"),
    [
        (b"Online", "tele/tank7/LWT", Outcome.STATUS, {"online": True}),
        (b"Offline", "tele/tank7/LWT", Outcome.STATUS, {"online": False}),
        ({"Time": LOCAL, "Uptime": "0T01:00:00", "Wifi": {"RSSI": 80}}, "tele/tank7/STATE", Outcome.STATUS, None),
        ({"Info1": {"Module": "Generic", "Version": "13.1.0"}}, "tele/tank7/INFO1", Outcome.STATUS, None),
        ({"POWER": "ON"}, "stat/tank7/RESULT", Outcome.LOG, None),
    ],
)
def test_everything_else_is_an_event(body: Any, topic: str, outcome: Outcome, status: dict[str, bool] | None) -> None:
    uplink = opened(body, topic, None)
    assert (uplink.outcome, uplink.device_key) == (outcome, "tasmota/tank7")
    assert status is None or uplink.status == status


def test_the_firmware_is_told_at_the_start() -> None:
    uplink = opened({"Info1": {"Module": "Generic", "Version": "13.1.0(tasmota)"}}, "tele/tank7/INFO1")
    assert uplink.status == {"firmware": "Tasmota 13.1.0(tasmota)"}


@pytest.mark.parametrize(
    ("body", "topic", "reason"),
    [
        ({"SR04": {"Distance": 5}}, None, "unwrap/no_device"),
        ({"SR04": {"Distance": 5}}, "tele/SENSOR", "unwrap/no_device"),
        ({"Time": LOCAL, "MCP230XX": {"D0": 0}}, TOPIC, "unwrap/no_value"),
        ({"DS18B20-1": {"Temperature": 8}, "DS18B20-2": {"Temperature": 9}}, TOPIC, "unwrap/no_value"),
        (b'{"SML": {"Power": 00012}}', TOPIC, "unwrap/not_json"),
        (b'{"SR04": {"Distance": nan}}', TOPIC, "unwrap/not_json"),
        (b"Online", TOPIC, "unwrap/not_json"),
        ([], TOPIC, "unwrap/bad_field"),
    ],
)
def test_what_gives_no_value_is_a_dead_letter_with_its_reason(body: Any, topic: str | None, reason: str) -> None:
    uplink = opened(body, topic)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
