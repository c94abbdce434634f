"""Yosensi, payload version 2, big endian: a head of 4 bytes, then a chain of measurements.

    0     version, 02          1     counter of frames          2-3   seconds since the frame was made

    measurement: type in the upper 6 bits, decimals in the lower 2 (1); seconds after the frame was made (1);
                 length of the address in the upper nibble, of the value less 1 in the lower (1); address; value, signed

The same frame may be sent on any fPort; 1 and 2 are read, and 0, which published examples carry.

    type 2 battery, mV     3 temperature, °C     4 humidity, %     10 distance, mm     25 soil moisture, by address

The other types (counters, acceleration, voltages of outputs, air quality) hold nothing that has a quantity here; their
length is known, so they are passed over.

Sources: Yosensi "Payload V2 description"; the vendor's decoder in akenza device-type-library, yosensi, with frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

PORTS: Final = (0, 1, 2)
_VERSION: Final = 2
_HEAD: Final = 4
_LEAST: Final = 7
_BATTERY: Final = 2
_KNOWN: Final = frozenset((*range(1, 41), 63))


def reader(types: Mapping[int, str], channelled: int | None = None) -> Decode:
    """The decode function. `types`: type to quantity; `channelled`: the type whose address tells probes apart."""

    def read(payload: bytes, _params: Params) -> Decoded:
        if payload[0] != _VERSION:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"payload version {payload[0]} is not 2", payload[0])
        if len(payload) < _LEAST:
            return refuse(Code.TOO_SHORT, payload, "a frame has at least one measurement", len(payload))
        values: Values = {}
        probes: dict[str, Values] = {}
        at, size = _HEAD, len(payload)
        while at < size:
            if at + 3 > size:
                return _cut(payload, at)
            kind, lengths = payload[at] >> 2, payload[at + 2]
            value_at = at + 3 + (lengths >> 4)
            after = value_at + (lengths & 15) + 1
            if kind not in _KNOWN:
                return refuse(Code.UNKNOWN_ITEM, payload, f"measurement {kind} at byte {at} is unknown", kind)
            if after > size:
                return _cut(payload, at)
            key = types.get(kind)
            if key is not None:
                number = int.from_bytes(payload[value_at:after], signed=True) / 10 ** (payload[at] & 3)
                if kind == channelled:
                    probe = str(int.from_bytes(payload[at + 3 : value_at]) + 1)
                    probes.setdefault(probe, {})[key] = number
                else:
                    values[key] = number / 1000 if kind == _BATTERY else number
            at = after
        return _finish(payload, values, probes)

    return by_port(dict.fromkeys(PORTS, read))


def _cut(payload: bytes, at: int) -> Decoded:
    return refuse(Code.TOO_SHORT, payload, f"the measurement at byte {at} is not whole", len(payload))


def _finish(payload: bytes, values: Values, probes: dict[str, Values]) -> Decoded:
    status: Status = {"frame_age_s": int.from_bytes(payload[2:4])}
    issues: list[Issue] = []
    distance = values.get("distance_mm")
    if distance is not None and distance < 0:
        values["distance_mm"] = None
        issues.append(Issue(Code.SENSOR_FAULT, "distance_mm", distance, "below zero"))
    check_limits(values, issues)
    readings = [Reading(values)] if values else []
    for probe, moisture in probes.items():
        check_limits(moisture, issues)
        readings.append(Reading(moisture, channel=probe))
    kind = Kind.TELEMETRY if readings else Kind.STATUS
    return assemble(kind, tuple(readings), status, issues=issues)
