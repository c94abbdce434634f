from __future__ import annotations

import pytest

from sinks.books import Account, Missing
from sinks.kafka.books import Standing, add_up
from sinks.kafka.lane import Counts, Lane, Memory, decode, encode
from sinks.kafka.reading import Span
from sinks.model import GapNotes
from sinks.ports import SLOT, Settlement


def test_counts_stand_in_the_metadata_of_a_commit() -> None:
    counts = Counts({"stored": 5, "dead_letter": 1}, {"decoded": 6})
    assert encode(counts) == '{"messages":{"stored":5,"dead_letter":1},"frames":{"decoded":6}}'
    assert decode(encode(counts)) == counts


@pytest.mark.parametrize("metadata", ["", "hello", "[]", '{"messages": 7}'])
def test_metadata_of_another_program_are_no_counts(metadata: str) -> None:
    assert decode(metadata) == Counts()


def test_metadata_never_exceed_what_the_broker_takes_and_lose_no_frame() -> None:
    frames = {f"label-{n:04}-{'x' * 20}": n + 1 for n in range(400)}
    text = encode(Counts({"stored": 7}, frames, {"missing": 3}, 8))
    found = decode(text)
    assert len(text) <= 4096
    assert sum(found.frames.values()) == sum(frames.values())
    assert (found.messages, found.gaps, found.counters) == ({"stored": 7}, {"missing": 3}, 8)
    assert "label-0399-" + "x" * 20 in found.frames, "the most frequent ones stay"


def test_counts_add_up_with_what_retention_took() -> None:
    counts = Counts({"stored": 5}, {"decoded": 5}, {"missing": 2}, 7)
    notes = GapNotes(counts={"missing": 1, "found": 3})
    settlement = Settlement("s", 0, counts={"stored": 1, "duplicate": 2}, frames={"join": 1}, gaps=notes)
    assert counts.after(settlement, expired=4, counters=9) == Counts(
        {"stored": 6, "duplicate": 2, "expired": 4}, {"decoded": 5, "join": 1}, {"missing": 3, "found": 3}, 9
    )


def test_a_memory_is_bounded_and_forgets_the_oldest() -> None:
    memory = Memory(most=10)
    memory.remember({f"id-{n}": n for n in range(25)} | {f"radio:{n}{SLOT}1": n for n in range(25)})
    keys = {f"id-{n}": n for n in range(25)} | {f"radio:{n}{SLOT}1": n for n in range(25)}
    assert memory.seen(keys) == {f"id-{n}": n for n in range(15, 25)} | {f"radio:{n}{SLOT}1": n for n in range(15, 25)}


def test_a_device_that_is_heard_again_is_not_the_oldest_any_more() -> None:
    memory = Memory(most=2)
    memory.remember({f"a{SLOT}1": 1, f"b{SLOT}1": 1})
    memory.remember({f"a{SLOT}2": 2})
    memory.remember({f"c{SLOT}1": 3})
    assert memory.seen({f"a{SLOT}2": 9, f"b{SLOT}1": 9, f"c{SLOT}1": 9}) == {f"a{SLOT}2": 2, f"c{SLOT}1": 3}


def test_an_account_is_the_sum_of_all_partitions() -> None:
    standings = [
        Standing(0, Span(0, 10), 8, Counts({"stored": 6, "duplicate": 2}, {"decoded": 8}, {"missing": 2})),
        Standing(1, Span(4, 9), 0, Counts()),  # retention took four that nobody had settled
        Standing(2, Span(3, 7), 7, Counts({"stored": 4, "expired": 3}, {"decoded": 4}, {"missing": 1, "found": 1})),
    ]
    assert add_up("s", standings, 5) == Account(
        "s",
        received=26,
        counts={"stored": 10, "duplicate": 2, "expired": 7},
        frames={"decoded": 12},
        cursor=15,
        in_flight=7,
        waiting_since_ns=5,
        gaps=Missing(3, 1),
    )
    assert add_up("s", standings, 5).balanced


def test_a_lane_knows_what_it_has_settled() -> None:
    lane = Lane(0, Counts())
    lane.settle(3, Counts({"stored": 3}), {}, Settlement("s", 2, seen={"id": 5}))
    assert (lane.position, lane.counts, lane.memory.seen({"id": 5, "other": 5})) == (
        3,
        Counts({"stored": 3}),
        {"id": 5},
    )
