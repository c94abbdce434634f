"""What both ends of a journal promise, whichever journal it is. A test class of each journal inherits this one.

The subclass gives the fixture `house`: how its ends and its books are opened, again and again, on the same journal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest

from sinks.books import Accounting
from sinks.model import DeadLetter, Entry, Envelope
from sinks.ports import SLOT, Appender, Batch, Feed, Letters, Settlement

SINK = "embedded"
UNTIL = 2_000_000_000_000
DEVICES = 20


@dataclass(frozen=True, slots=True)
class House:
    appender: Callable[[], Appender]
    feed: Callable[[], Feed]
    accounting: Callable[[], Accounting]
    letters: Callable[[], Letters]


def message(number: int) -> Envelope:
    """Message `number` of device `number % DEVICES`; every part of an envelope is in use."""
    topic = f"application/1/device/{number % DEVICES:016x}/event/up"
    return Envelope("main", "chirpstack", topic, b"\x00 %d" % number, 1_780_000_000_000_000_000 + number, ("retained",))


def number_of(entry: Entry) -> int:
    return int(entry.envelope.body.split()[1])


def keys_of(entry: Entry) -> dict[str, int]:
    device = (entry.envelope.topic or "").split("/")[3]
    return {f"delivery:{number_of(entry)}": UNTIL, f"radio:{device}{SLOT}{number_of(entry)}": UNTIL}


def recall(entries: Sequence[Entry]) -> Iterator[tuple[int, int, Mapping[str, int]]]:
    for entry in entries:
        yield entry.offset, 0, keys_of(entry)


def stored(batch: Batch) -> Settlement:
    """All of it was stored."""
    seen = {key: until for entry in batch.entries for key, until in keys_of(entry).items()}
    counts = {"stored": len(batch.entries)}
    return Settlement(SINK, batch.entries[-1].offset, seen=seen, counts=counts, frames={"decoded": len(batch.entries)})


def refused(batch: Batch) -> Settlement:
    """None of it could be stored."""
    letters = [
        DeadLetter(SINK, e.offset, 0, "observe/unknown_device", "not registered", e.envelope, created_ms=1)
        for e in batch.entries
    ]
    return Settlement(SINK, batch.entries[-1].offset, dead_letters=letters, counts={"dead_letter": len(batch.entries)})


def taken(feed: Feed, limit: int = 500) -> Sequence[Batch]:
    """What the feed gives once it gives anything; a new member of a group has to wait for its share."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if batches := feed.take(limit, 0.5):
            return batches
    raise TimeoutError("nothing came")


def settle_all(feed: Feed, number: int, outcome: Callable[[Batch], Settlement] = stored) -> list[Entry]:
    """Take and settle so many messages."""
    entries: list[Entry] = []
    while len(entries) < number:
        batches = taken(feed)
        feed.settle([(batch, outcome(batch)) for batch in batches])
        entries += [entry for batch in batches for entry in batch.entries]
    return entries


@pytest.fixture
def appender(house: House) -> Iterator[Appender]:
    with closing(house.appender()) as appender:
        yield appender


