"""Ellenex, firmware version 6, fPort 15: one CBOR map (RFC 8949) of short text keys to numbers.

    L   level of the liquid above the sensor, m        D   distance, m        v   battery, mV

The map may be of definite or indefinite length, the numbers integers or floats of 16, 32 or 64 bit. Other keys are
passed over, for they say what they are. What is no such map, or does not end with the frame, is refused. Older
firmware sends 8 bytes whose scale depends on the ordered range; that form is refused too.

Sources: Ellenex "Version 6 payload", as in the vendor's decoders; a frame in TheThingsNetwork/lorawan-devices,
ellenex/pls2-l-v6.
"""

from __future__ import annotations

from math import isfinite
from struct import unpack_from
from typing import Final

from decoders.frame import Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

PORT: Final = 15
_MAP, _TEXT = 5, 3
_INDEFINITE: Final = 31
_BREAK: Final = 0xFF
_FLOATS: Final = {0xF9: (">e", 2), 0xFA: (">f", 4), 0xFB: (">d", 8)}
_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_LONGEST_KEY: Final = 23


class _Malformed(Exception):
    """The bytes are no map of short texts to numbers."""


def reader(keys: dict[str, str]) -> Decode:
    """The decode function. `keys`: key of the map in metres to quantity in millimetres; "v" is every model's."""

    def read(payload: bytes, _params: Params) -> Decoded:
        try:
            found = _read_map(payload)
        except _Malformed as problem:
            return refuse(Code.UNKNOWN_VARIANT, payload, str(problem), payload[:4].hex())
        values: Values = {}
        issues: list[Issue] = []
        for key, value in found.items():
            if key == "v":
                _put("battery_v", value / 1000, values, issues)
            elif key in keys:
                _put(keys[key], value * 1000, values, issues)
        if not values:
            return Decoded(Kind.STATUS, status={"keys": " ".join(found)})
        check_limits(values, issues)
        return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)

    return by_port({PORT: read})


def _put(key: str, value: float, values: Values, issues: list[Issue]) -> None:
    values[key] = value if isfinite(value) else None
    if not isfinite(value):
        issues.append(Issue(Code.NOT_FINITE, key, str(value), "the value is no number"))


def _read_map(payload: bytes) -> dict[str, float]:
    kind, length = payload[0] >> 5, payload[0] & 31
    if kind != _MAP or (length > _LONGEST_KEY and length != _INDEFINITE):
        raise _Malformed("the frame is no CBOR map")
    found: dict[str, float] = {}
    at, size = 1, len(payload)
    while at < size and (length == _INDEFINITE or len(found) < length):
        if payload[at] == _BREAK and length == _INDEFINITE:
            if at + 1 == size:
                return found
            break
        key, at = _read_key(payload, at)
        if key in found:
            raise _Malformed(f"key {key} comes twice")
        found[key], at = _read_number(payload, at)
    if length == _INDEFINITE or at != size or len(found) != length:
        raise _Malformed("the map does not end with the frame")
    return found


def _read_key(payload: bytes, at: int) -> tuple[str, int]:
    length = payload[at] & 31
    after = at + 1 + length
    if payload[at] >> 5 != _TEXT or length > _LONGEST_KEY or after > len(payload):
        raise _Malformed(f"no key at byte {at}")
    return payload[at + 1 : after].decode("ascii", "replace"), after


def _read_number(payload: bytes, at: int) -> tuple[float, int]:
    if at >= len(payload):
        raise _Malformed("a key without a value")
    head = payload[at]
    floating = _FLOATS.get(head)
    if floating is not None:
        layout, size = floating
        return _whole(payload, at, size, layout)
    major, length = head >> 5, head & 31
    if major > 1:
        raise _Malformed(f"no number at byte {at}")
    if length < min(_SIZES):
        return float(-1 - length if major else length), at + 1
    size = _SIZES.get(length, 0)
    if not size or at + 1 + size > len(payload):
        raise _Malformed(f"no whole number at byte {at}")
    value = int.from_bytes(payload[at + 1 : at + 1 + size])
    return float(-1 - value if major else value), at + 1 + size


def _whole(payload: bytes, at: int, size: int, layout: str) -> tuple[float, int]:
    if at + 1 + size > len(payload):
        raise _Malformed(f"no whole number at byte {at}")
    (value,) = unpack_from(layout, payload, at + 1)
    return value, at + 1 + size
