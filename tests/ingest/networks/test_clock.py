from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.clock import EARLIEST, LATEST, SECOND, choose, parse, rfc3339
from ingest.networks.model import TimeSource
from sinks.model import Envelope

NOON = 1_795_564_800 * SECOND  # 2026-11-25T00:00:00Z
HOUR = 3600 * SECOND
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-11-25T00:00:00Z", NOON),
        ("2026-11-25t00:00:00z", NOON),
        ("2026-11-25 00:00:00Z", NOON),
        ("2026-11-25T00:00:00+00:00", NOON),
        ("2026-11-25T01:00:00+01:00", NOON),
        ("2026-11-24T19:30:00-04:30", NOON),
        ("2026-11-25T01:00:00+0100", NOON),
        ("2026-11-25T00:00:00.1Z", NOON + 100_000_000),
        ("2026-11-25T00:00:00.000000001Z", NOON + 1),
        ("2026-11-25T00:00:00.123456789+00:00", NOON + 123_456_789),
        ("2026-11-25T00:00:00.12345678999Z", NOON + 123_456_789),
        ("2016-12-31T23:59:60.5Z", 1_483_228_800 * SECOND + SECOND // 2),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("1980-01-06T00:00:00Z", 315_964_800 * SECOND),
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * SECOND),
        ("0001-01-01T00:00:00.000+14:00", -62_135_647_200 * SECOND),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139 * SECOND),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert parse(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Z",
        "yesterday",
        "2026-11-25",
        "2026-11-25T00:00:00",
        "2026-11-25T00:00:00.5",
        "2020-0327T10:00:00Z",
        "2026-W48-2T00:00:00.1Z",
        "2026-11-31T00:00:00Z",
        "2026-11-25T24:00:00Z",
        "2026-11-25T00:60:00.1Z",
        "2026-11-25T00:00:61.1Z",
        "2026-11-25T00:61:60.1Z",
        "0000-01-01T00:00:00Z",
        "2026-11-25T00:00:00.Z",
        "2026-11-25T00:00:00.²Z",
        "٢026-11-25T00:00:00Z",
        "2026-11-25T00:00:00Z ",
    ],
)
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert parse(text) is None


def test_local_time_is_read_in_the_declared_zone_in_winter_and_summer() -> None:
    assert parse("2026-11-25T01:00:00", BERLIN) == NOON
    assert parse("2026-07-01T02:00:00.25", BERLIN) == parse("2026-07-01T00:00:00.25Z")


def test_of_an_hour_that_occurs_twice_the_first_is_taken() -> None:
    assert parse("2026-10-25T02:30:00", BERLIN) == parse("2026-10-25T00:30:00Z")


def test_a_declared_zone_does_not_move_a_time_with_offset() -> None:
    assert parse("2026-11-25T00:00:00.5Z", BERLIN) == NOON + SECOND // 2


@given(st.integers(min_value=-62_135_596_800 * SECOND, max_value=253_402_300_799 * SECOND))
def test_a_written_time_reads_back_as_the_same_nanosecond(ns: int) -> None:
    assert parse(rfc3339(ns)) == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (NOON + 7, "2026-11-25T00:00:00.000000007Z"),
        (NOON + 1000, "2026-11-25T00:00:00.000001Z"),
        (NOON + 120_000_000, "2026-11-25T00:00:00.120Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_time_is_written_with_0_3_6_or_9_digits(ns: int, text: str) -> None:
    assert rfc3339(ns) == text


def envelope(arrived: int = 0, *flags: str) -> Envelope:
    return Envelope("test", None, None, b"", arrived, flags)


def test_the_first_candidate_counts() -> None:
    candidates = [(NOON, TimeSource.NETWORK), (NOON + 1, TimeSource.APPLICATION)]
    assert choose(candidates, envelope(NOON + SECOND)) == (NOON, TimeSource.NETWORK, ())


@pytest.mark.parametrize("missing", [None, parse("0001-01-01T00:00:00Z")])
def test_a_missing_time_is_passed_over_in_silence(missing: int | None) -> None:
    candidates = [(missing, TimeSource.NETWORK), (NOON, TimeSource.APPLICATION)]
    assert choose(candidates, envelope()) == (NOON, TimeSource.APPLICATION, ())


@pytest.mark.parametrize("wrong", [0, EARLIEST - 1, NOON + 24 * HOUR + 1, LATEST + 1])
def test_an_unbelievable_time_gives_way_to_the_next_and_leaves_a_flag(wrong: int) -> None:
    candidates = [(wrong, TimeSource.NETWORK), (NOON, TimeSource.APPLICATION)]
    assert choose(candidates, envelope(NOON)) == (NOON, TimeSource.APPLICATION, ("time_implausible",))


@pytest.mark.parametrize("source", [TimeSource.NETWORK, TimeSource.APPLICATION])
def test_a_server_is_believed_when_our_own_clock_was_set_back_some_hours(source: TimeSource) -> None:
    assert choose([(NOON, source)], envelope(NOON - 2 * HOUR)) == (NOON, source, ())


@pytest.mark.parametrize("source", [TimeSource.GPS, TimeSource.GATEWAY])
def test_a_gateway_is_not_believed_when_it_is_ahead_of_us(source: TimeSource) -> None:
    assert choose([(NOON, source)], envelope(NOON - 300 * SECOND))[1] is source
    assert choose([(NOON, source)], envelope(NOON - 301 * SECOND))[1] is TimeSource.ARRIVAL


def test_an_own_clock_that_was_never_set_judges_nothing() -> None:
    assert choose([(NOON, TimeSource.NETWORK)], envelope(HOUR)) == (NOON, TimeSource.NETWORK, ())
    assert choose([], envelope(HOUR)) == (None, None, ())


def test_our_arrival_is_the_last_resort() -> None:
    assert choose([(0, TimeSource.NETWORK)], envelope(NOON)) == (NOON, TimeSource.ARRIVAL, ("time_implausible",))


def test_without_any_time_there_is_none() -> None:
    assert choose([(0, TimeSource.NETWORK), (5, TimeSource.GPS)], envelope()) == (None, None, ("time_implausible",))


@pytest.mark.parametrize("off", [-HOUR - 1, HOUR + 1])
def test_a_gateway_clock_counts_only_within_an_hour_of_a_live_arrival(off: int) -> None:
    arrived = NOON + 10 * HOUR
    candidates = [(arrived + off, TimeSource.GATEWAY)]
    assert choose(candidates, envelope(arrived))[1] is TimeSource.ARRIVAL


def test_a_back_filled_gateway_time_counts_however_old() -> None:
    candidates = [(NOON - 100 * HOUR, TimeSource.GATEWAY)]
    assert choose(candidates, envelope(NOON, "backfill")) == (
        NOON - 100 * HOUR,
        TimeSource.GATEWAY,
        ("backfill", "late"),
    )


def test_a_frame_received_long_before_it_came_is_late() -> None:
    assert choose([(NOON - HOUR, TimeSource.NETWORK)], envelope(NOON))[2] == ("late",)


def test_a_frame_that_waited_a_minute_is_not_late() -> None:
    assert choose([(NOON - 60 * SECOND, TimeSource.NETWORK)], envelope(NOON))[2] == ()
