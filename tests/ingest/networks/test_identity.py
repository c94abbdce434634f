from __future__ import annotations

import pytest

from ingest.networks.identity import content_key, eui, eui_in_topic, frame_key, gateway_id
from ingest.networks.model import Outcome
from ingest.networks.refusal import Code, Refused


@pytest.mark.parametrize(
    "text", ["24E124713B490001", "24e124713b490001", "24-E1-24-71-3B-49-00-01", "24:e1:24:71:3b:49:00:01"]
)
def test_an_eui_is_16_lower_case_hex_digits(text: str) -> None:
    assert eui(text) == "24e124713b490001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24e124713b49000",
        "24e124713b4900011",
        "24e124713b49000g",
        "JOEkcTtJAAE=",
        "ELSYS-24e124713b490001",
        "٢" * 16,
    ],
)
def test_what_is_no_eui_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        eui(text)
    assert refused.value.code is Code.BAD_EUI


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("application/ceae7fb4-8915-4b76-8f49-566f68f16d4c/device/24e124713d000001/event/up", "24e124713d000001"),
        ("POST /hook/24E124713D000001?event=up", "24e124713d000001"),
        ("v3/app@ttn/devices/eui-24e124713d000001/up", "24e124713d000001"),
        ("hook/24e124713d0000012", None),
        ("hook/up", None),
        (None, None),
    ],
)
def test_an_eui_that_stands_alone_in_a_topic_is_found(topic: str | None, found: str | None) -> None:
    assert eui_in_topic(topic) == found


def test_a_gateway_eui_is_lower_case_and_a_gateway_name_stays() -> None:
    assert (gateway_id("7276FF0039030A11"), gateway_id("Field-GW")) == ("7276ff0039030a11", "Field-GW")


def test_a_frame_keeps_its_key_and_its_events_and_other_payloads_have_others() -> None:
    key = frame_key("net", "id", Outcome.DATA, b"\x01")
    assert key == frame_key("net", "id", Outcome.DATA, b"\x01")
    others = {
        frame_key("other", "id", Outcome.DATA, b"\x01"),
        frame_key("net", "id2", Outcome.DATA, b"\x01"),
        frame_key("net", "id", Outcome.JOIN, b"\x01"),
        frame_key("net", "id", Outcome.DATA, b"\x02"),
    }
    assert len(others | {key}) == 5


def test_every_part_of_an_event_is_in_its_key() -> None:
    parts: tuple[object, ...] = ("24e124713d000001", None, 5, b"\x01", "\ud800")
    keys = {content_key("net", *parts[:at], "x", *parts[at + 1 :]) for at in range(len(parts))}
    assert len(keys | {content_key("net", *parts)}) == 6
