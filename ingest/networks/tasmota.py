"""Tasmota: `tele/<topic>/SENSOR`, `STATE`, `LWT`, `INFO1` and answers under `stat/`; prefix and topic in either order.

Source: https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/Supported-Peripherals/. Values stand
under the names of sensors, which get a number when a second probe of a kind is added. `Time` is local and mostly
without offset; it is believed only with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, flagged, readings
from .identity import eui_in_topic
from .json_path import number
from .model import Outcome, TimeSource, Uplink
from .refusal import Code, Refused, read
from .units import conversion

KEY: Final = "tasmota"

_JSON: Final = msgspec.json.Decoder(Any)
_WILL: Final = frozenset({b"Online", b"Offline"})
_PREFIXES: Final = frozenset({"tele", "stat"})
_LEVEL: Final = re.compile(r"SENSOR|STATE|LWT|INFO\d|STATUS\d*|RESULT|UPTIME|ENERGY|MARGINS")

# Sensor and field to quantity and unit. A number behind the sensor's name tells probes of a kind apart.
_VALUES: Final[tuple[tuple[re.Pattern[str], dict[str, tuple[str, str]]], ...]] = (
    (re.compile(r"SR04|ME007"), {"Distance": ("distance_mm", "cm")}),
    (re.compile(r"VL53L[01]X|TOF10120|HRXL"), {"Distance": ("distance_mm", "mm")}),
    (re.compile(r"CHIRP"), {"Moisture": ("soil_moisture_raw", "1")}),
    (
        re.compile(r"Flora|MIFLORA"),
        {
            "Moisture": ("soil_moisture_index", "1"),
            "Fertility": ("soil_ec_us_cm", "uS/cm"),
            "Battery": ("battery_pct", "%"),
        },
    ),
    (re.compile(r"MS01"), {"Moisture": ("soil_moisture_index", "1")}),
    (
        re.compile(r"(?!ESP32)"),  # whose temperature is the chip's
        {"Temperature": ("temperature_c", "Cel"), "Humidity": ("humidity_pct", "%")},
    ),
)


def matches(topic: str, value: Any) -> bool:
    """The last level of the topic, below one of Tasmota's prefixes; of texts only the last will."""
    levels = topic.split("/")
    if _PREFIXES.isdisjoint(levels) or not _LEVEL.fullmatch(levels[-1]):
        return False
    return isinstance(value, dict) or (levels[-1] == "LWT" and isinstance(value, bytes) and value in _WILL)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The readings or the state of a message. Raises `Refused`."""
    levels = (envelope.topic or "").split("/")
    if levels[-1] == "LWT" and envelope.body in _WILL:
        found = event(KEY, Outcome.STATUS, _device(levels, envelope), envelope)
        return [replace(found, status={"online": envelope.body == b"Online"})]
    body = read(_JSON, envelope.body)
    if not isinstance(body, dict):
        raise Refused(Code.BAD_FIELD, "What Tasmota sends is an object, and this is none.")
    frame = _device(levels, envelope)
    try:
        return [_said(levels[-1], body, frame, envelope)]
    except Refused as refused:
        refused.device = frame.dev_eui or frame.device_key
        raise


def _device(levels: list[str], envelope: Envelope) -> Frame:
    """The device is what is left of the topic without prefix and last level."""
    name = "/".join(level for level in levels[:-1] if level and level not in _PREFIXES)
    if not name:
        raise Refused(Code.NO_DEVICE, "Only the topic says which device it is: tele/<topic>/SENSOR.")
    dev_eui = eui_in_topic(envelope.topic)
    return Frame(dev_eui=dev_eui, device_key=None if dev_eui else f"{KEY}/{name[:120]}", payload=envelope.body)


def _said(level: str, body: dict[str, Any], frame: Frame, envelope: Envelope) -> Uplink:
    sensors = body.get("StatusSNS", body if level == "SENSOR" else None)
    time = (sensors if isinstance(sensors, dict) else body).get("Time")
    ns = parse(time) if isinstance(time, str) else None
    frame.times = [(ns, TimeSource.APPLICATION)]
    if time is not None and ns is None:
        envelope = flagged(envelope, "time_unreadable")
    if isinstance(sensors, dict):
        return _readings(sensors, frame, envelope)
    if firmware := _firmware(body):
        return replace(event(KEY, Outcome.STATUS, frame, envelope), status={"firmware": firmware})
    if level == "STATE":
        return replace(event(KEY, Outcome.STATUS, frame, envelope), status={"online": True})
    return replace(event(KEY, Outcome.LOG, frame, envelope), reason=f"tasmota: {level[:40]}")


def _firmware(body: dict[str, Any]) -> str | None:
    for key in ("Info1", "StatusFWR"):
        said = body.get(key)
        if isinstance(said, dict) and isinstance(version := said.get("Version"), str):
            return f"Tasmota {version[:60]}"
    return None


def _readings(sensors: dict[str, Any], frame: Frame, envelope: Envelope) -> Uplink:
    """Values of known sensors. Two of one quantity are none: nobody here knows which is where."""
    found: dict[str, list[float | None]] = {}
    for quantity, value in _values(sensors):
        found.setdefault(quantity, []).append(value)
    twice = sorted(quantity for quantity, values in found.items() if len(values) > 1)
    decoded = {quantity: values[0] for quantity, values in found.items() if len(values) == 1}
    why = f"{', '.join(twice)} by several sensors: declare a plain JSON mapping." if twice else ""
    if not decoded:
        known = ", ".join(name[:40] for name, said in sensors.items() if isinstance(said, dict))
        raise Refused(Code.NO_VALUE, why or f"No known sensor is in it ({known}): declare a plain JSON mapping.")
    uplink = readings(KEY, frame, decoded, envelope)
    return replace(uplink, reason=f"unwrap/{Code.NO_VALUE}: {why}") if twice else uplink


def _values(sensors: dict[str, Any]) -> Iterator[tuple[str, float | None]]:
    fahrenheit = sensors.get("TempUnit") == "F"
    for name, said in sensors.items():
        if not isinstance(said, dict):
            continue
        for pattern, fields in _VALUES:
            if pattern.match(name):
                for field in fields.keys() & said.keys():
                    quantity, unit = fields[field]
                    yield quantity, _value(said[field], quantity, "°F" if fahrenheit and unit == "Cel" else unit)


def _value(raw: Any, quantity: str, unit: str) -> float | None:
    """None where the sensor gives null, as it does while it cannot be read."""
    said = number(raw)
    factor, offset = conversion(quantity, unit)
    return round(said * factor + offset, 9) if said is not None else None


NETWORK: Final = Network(KEY, matches, unwrap)
