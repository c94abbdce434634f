"""Dingtek: bins, tanks and manholes, LoRaWAN, fPort 3, big endian but for the place.

Every frame has a frame around it:

    0-1    80 00
    2      kind of device       3   kind of frame: 01 and 02 data, 03 settings
    4      length of the whole frame
    5-     what the model sends
    last   81

Data of most models, 17 bytes, or 25 with a place:

    5-6    level, mm; what it is measured from depends on the model
    7      01: a place follows
    8-15   only with a place: longitude and latitude, 4 bytes each, floating point, little endian
    8      temperature, signed, °C (16 with a place, and so on for the following)
    9-10   angle: 0 or not 0 for minus, then degrees
    11     upper 4 bits: level alarm; lower 4 bits: fire alarm
    12     upper 4 bits: tilt or motion alarm; lower 4 bits: battery low
    13-14  counter of frames

The catalogue's codecs of these models print all numbers as text with a unit, take the temperature as unsigned (-5 °C is
251 °C there) and, by a slip of precedence, every angle as negative.

The alarms are states: they stand in every frame until they are over. Those that are raised are events.

Sources: Dingtek DF702 and DF703 LoRaWAN Protocol V2.8; vendor codecs of all models in the catalogue, with examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from struct import Struct
from typing import Final

from decoders.frame import Route, Status, Values, assemble, check_limits
from decoders.model import Code, Decoded, Event, Issue, Kind, Params, Reading, refuse

PORT: Final = 3
BODY: Final = 5
"""Where what the model sends begins."""

_DATA, _SETTINGS = (1, 2), 3
_PLACE: Final = Struct("<ff")
_AFTER_PLACE: Final = Struct(">bBBBBH")
_LEVEL: Final = Struct(">HB")
_SHORT, _LONG = 17, 25
_NO_ECHO: Final = {0: "level 0", 0xFFFF: "level ffff"}


def framed(lengths: tuple[int, ...], data: Route) -> Route:
    """The route of fPort 3: what is around the frame is looked at here; `data` reads frames of one of these lengths."""

    def route(payload: bytes, params: Params) -> Decoded:
        size = len(payload)
        if size < BODY or payload[:2] != b"\x80\x00" or payload[4] != size or payload[-1] != 0x81:
            code = Code.TOO_SHORT if size < BODY or size < payload[4] else Code.UNKNOWN_VARIANT
            return refuse(code, payload, "not a whole frame from 8000 to 81 with its length in byte 4", size)
        if payload[3] == _SETTINGS:
            return _settings(payload)
        if payload[3] not in _DATA or size not in lengths:
            return refuse(Code.UNKNOWN_VARIANT, payload, f"kind {payload[3]:02x} with {size} bytes", payload[3])
        return data(payload, params)

    return route


def _settings(payload: bytes) -> Decoded:
    status: Status = {"settings_hex": payload[BODY:-1].hex()}
    if len(payload) > BODY + 2:
        status["firmware"] = f"{payload[BODY]}.{payload[BODY + 1]}"
    return Decoded(Kind.CONFIG, status=status)


def place(payload: bytes, at: int, status: Status) -> None:
    """Put the place into the status, unless the device knows none."""
    longitude, latitude = _PLACE.unpack_from(payload, at)
    known = isfinite(longitude) and isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 90
    if known and (longitude or latitude):
        status["longitude"], status["latitude"] = round(longitude, 6), round(latitude, 6)


def distance_mm(raw: int, issues: list[Issue]) -> float | None:
    """Mm from the sensor down, None where there was no echo."""
    if raw not in _NO_ECHO:
        return float(raw)
    issues.append(Issue(Code.NO_ECHO, "distance_mm", raw, f"{_NO_ECHO[raw]} is no distance"))
    return None


def raised(level: int, state: int, names: Mapping[str, str]) -> tuple[Event, ...]:
    """Events of the alarms in bytes 11 and 12; `names`: which of level, fire and motion the model has, and as what."""
    nibbles = {"level": level >> 4, "fire": level & 15, "motion": state >> 4, "battery": state & 15}
    return tuple(Event(name) for key, name in {**names, "battery": "battery_low"}.items() if nibbles[key])


def usual(level_key: str, names: Mapping[str, str]) -> Route:
    """Data of most models. `level_key`: "distance_mm" from above or "depth_mm" from the bottom; `names` as in `raised`.

    A model with a motion alarm has an angle too.
    """

    def data(payload: bytes, _params: Params) -> Decoded:
        level, _ = _LEVEL.unpack_from(payload, BODY)
        status: Status = {}
        if len(payload) == _LONG:
            place(payload, 8, status)
        temperature, minus, angle, alarms, state, counter = _AFTER_PLACE.unpack_from(payload, len(payload) - 9)
        issues: list[Issue] = []
        values: Values = {
            level_key: distance_mm(level, issues) if level_key == "distance_mm" else float(level),
            "temperature_c": float(temperature),
        }
        if "motion" in names:
            values["tilt_deg"] = float(-angle if minus & 15 else angle)
            values["tilted"] = float(state >> 4 != 0)
        check_limits(values, issues)
        status["frame_counter"] = counter
        status["battery_low"] = state & 15 != 0
        return assemble(Kind.TELEMETRY, (Reading(values),), status, raised(alarms, state, names), issues)

    return framed((_SHORT, _LONG), data)