class FeedContract:
    """Inherit it in a class whose module has a fixture `house` and imports the fixture `appender`."""

    def test_nothing_is_taken_where_nothing_is(self, house: House) -> None:
        with closing(house.feed()) as feed:
            assert list(feed.take(500, 0.2)) == []

    def test_everything_appended_is_taken_as_it_came_and_once(self, house: House, appender: Appender) -> None:
        sent = [message(number) for number in range(300)]
        for part in (sent[:1], sent[1:200], sent[200:]):
            appender.append(part)
        with closing(house.feed()) as feed:
            entries = settle_all(feed, 300)
            assert list(feed.take(500, 0.2)) == []
        assert sorted(map(number_of, entries)) == list(range(300))
        assert {entry.envelope for entry in entries} == set(sent)
        assert len({entry.offset for entry in entries}) == 300

    def test_what_a_source_does_not_know_stays_unknown(self, house: House, appender: Appender) -> None:
        bare = Envelope("main", None, None, b"\xff\x00", 7)
        appender.append([bare])
        with closing(house.feed()) as feed:
            assert taken(feed)[0].entries[0].envelope == bare

    def test_a_secret_is_not_kept(self, house: House, appender: Appender) -> None:
        appender.append([Envelope("main", None, "/hooks/main?token=opens", b'{"AppSKey":"opens"}', 7)])
        with closing(house.feed()) as feed:
            kept = taken(feed)[0].entries[0].envelope
        assert (kept.topic, kept.body) == ("/hooks/main?token=***", b'{"AppSKey":"***"}')

    def test_a_device_keeps_its_order_in_one_lane(self, house: House, appender: Appender) -> None:
        appender.append([message(number) for number in range(400)])
        lanes: dict[int, set[int]] = {}
        order: dict[int, list[int]] = {}
        with closing(house.feed()) as feed:
            for _ in range(40):
                for batch in (batches := feed.take(50, 0.5)):
                    for entry in batch.entries:
                        lanes.setdefault(number_of(entry) % DEVICES, set()).add(batch.lane)
                        order.setdefault(number_of(entry) % DEVICES, []).append(number_of(entry))
                if batches:
                    feed.settle([(batch, stored(batch)) for batch in batches])
                if sum(map(len, order.values())) == 400:
                    break
        assert {len(found) for found in lanes.values()} == {1}
        assert all(numbers == sorted(numbers) and len(numbers) == 20 for numbers in order.values())

    def test_no_more_is_taken_than_asked_for(self, house: House, appender: Appender) -> None:
        appender.append([message(number) for number in range(100)])
        with closing(house.feed()) as feed:
            assert 0 < sum(len(batch.entries) for batch in taken(feed, 7)) <= 7

    def test_what_is_not_settled_is_given_again(self, house: House, appender: Appender) -> None:
        appender.append([message(number) for number in range(10)])
        with closing(house.feed()) as feed:
            first = taken(feed)
            assert taken(feed) == first
        with closing(house.feed()) as feed:
            assert sorted(map(number_of, settle_all(feed, 10))) == list(range(10))

    def test_what_is_settled_is_not_given_again(self, house: House, appender: Appender) -> None:
        appender.append([message(number) for number in range(10)])
        with closing(house.feed()) as feed:
            settle_all(feed, 10)
        appender.append([message(10)])
        with closing(house.feed()) as feed:
            assert [number_of(entry) for batch in taken(feed) for entry in batch.entries] == [10]

    def test_frames_that_were_stored_are_known_also_to_the_next_worker(self, house: House, appender: Appender) -> None:
        appender.append([message(number) for number in range(40)])
        with closing(house.feed()) as feed:
            settle_all(feed, 40)
        appender.append([message(39), message(40 + 39)])
        with closing(house.feed()) as feed:
            known: dict[str, int] = {}
            fresh: dict[str, int] = {}
            while len(fresh) < 4:
                for batch in (batches := taken(feed)):
                    asked = {key: until for entry in batch.entries for key, until in keys_of(entry).items()}
                    known |= feed.seen(batch.lane, asked)
                    fresh |= asked
                feed.settle([(batch, stored(batch)) for batch in batches])
        assert known == keys_of(Entry(0, message(39)))

    def test_of_a_slot_only_the_newest_is_known(self, house: House, appender: Appender) -> None:
        appender.append([message(1), message(1 + DEVICES)])
        with closing(house.feed()) as feed:
            settle_all(feed, 2)
            appender.append([message(1)])
            (batch,) = taken(feed)
            assert feed.seen(batch.lane, keys_of(batch.entries[0])) == {"delivery:1": UNTIL}

    def test_a_frame_that_became_a_dead_letter_is_not_known(self, house: House, appender: Appender) -> None:
        appender.append([message(1)])
        with closing(house.feed()) as feed:
            settle_all(feed, 1, refused)
        appender.append([message(1)])
        with closing(house.feed()) as feed:
            (batch,) = taken(feed)
            assert feed.seen(batch.lane, keys_of(batch.entries[0])) == {}

    def test_the_books_add_up_at_every_step(self, house: House, appender: Appender) -> None:
        def account() -> tuple[int, dict[str, int], dict[str, int], int]:
            with closing(house.accounting()) as books:
                found = books.account(SINK)
            assert found.balanced
            return found.received, dict(found.counts), dict(found.frames), found.in_flight

        appender.append([message(number) for number in range(30)])
        assert account() == (30, {}, {}, 30)
        with closing(house.feed()) as feed:
            settle_all(feed, 30)
            assert account() == (30, {"stored": 30}, {"decoded": 30}, 0)
            appender.append([message(number) for number in range(5)])
            settle_all(feed, 5, refused)
        appender.append([message(1)])
        assert account() == (36, {"stored": 30, "dead_letter": 5}, {"decoded": 30}, 1)

    def test_the_oldest_message_in_flight_is_told(self, house: House, appender: Appender) -> None:
        appender.append([message(3), message(2)])
        with closing(house.accounting()) as books:
            assert books.account(SINK).waiting_since_ns in {message(2).arrived_ns, message(3).arrived_ns}
        with closing(house.feed()) as feed:
            settle_all(feed, 2)
        with closing(house.accounting()) as books:
            assert books.account(SINK).waiting_since_ns is None
            assert books.kept().messages == 2

    def test_dead_letters_are_found_by_reason_and_device_until_they_are_replayed(
        self, house: House, appender: Appender
    ) -> None:
        appender.append([message(number) for number in range(3)])
        with closing(house.feed()) as feed:
            settle_all(feed, 3, refused)
        with closing(house.letters()) as letters:
            assert letters.dead_letter_counts() == {"observe/unknown_device": 3}
            assert letters.dead_letters(reason="decode/") == []
            found = letters.dead_letters(reason="observe/")
            assert sorted(map(repr, (letter.envelope for letter in found))) == [repr(message(n)) for n in range(3)]
            one = found[1]
            assert one.id is not None
            assert letters.dead_letter(one.id) == one
            assert letters.dead_letters(after=one.id) == found[2:]
            assert letters.dead_letters(limit=1) == found[:1]
            letters.mark_replayed([one.id], 5)
            assert letters.dead_letter_counts() == {"observe/unknown_device": 2}
            assert letters.dead_letters() == [found[0], found[2]]

    def test_closing_twice_is_closing_once(self, house: House) -> None:
        for one in (house.appender(), house.feed(), house.accounting(), house.letters()):
            one.close()
            one.close()
