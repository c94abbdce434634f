"""JSON lines in, answers out: their shape is fixed, for integrators read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import decoders
from decoders import all_decoders
from decoders.batch import decode_line, describe, devices_table

SHAPE = ["line", "model", "kind", "readings", "status", "events", "issues", "unparsed_hex"]
GOOD = {"model": "EM400-MUD", "f_port": 85, "payload_hex": "01755c0367340104824408050001"}


def _line(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def test_a_good_frame_gives_its_readings_and_status() -> None:
    assert decode_line(_line(), 7) == {
        "line": 7,
        "model": "EM400-MUD",
        "kind": "telemetry",
        "readings": [
            {
                "time": None,
                "channel": None,
                "values": {"battery_pct": 92.0, "temperature_c": 30.8, "distance_mm": 2116.0, "tilted": 1.0},
            }
        ],
        "status": {"battery_pct": 92.0, "tilted": 1.0},
        "events": [],
        "issues": [],
        "unparsed_hex": "",
    }


def test_a_value_that_is_none_is_null_with_its_issue() -> None:
    found = decode_line(_line(payload_hex="0482fdff"), 1)
    assert found["readings"][0]["values"] == {"distance_mm": None}
    assert found["issues"] == [
        {"code": "out_of_range", "field": "distance_mm", "raw": 65533, "detail": "a code, not a measurement"}
    ]


def test_an_event_carries_its_data_beside_its_code() -> None:
    found = decode_line(_line(payload_hex="8482330701"), 1)
    assert found["events"] == [{"code": "distance_alarm", "distance_mm": 1843.0}]


def test_a_device_time_is_rfc_3339_in_utc() -> None:
    stored = "0ce403e800fa416553f100"
    found = decode_line(_line(model="DDS75-LB", f_port=3, payload_hex=stored), 1)
    assert found["readings"][0]["time"] == "2023-11-14T22:13:20Z"


def test_what_could_not_be_read_is_given_back() -> None:
    assert decode_line(_line(payload_hex="01755c 06c76400"), 1)["unparsed_hex"] == "06c76400"


def test_parameters_reach_the_decoder() -> None:
    changes = {"model": "DDS75-LB", "f_port": 2, "payload_hex": "0b450b0500090601"}
    found = decode_line(_line(**changes, params={"ds18b20_divisor": 100}), 1)
    assert found["readings"][0]["values"]["temperature_c"] == 23.1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("[" * 50_000, "bad_json"),
        ('"' + "a" * 70_000 + '"', "bad_json"),
        (_line(model="EM400-MUX"), "unknown_model"),
        (_line(model=None), "unknown_model"),
        (_line(payload_hex="0"), "bad_hex"),
        (_line(payload_hex="zz"), "bad_hex"),
        (_line(payload_hex=1), "bad_hex"),
        (_line(payload_hex="00" * 2000), "bad_hex"),
        (_line(f_port=256), "bad_port"),
        (_line(f_port=-1), "bad_port"),
        (_line(f_port="85"), "bad_port"),
        (_line(f_port=True), "bad_port"),
        (_line(f_port=None), "bad_port"),
        (_line(params=[]), "bad_params"),
        (_line(params={"a": [1]}), "bad_params"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_line_that_is_no_frame_has_the_same_shape_and_one_issue(line: str, code: str) -> None:
    found = decode_line(line, 3)
    assert list(found) == SHAPE
    assert (found["line"], found["kind"], found["readings"]) == (3, "error", [])
    assert [issue["code"] for issue in found["issues"]] == [code]


def test_a_refused_frame_has_the_same_shape() -> None:
    found = decode_line(_line(f_port=2), 1)
    assert list(found) == SHAPE
    assert (found["kind"], found["readings"], found["unparsed_hex"]) == ("error", [], GOOD["payload_hex"])


def test_an_unknown_model_is_told_the_nearest_names() -> None:
    assert "EM400-MUD" in decode_line(_line(model="em400 mood"), 1)["issues"][0]["detail"]


def test_every_answer_is_json() -> None:
    for payload in ("01755c", "0482fdff", "8482330701", "ff166329c42503920003", "aa"):
        found = decode_line(_line(payload_hex=payload), 1)
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_decoder_is_described_with_the_units_of_its_quantities() -> None:
    found = describe(all_decoders()["decentlab_dl_mbx"])
    assert found["quantities"] == [
        {"key": "distance_mm", "unit": "mm"},
        {"key": "samples", "unit": "1"},
        {"key": "battery_v", "unit": "V"},
    ]
    assert (found["vendor"], found["models"], found["ports"]) == ("Decentlab", ["DL-MBX"], [1])


def test_the_readme_holds_the_table_of_devices() -> None:
    text = (Path(decoders.__file__).parent / "README.md").read_text("utf-8")
    remedy = "the table of decoders/README.md is not of today: run `python -m decoders` and put its table there"
    assert devices_table() in text, remedy
