"""Nemeus NIS-UL: ultrasonic distance, LoRaWAN. Two formats under one name, on any fPort; 1, 2 and 3 are read.

Big endian: a mask (1), then arrays of n values each. Bit 7 of the mask is always set.

Since November 2017:

    bit 0   a byte n follows; else n is 1               bit 1   distances, cm (2 each)
    bit 2   voltages, mV (2 each)                       bit 3   temperatures, signed, °C (1 each)
    bit 5   cause of the frame (1); else periodic

Before:

    always a byte n                                     bit 0   distances, cm (2 each)
    bit 1   voltages, mV (2 each)                       bit 2   temperatures, signed, °C (1 each)
    bits 3 to 6   private bytes at the end

Which of them it is, the length says: the frame is of the newer format if it fits that to the byte and no voltage is
below 1 V, which no battery of the device has; else of the older, if it fits that. The parameter `frame_format`, "new"
or "old", decides for a device. Objects nearer than 20 cm are reported at 20 cm.

The n measurements of a frame carry no time: channels "1" to "n" in the order of the frame.

Sources: wiki.nemeus.fr, "NIS-UL UltraSonic Sensor" and "Frame Format v0.x", with frames; The Things Network forum,
thread 14770, with frames.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack_from
from typing import Final, NamedTuple

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_PORTS: Final = (1, 2, 3)
_ALWAYS: Final = 0x80
_LOWEST_VOLTAGE: Final = 1000
_PRIVATE: Final = 0x78
_RESERVED: Final = 0x50


class _Arrays(NamedTuple):
    """What a frame holds: measured numbers by kind, all of one length or empty, and why it was sent."""

    length: int
    distances: tuple[int, ...]
    voltages: tuple[int, ...]
    temperatures: tuple[int, ...]
    cause: int | None = None


def _data(payload: bytes, params: Params) -> Decoded:
    wanted = params.get("frame_format")
    read = _FORMATS.get(wanted, _either) if isinstance(wanted, str) else _either
    arrays = read(payload) if payload[0] & _ALWAYS else None
    if arrays is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, "the frame fits neither format to the byte", payload[0])
    issues: list[Issue] = []
    readings = tuple([_reading(arrays, number, issues) for number in range(arrays.length)])
    status: Status = {} if arrays.cause is None else {"cause": arrays.cause}
    return assemble(Kind.TELEMETRY, readings, status, issues=issues)


def _either(payload: bytes) -> _Arrays | None:
    new = _new(payload)
    if new is not None and all(voltage >= _LOWEST_VOLTAGE for voltage in new.voltages):
        return new
    return _old(payload)


def _new(payload: bytes) -> _Arrays | None:
    mask = payload[0]
    if mask & _RESERVED or not mask & 0x0E:
        return None
    at, count = 1, 1
    if mask & 0x01:
        if len(payload) < 2:
            return None
        at, count = 2, payload[1]
    arrays, end = _arrays(payload, at, count, (mask & 0x02, mask & 0x04, mask & 0x08))
    if arrays is None or end + (mask >> 5 & 1) != len(payload):
        return None
    return arrays._replace(cause=payload[end]) if mask & 0x20 else arrays


def _old(payload: bytes) -> _Arrays | None:
    mask = payload[0]
    if not mask & 0x07 or len(payload) < 2:
        return None
    arrays, end = _arrays(payload, 2, payload[1], (mask & 0x01, mask & 0x02, mask & 0x04))
    is_whole = end < len(payload) if mask & _PRIVATE else end == len(payload)
    return arrays if is_whole else None


def _arrays(payload: bytes, at: int, count: int, present: tuple[int, int, int]) -> tuple[_Arrays | None, int]:
    """The arrays that begin at `at`, and where they end; None when they are longer than the frame or empty."""
    found: list[tuple[int, ...]] = []
    for is_there, letter, size in zip(present, "HHb", (2, 2, 1), strict=True):
        length = count if is_there else 0
        if at + length * size > len(payload):
            return None, at
        found.append(unpack_from(f">{length}{letter}", payload, at))
        at += length * size
    return (_Arrays(count, found[0], found[1], found[2]) if count else None), at


def _reading(arrays: _Arrays, number: int, issues: list[Issue]) -> Reading:
    values: Values = {}
    if arrays.distances:
        distance = arrays.distances[number]
        values["distance_mm"] = distance * 10.0 if distance else None
        if not distance:
            issues.append(Issue(Code.NO_ECHO, "distance_mm", distance, "zero is no distance"))
    if arrays.temperatures:
        values["temperature_c"] = float(arrays.temperatures[number])
    if arrays.voltages:
        values["battery_v"] = arrays.voltages[number] / 1000
    check_limits(values, issues)
    return Reading(values, channel=str(number + 1) if arrays.length > 1 else None)


_FORMATS: Final[dict[str, Callable[[bytes], _Arrays | None]]] = {"new": _new, "old": _old}

DECODER: Final = Decoder(
    key="nemeus_nis_ul",
    vendor="Nemeus",
    models=("NIS-UL",),
    kind="level",
    ports=_PORTS,
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Nemeus wiki, NIS-UL UltraSonic Sensor and Frame Format v0.x",
    decode=by_port(dict.fromkeys(_PORTS, _data)),
    aliases=("Nemeus NIS-UL", "NIS UL"),
    params=("frame_format",),
)
