from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from math import floor
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import gaps
from ingest.gaps import GapFinder, GapFinders
from ingest.networks.model import Outcome, Uplink
from ingest.pipeline import Fate, Frame, process
from ingest.places import Places
from ingest.simulate import Kind, register
from ingest.simulate.mischief import counter
from ingest.unwrap import unwrap
from sinks.errors import Unavailable
from sinks.gaps import SqliteGaps
from sinks.ledger import SqliteLedger
from sinks.model import DeadLetter, Entry, Envelope, Gap, GapNotes
from sinks.ports import Batch, Settlement
from sinks.storage import Storage
from tests.ingest.house import BIN_EUI
from tests.ingest.simulate.city import FLEET, STATIONS, planned

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def fate(
    number: int | None,
    minute: float,
    session: str | None = "s",
    device: str = BIN_EUI,
    flags: Sequence[str] = (),
    outcome: str = "stored",
) -> Fate:
    envelope = Envelope("main", None, None, b"", 0, tuple(flags))
    uplink = Uplink("chirpstack", Outcome.DATA, dev_eui=device, f_cnt=number, session=session)
    return Fate(Frame(Entry(1, envelope), 0, uplink, device, round(minute * MINUTE)), outcome, "decoded")


def frames(*counters: int, session: str | None = "s", start: int = 0) -> list[Fate]:
    """One frame a minute."""
    return [fate(counter, start + n, session) for n, counter in enumerate(counters)]


def noted(finder: GapFinder, fates: Iterable[Fate]) -> GapNotes:
    notes = finder.note(fates)
    finder.settled()
    return notes


def of(notes: GapNotes) -> list[tuple[int, int, int, str]]:
    return [(gap.first, gap.missing, gap.found, gap.state) for gap in notes.gaps]


def test_numbers_in_order_are_no_gap() -> None:
    notes = noted(GapFinder(), frames(5, 6, 7))
    assert (notes.gaps, notes.counts) == ([], {"missing": 0, "found": 0})


def test_numbers_that_never_came_are_a_gap_between_two_frames() -> None:
    (gap,) = noted(GapFinder(), frames(5, 6, 10)).gaps
    assert gap == Gap("main", BIN_EUI, "counter", MINUTE, 2 * MINUTE, missing=3, first=7)


def test_late_frames_fill_a_gap_one_by_one() -> None:
    finder = GapFinder()
    noted(finder, [fate(5, 5), fate(8, 8)])
    half = noted(finder, [fate(7, 7)])
    assert (of(half), half.counts) == ([(6, 2, 1, "open")], {"missing": 0, "found": 1})
    assert of(noted(finder, [fate(7, 7)])) == []
    assert of(noted(finder, [fate(6, 6, flags=["backfill"])])) == [(6, 2, 2, "filled")]


def test_a_device_that_joins_anew_has_lost_nothing_that_could_be_counted() -> None:
    finder = GapFinder()
    assert noted(finder, [fate(100, 1, "a"), fate(3, 2, "b"), fate(4, 3, "b")]).gaps == []
    assert of(noted(finder, [fate(6, 5, "b")])) == [(5, 1, 0, "open")]


def test_a_counter_that_is_lower_later_is_a_new_session_also_without_a_name() -> None:
    finder = GapFinder()
    assert noted(finder, frames(100, 101, 0, 1, session=None)).gaps == []
    assert of(noted(finder, frames(3, session=None, start=9))) == [(2, 1, 0, "open")]


def test_a_late_frame_of_the_session_before_is_no_new_session() -> None:
    finder = GapFinder()
    noted(finder, [fate(100, 1, "a"), fate(103, 4, "a"), fate(0, 5, "b")])
    assert of(noted(finder, [fate(102, 3, "a")])) == [(101, 2, 1, "open")]
    assert noted(finder, [fate(1, 6, "b")]).gaps == []


def test_a_counter_of_16_bits_goes_on_at_zero() -> None:
    finder = GapFinder()
    assert noted(finder, frames(65_534, 65_535, 0, 1)).gaps == []
    noted(finder, frames(65_533, start=10))
    assert of(noted(finder, [fate(2, 13)])) == [(65_534, 4, 0, "open")]
    assert of(noted(finder, [fate(0, 12), fate(65_535, 11)])) == [(65_534, 4, 2, "open")]


