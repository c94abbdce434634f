from __future__ import annotations

from dataclasses import replace

from decoders import QUANTITIES, Code, Decoded, Event, Issue, Kind, Reading
from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.observe import observe
from ingest.site import site
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Field, Point, Quality
from sinks.ports import Place
from sinks.quality import parse_codes
from tests.ingest.house import NOW_MS, NOW_NS, town

BIN, TREE, SPARE = town().places


def uplink(**more: object) -> Uplink:
    known: dict[str, object] = {
        "network": "chirpstack",
        "outcome": Outcome.DATA,
        "dev_eui": BIN.device.dev_eui,
        "f_port": 85,
        "f_cnt": 0,
        "payload": b"\x01",
        "received_ns": NOW_NS,
        "time_source": TimeSource.NETWORK,
        "spreading_factor": 9,
        "gateways": (Gateway("aa", -90, 5.0), Gateway("bb", -80, 2.0)),
    }
    return Uplink(**(known | more))  # type: ignore[arg-type]


def measured(decoded: Decoded, place: Place = BIN) -> Point:
    return points(decoded, place)[0]


def points(decoded: Decoded | None, place: Place = BIN, frame: Uplink | None = None) -> list[Point]:
    found = observe(frame or uplink(), decoded, site(place), "milesight_em400_mud/1", 42)
    order = {"bin_level": 0, "soil": 0}
    return sorted(found, key=lambda point: order.get(point.series.measurement, 1))


def reading(**values: float | None) -> Decoded:
    return Decoded(Kind.TELEMETRY, (Reading(values),))


def flags(point: Point) -> dict[str, tuple[Quality, str]]:
    return dict(parse_codes(str(point.fields.get("quality_codes", ""))))


def test_a_distance_becomes_level_and_litres_with_place_provenance_and_link_in_one_row() -> None:
    point = measured(reading(distance_mm=2000.0, temperature_c=20.5))
    expected: dict[str, Field] = {
        "distance_mm": 2000.0,
        "temperature_c": 20.5,
        "level_pct": 50.0,
        "volume_l": 120.0,
        "lat": 50.1037,
        "lon": 8.7672,
        "quality": 1,
        "decoder": "milesight_em400_mud/1",
        "offset": 42,
        "gateway": "aa",
        "rssi_dbm": -90.0,
        "snr_db": 5.0,
        "gateways": 2,
        "f_cnt": 0,
        "f_port": 85,
        "spreading_factor": 9,
    }
    assert dict(point.fields) == expected
    assert point.time_ms == NOW_MS


def test_a_sentinel_is_no_value_but_a_reason_and_never_a_level() -> None:
    decoded = Decoded(
        Kind.TELEMETRY, (Reading({"distance_mm": None}),), issues=(Issue(Code.NO_ECHO, "distance_mm", 65533, ""),)
    )
    point = measured(decoded)
    assert "distance_mm" not in point.fields
    assert "level_pct" not in point.fields
    assert point.fields["quality"] == Quality.MISSING
    assert flags(point)["distance_mm"] == (Quality.MISSING, "no_echo")
    assert flags(point)["level_pct"] == (Quality.MISSING, "no_echo")


def test_a_level_that_cannot_be_is_left_out_and_the_distance_stays() -> None:
    point = measured(reading(distance_mm=9000.0))
    assert point.fields["distance_mm"] == 9000.0
    assert flags(point)["level_pct"] == (Quality.FAIL, "beyond_empty")


def test_a_value_beyond_physics_is_left_out_and_flagged() -> None:
    point = measured(reading(distance_mm=2000.0, temperature_c=999.0))
    assert "temperature_c" not in point.fields
    assert flags(point)["temperature_c"] == (Quality.FAIL, "out_of_range")


def test_a_frame_that_was_read_only_in_part_is_suspect() -> None:
    decoded = Decoded(
        Kind.TELEMETRY, (Reading({"distance_mm": 2000.0}),), issues=(Issue(Code.UNKNOWN_ITEM),), unparsed=b"\xee"
    )
    assert flags(measured(decoded))["frame"] == (Quality.SUSPECT, "unknown_item")


def test_a_quantity_of_another_kind_of_asset_is_not_stored_and_that_is_said() -> None:
    point = measured(reading(distance_mm=2000.0, soil_vwc=0.2))
    assert "soil_vwc" not in point.fields
    assert flags(point)["soil_vwc"] == (Quality.NOT_EVALUATED, "not_of_this_kind")


def test_every_quantity_of_the_vocabulary_has_a_place_in_the_data_model() -> None:
    homes = {"asset": ("bin_level", "soil"), "device": ("device_status",), "link": ("device_status",)}
    for quantity in QUANTITIES.values():
        places = [home for home in homes[quantity.subject] if quantity.key in MEASUREMENTS[home]]
        assert places, f"{quantity.key} has no field in MEASUREMENTS of sinks/influxdb/schema.py: it would be dropped"


def test_frozen_soil_gives_no_usable_water() -> None:
    point = measured(reading(soil_moisture_pct=20.0, soil_temperature_c=-2.0), TREE)
    assert "soil_nfk_pct" not in point.fields
    assert flags(point)["soil_moisture_pct"] == (Quality.FAIL, "frozen")


def test_several_depths_are_series_of_their_own() -> None:
    decoded = Decoded(Kind.TELEMETRY, (Reading({"soil_vwc": 0.2}, None, "30"), Reading({"soil_vwc": 0.3}, None, "60")))
    depths = [p.series.depth_cm for p in points(decoded, TREE) if p.series.measurement == "soil"]
    assert depths == ["30", "60"]


