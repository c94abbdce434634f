"""What to think of a codec before a city believes it.

Does it load, does it agree with its own examples, and what would it accept that no device sent? A codec that agrees
with its examples agrees with itself; only the manual or the device says whether it is right.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec

from decoders.model import RECEIVED_MS
from ingest.doctor import Finding
from ingest.networks.json_path import number

from .decoder import asked
from .engine import Engine, Script, printable, script
from .mapping import NORMALIZED, NoResult, Plan, read, taken
from .repository import Example

NOW_MS: Final = 1_780_000_000_000
_LATER_MS: Final = NOW_MS + 400 * 86_400_000
_FOREIGN_PORT: Final = 199
_SHOWN: Final = 3
_ROUNDS: Final = 50
_FORMS: Final = ("decodeUplink", "Decode", "Decoder")

Values = dict[str, Any]
"""What a codec says to a frame: quantities and their values where it is declared, else the paths of its data."""


class Subject(NamedTuple):
    """A codec with what is known of it. `plan`, `lengths`: what is declared, None and none where nothing is yet."""

    engine: Engine
    script: Script
    examples: Sequence[Example]
    plan: Plan | None = None
    lengths: frozenset[int] = frozenset()

    def fresh(self, number: int) -> Subject:
        """The same codec in a context of its own."""
        return self._replace(script=script(f"{self.script.text}\n// {number}"))


class _Said(NamedTuple):
    """The answer to one frame: what it says, or why it is refused."""

    values: Values
    result: Any
    refused: str = ""


def check(subject: Subject) -> Iterator[Finding]:
    """Every finding: failed is wrong, warning is what to know before it is used."""
    answer = subject.engine.run(subject.script, '{"forms": true}')
    forms = msgspec.json.decode(answer.text) if answer.code is None else []
    if not set(_FORMS) & set(forms):
        yield Finding("script", "failed", answer.text if answer.code else f"there is no function {', '.join(_FORMS)}")
        if r"\n" in subject.script.text and subject.script.text.count("\n") < 5:
            yield Finding("script", "failed", r"it holds the two letters \n where lines should end: replace them")
        return
    yield Finding("script", "ok", f"{', '.join(forms)}; {len(subject.script.text.encode())} bytes")
    yield from _plan(subject, forms)
    if not subject.examples:
        yield Finding("examples", "warning", "none are known, so it was not run: name a file of them with --examples")
        return
    good = [one for one in subject.examples if not one.expected.get("errors")]
    yield from _examples(subject, normalizes="normalizeUplink" in forms)
    yield from _values(subject, good)
    yield from _cut(subject, good)
    yield from _foreign(subject, good)
    yield from _state(subject, good)
    yield from _clock(subject, good)
    yield _speed(subject, good)


def _plan(subject: Subject, forms: list[str]) -> Iterator[Finding]:
    if subject.plan is not None and subject.plan.is_normalized and "normalizeUplink" not in forms:
        yield Finding("values", "failed", "it has no normalizeUplink: declare values")


def _ask(subject: Subject, payload: bytes, f_port: int, time_ms: int = NOW_MS) -> _Said:
    normalize = subject.plan is not None and subject.plan.is_normalized
    answer = subject.engine.run(subject.script, asked(payload, f_port, {RECEIVED_MS: time_ms}, normalize=normalize))
    if answer.code is not None:
        return _Said({}, None, f"{answer.code}: {answer.text}")
    try:
        result = msgspec.json.decode(answer.text)
        return _Said(_said(subject.plan, result), result)
    except NoResult as problem:
        return _Said({}, result, printable(f"{problem.code}: {problem}"))
    except (msgspec.DecodeError, RecursionError) as error:
        return _Said({}, None, printable(str(error)))


def _said(plan: Plan | None, result: Any) -> Values:
    if plan is None:
        return dict(_leaves(taken(result, "data")))
    found = read(plan, result)
    return {
        f"{key} at {reading.channel}" if reading.channel else key: value
        for reading in found.readings
        for key, value in reading.values.items()
        if value is not None
    }


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All that is no object and no list, by its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{n}]")
    else:
        yield path, value


def _examples(subject: Subject, *, normalizes: bool) -> Iterator[Finding]:
    """Whether it says what its author wrote down."""
    asking = subject._replace(plan=NORMALIZED if normalizes else None)
    wrong = [(one, why) for one in subject.examples if (why := _differs(one, _ask(asking, one.payload, one.f_port)))]
    for example, why in wrong[:_SHOWN]:
        yield Finding("examples", "failed", f"{_name(example)}: {why}")
    agree = len(subject.examples) - len(wrong)
    yield Finding("examples", "failed" if wrong else "ok", f"{agree} of {len(subject.examples)} as written down")


def _differs(example: Example, said: _Said) -> str:
    """How the answer differs from what is expected, "" when it does not."""
    if example.expected.get("errors"):
        return "" if said.refused else "an error is expected, and none comes"
    if not isinstance(said.result, dict):
        return said.refused
    expected = {"data": example.expected.get("data")}
    if example.normalized is not None and "normalized" in said.result:
        expected["normalized"] = example.normalized
    wanted, found = (dict(_leaves(part)) for part in (expected, {name: said.result.get(name) for name in expected}))
    for path in sorted(wanted.keys() | found.keys()):
        if not _same(wanted.get(path), found.get(path)):
            is_, should = _short(found.get(path)), _short(wanted.get(path))
            return f"{printable(path)[:100]} is {is_} where {should} is written down"
    return ""


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return math.isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-9)
    return bool(wanted == found)


def _values(subject: Subject, good: Sequence[Example]) -> Iterator[Finding]:
    """What it says to its examples; of what is declared, whether it fits."""
    said = [(one, _ask(subject, one.payload, one.f_port)) for one in good]
    for example, answer in [pair for pair in said if pair[1].refused][:_SHOWN]:
        yield Finding("values", "failed", f"{_name(example)} would be refused: {answer.refused}")
    seen: Values = {}
    for _, answer in said:
        seen = answer.values | seen
    if subject.plan is None:
        yield Finding("values", "ok", f"it says {_listed(seen)}")
        texts = {path: value for path, value in seen.items() if isinstance(value, str) and _begins_as_number(value)}
        if texts:
            yield Finding("values", "warning", f"numbers as text, to be declared with text = true: {_listed(texts)}")
        return
    yield Finding("values", "ok", f"its examples give {_listed(seen)}")
    missing = [key for key in subject.plan.quantities if not any(name.split(" at ")[0] == key for name in seen)]
    if missing and not subject.plan.is_normalized:
        yield Finding("values", "warning", f"declared, and in no example: {', '.join(missing)}")


def _begins_as_number(text: str) -> bool:
    """As `3.6` and `3.6V` do, and a version or a date does not."""
    digits = text.strip().rstrip("%°µABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/ ")
    return number(digits) is not None


def _cut(subject: Subject, good: Sequence[Example]) -> Iterator[Finding]:
    """Every example without its last bytes: what it says then was sent by nobody."""
    cut = accepted = 0
    wrong: list[str] = []
    for example in good:
        whole = _ask(subject, example.payload, example.f_port).values
        for length in set(range(1, len(example.payload))) & (subject.lengths or set(range(len(example.payload)))):
            cut += 1
            values = _ask(subject, example.payload[:length], example.f_port).values
            accepted += bool(values)
            other = {path: value for path, value in values.items() if path not in whole or whole[path] != value}
            if other:
                wrong.append(f"{_name(example)} cut to {length} of {len(example.payload)} bytes says {_listed(other)}")
    if not cut:
        return
    for text in wrong[:: max(1, len(wrong) // _SHOWN)][:_SHOWN]:
        yield Finding("cut short", "warning", text)
    text = f"{accepted} of {cut} frames cut short are accepted, {len(wrong)} of them with values that nobody sent"
    if wrong and not subject.lengths:
        lengths = sorted({len(one.payload) for one in good})
        text += f": declare lengths = {lengths} if frames have no others"
    yield Finding("cut short", "warning" if wrong else "ok", text)


def _foreign(subject: Subject, good: Sequence[Example]) -> Iterator[Finding]:
    """The same bytes where they mean something else, and none at all; neither reaches a codec that is declared."""
    ports = sorted({one.f_port for one in good})
    read_there = [one for one in good if _ask(subject, one.payload, _FOREIGN_PORT).values]
    shown = f"declare ports = {ports}; no other is asked for then"
    if read_there:
        yield Finding("ports", "warning", f"it reads fPort {_FOREIGN_PORT} like its own: {shown}")
    else:
        yield Finding("ports", "ok", shown)
    empty = _ask(subject, b"", ports[0]).values if ports else {}
    if empty:
        yield Finding(
            "no bytes", "warning", f"it says {_listed(empty)} of a frame without bytes, which is refused first"
        )


def _state(subject: Subject, good: Sequence[Example]) -> Iterator[Finding]:
    """Whether a frame says the same whatever came before it."""
    for n, example in enumerate((*good, *reversed(good))):
        frame = example.payload, example.f_port
        alone, after = _ask(subject.fresh(n), *frame), _ask(subject, *frame)
        if (alone.values, bool(alone.refused)) != (after.values, bool(after.refused)):
            yield Finding("memory", "warning", f"it says something else of {_name(example)} after other frames")
            return
    yield Finding("memory", "ok", "it says the same whatever came before")


def _clock(subject: Subject, good: Sequence[Example]) -> Iterator[Finding]:
    for example in good:
        frame = example.payload, example.f_port
        if _ask(subject, *frame).values != _ask(subject, *frame, _LATER_MS).values:
            yield Finding("clock", "warning", f"what it says of {_name(example)} depends on the time of reception")
            return


def _speed(subject: Subject, good: Sequence[Example]) -> Finding:
    spent = []
    for n in range(_ROUNDS if good else 0):
        example = good[n % len(good)]
        begin = time.perf_counter()
        _ask(subject, example.payload, example.f_port)
        spent.append(time.perf_counter() - begin)
    return Finding("speed", "ok", f"{median(spent or [0]) * 1e3:.2f} ms for a frame")


def _name(example: Example) -> str:
    return f"{printable(example.title)[:60]!r}"


def _listed(values: Values) -> str:
    shown = ", ".join(f"{path} = {_short(value)}" for path, value in list(values.items())[:8])
    return printable(f"{shown}, …" if len(values) > 8 else shown) or "nothing"


def _short(value: Any) -> str:
    return "nothing" if value is None else printable(repr(value)[:40])
