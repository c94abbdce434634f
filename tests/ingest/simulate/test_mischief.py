from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from decoders import all_decoders
from ingest.simulate import Kind, Message, fleet, plan
from ingest.simulate.mischief import LOST, TWICE, counter, is_lost
from ingest.simulate.stations import Role
from ingest.unwrap import unwrap
from sinks.model import Envelope
from tests.ingest.simulate.city import FLEET, START_S, STATIONS, planned

BROKEN = {eui for eui, station in STATIONS.items() if station.role is Role.BROKEN}
RESTARTING = {eui for eui, station in STATIONS.items() if station.role is Role.RESTARTS}
STRANGERS = {station.device.dev_eui for station in FLEET.strangers}
FRAMES = {Kind.NORMAL, Kind.SENTINEL, Kind.UNKNOWN}


def by_device(*kinds: Kind) -> dict[str, list[Message]]:
    found = defaultdict(list)
    for message in planned():
        if message.kind in kinds:
            found[message.dev_eui].append(message)
    return found


def test_the_same_seed_and_start_give_the_same_messages() -> None:
    assert plan(FLEET, 200, START_S) == planned()[:200]
    assert [m.body for m in plan(FLEET, 200, START_S)] == [m.body for m in planned()[:200]]


def test_another_seed_gives_other_messages() -> None:
    others = {message.body for message in plan(fleet(FLEET.seed + 1), 200, START_S)}
    assert others.isdisjoint(message.body for message in planned()[:200])


def test_messages_come_in_the_order_of_their_times() -> None:
    assert all(one.at_s <= other.at_s for one, other in pairwise(planned()))


def test_every_device_is_heard_within_five_seconds_of_the_start_unless_its_frame_is_lost() -> None:
    at_once = {message.dev_eui for message in planned() if message.at_s < START_S + 5}
    silent = set(STATIONS) - at_once
    assert len(at_once) >= 60
    for eui in silent:
        assert is_lost(FLEET, STATIONS[eui], by_device(*FRAMES)[eui][0].slot - 1)


def test_every_kind_of_mischief_happens() -> None:
    assert set(Counter(message.kind for message in planned())) == set(Kind)


def test_the_numbers_of_each_kind_are_known_beforehand() -> None:
    said = Counter(message.kind for message in planned())
    assert said == Counter({"normal": 1467, "sentinel": 56, "unknown": 29, "duplicate": 43, "join": 5})


def test_the_gaps_in_a_devices_counter_are_its_lost_frames() -> None:
    lost = sent = 0
    for eui, messages in by_device(*FRAMES).items():
        for one, other in pairwise(messages):
            missing = range(one.slot + 1, other.slot)
            assert all(is_lost(FLEET, STATIONS[eui], slot) for slot in missing)
            if counter(STATIONS[eui], one.slot)[0] == counter(STATIONS[eui], other.slot)[0]:
                assert other.f_cnt - one.f_cnt == len(missing) + 1
            lost, sent = lost + len(missing), sent + 1
    assert lost / (lost + sent) == pytest.approx(LOST, abs=0.015)


def test_a_duplicate_is_its_original_byte_by_byte_a_little_later() -> None:
    originals = {(m.dev_eui, m.slot): m for m in planned() if m.kind is Kind.NORMAL}
    duplicates = [m for m in planned() if m.kind is Kind.DUPLICATE]
    for message in duplicates:
        original = originals[message.dev_eui, message.slot]
        assert (message.topic, message.body) == (original.topic, original.body)
        assert 0 < message.at_s - original.at_s <= 2
    assert len(duplicates) / len(originals) == pytest.approx(TWICE, abs=0.01)


def test_duplicates_come_through_both_network_servers() -> None:
    assert {m.network for m in planned() if m.kind is Kind.DUPLICATE} == {"things_stack", "chirpstack"}


def test_a_broken_sensor_sends_sentinels_and_nothing_else() -> None:
    assert set(by_device(Kind.SENTINEL)) == BROKEN
    assert BROKEN.isdisjoint(by_device(Kind.NORMAL))
    for message in planned():
        if message.kind is Kind.SENTINEL:
            (uplink,) = unwrap(Envelope("test", None, message.topic, message.body, 0))
            decoder = all_decoders()[STATIONS[message.dev_eui].device.model]
            found = decoder.decode(uplink.payload or b"", uplink.f_port or 0, {})
            assert found.readings[0].values["distance_mm"] is None


def test_a_device_that_restarts_joins_and_counts_from_zero() -> None:
    assert set(by_device(Kind.JOIN)) == RESTARTING
    for eui, messages in by_device(Kind.JOIN, Kind.NORMAL).items():
        for one, other in pairwise(messages):
            if other.f_cnt < one.f_cnt:
                assert other.kind is Kind.JOIN
                assert eui in RESTARTING
            if one.kind is Kind.JOIN and other.slot == one.slot:
                assert (other.f_cnt, other.at_s > one.at_s) == (0, True)


def test_the_stranger_is_the_only_unknown_device() -> None:
    assert set(by_device(Kind.UNKNOWN)) == STRANGERS
    assert STRANGERS.isdisjoint(station.device.dev_eui for station in FLEET.stations)


def test_a_later_start_goes_on_with_the_same_sessions_and_counters() -> None:
    before = {message.dev_eui: message for message in planned() if message.kind in FRAMES}
    restart_s = planned()[-1].at_s + 3600 / 60 + 1  # the longest interval, at the usual speed
    after = [message for message in plan(FLEET, 80, restart_s) if message.kind in FRAMES]
    for message in after:
        old = before[message.dev_eui]
        station = STATIONS[message.dev_eui]
        assert message.slot > old.slot
        assert counter(station, message.slot) > counter(station, old.slot)


def test_a_frame_that_is_due_is_the_same_whenever_the_simulation_was_started() -> None:
    bodies = {(m.dev_eui, m.slot): m.body for m in planned() if m.kind in FRAMES}
    later = [m for m in plan(FLEET, 400, START_S + 120) if m.kind in FRAMES and m.at_s > START_S + 190]
    assert len(later) > 100
    assert all(bodies[m.dev_eui, m.slot] == m.body for m in later)


@pytest.mark.parametrize("start_s", [0.0, 1_767_225_600.0, 2_500_000_000.0])
def test_any_clock_will_do(start_s: float) -> None:
    assert all(message.f_cnt >= 0 for message in plan(FLEET, 150, start_s))


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 1800), (60.0, 30), (600.0, 3)])
def test_a_bin_sends_every_half_hour_of_simulated_time(speed: float, seconds: float) -> None:
    bins = {eui for eui, station in STATIONS.items() if station.asset.kind == "bin" and station.role is Role.SOUND}
    due = defaultdict(list)
    for message in plan(FLEET, 300, START_S, speed):
        if message.kind is Kind.NORMAL and message.dev_eui in bins:
            due[message.dev_eui].append(message)
    steps = [
        (later.at_s - sooner.at_s) / (later.slot - sooner.slot)
        for messages in due.values()
        for sooner, later in pairwise(messages[1:])
    ]
    assert len(steps) > 20
    assert steps == pytest.approx([seconds] * len(steps), abs=1e-3)
