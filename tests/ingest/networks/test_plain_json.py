from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from decoders.quantities import QUANTITIES
from ingest.networks.clock import parse
from ingest.networks.json_path import MISSING, compile_path, take
from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.networks.plain_json import MappingSettings
from ingest.networks.table import with_mappings
from ingest.networks.units import conversion
from ingest.unwrap import unwrap
from sinks.model import Envelope

ARRIVED = parse("2026-11-24T22:12:47Z") or 0
DISTANCE = {"distance_mm": {"path": "level", "unit": "cm"}}


def mapping(**given: Any) -> MappingSettings:
    return MappingSettings.model_validate({"device": "id", "time": "ts", "values": DISTANCE} | given)


def opened(
    body: Any, settings: MappingSettings | None = None, topic: str | None = None, arrived: int = ARRIVED
) -> Uplink:
    networks = with_mappings({"plain_json": settings or mapping()})
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (uplink,) = unwrap(Envelope("test", "plain_json", topic, raw, arrived), networks)
    return uplink


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", {"b": [10, {"c": 20}]}),
        ("a.b[0]", 10),
        ("a.b[1].c", 20),
        ("a.b[-1].c", 20),
        ('["x.y"]', 5),
        ('a["b"][0]', 10),
        ("a.b[2]", MISSING),
        ("a.b.c", MISSING),
        ("n", None),
        ("$topic[1]", "bin-7"),
        ("$topic[9]", MISSING),
    ],
)
def test_a_path_leads_to_its_value(path: str, found: object) -> None:
    body = {"a": {"b": [10, {"c": 20}]}, "x.y": 5, "n": None}
    assert take(compile_path(path), body, ["city", "bin-7"]) == found


def test_a_path_may_begin_in_a_list() -> None:
    assert take(compile_path("[1].a"), [0, {"a": 1}], []) == 1


@pytest.mark.parametrize(
    "path", ["", ".", "a.", "a..b", ".a", "a[", "a[x]", "a[1", 'a["]', "[1]a", "$topic", "$topic.x"]
)
def test_what_is_no_path_is_refused_with_an_example(path: str) -> None:
    with pytest.raises(ValueError, match="write"):
        compile_path(path)


@pytest.mark.parametrize(
    ("quantity", "unit", "raw", "value"),
    [
        ("distance_mm", "cm", 211.6, 2116.0),
        ("distance_mm", "m", "2.116", 2116.0),
        ("soil_moisture_pct", "m³/m³", 0.221, 22.1),
        ("soil_vwc", "%", 22.1, 0.221),
        ("soil_tension_kpa", "hPa", 300, 30.0),
        ("soil_ec_us_cm", "mS/cm", 0.123, 123.0),
        ("soil_ec_us_cm", "dS/m", 0.123, 123.0),
        ("soil_ec_us_cm", "\u03bcS/cm", 123, 123.0),
        ("battery_v", "mV", 3340, 3.34),
        ("temperature_c", "°F", 68, 20.0),
        ("temperature_c", "K", 293.15, 20.0),
    ],
)
def test_a_value_arrives_in_the_unit_of_its_quantity(quantity: str, unit: str, raw: object, value: float) -> None:
    settings = mapping(values={quantity: {"path": "v", "unit": unit}})
    decoded = opened({"id": "a", "v": raw}, settings).decoded or {}
    assert decoded[quantity] == pytest.approx(value, abs=1e-9)


def test_scale_and_offset_come_before_the_unit() -> None:
    values = {"temperature_c": {"path": "v", "unit": "°F", "scale": 0.1, "offset": 32}}
    assert opened({"id": "a", "v": 180}, mapping(values=values)).decoded == {"temperature_c": 10.0}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"values": {"distance": {"path": "v", "unit": "mm"}}}, "did you mean 'distance_mm'"),
        ({"values": {"soil_ec_us_cm": {"path": "v", "unit": "us/cm"}}}, "did you mean 'uS/cm'"),
        ({"values": {"distance_mm": {"path": "v", "unit": "°C"}}}, "does not give distance_mm in mm"),
        ({"values": {"distance_mm": {"path": "v[", "unit": "mm"}}}, "is not understood from '['"),
        ({"values": {"distance_mm": {"path": "v", "unit": "mm", "scale": float("nan")}}}, "finite"),
        ({"values": {}}, "at least 1"),
        ({"device": "a..b"}, "is not understood"),
        ({"timezone": "Europe/Offenbach"}, "write one like Europe/Berlin"),
        ({"timezone": "../secret"}, "write one like Europe/Berlin"),
        ({"tiem": "ts"}, "Extra inputs"),
    ],
)
def test_a_wrong_mapping_says_what_is_right(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("[", r"\[")):
        mapping(**given)


def test_a_key_of_a_network_cannot_be_used_for_a_mapping() -> None:
    with pytest.raises(ValueError, match="name of a network server"):
        with_mappings({"chirpstack": mapping()})


