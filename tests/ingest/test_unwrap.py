from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.model import Outcome
from ingest.networks.table import NETWORKS
from ingest.unwrap import unwrap, unwrap_line
from sinks.model import Envelope

TTS = {
    "end_device_ids": {"device_id": "bin-1", "dev_eui": "24E124713B490001", "dev_addr": "01348CDA"},
    "correlation_ids": ["gs:uplink:01M87T41352SF01CTXFC46KPD7"],
    "uplink_message": {
        "f_port": 85,
        "frm_payload": "AXUB",
        "received_at": "2026-11-24T22:16:52.137516855Z",
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "a"}, "rssi": -101, "snr": -12.5},
            {"gateway_ids": {"gateway_id": "b"}, "rssi": -119, "snr": -3},
        ],
        "settings": {"data_rate": {"lora": {"spreading_factor": 7}}},
    },
}
LINE = json.dumps({"topic": None, "network": None, "body": TTS})


def result(line: str, number: int = 1) -> dict[str, Any]:
    (found,) = unwrap_line(line, number)
    return found


def test_a_line_of_the_command_has_exactly_these_fields() -> None:
    assert result(LINE, 12) == {
        "line": 12,
        "network": "things_stack",
        "outcome": "data",
        "dev_eui": "24e124713b490001",
        "f_port": 85,
        "f_cnt": 0,
        "payload_hex": "017501",
        "received_at": "2026-11-24T22:16:52.137516855Z",
        "time_source": "network",
        "spreading_factor": 7,
        "gateways": [{"id": "b", "rssi": -119.0, "snr": -3.0}, {"id": "a", "rssi": -101.0, "snr": -12.5}],
        "best": {"rssi": -101.0, "snr": -3.0},
        "session": "01348CDA",
        "dedup_key": "things_stack:24e124713b490001@1795558612137516855:data:65140815",
        "flags": [],
        "reason": None,
    }


@pytest.mark.parametrize(
    "given_body",
    [
        {"text": json.dumps(TTS)},
        {"base64": base64.b64encode(json.dumps(TTS).encode()).decode()},
        {"body": TTS, "network": "things_stack"},
        {"body": TTS, "arrived_at": "2026-11-24T22:16:53+00:00"},
    ],
)
def test_body_text_and_base64_say_the_same(given_body: dict[str, Any]) -> None:
    assert result(json.dumps(given_body)) == result(LINE)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"topic": "a"}',
        '{"body": {}, "arrived_at": "yesterday"}',
        '{"body": {}, "arrived_at": "0001-01-01T00:00:00Z"}',
        '{"body": {}, "arrived_at": "9999-12-31T23:59:59-23:59"}',
        '{"base64": "not base64"}',
        '{"topic": 5, "body": {}}',
        '{"text": "\ud800"}',
    ],
)
def test_a_line_that_is_no_message_is_a_dead_letter_of_its_own(line: str) -> None:
    found = result(line, 3)
    assert (found["line"], found["outcome"], found["reason"].partition(": ")[0]) == (
        3,
        "dead_letter",
        "unwrap/bad_line",
    )


@given(st.text(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_no_line_raises(line: str) -> None:
    assert unwrap_line(line, 1)


def test_a_line_nested_too_deep_says_so() -> None:
    assert result('{"body": ' + "[" * 100_000)["reason"].startswith("unwrap/too_deep: ")


@pytest.mark.parametrize(
    ("given_line", "words"),
    [
        ({"network": "lorawan", "body": TTS}, "known are things_stack, "),
        ({"body": {"foo": 1, "bar": 2}}, "by these keys: bar, foo"),
        ({"body": [1]}, "no object"),
    ],
)
def test_an_unknown_network_says_what_is_known(given_line: dict[str, Any], words: str) -> None:
    reason = result(json.dumps(given_line))["reason"]
    assert reason.startswith("unwrap/unknown_network: ")
    assert words in reason


def test_how_a_message_came_stays_with_its_frames() -> None:
    envelope = Envelope("s", None, None, json.dumps(TTS).encode(), 0, ("retained", "redelivered"))
    (uplink,) = unwrap(envelope)
    assert uplink.flags == ("retained", "redelivered")


def test_the_limit_of_a_body_can_be_moved() -> None:
    body = json.dumps(TTS).encode()
    envelope = Envelope("s", None, None, body, 0)
    assert unwrap(envelope, max_body=len(body))[0].outcome is Outcome.DATA
    assert (unwrap(envelope, max_body=len(body) - 1)[0].reason or "").startswith("unwrap/too_large: ")


def test_no_golden_network_recognises_the_message_of_another() -> None:
    chirpstack = {"deduplicationId": "a", "time": "", "deviceInfo": {}}
    found = [key for value in (TTS, chirpstack) for key, network in NETWORKS.items() if network.matches("", value)]
    assert found == ["things_stack", "chirpstack"]


def test_a_line_shows_a_key_instead_of_an_eui_and_values_instead_of_a_payload() -> None:
    line = json.dumps({"topic": "tele/tank7/SENSOR", "body": {"SR04": {"Distance": 211.6}}})
    (result,) = unwrap_line(line, 1)
    assert (result["dev_eui"], result["device_key"], result["decoded"]) == (
        None,
        "tasmota/tank7",
        {"distance_mm": 2116.0},
    )
