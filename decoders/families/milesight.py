"""Milesight (formerly Ursalink), fPort 85: a chain of items `channel (1) type (1) value (n)`, little endian.

The length of a value follows from its channel and type only, so an unknown pair makes the rest of the frame
unreadable. Such a frame gives no values (it may be another model's, where the same pairs mean something else), and
the rest is reported as unparsed. With the parameter `lenient` what stood before it is kept: for firmware that adds
items to a model known otherwise. Items come in any order.

Nearly every frame holds each of the model's numbers once, in the same order; such a one is unpacked at once.

An item may come again. With the same value it says nothing new; with another value it begins a second reading, so
that neither value is lost.

    ff 01  protocol version, 1 byte      ff 09  hardware: 01 40 is 1.4       ff 0a  firmware: 01 14 is 1.14
    ff 0b  power on, 1 byte              ff 0f  LoRaWAN class, 1 byte        ff 16  serial number, 8 bytes
    ff fe  reset, 1 byte                 ff ff  TSL version, 2 bytes

    20 ce  a stored record: Unix seconds, 4 bytes, then what the model measures; frames of nothing else are history

The attributes come once after a join: a status frame. `fe xx` and `ff xx` with another type answer a downlink, and so
do `f9 xx` and `f8 xx`, which ends with a byte for the result: configuration. None of these is a measurement; a battery
item in such a frame goes into the status only.

Sources: Milesight user guides, chapter "Device Payload"; README tables of github.com/Milesight-IoT/SensorDecoders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

from decoders.frame import LIMITS, Status, Values, by_port, check_limits, device_time_ms, mirror_condition
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading
from decoders.quantities import QUANTITIES

PORT: Final = 85
_TELEMETRY: Final = Kind.TELEMETRY
_MEASURED: Final = (Kind.TELEMETRY, Kind.ALARM, Kind.HISTORY)
_FIRST_ATTRIBUTE_CHANNEL: Final = 0xF8  # f8, f9, fe, ff: attributes and answers to downlinks, never measurements


class Found:
    """What the items read so far have said. One per frame; `every` ends with the values that are being filled.

    `stored`: the records of former times.
    """

    __slots__ = ("alarm", "attributes", "config", "events", "every", "issues", "status", "stored", "values")

    def __init__(self) -> None:
        self.values: Values = {}
        self.every = [self.values]
        self.status: Status = {}
        self.events: list[Event] = []
        self.issues: list[Issue] = []
        self.stored: list[Reading] = []
        self.attributes = self.config = self.alarm = False

    def put(self, key: str, value: float | None) -> None:
        """Take a value; another one for the same quantity begins the next reading."""
        if self.values.setdefault(key, value) != value:
            self.begin(key, value)

    def begin(self, key: str, value: float | None) -> None:
        """The next reading, with this value."""
        self.values = {key: value}
        self.every.append(self.values)


@dataclass(frozen=True, slots=True)
class Field:
    """How a number is written: struct format, what it is divided by, and the codes that are not measurements.

    `factor`: what it is multiplied with, for a unit that is larger than ours.
    """

    key: str
    layout: str
    divisor: int = 1
    codes: Mapping[int, Code] = field(default_factory=dict)
    factor: int = 1


class Item(NamedTuple):
    """`size`: bytes of the value. `read(found, payload, at)`: the value begins at `at` and is whole.

    `number`: what it is when it is a number and nothing else.
    """

    size: int
    read: Callable[[Found, bytes, int], None]
    number: Field | None = None


Items = Mapping[int, Item]
"""Channel and type as one number of 16 bit, e.g. 0x0482, to what stands behind them.

