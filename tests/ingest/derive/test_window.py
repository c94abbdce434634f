"""The bounded memory of one series."""

from __future__ import annotations

from ingest.derive.window import Window, usual_interval_s


def test_a_late_reading_finds_its_place_and_the_same_one_again_is_nothing_new() -> None:
    window = Window(10)
    assert [window.put(time, float(time)) for time in (10, 30, 20, 20)] == [True, True, True, False]
    assert (list(window.times), list(window.values)) == ([10, 20, 30], [10.0, 20.0, 30.0])
    assert window.put(20, 21.0)
    assert window.values[1] == 21.0


def test_it_forgets_the_oldest_and_takes_none_that_is_older_than_all() -> None:
    window = Window(3)
    for time in range(200):
        window.put(time, 0.0)
    assert len(window.times) <= 3 + 32
    assert window.times[-1] == 199
    assert not window.put(0, 1.0)


def test_since_and_until_include_the_time_itself() -> None:
    window = Window(10)
    for time in (10, 20, 30):
        window.put(time, 0.0)
    assert list(window.since(20)[0]) == [20, 30]
    assert list(window.until(20)[0]) == [10, 20]


def test_the_usual_interval_does_not_mind_what_was_lost() -> None:
    sent = [n * 1_800_000 for n in range(40) if n not in {3, 4, 11, 25, 26, 27}]
    assert usual_interval_s(sent) == 1800.0
    assert usual_interval_s(sent[:3]) is None