@pytest.mark.parametrize("quantity", sorted(QUANTITIES))
def test_every_quantity_takes_its_own_unit(quantity: str) -> None:
    assert conversion(quantity, QUANTITIES[quantity].unit) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("raw", "zone", "found"),
    [
        ("2026-11-24T22:12:00.5Z", None, "2026-11-24T22:12:00.5Z"),
        ("2026-11-24T23:12:00", "Europe/Berlin", "2026-11-24T22:12:00Z"),
        (1795558320, None, "2026-11-24T22:12:00Z"),
        (1795558320.25, None, "2026-11-24T22:12:00.25Z"),
        ("1795558320", None, "2026-11-24T22:12:00Z"),
        (1795558320123, None, "2026-11-24T22:12:00.123Z"),
    ],
)
def test_a_time_is_text_seconds_or_milliseconds(raw: object, zone: str | None, found: str) -> None:
    uplink = opened({"id": "a", "level": 1, "ts": raw}, mapping(timezone=zone))
    assert (uplink.received_ns, uplink.time_source) == (parse(found), TimeSource.APPLICATION)


@pytest.mark.parametrize("raw", ["2026-11-24T23:12:00", True, "soon", -5, 1e15, {}])
def test_a_time_that_nobody_can_read_is_the_arrival_with_a_flag(raw: object) -> None:
    uplink = opened({"id": "a", "level": 1, "ts": raw})
    assert (uplink.time_source, uplink.flags) == (TimeSource.ARRIVAL, ("time_unreadable",))


def test_without_a_time_the_arrival_counts() -> None:
    assert opened({"id": "a", "level": 1}).received_ns == ARRIVED


@pytest.mark.parametrize(
    ("raw", "device"),
    [
        ("24:E1:24:71:3B:49:00:01", ("24e124713b490001", None)),
        ("tank 7", (None, "plain_json/tank 7")),
        (17, (None, "plain_json/17")),
    ],
)
def test_a_device_is_an_eui_or_a_name_of_the_mapping(raw: object, device: tuple[str | None, str | None]) -> None:
    uplink = opened({"id": raw, "level": 1})
    assert (uplink.dev_eui, uplink.device_key) == device


def test_a_device_may_stand_in_the_topic() -> None:
    assert opened({"level": 1}, mapping(device="$topic[1]"), "bins/b7/state").device_key == "plain_json/b7"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"level": 1}, "unwrap/no_device"),
        ({"id": True, "level": 1}, "unwrap/no_device"),
        ({"id": "x" * 129, "level": 1}, "unwrap/no_device"),
        ({"id": "a"}, "unwrap/no_value"),
        ({"id": "a", "level": True}, "unwrap/bad_number"),
        ({"id": "a", "level": "NaN"}, "unwrap/bad_number"),
        ({"id": "a", "level": "1_000"}, "unwrap/bad_number"),
        (b'{"id": "a", "level": NaN}', "unwrap/not_json"),
        (b'{"id": "a", "level": 1e999}', "unwrap/bad_number"),
        (b"Online", "unwrap/not_json"),
    ],
)
def test_what_gives_no_value_is_a_dead_letter_with_its_reason(body: Any, reason: str) -> None:
    uplink = opened(body)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_one_bad_value_does_not_cost_the_others() -> None:
    values = DISTANCE | {"battery_v": {"path": "bat", "unit": "V"}, "temperature_c": {"path": "t", "unit": "°C"}}
    uplink = opened({"id": "a", "level": 1, "bat": "empty", "t": None}, mapping(values=values))
    assert uplink.decoded == {"distance_mm": 10.0, "battery_v": None, "temperature_c": None}
    assert uplink.reason == "unwrap/bad_number: no number at battery_v."


def test_counter_radio_and_model_are_taken_where_they_are_mapped() -> None:
    settings = mapping(f_cnt="n", rssi="r", snr="s", model="m")
    uplink = opened({"id": "a", "level": 1, "n": "5", "r": -90, "s": 2.5, "m": "hc-sr04"}, settings)
    assert (uplink.f_cnt, uplink.gateways, uplink.model) == (5, (Gateway("", -90.0, 2.5),), "hc-sr04")
    assert (uplink.best_rssi, uplink.best_snr) == (-90.0, 2.5)


def test_a_message_with_its_time_has_one_key_and_without_it_each_arrival_has_its_own() -> None:
    timed = {"id": "a", "level": 1, "ts": 1795558320}
    assert opened(timed).dedup_key == opened(timed, arrived=ARRIVED + 1).dedup_key
    untimed = {"id": "a", "level": 1}
    assert opened(untimed).dedup_key != opened(untimed, arrived=ARRIVED + 1).dedup_key


def test_an_undeclared_message_is_recognised_by_its_mapping() -> None:
    networks = with_mappings({"tanks": mapping()})
    (uplink,) = unwrap(Envelope("test", None, "x", b'{"id": "a", "level": 1}', ARRIVED), networks)
    assert (uplink.network, uplink.outcome) == ("tanks", Outcome.DATA)