def test_the_mount_says_at_which_depth_a_channel_is() -> None:
    assert TREE.installation is not None
    place = replace(TREE, installation=replace(TREE.installation, mount={"channels": "1=30,2=60"}))
    decoded = Decoded(Kind.TELEMETRY, (Reading({"soil_vwc": 0.2}, None, "1"), Reading({"soil_vwc": 0.3}, None, "2")))
    assert [p.series.depth_cm for p in points(decoded, place) if p.series.measurement == "soil"] == ["30", "60"]


def test_a_reading_with_a_time_of_its_own_keeps_it() -> None:
    decoded = Decoded(Kind.HISTORY, (Reading({"distance_mm": 2000.0}, NOW_MS - 600_000),))
    assert measured(decoded).time_ms == NOW_MS - 600_000


def test_several_readings_of_one_instant_do_not_overwrite_each_other() -> None:
    decoded = Decoded(Kind.TELEMETRY, (Reading({"distance_mm": 1500.0}), Reading({"distance_mm": 2000.0})))
    levels = [(p.time_ms, p.fields["distance_mm"]) for p in points(decoded) if p.series.measurement == "bin_level"]
    assert levels == [(NOW_MS, 1500.0), (NOW_MS + 1, 2000.0)]


def test_the_link_is_that_of_the_best_gateway_and_a_zero_counter_is_a_value() -> None:
    (point,) = points(reading(distance_mm=2000.0))
    assert (point.fields["gateway"], point.fields["rssi_dbm"], point.fields["snr_db"]) == ("aa", -90.0, 5.0)
    assert point.fields["f_cnt"] == 0


def test_a_time_that_is_not_the_network_servers_says_whose_it_is() -> None:
    (network,), (gateway,) = (
        points(reading(distance_mm=2000.0), frame=uplink(time_source=source))
        for source in (TimeSource.NETWORK, TimeSource.GATEWAY)
    )
    assert (network.fields.get("time_source"), gateway.fields.get("time_source")) == (None, "gateway")


def test_the_devices_condition_stands_in_the_row_of_what_it_measured() -> None:
    decoded = Decoded(Kind.TELEMETRY, (Reading({"distance_mm": 2000.0, "battery_pct": 91.0}),), {"battery_pct": 91.0})
    (point,) = points(decoded)
    assert (point.series.measurement, point.fields["battery_pct"]) == ("bin_level", 91.0)


def test_a_battery_that_sent_no_value_says_nothing_about_the_quality_of_the_level() -> None:
    decoded = Decoded(Kind.TELEMETRY, (Reading({"distance_mm": 2000.0, "battery_pct": None}),))
    assert measured(decoded).fields["quality"] == Quality.GOOD


def test_of_several_depths_one_row_holds_condition_and_link() -> None:
    readings = (Reading({"soil_vwc": 0.2}, None, "30"), Reading({"soil_vwc": 0.3}, None, "60"))
    found = points(Decoded(Kind.TELEMETRY, readings, {"battery_v": 3.1}), TREE)
    assert [("battery_v" in p.fields, "rssi_dbm" in p.fields) for p in found] == [(True, True), (False, False)]


def test_condition_and_link_of_stored_readings_are_dated_to_the_reception() -> None:
    earlier = NOW_MS - 600_000
    found = points(Decoded(Kind.HISTORY, (Reading({"distance_mm": 2000.0}, earlier),), {"battery_v": 3.1}))
    assert [(p.series.measurement, p.time_ms, "battery_v" in p.fields) for p in found] == [
        ("bin_level", earlier, False),
        ("device_status", NOW_MS, True),
    ]


def test_the_devices_own_condition_goes_to_its_status() -> None:
    decoded = Decoded(Kind.STATUS, status={"battery_pct": 92.0, "firmware": "1.4", "serial_number": "x"})
    status = next(p for p in points(decoded) if p.series.measurement == "device_status")
    assert status.fields["battery_pct"] == 92.0
    assert status.fields["firmware"] == "1.4"
    assert "serial_number" not in status.fields


def test_the_network_servers_status_is_the_devices_status() -> None:
    frame = uplink(outcome=Outcome.STATUS, payload=None, gateways=(), status={"margin_db": 7, "external_power": True})
    (point,) = points(None, BIN, frame)
    assert point.series.measurement == "device_status"
    assert (point.fields["margin_db"], point.fields["external_power"]) == (7.0, True)


def test_all_events_of_a_frame_are_one_row() -> None:
    decoded = Decoded(Kind.ALARM, events=(Event("distance_alarm", {"distance_mm": 200.0}), Event("tilt_alarm")))
    event = next(p for p in points(decoded) if p.series.measurement == "event")
    assert event.fields["code"] == "distance_alarm tilt_alarm"
    assert event.fields["text"] == "distance_mm=200.0"


def test_a_frame_without_payload_says_only_how_it_was_heard() -> None:
    found = points(None, BIN, uplink(outcome=Outcome.NO_PAYLOAD, payload=b"", f_port=None))
    assert [(p.series.measurement, p.fields["snr_db"]) for p in found] == [("device_status", 5.0)]


def test_a_simulated_frame_is_an_event_and_no_measurement() -> None:
    found = points(None, BIN, uplink(outcome=Outcome.SIMULATED))
    assert [(p.series.measurement, p.fields["code"]) for p in found] == [("event", "simulated")]


def test_a_spare_device_is_stored_by_what_it_measures() -> None:
    assert measured(reading(soil_vwc=0.2), SPARE).series.measurement == "soil"
    assert measured(reading(distance_mm=300.0), SPARE).series.measurement == "bin_level"
