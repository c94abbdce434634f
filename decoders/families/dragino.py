"""Dragino, big endian: what all models of the vendor share.

    fPort 2   data; bytes 0-1: the lower 14 bits are the battery in mV, the upper two are flags
    fPort 3   stored records of 11 bytes, each with its own time: bytes 7-10, Unix seconds
    fPort 4   answers with settings
    fPort 5   device information, 7 bytes:
              0    model           1-2  firmware, three nibbles: 01 23 is 1.2.3     3  frequency band
              4    sub-band, ff none                                                5-6 battery in mV

Models without "-LB" or "-LS" in their names send fPort 2 only.

Sources: Dragino user manuals (wiki.dragino.com), "Uplink Payload", "Device Status", "Datalog Feature"; checked against
github.com/dragino/dragino-end-node-decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Route, Status, Values, assemble, check_limits, device_time_ms, refuse_length
from decoders.model import Code, Decoded, Event, Issue, Kind, Params, Reading, refuse

DATA, RECORDS, SETTINGS, INFORMATION, DETECTED = 2, 3, 4, 5, 6
"""fPorts."""

INTERRUPT: Final = (Event("interrupt"),)
"""The frame was sent because of the interrupt pin, not of the clock."""

_RECORD: Final = 11
_ABSENT: Final = {0x0CCC, 0x7FFF}
_BANDS: Final = (
    *("", "EU868", "US915", "IN865", "AU915", "KZ865", "RU864", "AS923"),
    *("AS923-1", "AS923-2", "AS923-3", "CN470", "EU433", "KR920", "MA869"),
)


def battery_v(word: int) -> float:
    """Volts from the head of a frame."""
    return (word & 0x3FFF) / 1000


def ds18b20_c(raw: int, issues: list[Issue], divisor: int = 10) -> float | None:
    """°C of the external DS18B20 (-55 to 125 °C) from a signed word; 327.6 and 3276.7 mean that there is none."""
    if raw in _ABSENT:
        issues.append(Issue(Code.NOT_CONNECTED, "temperature_c", raw, "no DS18B20 is connected"))
        return None
    value = raw / divisor
    if not -55 <= value <= 125:
        issues.append(Issue(Code.OUT_OF_RANGE, "temperature_c", raw, f"{value:g} °C is outside the DS18B20's range"))
        return None
    return value


ReadRecord = Callable[[bytes, int, list[Issue]], Values]
"""`read(payload, at, issues)`: the values of the record that begins at `at`."""


def records(read: ReadRecord) -> Route:
    """The route of fPort 3."""

    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) % _RECORD:
            code = Code.TOO_SHORT if len(payload) < _RECORD else Code.WRONG_LENGTH
            return refuse(code, payload, f"{len(payload)} bytes are not records of {_RECORD}", len(payload))
        issues: list[Issue] = []
        readings = tuple(_record(payload, at, read, issues) for at in range(0, len(payload), _RECORD))
        return assemble(Kind.HISTORY, readings, {}, issues=issues)

    return route


def _record(payload: bytes, at: int, read: ReadRecord, issues: list[Issue]) -> Reading:
    values = read(payload, at, issues)
    check_limits(values, issues)
    return Reading(values, device_time_ms(int.from_bytes(payload[at + 7 : at + _RECORD]), issues))


def settings(payload: bytes, _params: Params) -> Decoded:
    """The route of fPort 4: an answer with settings, kept as it came."""
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


def information(models: Mapping[int, str]) -> Route:
    """The route of fPort 5. Another model than one of `models` means that the device is registered as a wrong one."""

    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) != 7:
            return refuse_length(payload, 7)
        model = models.get(payload[0])
        if model is None:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"model {payload[0]:02x} is not this device", payload[0])
        return Decoded(Kind.STATUS, status=_information(payload, model))

    return route


def _information(payload: bytes, model: str) -> Status:
    firmware = f"{payload[1] & 15}.{payload[2] >> 4}.{payload[2] & 15}"
    status: Status = {"model": model, "firmware": firmware, "battery_v": battery_v(int.from_bytes(payload[5:7]))}
    if 0 < payload[3] < len(_BANDS):
        status["band"] = _BANDS[payload[3]]
    if payload[4] != 0xFF:
        status["sub_band"] = payload[4]
    return status
