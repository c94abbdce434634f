"""Tektelic agriculture sensors, big endian: a chain of items `channel (1) type (1) value (n)` on fPort 10.

    00 ba   battery, 2.5 V + 10 mV each in 7 bits; bit 7: its end is near      00 d3   battery, % (1)
    00 bd   days left (2)                                                      00 ff   battery, % (1), old firmware
    01 04   soil moisture, kHz (2)            02 02   soil temperature, mV (2)
    03 02, 04 02   temperature of probe 1, 2, mV (2)    03 67, 04 67   the same, signed, 0.1 °C (2)
    05 04, 06 04   Watermark 1, 2, Hz (2)
    09 65   light, lx (2)                     09 00   light alarm (1)
    0a 71   acceleration (6)                  0a 02   impact (2)               0a 00   orientation alarm (1)
    0b 67   air temperature, signed, 0.1 °C (2)         0b 68   humidity, 0.5 % (1)
    0c 67   temperature of the processor (2; in old firmware 1, as the last item)

Which items come depends on what is connected. Zero from an input means that nothing is.

    soil temperature     -32.46 ln(mV) + 236.36 °C
    probe temperature    a polynomial of the fifth degree in V
    Watermark            a table of straight lines, Hz to kPa, at 24 °C; with a temperature of the same probe the value
                         is multiplied by 1 - 0.019 (T - 24); wetter than 6430 Hz is 0 kPa, drier than 293 Hz 200 kPa

The soil moisture stays the count it is: the manual turns it into steps of gravimetric water content, not volumetric.
The two probes are channels "1" and "2". The formulas for temperatures are good for one decimal, so they are rounded.

fPort 100 and 101: answers to downlinks.

Sources: Tektelic "Agriculture Sensor Technical Reference Manual" T0005978_TRM, 3.1 "Uplink Payload"; the vendor's codec
and a frame in TheThingsNetwork/lorawan-devices; ThingsBoard's converters (formulas); the parser of ZENNER's ELEMENT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import log
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading, refuse

DATA: Final = 10
PORTS: Final = (DATA, 100, 101)
QUANTITIES: Final = (
    *("soil_moisture_raw", "soil_temperature_c", "soil_tension_kpa", "temperature_c", "humidity_pct"),
    *("battery_v", "battery_pct"),
)
_TABLE: Final = (
    *((293, 200.0), (485, 100.0), (600, 75.0), (770, 55.0), (1110, 35.0), (2820, 15.0), (4330, 9.0), (6430, 0.0)),
)
_SLOPES: Final = (0.5208, 0.2174, 0.1176, 0.05884, 0.01170, 0.003974, 0.004286)
_POLYNOMIAL: Final = (-33.01, 217.4, -538.6, 628.1, -378.9, 102.9)


class Found:
    """What the items of one frame have said so far. `probes`: values by channel, None for the device itself."""

    __slots__ = ("events", "issues", "probes", "status")

    def __init__(self) -> None:
        self.probes: dict[str | None, Values] = {}
        self.status: Status = {}
        self.events: list[Event] = []
        self.issues: list[Issue] = []

    def put(self, probe: str | None, key: str, value: float | None) -> None:
        """Take the value of a probe."""
        self.probes.setdefault(probe, {})[key] = value


Read = Callable[[Found, bytes], None]


def kilopascal(hertz: int) -> float:
    """Soil water tension of a Watermark at 24 °C."""
    if hertz <= _TABLE[0][0]:
        return _TABLE[0][1]
    for slope, ((low, _), (high, tension)) in zip(_SLOPES, pairwise(_TABLE), strict=True):
        if hertz <= high:
            return max(tension, _TABLE_AT[low] - (hertz - low) * slope)
    return 0.0


_TABLE_AT: Final = dict(_TABLE)


def _soil_celsius(millivolt: int) -> float:
    return round(-32.46 * log(millivolt) + 236.36, 1)


def _probe_celsius(millivolt: int) -> float:
    volt, total = millivolt / 1000, 0.0
    for factor in _POLYNOMIAL:
        total = total * volt + factor
    return round(total, 1)


def _input(probe: str | None, key: str, convert: Callable[[int], float]) -> Read:
    def read(found: Found, raw: bytes) -> None:
        word = int.from_bytes(raw)
        found.put(probe, key, convert(word) if word else None)
        if not word:
            found.issues.append(Issue(Code.NOT_CONNECTED, key, word, "zero: nothing is connected"))

    return read


def _celsius(probe: str | None, key: str) -> Read:
    def read(found: Found, raw: bytes) -> None:
        found.put(probe, key, int.from_bytes(raw, signed=True) / 10)

    return read


def _humidity(found: Found, raw: bytes) -> None:
    found.put(None, "humidity_pct", raw[0] / 2)


def _battery_volt(found: Found, raw: bytes) -> None:
    found.put(None, "battery_v", (250 + (raw[0] & 0x7F)) / 100)
    found.status["battery_end"] = raw[0] > 0x7F


def _battery_percent(found: Found, raw: bytes) -> None:
    found.put(None, "battery_pct", float(raw[0]))


def _days(found: Found, raw: bytes) -> None:
    found.status["battery_days"] = int.from_bytes(raw)


def _alarm(code: str) -> Read:
    def read(found: Found, raw: bytes) -> None:
        if raw[0]:
            found.events.append(Event(code))

    return read


def _unread(_found: Found, _raw: bytes) -> None:
    """Light, acceleration, the processor's temperature: nothing here has a quantity for them."""


