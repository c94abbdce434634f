"""Frames as JSON lines in, what they say as dictionaries out; and every decoder described.

Pure: no files, no printing. The command line reads the lines and prints the answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final

from . import all_decoders, find
from .model import Decoded, Decoder, Event, Issue, Params, Reading
from .quantities import QUANTITIES

_LONGEST_LINE: Final = 65_536
_LONGEST_PAYLOAD: Final = 1_024  # LoRaWAN carries 242 bytes, NB-IoT forms of the same devices a few hundred
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Answer = dict[str, Any]
"""One line of output: the keys are fixed, see `decode_line`."""


class _Malformed(Exception):
    """Why a line is no frame. `code`, `field`, `raw`, `detail` as in an issue."""

    def __init__(self, code: str, field: str | None, raw: str | int | None, detail: str) -> None:
        super().__init__(detail)
        self.issue = {"code": code, "field": field, "raw": raw, "detail": detail}


def decode_line(line: str, number: int, find: Callable[[str], Decoder | None] = find) -> Answer:
    """What the frame of one JSON line says. `find`: from a model to its decoder.

    The line: {"model": key, model name or alias, "f_port": 0 to 255, "payload_hex": text, "params": {} if any}.
    The answer: {"line": number, "model", "kind", "readings": [{"time", "channel", "values"}], "status", "events",
    "issues": [{"code", "field", "raw", "detail"}], "unparsed_hex"}; times are RFC 3339 in UTC or None. A line that is
    no frame gives the same keys, kind "error", no reading and one issue: bad_json, unknown_model, bad_port, bad_hex
    or bad_params.
    """
    asked: Mapping[str, Any] = {}
    try:
        asked = _parse(line)
        decoder, payload = _decoder(asked.get("model"), find), _payload(asked.get("payload_hex"))
        decoded = decoder.decode(payload, _port(asked.get("f_port")), _params(asked.get("params")))
    except _Malformed as problem:
        return _malformed(problem, number, asked.get("model"))
    return answer(decoded, number, asked["model"])


def answer(decoded: Decoded, number: int, model: str) -> Answer:
    """A decoded frame in the form of a line of output; every value is JSON's."""
    return {
        "line": number,
        "model": model,
        "kind": decoded.kind.value,
        "readings": [_reading(reading) for reading in decoded.readings],
        "status": dict(decoded.status),
        "events": [_event(event) for event in decoded.events],
        "issues": [_issue(issue) for issue in decoded.issues],
        "unparsed_hex": decoded.unparsed.hex(),
    }


def describe(decoder: Decoder) -> Answer:
    """What a decoder reads and gives, for lists: names, kind, quantities with their UCUM units, ports, manual."""
    return {
        "key": decoder.key,
        "vendor": decoder.vendor,
        "models": list(decoder.models),
        "aliases": list(decoder.aliases),
        "kind": decoder.kind,
        "quantities": [{"key": key, "unit": QUANTITIES[key].unit} for key in decoder.quantities],
        "ports": list(decoder.ports),
        "params": list(decoder.params),
        "document": decoder.document,
        "revision": decoder.revision,
    }


def devices_table() -> str:
    """The table of devices in README.md, as Markdown."""
    rows = ["| Key | Models | Kind | fPorts | Quantities | Follows |", "|---|---|---|---|---|---|"]
    for decoder in all_decoders().values():
        ports = ", ".join(str(port) for port in decoder.ports)
        models = f"{decoder.vendor} {', '.join(decoder.models)}"
        quantities = ", ".join(decoder.quantities)
        rows.append(f"| `{decoder.key}` | {models} | {decoder.kind} | {ports} | {quantities} | {decoder.document} |")
    return "\n".join(rows)


def _parse(line: str) -> Mapping[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise _Malformed("bad_json", None, len(line), f"the line is longer than {_LONGEST_LINE} characters")
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Malformed("bad_json", None, None, f"not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise _Malformed("bad_json", None, None, 'not an object with "model", "f_port" and "payload_hex"')
    return asked


def _decoder(model: object, find: Callable[[str], Decoder | None]) -> Decoder:
    if not isinstance(model, str):
        raise _Malformed("unknown_model", "model", None, "the model is missing or not a text")
    decoder = find(model)
    if decoder is None:
        near = nearest(model)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise _Malformed("unknown_model", "model", model[:100], f"no decoder has this name{hint}")
    return decoder


def nearest(model: str) -> list[str]:
    """Up to three known keys and model names that look most like this one."""
    names = {name.casefold(): name for d in all_decoders().values() for name in (d.key, *d.models)}
    return [names[name] for name in get_close_matches(model[:100].casefold(), names, n=3)]


def _payload(text: object) -> bytes:
    if not isinstance(text, str):
        raise _Malformed("bad_hex", "payload_hex", None, "the payload is missing or not a text")
    try:
        payload = bytes.fromhex(text)
    except ValueError as error:
        raise _Malformed("bad_hex", "payload_hex", text[:100], f"not hexadecimal: {error}") from None
    if len(payload) > _LONGEST_PAYLOAD:
        raise _Malformed("bad_hex", "payload_hex", len(payload), f"more than {_LONGEST_PAYLOAD} bytes")
    return payload


def _port(port: object) -> int:
    if isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= 255:
        return port
    raw = port if isinstance(port, str) else None
    raise _Malformed("bad_port", "f_port", raw, "the fPort is missing or not a whole number from 0 to 255")


def _params(params: object) -> Params:
    if params is None:
        return {}
    if isinstance(params, dict) and all(isinstance(value, int | float | str) for value in params.values()):
        return params
    raise _Malformed("bad_params", "params", None, "params is not an object of numbers, texts and booleans")


def _malformed(problem: _Malformed, number: int, model: object) -> Answer:
    return {
        "line": number,
        "model": model if isinstance(model, str) else None,
        "kind": "error",
        "readings": [],
        "status": {},
        "events": [],
        "issues": [problem.issue],
        "unparsed_hex": "",
    }


def _reading(reading: Reading) -> Answer:
    return {"time": _time(reading.time_ms), "channel": reading.channel, "values": dict(reading.values)}


def _event(event: Event) -> Answer:
    return {"code": event.code, **event.data}


def _issue(issue: Issue) -> Answer:
    return {"code": issue.code.value, "field": issue.field, "raw": issue.raw, "detail": issue.detail}


def _time(time_ms: int | None) -> str | None:
    if time_ms is None:
        return None
    when = _EPOCH + timedelta(milliseconds=time_ms)
    return when.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")