def test_a_step_that_no_network_server_takes_is_a_new_session() -> None:
    assert noted(GapFinder(), frames(1, 20_000)).gaps == []


def test_a_device_has_few_open_gaps_and_older_ones_are_given_up() -> None:
    notes = noted(GapFinder(), frames(*range(0, 2 * (gaps.MOST_OPEN + 2), 2)))
    assert [state for *_, state in of(notes)] == ["given_up"] + ["open"] * gaps.MOST_OPEN
    assert notes.counts["missing"] == gaps.MOST_OPEN + 1


def test_a_gap_that_nobody_fills_for_a_week_is_given_up() -> None:
    finder = GapFinder()
    noted(finder, [fate(1, 0), fate(3, 2)])
    assert of(noted(finder, [fate(4, 8 * DAY / MINUTE)])) == [(2, 1, 0, "given_up")]


def test_an_unknown_device_and_a_frame_without_counter_are_not_followed() -> None:
    foreign = fate(1, 1, outcome="dead_letter")
    letter = DeadLetter("", 1, 0, "observe/unknown_device", "", foreign.frame.entry.envelope)
    finder = GapFinder()
    stranger = Fate(foreign.frame, "dead_letter", "dead_letter", letters=(letter,))
    assert noted(finder, [stranger, fate(None, 2, device="a")]).states == b""


def test_a_frame_that_cannot_be_read_was_received_all_the_same() -> None:
    assert noted(GapFinder(), [fate(1, 1), fate(2, 2, outcome="dead_letter"), fate(3, 3)]).gaps == []


def test_what_was_noted_and_not_settled_is_found_again() -> None:
    finder = GapFinder()
    noted(finder, frames(1))
    first = finder.note(frames(4, start=3))
    assert finder.note(frames(4, start=3)) == first
    finder.settled()
    assert finder.note(frames(4, start=3)).gaps == []


