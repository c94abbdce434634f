from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "0059ac0000a0b001"
BASE = f"urn:dev:DEVEUI:{EUI.upper()}:"
TIME = 1795558366
ARRIVED = (TIME + 1) * 1_000_000_000


def records(*more: dict[str, Any], payload: Any = "017564", **base: Any) -> list[dict[str, Any]]:
    return [{"bn": BASE, "bt": TIME} | base, {"n": "payload", "vs": payload}, {"n": "port", "v": 85.0}, *more]


def opened(value: Any) -> list[Uplink]:
    return unwrap(Envelope("test", "kpn_senml", None, json.dumps(value).encode(), ARRIVED))


def only(value: Any) -> Uplink:
    (uplink,) = opened(value)
    return uplink


def test_base_alone_or_with_the_first_value_is_the_same_message() -> None:
    new = [{"bn": BASE, "bt": TIME, "n": "payload", "vs": "017564"}, {"n": "port", "v": 85}]
    assert only(new) == only(records())


def test_a_name_may_be_written_whole() -> None:
    whole = [{"bn": "", "bt": TIME, "n": BASE + "payload", "vs": "017564"}, {"n": BASE + "port", "v": 85}]
    assert only(whole) == only(records())


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ([], (None, (), None)),
        ([{"n": "FCntUp", "v": 0.0}, {"n": "LrrRSSI", "v": -107.0}], (0, (Gateway("", -107.0, None),), None)),
        (
            [
                {"n": "FCntUp", "v": 70000},
                {"n": "LrrRSSI", "v": -107},
                {"n": "LrrSNR", "v": 0},
                {"n": "SpFact", "v": 9.0},
            ],
            (70000, (Gateway("", -107.0, 0.0),), 9),
        ),
    ],
)
def test_what_extended_does_not_add_is_unknown(more: list[dict[str, Any]], found: tuple[Any, ...]) -> None:
    uplink = only(records(*more))
    assert (uplink.f_cnt, uplink.gateways, uplink.spreading_factor) == found


@pytest.mark.parametrize(
    ("base", "more", "milliseconds", "source"),
    [
        ({}, [], TIME * 1000, TimeSource.NETWORK),
        ({"bt": TIME + 0.219}, [], TIME * 1000 + 219, TimeSource.NETWORK),
        ({"bt": TIME * 1000}, [], TIME * 1000, TimeSource.NETWORK),
        ({}, [{"n": "timeOrigin", "vs": "KPNTHINGS"}], TIME * 1000, TimeSource.APPLICATION),
        ({"bt": None}, [], (TIME + 1) * 1000, TimeSource.ARRIVAL),
    ],
)
def test_the_base_time_is_the_networks_unless_it_says_otherwise(
    base: dict[str, Any], more: list[dict[str, Any]], milliseconds: int, source: TimeSource
) -> None:
    uplink = only(records(*more, **base))
    assert (uplink.received_ns, uplink.time_source) == (milliseconds * 1_000_000, source)


def test_two_devices_in_one_message_are_two_frames_and_one_bad_harms_no_other() -> None:
    other = {"bn": "urn:dev:DVNUUID:737b588b-547e-45d3-96d0-f79723290001:", "bt": TIME}
    found = opened([*records(), other, {"n": "payload", "vs": "zz"}, {"n": "port", "v": 1}])
    assert [uplink.outcome for uplink in found] == [Outcome.DATA, Outcome.DEAD_LETTER]
    assert found[1].device_key == "kpn_senml/737b588b-547e-45d3-96d0-f79723290001"


def test_a_network_position_beside_a_payload_is_part_of_its_frame() -> None:
    assert only(records({"n": "locOrigin", "vs": "KPNLORA"}, {"n": "latitude", "v": 52.1})).outcome is Outcome.DATA


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "unwrap/empty"),
        ([{"bn": BASE, "bt": TIME}], "unwrap/empty"),
        ({"bn": BASE}, "unwrap/bad_field"),
        (records(bn="farmer:"), "unwrap/no_device"),
        (records(bn="urn:dev:DEVEUI:1234:"), "unwrap/bad_eui"),
        (records(payload="017"), "unwrap/bad_payload"),
        ([{"bn": BASE, "n": "port", "v": 300}], "unwrap/bad_number"),
        ([{"bn": BASE, "n": "port", "v": True}], "unwrap/bad_number"),
        ([{"bn": BASE, "bt": TIME, "n": "temperature", "u": "Cel", "v": 8.5}], "unwrap/no_value"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, reason: str) -> None:
    uplink = only(value)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)
