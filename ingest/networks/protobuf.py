"""Protobuf read straight from the wire, only the fields that are used: as JSON would have them.

Source: https://protobuf.dev/programming-guides/encoding/. Every zero is absent on the wire; what is absent stays so.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from .clock import SECOND, rfc3339

Schema: TypeAlias = dict[int, tuple[str, Any]]
"""Field number to JSON name and type: a word for a scalar (`text`, `bytes` to base64, `hex`, `time`, `real`, `signed`,
`unsigned`, `bool`), a tuple for the names of an enumeration, a schema for a message, a list of one schema
when repeated."""


def looks_like(body: bytes) -> bool:
    """A message that begins with field 1, 2 or 3 and not with the brace of JSON."""
    return body[:1] in {b"\x08", b"\x0a", b"\x12", b"\x1a"} and not body.lstrip().startswith((b"{", b"["))


def message(data: bytes, schema: Schema) -> dict[str, Any]:
    """The fields of the schema that are there, by JSON name. Raises `ValueError`, `IndexError` or `OverflowError`."""
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        if number in schema:
            name, kind = schema[number]
            if isinstance(kind, list):
                found.setdefault(name, []).append(_value(value, kind[0]))
            else:
                found[name] = _value(value, kind)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and raw values: varints as numbers, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at + length > len(data):
            raise ValueError(f"a field ends {at + length - len(data)} bytes behind the message")
        yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError(f"a number longer than ten bytes at byte {at}")


def _value(raw: int | bytes, kind: Any) -> Any:
    if isinstance(raw, int):
        return _number(raw, kind)
    if isinstance(kind, dict):
        return message(raw, kind)
    if isinstance(kind, str) and (reader := _READERS.get(kind)) is not None:
        return reader(raw)
    raise ValueError("a field has the wrong wire type")


def _number(raw: int, kind: Any) -> Any:
    if isinstance(kind, tuple):
        return kind[raw] if raw < len(kind) else str(raw)
    if kind == "signed":
        return raw - 2**64 if raw >= 2**63 else raw
    if kind == "bool":
        return raw != 0
    if kind == "unsigned":
        return raw
    raise ValueError("a field has the wrong wire type")


def _timestamp(raw: bytes) -> str:
    """google.protobuf.Timestamp as its JSON: RFC 3339."""
    parts = message(raw, {1: ("seconds", "signed"), 2: ("nanos", "signed")})
    return rfc3339(parts.get("seconds", 0) * SECOND + parts.get("nanos", 0))


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()


def _real(raw: bytes) -> float:
    """A float or double, the float as people write it: 7.2, not 7.199999809265137."""
    if len(raw) == 8:
        return float(struct.unpack("<d", raw)[0])
    if len(raw) != 4:
        raise ValueError("a field has the wrong wire type")
    value = float(struct.unpack("<f", raw)[0])
    for digits in (6, 7, 8):
        short = float(f"{value:.{digits}g}")
        if struct.pack("<f", short) == raw:
            return short
    return value


_READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "text": bytes.decode,
    "bytes": _base64,
    "hex": bytes.hex,
    "time": _timestamp,
    "real": _real,
}
