"""Netvox, big endian: what the models share. Two ports: reports, and answers to downlinks.

A report begins

    0    protocol version         1 (R900: 1-2)    device type         2 (R900: 3)    kind of report; 0: versions

    versions    software, 0.1 each; hardware; date of the firmware, 4 bytes of BCD
    others      battery, 0.1 V each in 7 bits; bit 7: the battery is low; then what the model measures

An answer begins with its command (81, 82 …) and the device type, and is never a measurement: kept as it came.

ffff in the place of a measurement means that there is no such sensor.

Sources: Netvox application command documents of the models; the vendor's codecs in TheThingsNetwork/lorawan-devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Route, Status, Values
from decoders.model import Code, Decoded, Issue, Kind, Params, refuse

NO_SENSOR: Final = 0xFFFF
_FIRST_ANSWER: Final = 0x80


def battery(raw: int, values: Values, status: Status) -> None:
    """Put the battery's byte into the values, its flag into the status."""
    values["battery_v"] = (raw & 0x7F) / 10
    if raw & 0x80:
        status["battery_low"] = True


def measured(key: str, raw: int, divisor: int, values: Values, issues: list[Issue]) -> None:
    """Put a word of 16 bit into the values; `ffff` is no sensor."""
    values[key] = None if raw == NO_SENSOR else raw / divisor
    if raw == NO_SENSOR:
        issues.append(Issue(Code.NOT_CONNECTED, key, raw, "the device has no such sensor"))


def signed(raw: int) -> int:
    """A word of 16 bit with its sign."""
    return raw - (raw >> 15 << 16)


def versions(payload: bytes, at: int, model: str) -> Decoded:
    """A report of versions, whose software stands at `at`."""
    software, hardware = payload[at : at + 2]
    date = payload[at + 2 : at + 6].hex()
    return Decoded(
        Kind.STATUS,
        status={"model": model, "firmware": f"{software / 10:.1f}", "hardware": str(hardware), "firmware_date": date},
    )


def answers(models: Mapping[int, str], size: int) -> Route:
    """The route of answers to downlinks. `models`: device type, of `size` bytes, to name."""

    def route(payload: bytes, _params: Params) -> Decoded:
        model = models.get(int.from_bytes(payload[1 : 1 + size]))
        if model is None or payload[0] < _FIRST_ANSWER:
            return refuse(Code.UNKNOWN_VARIANT, payload, "not an answer of this device", payload[: 1 + size].hex())
        return Decoded(Kind.CONFIG, status={"model": model, "settings_hex": payload.hex()})

    return route


def reports(
    models: Mapping[int, str], size: int, read: Callable[[bytes, str, int], Decoded], lengths: tuple[int, int]
) -> Route:
    """The route of reports. `read(payload, model, kind)`; `lengths`: of a report of versions, of another."""
    at = 1 + size

    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) <= at:
            return refuse(Code.TOO_SHORT, payload, f"{len(payload)} bytes are no report", len(payload))
        model = models.get(int.from_bytes(payload[1:at]))
        if model is None:
            return refuse(Code.UNKNOWN_VARIANT, payload, "a report of another device", payload[1:at].hex())
        kind = payload[at]
        expected = lengths[min(kind, 1)]
        if len(payload) != expected:
            code = Code.TOO_SHORT if len(payload) < expected else Code.WRONG_LENGTH
            return refuse(code, payload, f"{len(payload)} bytes where the report has {expected}", len(payload))
        return versions(payload, at + 1, model) if kind == 0 else read(payload, model, kind)

    return route
