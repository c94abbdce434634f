"""dnt-LW-DIS1 (also sold by ELV): time-of-flight distance, LoRaWAN.

fPort 10, big endian: byte 0 is the battery, 1500 mV + 10 mV each; then items `type (1) value (n)`:

    00      start: ff and the device information (10)
    01      cycle: status (1), distance, mm (2); a status other than 0 means that the distance is not valid
    02      temperature alarm (1: raised), temperature, signed, 0.1 °C (2)
    03      sabotage: bit 6 raised, bit 7 over; bit 0 up, 1 down, 2 sideways, 3 tilted (1)
    04      button: as 01
    05      error in a downlink (2)
    06      temperature, signed, 0.1 °C (2)
    15 to 1b, f5 to ff      settings and device information

Sources: dnt "dnt-LW-DIS1 LoRaWAN payload" v1.0.1; the vendor's codec and frames in TheThingsNetwork/lorawan-devices,
dnt/dnt-lw-dis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_ORIENTATIONS: Final = ((1, "up"), (2, "down"), (4, "sideways"))


class _Found:
    """What the items of one frame have said so far."""

    __slots__ = ("events", "issues", "status", "values")

    def __init__(self, battery: int) -> None:
        self.values: Values = {}
        self.status: Status = {"battery_v": (150 + battery) / 100}
        self.events: list[Event] = []
        self.issues: list[Issue] = []


def _distance(found: _Found, raw: bytes) -> None:
    distance = int.from_bytes(raw[1:])
    found.values["distance_mm"] = None if raw[0] else float(distance)
    if raw[0]:
        found.issues.append(Issue(Code.SENSOR_FAULT, "distance_mm", distance, f"status {raw[0]} of the sensor"))


def _temperature(found: _Found, raw: bytes) -> None:
    found.values["temperature_c"] = int.from_bytes(raw, signed=True) / 10


def _temperature_alarm(found: _Found, raw: bytes) -> None:
    _temperature(found, raw[1:])
    found.events.append(Event("temperature_alarm" if raw[0] else "temperature_alarm_released"))


def _sabotage(found: _Found, raw: bytes) -> None:
    flags = raw[0]
    if flags & 0xC0:
        found.events.append(Event("sabotage" if flags & 0x40 else "sabotage_released"))
    found.status["orientation"] = next((name for bit, name in _ORIENTATIONS if flags & bit), "unknown")
    found.status["orientation_tilted"] = flags & 8 > 0


def _start(found: _Found, _raw: bytes) -> None:
    found.events.append(Event("power_on"))


def _setting(name: str) -> Callable[[_Found, bytes], None]:
    def read(found: _Found, raw: bytes) -> None:
        found.status[name] = raw.hex()

    return read


_SETTINGS: Final = {
    0x05: (2, "downlink_error"),
    0x15: (1, "features"),
    0x16: (2, "measurement_cycle"),
    0x17: (1, "tof_mode"),
    0x18: (1, "tof_region"),
    0x19: (1, "temperature_threshold"),
    0x1A: (1, "temperature_rise"),
    0x1B: (1, "sabotage_angle"),
    0xF5: (1, "manual_reset"),
    0xF7: (3, "time_till_rejoin"),
    0xF8: (1, "data_rate"),
    0xFA: (2, "rejoin"),
    0xFC: (15, "settings"),
    0xFF: (10, "device_information"),
}
_ITEMS: Final[Mapping[int, tuple[int, Callable[[_Found, bytes], None]]]] = {
    0x00: (11, _start),
    0x01: (3, _distance),
    0x02: (3, _temperature_alarm),
    0x03: (1, _sabotage),
    0x04: (3, _distance),
    0x06: (2, _temperature),
    **{kind: (size, _setting(name)) for kind, (size, name) in _SETTINGS.items()},
}


def _data(payload: bytes, _params: Params) -> Decoded:
    found, at, size = _Found(payload[0]), 1, len(payload)
    while at < size:
        item = _ITEMS.get(payload[at])
        if item is None or at + 1 + item[0] > size:
            code, what = (Code.UNKNOWN_ITEM, "unknown") if item is None else (Code.TOO_SHORT, "not whole")
            return refuse(code, payload, f"item {payload[at]:02x} at byte {at} is {what}", f"{payload[at]:02x}")
        item[1](found, payload[at + 1 : at + 1 + item[0]])
        at += 1 + item[0]
    return _finish(found)


def _finish(found: _Found) -> Decoded:
    if not found.values and not found.events:
        kind = Kind.CONFIG if len(found.status) > 1 else Kind.STATUS
        return Decoded(kind, status=found.status)
    battery = found.status.pop("battery_v")
    values: Values = {**found.values, "battery_v": float(battery)}
    check_limits(values, found.issues)
    alarmed = any(event.code != "power_on" for event in found.events)
    kind = Kind.ALARM if alarmed else Kind.TELEMETRY
    return assemble(kind, (Reading(values),), found.status, tuple(found.events), found.issues)


DECODER: Final = Decoder(
    key="dnt_lw_dis",
    vendor="dnt",
    models=("dnt-LW-DIS", "dnt-LW-DIS1"),
    kind="level",
    ports=(10,),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="dnt-LW-DIS1 LoRaWAN payload v1.0.1",
    decode=by_port({10: _data}),
    aliases=("LW-DIS", "LW-DIS1", "dnt LW-DIS", "ELV-LW-DIS"),
)