_ITEMS: Final[Mapping[int, tuple[int, Read]]] = {
    0x00BA: (1, _battery_volt),
    0x00BD: (2, _days),
    0x00D3: (1, _battery_percent),
    0x00FF: (1, _battery_percent),
    0x0104: (2, _input(None, "soil_moisture_raw", float)),
    0x0202: (2, _input(None, "soil_temperature_c", _soil_celsius)),
    0x0302: (2, _input("1", "soil_temperature_c", _probe_celsius)),
    0x0367: (2, _celsius("1", "soil_temperature_c")),
    0x0402: (2, _input("2", "soil_temperature_c", _probe_celsius)),
    0x0467: (2, _celsius("2", "soil_temperature_c")),
    0x0504: (2, _input("1", "soil_tension_kpa", kilopascal)),
    0x0604: (2, _input("2", "soil_tension_kpa", kilopascal)),
    0x0900: (1, _alarm("light_alarm")),
    0x0965: (2, _unread),
    0x0A00: (1, _alarm("orientation_alarm")),
    0x0A02: (2, _unread),
    0x0A71: (6, _unread),
    0x0B67: (2, _celsius(None, "temperature_c")),
    0x0B68: (1, _humidity),
    0x0C67: (2, _unread),
}
_PROCESSOR: Final = 0x0C67


def _data(payload: bytes, _params: Params) -> Decoded:
    found, at, size = Found(), 0, len(payload)
    while at < size:
        pair = int.from_bytes(payload[at : at + 2])
        item = _ITEMS.get(pair) if at + 1 < size else None
        if item is None or at + 2 + item[0] > size:
            if pair == _PROCESSOR and at + 3 == size:
                break
            return _refuse(payload, at, is_cut=item is not None or at + 1 == size)
        item[1](found, payload[at + 2 : at + 2 + item[0]])
        at += 2 + item[0]
    return _finish(found)


def _refuse(payload: bytes, at: int, *, is_cut: bool) -> Decoded:
    pair = payload[at : at + 2].hex(" ")
    code = Code.TOO_SHORT if is_cut else Code.UNKNOWN_ITEM
    return refuse(code, payload, f"item {pair} at byte {at} is {'not whole' if is_cut else 'unknown'}", pair)


def _finish(found: Found) -> Decoded:
    for values in found.probes.values():
        _compensate(values)
        check_limits(values, found.issues)
    readings = tuple([Reading(values, channel=probe) for probe, values in found.probes.items()])
    kind = Kind.TELEMETRY if readings else Kind.STATUS
    return assemble(kind, readings, found.status, tuple(found.events), found.issues)


def _compensate(values: Values) -> None:
    tension, celsius = values.get("soil_tension_kpa"), values.get("soil_temperature_c")
    if tension is not None and celsius is not None:
        values["soil_tension_kpa"] = max(0.0, tension * (1 - 0.019 * (celsius - 24)))


def _settings(payload: bytes, _params: Params) -> Decoded:
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


DECODE: Final[Decode] = by_port({DATA: _data, 100: _settings, 101: _settings})
"""Reads the frames of all models; they differ in what can be connected."""
