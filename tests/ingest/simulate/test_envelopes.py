from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.networks.model import Outcome, TimeSource
from ingest.simulate import Kind, Message
from ingest.simulate.envelopes import wrap
from ingest.simulate.frames import Frame
from ingest.simulate.transmission import GATEWAYS, Reception, Transmission
from ingest.unwrap import unwrap
from sinks.model import Envelope
from tests.ingest.simulate.city import FLEET, STATIONS, planned

GOLDEN = Path(__file__).parents[1] / "networks" / "golden"
NETWORKS = ("things_stack", "chirpstack")


@cache
def recorded(network: str, ending: str) -> list[dict[str, Any]]:
    """Messages of a real server that came over MQTT under topics with this ending."""
    lines = map(json.loads, (GOLDEN / f"{network}.jsonl").read_text(encoding="utf-8").splitlines())
    found = [line for line in lines if "/device" in line["topic"] and line["topic"].endswith(ending)]
    found = [line["message"] for line in found if "protobuf_base64" not in line["message"]]
    return [message for message in found if not message.get("simulated") and "fsk" not in json.dumps(message)]


def simulated(network: str, *kinds: Kind) -> list[dict[str, Any]]:
    return [json.loads(m.body) for m in planned() if m.network == network and m.kind in kinds]


def paths(value: object, above: str = "") -> Iterator[str]:
    """Every key with all keys above it and the type of its value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{above}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{above}[]")
    else:
        yield f"{above}: {'number' if type(value) in {int, float} else type(value).__name__}"


def shape(message: dict[str, Any]) -> set[str]:
    return {path for path in paths(message) if ".tags." not in path}


def rows(network: str, message: dict[str, Any]) -> list[dict[str, Any]]:
    """What each gateway says."""
    found: list[dict[str, Any]] = (
        message["uplink_message"]["rx_metadata"] if network == "things_stack" else message["rxInfo"]
    )
    return found


def without_rows(message: dict[str, Any]) -> set[str]:
    return {path for path in shape(message) if "rx_metadata[]" not in path and "rxInfo[]" not in path}


def in_order(keys: list[str], model: list[str]) -> bool:
    return [key for key in model if key in keys] == keys


def sent(network: str, **changes: Any) -> Transmission:
    station = next(s for s in STATIONS.values() if s.network == network)
    gateway = GATEWAYS[station.asset.organisation][0]
    frame = Frame(85, bytes.fromhex("01755c03671b0104822605050000"))
    base = Transmission(1, station, 3, 17, 1_780_000_000_123_456_789, frame, 7, (Reception(gateway, -97, 7.25),))
    return replace(base, **changes)


def wrapped(network: str, **changes: Any) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(wrap(sent(network, **changes))[1])
    return message


@pytest.mark.parametrize("network", NETWORKS)
def test_an_uplink_has_no_key_that_the_real_server_does_not_send(network: str) -> None:
    known = set().union(*map(shape, recorded(network, "up")))
    ours = set().union(*map(shape, simulated(network, Kind.NORMAL, Kind.SENTINEL, Kind.UNKNOWN)))
    assert ours <= known


@pytest.mark.parametrize("network", NETWORKS)
def test_an_uplink_has_every_key_that_the_real_server_always_sends(network: str) -> None:
    always = set.intersection(*map(without_rows, recorded(network, "up")))
    assert len(always) > 10
    assert all(always <= without_rows(message) for message in simulated(network, Kind.NORMAL))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_gateways_row_has_every_key_that_the_real_server_always_sends(network: str) -> None:
    always = set.intersection(*(set(row) for message in recorded(network, "up") for row in rows(network, message)))
    assert len(always) > 4
    for message in simulated(network, Kind.NORMAL):
        assert all(always <= set(row) for row in rows(network, message))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_join_has_exactly_the_keys_of_a_real_one(network: str) -> None:
    (real, *_) = recorded(network, "join")
    for message in simulated(network, Kind.JOIN):
        assert shape(message) == shape(real)
        assert list(message) == list(real)


@pytest.mark.parametrize("network", NETWORKS)
def test_keys_stand_in_the_order_of_the_real_server(network: str) -> None:
    real = max(recorded(network, "up"), key=lambda message: len(json.dumps(message)))
    longest = max(rows(network, real), key=len)
    for ours in simulated(network, Kind.NORMAL)[:50]:
        assert in_order(list(ours), list(real))
        assert in_order(list(ours.get("uplink_message", {})), list(real.get("uplink_message", {})))
        assert all(in_order(list(row), list(longest)) for row in rows(network, ours))


@pytest.mark.parametrize("network", NETWORKS)
def test_the_time_on_air_is_what_the_real_server_computed(network: str) -> None:
    assert sent(network).airtime_us == 66_816  # 14 bytes at SF7, recorded
    assert sent(network, frame=Frame(2, bytes(11))).airtime_us == 61_696
    assert sent(network, frame=Frame(2, bytes(3))).airtime_us == 51_456


def test_the_things_stack_leaves_zeros_out() -> None:
    gateway = GATEWAYS["offenbach"][0]
    up = wrapped("things_stack", f_cnt=0, receptions=(Reception(gateway, 0, 0.0),))["uplink_message"]
    assert "f_cnt" not in up
    assert not {"rssi", "channel_rssi", "snr"} & set(up["rx_metadata"][0])


def test_chirpstack_sends_zeros_at_the_top_and_leaves_them_out_in_a_gateways_row() -> None:
    gateway = GATEWAYS["giessen"][0]
    up = wrapped("chirpstack", f_cnt=0, receptions=(Reception(gateway, 0, 0.0),))
    assert (up["fCnt"], up["confirmed"]) == (0, False)
    assert not {"rssi", "snr"} & set(up["rxInfo"][0])


def test_a_gateway_without_a_position_is_written_as_each_server_does() -> None:
    nowhere = {city: next(g for g in GATEWAYS[city] if g.altitude_m is None) for city in GATEWAYS}
    tts = wrapped("things_stack", receptions=(Reception(nowhere["offenbach"], -90, 5.0),))
    assert "location" not in tts["uplink_message"]["rx_metadata"][0]
    assert wrapped("chirpstack", receptions=(Reception(nowhere["giessen"], -90, 5.0),))["rxInfo"][0]["location"] == {}


def test_whole_numbers_are_written_as_each_server_writes_them() -> None:
    tts = wrap(sent("things_stack", receptions=(Reception(GATEWAYS["offenbach"][0], -90, 4.0),)))[1]
    chirpstack = wrap(sent("chirpstack", receptions=(Reception(GATEWAYS["giessen"][0], -90, 4.0),)))[1]
    assert b'"snr":4,' in tts
    assert b'"snr":4.0,' in chirpstack


@pytest.mark.parametrize("network", NETWORKS)
def test_a_new_session_has_new_keys(network: str) -> None:
    def session(number: int) -> str | None:
        topic, body = wrap(sent(network, session=number))
        return unwrap(Envelope("test", network, topic, body, 0))[0].session

    assert session(3) == session(3) != session(4)


def uplink_of(message: Message) -> Any:
    (uplink,) = unwrap(Envelope("test", None, message.topic, message.body, round(message.at_s * 1e9)))
    return uplink


def test_every_message_is_recognised_and_read_without_a_flag() -> None:
    for message in planned():
        uplink = uplink_of(message)
        assert uplink.network == message.network
        assert uplink.outcome is (Outcome.JOIN if message.kind is Kind.JOIN else Outcome.DATA)
        assert uplink.dev_eui == message.dev_eui
        assert uplink.flags == ()


def test_every_frame_keeps_its_counter_its_time_and_its_gateways() -> None:
    for message in planned():
        if message.kind is Kind.JOIN:
            continue
        uplink = uplink_of(message)
        assert uplink.f_cnt == message.f_cnt
        assert uplink.time_source is TimeSource.NETWORK
        if message.kind is not Kind.DUPLICATE:
            assert 0 < message.at_s - uplink.received_ns / 1e9 < 0.5
        assert 1 <= len(uplink.gateways) <= 3
        assert 7 <= uplink.spreading_factor <= 12
        assert -140 < uplink.best_rssi < -20
        assert -20 <= uplink.best_snr < 20


def test_only_duplicates_share_the_key_of_another_message() -> None:
    keys = [uplink_of(message).dedup_key for message in planned() if message.kind is not Kind.DUPLICATE]
    assert len(set(keys)) == len(keys)
    repeated = {uplink_of(message).dedup_key for message in planned() if message.kind is Kind.DUPLICATE}
    assert repeated <= set(keys)


def test_a_device_sends_through_the_network_of_its_city() -> None:
    networks = {(STATIONS[m.dev_eui].device.organisation, m.network) for m in planned()}
    assert networks == {("offenbach", "things_stack"), ("giessen", "chirpstack")}
    assert FLEET.strangers[0].network == "things_stack"
