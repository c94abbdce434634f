"""What the pipeline says of itself: accounts, sources and dead letters as rows, once a minute."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from sinks.books import Account, Accounting
from sinks.model import DeadLetter, Field, Point, Series
from sinks.ports import Letters, SourceEvent

from .directory import Directory

_MINUTE_MS: Final = 60_000
_UNKNOWN: Final = "observe/unknown_device"
_DETAIL: Final = 300
_PAGE: Final = 500
_MOST: Final = 5_000
"""Open letters that are looked at one by one; of more only the number is told."""
_NEWEST: Final = 100

Fields = dict[str, Field]
Key = tuple[str, str]
"""Reason and model of the device, "" when it is not known."""


class Operation:
    """Asks the books; remembers when a sink last settled anything, and which letters were told."""

    def __init__(self, books: Accounting, letters: Letters, directory: Directory) -> None:
        self._books = books
        self._letters = letters
        self._directory = directory
        self._moved: dict[str, tuple[int, int]] = {}
        self._counts: dict[str, int] = {}
        self._open: Counter[Key] = Counter()
        self._unknown = 0

    def waiting_since_ms(self, sink: str) -> int | None:
        """When the oldest message arrived that this sink has not settled. Raises `Unavailable`."""
        since_ns = self._books.account(sink).waiting_since_ns
        return None if since_ns is None else since_ns // 1_000_000

    def points(self, now_ms: int) -> Iterator[Point]:
        """All rows of this minute. Raises `Unavailable`."""
        minute_ms = now_ms - now_ms % _MINUTE_MS
        fresh = self._look()
        for account in self._books.accounts():
            yield Point(Series("pipeline", "", "", "", name=account.sink), minute_ms, self._pipeline(account, now_ms))
        for name, events in groupby(self._books.events.all(), key=lambda event: event.source):
            yield _source(name, list(events), now_ms, minute_ms)
        for (reason, model), n in self._open.items():
            yield Point(Series("dead_letters", "", "", "", model, name=reason), minute_ms, {"open": n})
        yield from (self._letter(letter) for letter in fresh)

    def _pipeline(self, one: Account, now_ms: int) -> Fields:
        fields: Fields = {
            "received": one.received,
            "stored": one.counts.get("stored", 0),
            "duplicates": one.counts.get("duplicate", 0),
            "dead_letters": one.counts.get("dead_letter", 0),
            "expired": one.counts.get("expired", 0),
            "in_flight": one.in_flight,
            "missing": one.missing,
            "balanced": one.balanced,
            "backlog": one.backlog,
            "oldest_s": round(one.oldest_s(now_ms * 1_000_000), 1),
            "open_letters": sum(self._counts.values()),
            "unknown_devices": self._unknown,
            "missing_frames": max(0, one.gaps.frames - one.gaps.found),
        }
        age_s = self._settled_age_s(one, now_ms)
        if age_s is not None:
            fields["settled_age_s"] = round(age_s, 1)
        return fields

    def _settled_age_s(self, account: Account, now_ms: int) -> float | None:
        """Since its cursor last moved; None until we have seen it move."""
        cursor, since_ms = self._moved.get(account.sink, (account.cursor, 0))
        if cursor != account.cursor:
            since_ms = now_ms
        self._moved[account.sink] = (account.cursor, since_ms)
        return (now_ms - since_ms) / 1000 if since_ms else None

    def _look(self) -> list[DeadLetter]:
        """Count the open letters by reason and model when their number has changed; gives the newest of them.

        Reasons of which none is open any more are told on, as 0, as long as we run.
        """
        counts = self._letters.dead_letter_counts()
        if counts == self._counts:
            return []
        found, rest = Counter(dict.fromkeys(self._open, 0)), Counter(counts)
        newest: deque[DeadLetter] = deque(maxlen=_NEWEST)
        strangers: set[str] = set()
        for letter in self._letters_one_by_one():
            newest.append(letter)
            found[letter.reason, self._model(letter)] += 1
            rest[letter.reason] -= 1
            if letter.reason == _UNKNOWN and letter.device:
                strangers.add(letter.device)
        for reason, n in rest.items():
            if n > 0:
                found[reason, ""] += n
        self._open, self._counts, self._unknown = found, counts, len(strangers)
        return list(newest)

    def _letters_one_by_one(self) -> Iterator[DeadLetter]:
        """The oldest that we look at, and behind them the newest."""
        after = seen = 0
        while page := self._letters.dead_letters(after=after, limit=_PAGE):
            yield from page
            after, seen = page[-1].id or 0, seen + len(page)
            if seen >= _MOST:
                yield from self._letters.dead_letters(after=max(after, self._last_id(after) - _NEWEST), limit=_NEWEST)
                return

    def _last_id(self, known: int) -> int:
        """About the highest id of an open letter, found by halving; above `known`."""
        low, high = known, 2 * known
        while self._letters.dead_letters(after=high, limit=1):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._letters.dead_letters(after=middle, limit=1) else (low, middle)
        return high

    def _model(self, letter: DeadLetter) -> str:
        device = self._directory.devices.get(letter.device or "")
        return device.model if device else ""

    def _letter(self, letter: DeadLetter) -> Point:
        device = self._directory.devices.get(letter.device or "")
        tenant, model = (device.organisation, device.model) if device else ("", "")
        series = Series("dead_letter", tenant, "", letter.device or "", model, name=letter.reason)
        return Point(series, letter.created_ms or 0, {"letter": letter.id or 0, "detail": _line(letter.detail)})


def _line(text: str) -> str:
    """One line that every store takes; what a device sent may be quoted in it."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_DETAIL]


def _source(name: str, events: Sequence[SourceEvent], now_ms: int, minute_ms: int) -> Point:
    alarms = [event for event in events if event.alarm_until_ms > now_ms]
    messages = [event for event in events if event.code == "message"]
    text = "; ".join(f"{event.code}: {event.detail}" for event in alarms)
    fields: Fields = {"messages": sum(event.count for event in messages), "alarms": len(alarms)}
    for event in messages:
        fields["last_message_age_s"] = round(max(0, now_ms - event.last_ms) / 1000, 1)
    if text:
        fields["text"] = _line(text)
    return Point(Series("pipeline_source", "", "", "", name=name), minute_ms, fields)