def test_whoever_goes_on_knows_what_was_settled_and_nothing_else(tmp_path: Path) -> None:
    """Many devices, so that the state goes round several times in pieces."""
    ledger, books = SqliteLedger(tmp_path / "ledger.db"), SqliteGaps(tmp_path / "ledger.db")
    finder = GapFinder()
    for batch in range(40):
        fates = [fate(2 * (batch // 8), batch, device=f"d{n}") for n in range(batch % 8, 200, 8)]
        ledger.settle(Settlement("store", batch + 1, gaps=finder.note(fates)))
        finder.settled()
    pieces = books.states("store")
    assert len(pieces) < 40
    again = GapFinder(lambda: pieces)
    following = [fate(9, 100, device=f"d{n}") for n in range(200)]
    assert again.note(following).gaps == finder.note(following).gaps
    assert books.sums("store") == {"missing": 4 * 200, "found": 0}
    assert books.open("store") == 4 * 200


def test_what_was_settled_is_asked_for_again_when_it_could_not_be_read() -> None:
    before = noted(GapFinder(), frames(1))
    away = [Unavailable("away")]

    def states() -> list[tuple[int, bytes]]:
        if away:
            raise away.pop()
        return [(1, before.states)]

    finder = GapFinder(states)
    with pytest.raises(Unavailable):
        finder.note(frames(4, start=3))
    assert of(finder.note(frames(4, start=3))) == [(2, 2, 0, "open")]


def test_each_lane_has_its_own_state_and_an_older_assignments_is_forgotten() -> None:
    asked: list[int] = []

    def states(lane: int) -> list[tuple[int, bytes]]:
        asked.append(lane)
        return []

    finders = GapFinders(states)

    def note(lane: int, epoch: int, *fates: Fate) -> GapNotes:
        notes = finders.note(Batch(lane, epoch, []), fates)
        finders.settled()
        return notes

    note(0, 1, fate(1, 1))
    note(1, 1, fate(1, 1))
    assert of(note(0, 1, fate(3, 3))) == [(2, 1, 0, "open")]
    assert of(note(1, 2, fate(3, 3))) == []
    assert asked == [0, 1, 1]


def delivered(sessions: list[list[bool]], order: list[int]) -> list[tuple[int, int, int]]:
    """(session, counter, minute) of the frames that come, each by up to some places later than it was sent."""
    sent = [(s, counter, came) for s, some in enumerate(sessions) for counter, came in enumerate(some)]
    came = [(s, counter, minute) for minute, (s, counter, came) in enumerate(sent) if came]
    shifts = [order[n % len(order)] for n in range(len(came))]
    return [frame for _, frame in sorted(zip((f[2] + d for f, d in zip(came, shifts, strict=True)), came, strict=True))]


def lost(came: list[tuple[int, int, int]]) -> int:
    """Counted in another way: numbers between the first and the highest of a session while it was the newest."""
    total = 0
    for session in {s for s, _, _ in came}:
        until = next((n for n, (s, _, _) in enumerate(came) if s > session), len(came))
        current = [counter for s, counter, _ in came[:until] if s == session]
        ever = {counter for s, counter, _ in came if s == session}
        total += len(set(range(current[0], max(current))) - ever) if current else 0
    return total


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.booleans(), min_size=1, max_size=40), min_size=1, max_size=4),
    st.lists(st.integers(0, 6), min_size=1, max_size=17),
    st.integers(1, 7),
)
def test_what_is_missing_is_what_was_lost_inside_the_sessions(
    sessions: list[list[bool]], order: list[int], batch: int
) -> None:
    """Random loss and reordering over joins, duplicates of everything, batches of any size."""
    came = delivered(sessions, order)
    fates = [fate(counter, minute, f"s{s}") for s, counter, minute in came for _ in range(2)]
    finder, counts, found = GapFinder(), {"missing": 0, "found": 0}, dict[tuple[int, int], Gap]()
    with patch.object(gaps, "MOST_OPEN", 1_000):
        for start in range(0, len(fates), batch):
            notes = noted(finder, fates[start : start + batch])
            counts = {name: n + notes.counts[name] for name, n in counts.items()}
            found |= {(gap.from_ms, gap.first): gap for gap in notes.gaps}
    assert counts["missing"] - counts["found"] == lost(came)
    assert sum(gap.missing - gap.found for gap in found.values()) == lost(came)
    assert {gap.state for gap in found.values() if gap.missing == gap.found} <= {"filled"}


def simulated_losses() -> int:
    """Frames that the simulated gateways did not hear, between two of the same session that they heard."""
    heard = defaultdict(set)
    for message in planned():
        if message.kind in (Kind.NORMAL, Kind.SENTINEL):
            heard[message.dev_eui, counter(STATIONS[message.dev_eui], message.slot)[0]].add(message.f_cnt)
    return sum(len(set(range(min(numbers), max(numbers))) - numbers) for numbers in heard.values())


def test_what_the_simulated_city_lost_is_what_is_missing(tmp_path: Path) -> None:
    """Real messages of both network servers, with their duplicates, joins and strangers."""
    with closing(Storage(data=tmp_path).open_registry()) as registry:
        register(registry, FLEET)
        messages = [Envelope("main", m.network, m.topic, m.body, floor(m.at_s * 1e9)) for m in planned()]
        entries = [Entry(offset, envelope) for offset, envelope in enumerate(messages, 1)]
        memory: dict[str, int] = {}
        fates = process(entries, unwrap, Places(registry), lambda keys: {k: memory[k] for k in keys if k in memory})
    assert noted(GapFinder(), fates).counts == {"missing": simulated_losses(), "found": 0}
    assert simulated_losses() > 20


def test_back_fill_is_counted_by_source_and_minute() -> None:
    notes = noted(GapFinder(), [fate(1, 7, flags=["backfill"]), fate(2, 7.5, flags=["backfill"]), fate(3, 8)])
    assert notes.backfilled == {("main", 7): 2}


def test_a_duplicate_says_nothing() -> None:
    finder = GapFinder()
    noted(finder, frames(1))
    assert noted(finder, [fate(9, 9, outcome="duplicate")]).gaps == []
