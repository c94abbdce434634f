"""How a device and its radio link are."""

from __future__ import annotations

import pytest

from ingest.derive import health
from ingest.derive.health import Frame, State

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("age_s", "interval_s", "expected"),
    [
        (1800, 1800, State.ONLINE),
        (4500, 1800, State.ONLINE),
        (4501, 1800, State.LATE),
        (6 * 1800, 1800, State.LATE),
        (6 * 1800 + 1, 1800, State.SILENT),
        (25 * HOUR_S, 8 * HOUR_S, State.SILENT),
        (25 * HOUR_S, 24 * HOUR_S, State.ONLINE),
        (61 * HOUR_S, 24 * HOUR_S, State.SILENT),
        (23 * HOUR_S, None, State.ONLINE),
        (25 * HOUR_S, None, State.SILENT),
    ],
)
def test_a_device_is_late_and_then_silent_by_its_own_interval(
    age_s: float, interval_s: float | None, expected: State
) -> None:
    assert health.state(age_s, interval_s) is expected


def counted(*counters: float) -> int | None:
    return health.missing([n * 60_000 for n in range(len(counters))], counters)


@pytest.mark.parametrize(
    ("counters", "gone"),
    [
        ((5, 6, 7), 0),
        ((5, 8, 9), 2),
        ((5, 6, 6, 7), 0),
        ((5, 6, 0, 1), 0),
        ((5, 6, 0, 3), 2),
        ((65_533, 65_535, 0, 2), 2),
        ((65_534, 3), 4),
        ((65_000, 600), 0),
        ((10, 20_000), 0),
        ((5, -1, 6, -1, 8), 1),
    ],
)
def test_what_is_missing_between_two_frames_survives_a_new_session_and_a_counter_of_16_bits(
    counters: tuple[float, ...], gone: int
) -> None:
    assert counted(*counters) == gone


def test_nobody_knows_what_is_missing_without_two_counters() -> None:
    assert counted() is None
    assert counted(7) is None
    assert counted(-1, -1, -1) is None


def test_the_loss_is_a_share_of_what_was_sent() -> None:
    assert health.loss_pct(96, 4) == 4.0
    assert health.loss_pct(0, 0) == 0.0


@pytest.mark.parametrize(("factor", "floor"), [(7, -7.5), (8, -10), (9, -12.5), (10, -15), (11, -17.5), (12, -20)])
def test_the_floor_of_each_spreading_factor(factor: float, floor: float) -> None:
    assert health.floor_db(factor) == floor


def test_headroom_is_above_the_last_resort_and_margin_above_the_factor_in_use() -> None:
    frames = [Frame(snr, -100.0, 9.0, 2.0) for snr in (-9.0, -2.0, -3.0, 4.0, -2.0)]
    found = health.link(frames)
    assert found
    assert (found.snr_db, found.headroom_db, found.margin_db) == (-2.0, 18.0, 10.5)
    assert (found.rssi_dbm, found.spreading_factor, found.gateways) == (-100.0, 9.0, 2.0)


def test_four_frames_say_nothing_about_a_link() -> None:
    assert health.link([Frame(1.0, -100.0, 7.0, 1.0)] * 4) is None


def test_what_the_network_server_does_not_tell_is_not_known() -> None:
    found = health.link([Frame(None, -100.0, None, 1.0)] * 5)
    assert found
    assert (found.headroom_db, found.margin_db, found.spreading_factor, found.rssi_dbm) == (None, None, None, -100.0)