The numbers among them stand in the order in which the model sends them, the battery's, which all models send first,
left out.
"""


DISTANCE_CODES: Final = {
    0xFFFD: Code.OUT_OF_RANGE,  # outside the measuring range, as the EM400-MUD manual says
    0xFFFE: Code.SENSOR_FAULT,  # measuring switched off, documented for the radar sibling
    0xFFFF: Code.SENSOR_FAULT,
}

PROBE_CODES: Final = {0xFFFD: Code.OUT_OF_RANGE, 0xFFFF: Code.SENSOR_FAULT}
"""Of the EM500 probes: outside the measuring range, reading failed."""

BATTERY: Final = Field("battery_pct", "B")
TEMPERATURE: Final = Field("temperature_c", "h", 10)
DISTANCE: Final = Field("distance_mm", "H", 1, DISTANCE_CODES)
TILT: Final = Field("tilted", "B")


def _value(what: Field) -> Callable[[Found, int], float | None]:
    key, divisor, codes, factor = what.key, what.divisor, what.codes, what.factor

    def value(found: Found, raw: int) -> float | None:
        if raw not in codes:
            return raw * factor / divisor
        found.issues.append(Issue(codes[raw], key, raw, "a code, not a measurement"))
        return None

    return value


def number(what: Field) -> Item:
    """A measured number."""
    layout = Struct("<" + what.layout)
    unpack, value_of, key = layout.unpack_from, _value(what), what.key

    def read(found: Found, payload: bytes, at: int) -> None:
        (raw,) = unpack(payload, at)
        value = value_of(found, raw)
        if found.values.setdefault(key, value) != value:
            found.begin(key, value)

    return Item(layout.size, read, what)


def alarm(what: Field, name: str, others: Mapping[int, str] | None = None, change: Field | None = None) -> Item:
    """A measured number with a byte behind it: 0 the alarm `name` is released, 1 it is raised.

    `others`: further states and their events. `change`: the number between the two, by how much it jumped.
    """
    layout = Struct(f"<{what.layout}{change.layout if change else ''}B")
    names = {0: f"{name}_released", 1: name, **(others or {})}
    value_of = _value(what)

    def read(found: Found, payload: bytes, at: int) -> None:
        raw, *changed, state = layout.unpack_from(payload, at)
        value = value_of(found, raw)
        found.put(what.key, value)
        found.alarm = True
        if state not in names:
            issue = Issue(Code.OUT_OF_RANGE, name, state, f"alarm state is none of {', '.join(map(str, names))}")
            found.issues.append(issue)
            return
        data = {} if value is None else {what.key: value}
        if change:
            data[change.key] = changed[0] / change.divisor
        found.events.append(Event(names[state], data))

    return Item(layout.size, read)


class Tail(NamedTuple):
    """What stands behind the numbers of a stored record that begins at `at`: `read(values, payload, at)`."""

    size: int
    read: Callable[[Values, bytes, int], None]


def record(*fields: Field, tail: Tail | None = None) -> Item:
    """A stored record of a former time: Unix seconds, then these numbers."""
    layout = Struct(f"<I{''.join(what.layout for what in fields)}")
    values_of = [(what.key, _value(what)) for what in fields]

    def read(found: Found, payload: bytes, at: int) -> None:
        epoch, *words = layout.unpack_from(payload, at)
        values: Values = {key: value_of(found, raw) for (key, value_of), raw in zip(values_of, words, strict=True)}
        if tail:
            tail.read(values, payload, at)
        check_limits(values, found.issues)
        found.stored.append(Reading(values, device_time_ms(epoch, found.issues)))

    return Item(layout.size + (tail.size if tail else 0), read)


def _attribute(size: int, key: str, text: Callable[[bytes], str]) -> Item:
    def read(found: Found, payload: bytes, at: int) -> None:
        found.attributes = True
        found.status[key] = text(payload[at : at + size])

    return Item(size, read)


def _happening(code: str) -> Item:
    def read(found: Found, _payload: bytes, _at: int) -> None:
        found.attributes = True
        found.events.append(Event(code))

    return Item(1, read)


def _setting(size: int, key: str) -> Item:
    """A setting of up to 2 bytes is a number; a longer one is a structure, kept as hexadecimal text."""

    def read(found: Found, payload: bytes, at: int) -> None:
        raw = payload[at : at + size]
        found.config = True
        found.status[key] = int.from_bytes(raw, "little") if size <= 2 else raw.hex()

    return Item(size, read)


def _location(found: Found, payload: bytes, at: int) -> None:
    # The user guide and the vendor's tables disagree on which coordinate comes first, so the bytes are kept as such.
    raw = payload[at : at + 9]
    if raw[:8] != b"\xff" * 8:
        found.status["location_hex"] = raw.hex()


LOCATION: Final = Item(9, _location)
"""06 88 of the NB-IoT variants: two coordinates of 4 bytes and a motion state; all ff is none."""

_ATTRIBUTES: Final[dict[int, Item]] = {
    0xFF01: _attribute(1, "protocol", lambda raw: str(raw[0])),
    0xFF09: _attribute(2, "hardware", lambda raw: f"{raw[0]:x}.{raw[1] >> 4:x}"),
    0xFF0A: _attribute(2, "firmware", lambda raw: f"{raw[0]:x}.{raw[1]:x}"),
    0xFF0B: _happening("power_on"),
    0xFF0F: _attribute(1, "lorawan_class", lambda raw: "ABC"[raw[0] : raw[0] + 1] or str(raw[0])),
    0xFF16: _attribute(8, "serial_number", bytes.hex),
    0xFFFE: _happening("reset"),
    0xFFFF: _attribute(2, "tsl", lambda raw: f"{raw[0]}.{raw[1]}"),
}

_SETTINGS: Final = {
    0x02: (2, "collection_interval_s"),
    0x03: (2, "report_interval_s"),
    0x06: (9, "alarm_settings"),
    0x10: (1, "reboot"),
    0x11: (4, "clock"),
    0x13: (1, "install_height_enabled"),
    0x17: (2, "time_zone"),
    0x18: (2, "measuring"),
    0x1B: (5, "measuring_range"),
    0x1C: (2, "recollection"),
    0x27: (1, "history_cleared"),
    0x28: (1, "status_query"),
    0x2A: (1, "calibration"),
    0x3B: (1, "time_sync_enabled"),
    0x3E: (1, "tilt_distance_switch"),
    0x4A: (1, "time_sync"),
    0x56: (1, "tof_enabled"),
    0x68: (1, "history_enabled"),
    0x69: (1, "retransmit_enabled"),
    0x6A: (3, "retransmit_interval"),
    0x70: (2, "people_height_mm"),
    0x71: (1, "working_mode"),
    0x75: (6, "hibernation"),
    0x76: (2, "depth_setting_mm"),
    0x77: (2, "install_height_mm"),
    0x84: (1, "d2d_enabled"),
    0x8E: (3, "report_interval"),
    0x96: (8, "d2d_command"),
    0xAB: (3, "distance_offset"),
    0xBD: (2, "time_zone_min"),
    0xF1: (4, "offset"),
    0xF2: (2, "alarm_reports"),
    0xF5: (1, "alarm_release_enabled"),
}
"""Type to length and name of the answers to downlinks."""

_EXTENDED_SETTINGS: Final = {
    0x0D: (3, "retransmit"),
    0x12: (1, "distance_mode"),
    0x13: (1, "blind_zone_detection"),
    0x14: (2, "signal_quality"),
    0x15: (2, "distance_threshold"),
    0x16: (1, "peak_sorting"),
    0x39: (2, "collection_interval"),
}
"""The same on the channels f9, and f8 with one byte more at the end: 0 done, 1 forbidden, 2 invalid."""


def _d2d_key(found: Found, _payload: bytes, _at: int) -> None:
    found.config = True  # the key between devices is a secret: it goes nowhere


_EVERY_MODEL: Final[dict[int, Item]] = {
    **{channel << 8 | kind: _setting(*what) for channel in (0xFE, 0xFF) for kind, what in _SETTINGS.items()},
    **{0xF900 | kind: _setting(*what) for kind, what in _EXTENDED_SETTINGS.items()},
    **{0xF800 | kind: _setting(size + 1, name) for kind, (size, name) in _EXTENDED_SETTINGS.items()},
    0xFE35: Item(8, _d2d_key),
    0xFF35: Item(8, _d2d_key),
    **_ATTRIBUTES,
    0x0175: number(BATTERY),
}


def _usual(items: Items) -> Callable[[bytes], Decoded | None]:
    """Reads the frame that holds each of these numbers once, in this order, all of them measured and possible.

    Any other frame is None: what is unusual about it is for `_finish` and `_broken_off` to say.
    """
    numbers = {pair: item.number for pair, item in items.items() if item.number is not None}
    layout = Struct("<" + "".join(f"2s{what.layout}" for what in numbers.values()))
    size, unpack = layout.size, layout.unpack
    pairs = tuple(pair.to_bytes(2) for pair in numbers)
    fields = [(what.key, what.factor, what.divisor, what.codes, *LIMITS[what.key]) for what in numbers.values()]

    def read(payload: bytes) -> Decoded | None:
        if len(payload) != size:
            return None
        words = unpack(payload)
        if words[::2] != pairs:
            return None
        values: Values = {}
        for (key, factor, divisor, codes, low, high), raw in zip(fields, words[1::2], strict=True):
            value = raw * factor / divisor
            if raw in codes or not low <= value <= high:
                return None
            values[key] = value
        readings = (Reading(values),)
        status: Status = {}
        mirror_condition(readings, status)
        return Decoded(_TELEMETRY, readings, status)

    return read


def reader(items: Items) -> Decode:
    """The decode function of a model with these items, besides the battery and what every model sends after a join."""
    known = {**_EVERY_MODEL, **items}
    usual = _usual(known)

    def read(payload: bytes, params: Params) -> Decoded:
        decoded = usual(payload)
        if decoded is not None:
            return decoded
        found, at, size = Found(), 0, len(payload)
        while at + 1 < size:
            item = known.get(payload[at] << 8 | payload[at + 1])
            if item is None or (after := at + 2 + item[0]) > size:
                break
            item[1](found, payload, at + 2)
            at = after
        if at == size:
            return _finish(found)
        return _broken_off(found, payload, at, lenient=params.get("lenient") is True, cut=_is_cut(payload, at, known))

    return by_port({PORT: read})


def _finish(found: Found, unparsed: bytes = b"") -> Decoded:
    for values in found.every:
        check_limits(values, found.issues)
    live = [Reading(values) for values in found.every if values]
    kind = _kind(found)
    readings = tuple(found.stored + live)
    mirror_condition(readings, found.status)
    kept = readings if kind in _MEASURED else ()
    return Decoded(kind, kept, found.status, tuple(found.events), tuple(found.issues), unparsed)


def _kind(found: Found) -> Kind:
    if found.alarm:
        return Kind.ALARM
    answered = Kind.CONFIG if found.config else Kind.STATUS
    if not (found.config or found.attributes or found.stored):
        return Kind.TELEMETRY if found.values else answered
    if any(QUANTITIES[key].subject != "device" for values in found.every for key in values):
        return Kind.TELEMETRY
    return Kind.HISTORY if found.stored else answered


def _is_cut(payload: bytes, at: int, known: Items) -> bool:
    return at + 1 == len(payload) or payload[at] << 8 | payload[at + 1] in known


def _broken_off(found: Found, payload: bytes, at: int, *, lenient: bool, cut: bool) -> Decoded:
    """The frame could be read only up to `at`: its next item is cut short, or unknown."""
    tail = payload[at:]
    pair = tail[:2].hex(" ")
    code = Code.TOO_SHORT if cut else Code.UNKNOWN_ITEM
    detail = f"item {pair} at byte {at} is {'not whole' if cut else 'unknown'}; {len(tail)} bytes not read"
    answers = not (found.values or found.stored) and not cut and tail[0] >= _FIRST_ATTRIBUTE_CHANNEL
    if not answers and (at == 0 or not lenient):
        return Decoded(Kind.ERROR, issues=(Issue(code, None, pair, detail),), unparsed=tail)
    found.config |= answers
    found.issues.append(Issue(code, None, pair, detail))
    return _finish(found, tail)
