from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "a84041d55182a0b4"
DEVICE = "65d128ab-90dd-4668-9556-fe47c5896000"
ARRIVED = parse("2026-11-24T22:12:47Z") or 0


def message(payload: str | None = "y7QK", **lorawan: Any) -> dict[str, Any]:
    body = {"DevEui": EUI, "FPort": 2, "DataRate": "5", "Frequency": "868100000", "Timestamp": "2026-11-24T22:12:46Z"}
    said = {key: value for key, value in (body | lorawan).items() if value is not None}
    return {"WirelessDeviceId": DEVICE, "PayloadData": payload, "WirelessMetadata": {"LoRaWAN": said}}


def opened(value: Any, topic: str | None = None) -> Uplink:
    (uplink,) = unwrap(Envelope("test", "aws_iot", topic, json.dumps(value).encode(), ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("lorawan", "found"),
    [
        ({}, (2, None)),
        ({"FCnt": 0}, (2, 0)),
        ({"FPort": None, "Fport": 136, "FCnt": "17"}, (136, 17)),
        ({"FPort": None}, (None, None)),
    ],
)
def test_a_missing_counter_or_port_is_unknown(lorawan: dict[str, Any], found: tuple[int | None, ...]) -> None:
    uplink = opened(message(**lorawan))
    assert (uplink.f_port, uplink.f_cnt, uplink.outcome) == (*found, Outcome.DATA)


@pytest.mark.parametrize(
    ("lorawan", "factor"),
    [
        ({}, 7),
        ({"DataRate": 0}, 12),
        ({"SpreadingFactor": 10}, 10),
        ({"DataRate": "0", "Frequency": "903500000"}, None),
        ({"DataRate": 7}, None),
        ({"DataRate": None}, None),
    ],
)
def test_a_data_rates_number_has_a_meaning_only_with_its_region(lorawan: dict[str, Any], factor: int | None) -> None:
    assert opened(message(**lorawan)).spreading_factor == factor


def test_without_a_time_the_arrival_counts() -> None:
    uplink = opened(message(Timestamp=None))
    assert (uplink.received_ns, uplink.time_source) == (ARRIVED, TimeSource.ARRIVAL)


def test_without_an_eui_the_device_is_known_by_its_id() -> None:
    uplink = opened(message(DevEui=None))
    assert (uplink.dev_eui, uplink.device_key) == (None, f"aws_iot/{DEVICE}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message(DevEui="58a0cb000202c99"), "unwrap/bad_eui"),
        (message("{}"), "unwrap/bad_payload"),
        (message(FPort=300), "unwrap/bad_number"),
        (message(FCnt=-1), "unwrap/bad_number"),
        ({"WirelessMetadata": {}}, "unwrap/no_device"),
        ({"WirelessDeviceId": DEVICE, "WirelessMetadata": {"Sidewalk": {"Seq": 1}}}, "unwrap/unknown_event"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = opened(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_only_an_accepted_join_is_a_join() -> None:
    topic = "$aws/iotwireless/events/join/{}/lorawan/wireless_devices"
    body = {"WirelessDeviceId": DEVICE, "timestamp": "2026-11-24T22:10:46Z", "LoRaWAN": {"DevEui": EUI}}
    outcomes = [opened(body, topic.format(said)).outcome for said in ("join_accepted", "join_req_received")]
    assert outcomes == [Outcome.JOIN, Outcome.LOG]
