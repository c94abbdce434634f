"""Seeed SenseCAP, fPort 1 or 2: elements of 7 bytes, little endian, then a checksum of 2 bytes.

    0     channel: which probe
    1-2   what it is
    3-6   its value; a measurement is signed, 0.001

    1001 air temperature, °C    1006 soil temperature, °C   100c soil conductivity, dS/m
    1002 air humidity, %        1007 soil moisture, %
    0000 versions: 4th and 3rd byte hardware, 2nd and 1st firmware
    0002 lower half, 0003 upper half of the probe's number
    0007 battery, %, in the lower half, minutes between two frames in the upper
    0120 the probe was removed
    0001, 0004, 0005, 0006, 0009, 0100 of the probe itself, not read

The checksum is CRC-16/KERMIT over all that is before it. The vendor's code does not look at it.

A probe that failed sends an error as if it were a value: 2000001 it does not answer; 2000002, 2000003 and 257 others.

An element with another number is not known; the frame may be another sensor's and is refused, unless the parameter
`lenient` is set: then the element alone is left out.

Sources: Seeed SenseCAP S210x LoRaWAN user guide, "Payload"; SenseCAP wireless sensors user guide 114992867, pages 40 to
42; SenseCAP-Decoder, S210X and Gen1, with sample frames.
"""

from __future__ import annotations

from binascii import crc_hqx
from struct import Struct
from typing import Final

from decoders.frame import Status, Values, by_port, check_limits, mirror_condition
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading, refuse

PORTS: Final = (1, 2)
_ELEMENT: Final = Struct("<BHi")
_CHECKSUM: Final = 2

_MEASURED: Final = {
    0x1001: ("temperature_c", 1000),
    0x1002: ("humidity_pct", 1000),
    0x1006: ("soil_temperature_c", 1000),
    0x1007: ("soil_moisture_pct", 1000),
    0x100C: ("soil_ec_us_cm", 1),  # 0.001 dS/m is 1 µS/cm
}
_ERRORS: Final = {
    2_000_001_000: (Code.NOT_CONNECTED, "2000001, the probe does not answer"),
    2_000_002_000: (Code.SENSOR_FAULT, "2000002, the probe failed"),
    2_000_003_000: (Code.SENSOR_FAULT, "2000003, the probe failed"),
    257_000: (Code.SENSOR_FAULT, "257, the probe failed"),
}
_VERSIONS, _LOWER, _UPPER, _POWER, _REMOVED = 0x0000, 0x0002, 0x0003, 0x0007, 0x0120
_OF_THE_PROBE: Final = {0x0001, 0x0004, 0x0005, 0x0006, 0x0009, 0x0100}


_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""


def checksum(payload: bytes) -> int:
    """CRC-16/KERMIT, which is CRC-16/XMODEM of mirrored bytes, mirrored."""
    high, low = crc_hqx(payload.translate(_MIRRORED), 0).to_bytes(2)
    return _MIRRORED[low] << 8 | _MIRRORED[high]


class _Found:
    """What the elements read so far have said. `informed`: an element said something of the device or its probe."""

    __slots__ = ("events", "informed", "issues", "probe", "readings", "status")

    def __init__(self) -> None:
        self.readings: list[tuple[int, Values]] = []
        self.status: Status = {}
        self.events: list[Event] = []
        self.issues: list[Issue] = []
        self.probe: dict[int, str] = {}
        self.informed = False

    def put(self, channel: int, key: str, value: float | None) -> None:
        """Into the channel's reading; another value for the same quantity begins the next one."""
        for known, values in reversed(self.readings):
            if known == channel:
                if values.setdefault(key, value) == value:
                    return
                break
        self.readings.append((channel, {key: value}))


def _measurement(found: _Found, channel: int, key: str, raw: int, divisor: int) -> None:
    error = _ERRORS.get(raw)
    if error is None:
        found.put(channel, key, raw / divisor)
        return
    code, detail = error
    found.issues.append(Issue(code, key, raw, detail))
    found.put(channel, key, None)


def _information(found: _Found, number: int, raw: int) -> bool:
    """False when the element is not known."""
    value = raw & 0xFFFF_FFFF
    if number == _POWER:
        found.status["battery_pct"] = float(value & 0xFFFF)
        found.status["interval_min"] = value >> 16
        return True
    if number == _VERSIONS:
        found.status["hardware"] = f"{value >> 24}.{value >> 16 & 0xFF}"
        found.status["firmware"] = f"{value >> 8 & 0xFF}.{value & 0xFF}"
    elif number in {_LOWER, _UPPER}:
        found.probe[number] = f"{value:08x}"
    elif number == _REMOVED:
        found.events.append(Event("probe_removed"))
    elif number not in _OF_THE_PROBE:
        return False
    found.informed = True
    return True


def _read(payload: bytes, params: Params) -> Decoded:
    size = len(payload) - _CHECKSUM
    if size < _ELEMENT.size or size % _ELEMENT.size:
        code = Code.TOO_SHORT if size < _ELEMENT.size else Code.WRONG_LENGTH
        detail = f"{len(payload)} bytes are not elements of {_ELEMENT.size} and a checksum"
        return refuse(code, payload, detail, len(payload))
    sent, computed = int.from_bytes(payload[size:], "little"), checksum(payload[:size])
    if sent != computed:
        return refuse(Code.BAD_CHECKSUM, payload, f"checksum {sent:04x}, computed {computed:04x}", sent)
    found = _Found()
    for channel, number, raw in _ELEMENT.iter_unpack(payload[:size]):
        measured = _MEASURED.get(number)
        if measured is not None:
            _measurement(found, channel, measured[0], raw, measured[1])
        elif not _information(found, number, raw):
            issue = Issue(Code.UNKNOWN_ITEM, None, f"{number:04x}", f"element {number:04x} is not known")
            if params.get("lenient") is not True:
                return Decoded(Kind.ERROR, issues=(issue,), unparsed=payload)
            found.issues.append(issue)
    return _finish(found)


def _finish(found: _Found) -> Decoded:
    status = found.status
    if found.probe.keys() == {_LOWER, _UPPER}:
        status["probe_eui"] = found.probe[_UPPER] + found.probe[_LOWER]
    battery = status.pop("battery_pct", None)
    device: Values = {} if battery is None else {"battery_pct": float(battery)}
    check_limits(device, found.issues)
    if found.readings:
        found.readings[0][1].update(device)
    elif device and not found.informed:
        found.readings.append((1, device))
    else:
        mirror_condition((Reading(device),), status)
        return Decoded(Kind.STATUS, (), status, tuple(found.events), tuple(found.issues))
    for _, values in found.readings:
        check_limits(values, found.issues)
    readings = tuple(
        Reading(values, None, None if channel == 1 else str(channel)) for channel, values in found.readings
    )
    mirror_condition(readings, status)
    return Decoded(Kind.TELEMETRY, readings, status, tuple(found.events), tuple(found.issues))


def _channel(number: int) -> str | None:
    """A device with one probe calls it 1."""
    return None if number == 1 else str(number)


DECODE: Final[Decode] = by_port(dict.fromkeys(PORTS, _read))
"""The decode function of all soil sensors of the vendor."""
