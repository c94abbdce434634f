"""Dragino, big endian: what all models of the vendor share.

    fPort 2   data; bytes 0-1: the lower 14 bits are the battery in mV, the upper two are flags
              most frames of 11 bytes end with their type: 1 data, 2 an answer with settings
    fPort 3   stored records, of 11 bytes but for SE02-LB, each with its own time: its last 4 bytes, Unix seconds
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

from decoders.frame import Route, Status, Values, assemble, by_port, check_limits, device_time_ms, refuse_length
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading, refuse

DATA, RECORDS, SETTINGS, INFORMATION, DETECTED = 2, 3, 4, 5, 6
"""fPorts."""
SUCCESSOR_PORTS: Final = (DATA, RECORDS, SETTINGS, INFORMATION)
"""Those that an -LB or -LS model sends on."""

INTERRUPT: Final = (Event("interrupt"),)
"""The frame was sent because of the interrupt pin, not of the clock."""

_RECORD: Final = 11
_NORMAL, _ANSWER = 1, 2
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


def successor(data: Route, stored: Route, models: Mapping[int, str]) -> Decode:
    """The decode function of an -LB or -LS model: its frames of fPort 2 and 3, its numbers and names for fPort 5."""
    return by_port({DATA: data, RECORDS: stored, SETTINGS: settings, INFORMATION: information(models)})


def typed(length: int, read: Route) -> Route:
    """The route of frames of this length whose last byte is their type."""

    def route(payload: bytes, params: Params) -> Decoded:
        if len(payload) != length:
            return refuse_length(payload, length)
        if payload[-1] == _NORMAL:
            return read(payload, params)
        if payload[-1] == _ANSWER:
            return settings(payload, params)
        detail = f"message type {payload[-1]} is neither data (1) nor an answer (2); another model's frame?"
        return refuse(Code.UNKNOWN_VARIANT, payload, detail, payload[-1])

    return route


ReadRecord = Callable[[bytes, int, list[Issue]], Values]
"""`read(payload, at, issues)`: the values of the record that begins at `at`."""

ReadChannels = Callable[[bytes, int, list[Issue]], list[Values]]
"""The same of a record with several sensors, in the order of their numbers."""


def records(read: ReadRecord) -> Route:
    """The route of fPort 3."""

    def one(payload: bytes, at: int, issues: list[Issue]) -> list[tuple[str | None, Values]]:
        return [(None, read(payload, at, issues))]

    return _stored(_RECORD, one)


def channel_records(read: ReadChannels, size: int = _RECORD) -> Route:
    """The route of fPort 3 of a model with several sensors: each of them is a channel, "1" the first one."""

    def several(payload: bytes, at: int, issues: list[Issue]) -> list[tuple[str | None, Values]]:
        return [(str(number), values) for number, values in enumerate(read(payload, at, issues), 1)]

    return _stored(size, several)


def channels(every: list[Values]) -> tuple[Reading, ...]:
    """What several sensors measured at the same time: each of them is a channel, "1" the first one."""
    return tuple([Reading(values, None, str(number)) for number, values in enumerate(every, 1)])


def _stored(size: int, read: Callable[[bytes, int, list[Issue]], list[tuple[str | None, Values]]]) -> Route:
    def route(payload: bytes, _params: Params) -> Decoded:
        if len(payload) % size:
            code = Code.TOO_SHORT if len(payload) < size else Code.WRONG_LENGTH
            return refuse(code, payload, f"{len(payload)} bytes are not records of {size}", len(payload))
        issues: list[Issue] = []
        readings: list[Reading] = []
        for at in range(0, len(payload), size):
            time_ms = device_time_ms(int.from_bytes(payload[at + size - 4 : at + size]), issues)
            for channel, values in read(payload, at, issues):
                check_limits(values, issues)
                readings.append(Reading(values, time_ms, channel))
        return assemble(Kind.HISTORY, tuple(readings), {}, issues=issues)

    return route


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
