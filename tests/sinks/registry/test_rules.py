"""What may be said of a device, a bin, a tree and how a sensor is mounted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sinks.errors import Invalid
from sinks.model import Asset
from sinks.registry import checks, rules
from tests.sinks.registry.cities import BIN, MAY, SENSOR, TREE


def asset(**said: Any) -> str:
    """All that is wrong with it, "" when nothing is."""
    raw = {"id": "a1", "organisation": "offenbach", "name": "Markt", "lat": 50.1, "lon": 8.7, "kind": "bin", **said}
    return _wrong(checks.asset(raw, ["offenbach"]))


def device(**said: Any) -> str:
    raw = {"dev_eui": SENSOR.dev_eui, "organisation": "offenbach", "model": "dragino_lse01", **said}
    return _wrong(checks.device(raw, ["offenbach"], None))


def mount(on: Asset, **said: Any) -> str:
    raw = {"dev_eui": SENSOR.dev_eui, "asset_id": on.id, "from_ms": MAY, "mount": said}
    return _wrong(checks.installation(raw, on, SENSOR, ()))


def _wrong(checked: Any) -> str:
    return "; ".join(f"{fault.field}: {fault.text}" for fault in checked.faults)


@pytest.mark.parametrize(
    "text", ["24E124713D090011", "24-e1-24-71-3d-09-00-11", "24:E1:24:71:3D:09:00:11", " 24e1 2471 3d09 0011 "]
)
def test_a_deveui_has_one_normal_form(text: str) -> None:
    assert rules.eui(text) == "24e124713d090011"


@pytest.mark.parametrize(
    "text", ["", "24e124713d09001", "24e124713d0900111", "24e124713d09001g", "\uff124e124713d090011"]
)
def test_a_deveui_has_sixteen_hex_digits(text: str) -> None:
    with pytest.raises(Invalid, match="16 hex digits"):
        rules.eui(text)


@pytest.mark.parametrize("text", ["yard/bin-7", "agri-app/em400-tank"])
def test_a_device_without_deveui_is_named_by_its_source_and_its_id_there(text: str) -> None:
    assert rules.eui(text) == text


@pytest.mark.parametrize("text", ["yard/", "/bin-7", "Yard/bin-7", "yard/bin 7"])
def test_a_half_name_is_no_name(text: str) -> None:
    with pytest.raises(Invalid, match="16 hex digits"):
        rules.eui(text)


@pytest.mark.parametrize("text", ["0" * 16, "f" * 16])
def test_a_deveui_of_nobody_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no device's DevEUI"):
        rules.eui(text)


def test_a_deveui_that_a_spreadsheet_shortened_is_told_as_such() -> None:
    with pytest.raises(Invalid, match="format its column as text"):
        rules.eui("1,8010000012E+15")


@pytest.mark.parametrize("text", ["", "Of-Bin", ".bin", "a" * 65, "bin 1", "bin/1", "bäume", "bin\n"])
def test_an_id_is_a_slug(text: str) -> None:
    with pytest.raises(Invalid, match="an id has 1 to 64"):
        rules.slug(text)


def test_a_text_is_composed_and_has_single_blanks() -> None:
    assert rules.plain("  Gru\u0308ner\u00a0Weg \n 3 ") == "Grüner Weg 3"


@pytest.mark.parametrize(
    ("text", "rule"), [("=1+1", "spreadsheets run"), ("a\x00b", "printable"), ("x" * 201, "at most 200")]
)
def test_a_text_harms_nobody(text: str, rule: str) -> None:
    with pytest.raises(Invalid, match=rule):
        rules.plain(text)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("bin", {"capacity_l": 1100, "fraction": "paper", "volume_table": "0:0,50:400,100:1100", "register_id": "7"}),
        ("tree", {"species": "Tilia cordata", "planted": 1998, "soil": "sandy_loam", "stone_fraction": 0.2}),
        ("tree", {"field_capacity": 0.28, "wilting_point": 0.14, "register_id": "B-1"}),
    ],
)
def test_known_properties_are_taken(kind: str, properties: dict[str, Any]) -> None:
    assert asset(kind=kind, properties=properties) == ""


@pytest.mark.parametrize(
    ("kind", "properties", "word"),
    [
        ("bin", {"capacity": 120}, "did you mean capacity_l?"),
        ("bin", {"species": "Tilia"}, "species is said of a tree"),
        ("bin", {"capacity_l": -1}, "properties.capacity_l: input should be greater than or equal to 5, got -1"),
        ("bin", {"capacity_l": float("nan")}, "finite number"),
        ("bin", {"volume_table": "0:0"}, "two steps or more"),
        ("bin", {"volume_table": "0:0,50:4,50:5"}, "levels of a volume table rise"),
        ("bin", {"volume_table": "0:0,50:9,100:5"}, "litres of a volume table do not fall"),
        ("bin", {"volume_table": "0-0"}, "is not a list like 0:0,50:400"),
        ("bin", {"volume_table": "a:1,b:2"}, "a level is a number of percent"),
        ("tree", {"planted": 98}, "properties.planted"),
        ("tree", {"soil": "Löss"}, "'sand', 'loamy_sand'"),
        (
            "tree",
            {"field_capacity": 0.14, "wilting_point": 0.28},
            "wilting point must lie below the field capacity of 0.14",
        ),
        ("tree", {"stone_fraction": 1}, "less than 1"),
    ],
)
def test_a_wrong_property_names_its_rule(kind: str, properties: dict[str, Any], word: str) -> None:
    assert word in asset(kind=kind, properties=properties)


@pytest.mark.parametrize("said", ["sandy loam", "Sandy-Loam", "sandy_loam"])
def test_a_texture_is_known_in_any_spelling(said: str) -> None:
    raw = {name: getattr(TREE, name) for name in TREE.__slots__} | {"properties": {"soil": said}}
    assert checks.asset(raw, ["offenbach"]).good().properties == {"soil": "sandy_loam"}


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"lat": 91}, "lat: input should be less than or equal to 90"),
        ({"lon": -181}, "lon: "),
        ({"lat": 0, "lon": 0}, "a position of 0/0 is a missing position"),
        ({"kind": "bench"}, "kind: input should be 'bin' or 'tree'"),
        ({"organisation": "offenbahc"}, "did you mean offenbach?"),
    ],
)
def test_a_wrong_asset_names_its_rule(said: dict[str, Any], word: str) -> None:
    assert word in asset(**said)


@pytest.mark.parametrize("params", [{"range_m": 5, "variant": "v2", "inverted": True}, {}])
def test_parameters_of_a_model_are_numbers_texts_and_booleans(params: dict[str, Any]) -> None:
    assert device(params=params) == ""


@pytest.mark.parametrize(
    "params", [{"range_m": [1]}, {"range_m": float("inf")}, {"range m": 1}, {f"p{n}": 1 for n in range(65)}, 7]
)
def test_other_parameters_are_refused(params: object) -> None:
    assert device(params=params).startswith("params")


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (BIN, {"empty_mm": 950, "full_mm": 0, "dead_mm": 30, "offset_mm": -12.5, "tilt_deg": 89}),
        (BIN, {}),
        (TREE, {"depth_cm": 30}),
        (TREE, {"channels": "1=30,2=60"}),
    ],
)
def test_a_right_mount_is_taken(on: Asset, said: dict[str, Any]) -> None:
    assert mount(on, **said) == ""


@pytest.mark.parametrize(
    ("on", "said", "word"),
    [
        (
            BIN,
            {"empty_mm": 100, "full_mm": 100},
            "mount.full_mm: the distance when full must be smaller than the 100 mm",
        ),
        (BIN, {"empty_mm": 100, "full_mm": -1}, "mount.full_mm: "),
        (BIN, {"empty_mm": 100}, "empty_mm and full_mm are given together"),
        (BIN, {"full_mm": 100}, "empty_mm and full_mm are given together"),
        (BIN, {"tilt_deg": 90}, "mount.tilt_deg: input should be less than 90"),
        (BIN, {"tilt": 5}, "did you mean tilt_deg?"),
        (BIN, {"depth_cm": 30}, "depth_cm is said of a tree"),
        (TREE, {"depth_cm": 0}, "mount.depth_cm: input should be greater than 0"),
        (TREE, {"depth_cm": 30, "channels": "1=30"}, "not both"),
        (TREE, {"channels": "1=30,1=60"}, "each channel has one depth"),
        (TREE, {"channels": "1=0"}, "depths lie between"),
    ],
)
def test_a_wrong_mount_names_its_rule(on: Asset, said: dict[str, Any], word: str) -> None:
    assert word in mount(on, **said)


def test_a_mount_is_a_mapping() -> None:
    raw = {"dev_eui": SENSOR.dev_eui, "asset_id": BIN.id, "from_ms": MAY, "mount": "deep"}
    assert "names with values" in _wrong(checks.installation(raw, BIN, SENSOR, ()))


def test_a_device_of_one_city_is_not_put_on_an_asset_of_another() -> None:
    raw = {"dev_eui": SENSOR.dev_eui, "asset_id": BIN.id, "from_ms": MAY}
    assert "belongs to giessen" in _wrong(checks.installation(raw, BIN, replace(SENSOR, organisation="giessen"), ()))
