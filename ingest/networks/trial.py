"""What a plain JSON mapping reads in one message, for the operator who writes it: every path, and what to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from decoders.quantities import QUANTITIES
from sinks.model import Envelope

from . import plain_json
from .clock import rfc3339
from .json_path import MISSING, leaves, take
from .model import Outcome, TimeSource, Uplink
from .parts import dead_letter
from .refusal import Refused, read

_JSON: Final = msgspec.json.Decoder(Any)
_MANY: Final = 1000
"""Paths of a message that are looked at for one like the mapped one."""


class Step(NamedTuple):
    """One thing that the mapping reads. `found`: what stands there as JSON, "" for nothing. `note`: what to mend."""

    reads: str
    path: str
    found: str
    value: str
    unit: str
    note: str


def trial(key: str, settings: plain_json.MappingSettings, envelope: Envelope) -> tuple[Uplink, list[Step]]:
    """What becomes of the message, and each step on the way; no step for what is not JSON."""
    try:
        (uplink,) = plain_json.network(key, settings).unwrap(envelope)
    except Refused as refused:
        uplink = dead_letter(envelope, refused)
    try:
        body = read(_JSON, envelope.body)
    except Refused:
        return uplink, []
    levels = (envelope.topic or "").split("/")
    return uplink, [*_identity(key, settings, uplink, body, levels), *_values(key, settings, body, levels)]


def _identity(
    key: str, settings: plain_json.MappingSettings, uplink: Uplink, body: Any, levels: list[str]
) -> Iterator[Step]:
    for name, path in plain_json.ready(key, settings).paths.items():
        text = getattr(settings, name)
        found = take(path, body, levels)
        if found is MISSING:
            yield Step(name, text, "", "", "", _elsewhere(text, body, levels))
        else:
            yield Step(name, text, _shown(found), *_meaning(name, uplink))


def _meaning(name: str, uplink: Uplink) -> tuple[str, str, str]:
    """Value, unit and note of what is no quantity."""
    read_as: dict[str, tuple[str, str, str]] = {
        "device": (uplink.dev_eui or uplink.device_key or "", "", "a DevEUI" if uplink.dev_eui else ""),
        "time": _time(uplink),
        "model": (uplink.model or "", "", "" if uplink.model else "no text stands there"),
        "f_cnt": _number(uplink.f_cnt, ""),
        "rssi": _number(uplink.best_rssi, "dB[mW]"),
        "snr": _number(uplink.best_snr, "dB"),
    }
    return read_as[name] if uplink.outcome is not Outcome.DEAD_LETTER or name == "device" else ("", "", "")


def _time(uplink: Uplink) -> tuple[str, str, str]:
    if uplink.received_ns is not None and uplink.time_source is not TimeSource.ARRIVAL:
        return rfc3339(uplink.received_ns), "UTC", ""
    if "time_implausible" in uplink.flags:
        return "", "", "before 2015 or in the future: not believed, the arrival counts"
    return "", "", "no time with an offset, nor a number since 1970: declare a timezone; else the arrival counts"


def _number(value: float | None, unit: str) -> tuple[str, str, str]:
    return ("", "", "no number stands there") if value is None else (f"{value:g}", unit, "")


def _values(key: str, settings: plain_json.MappingSettings, body: Any, levels: list[str]) -> Iterator[Step]:
    for quantity, place in plain_json.ready(key, settings).values.items():
        given = settings.values[quantity]
        found = take(place.path, body, levels)
        if found is MISSING:
            yield Step(quantity, given.path, "", "", "", _elsewhere(given.path, body, levels))
            continue
        value = place.read(found)
        wanted = QUANTITIES[quantity]
        note = ""
        if value is None:
            note = "no value" if found is None else "no number stands there"
        elif not wanted.low <= value <= wanted.high:
            note = f"outside of {wanted.low:g} to {wanted.high:g}: is it in {given.unit}?"
        yield Step(quantity, given.path, f"{_shown(found)} {given.unit}", _written(value), wanted.unit, note)


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _shown(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _elsewhere(path: str, body: Any, levels: Sequence[str]) -> str:
    """Where the value may stand instead."""
    if path.startswith("$topic"):
        return f"the topic has only the levels {', '.join(levels)}" if any(levels) else "give the message's --topic"
    known = list(islice(leaves(body), _MANY))
    near = get_close_matches(path, known, n=3, cutoff=0.5) or known[:8]
    return f"nothing is there; the message has {', '.join(near)}" if any(near) else "nothing is there"
