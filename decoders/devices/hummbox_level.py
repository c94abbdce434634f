"""Hummbox level: ultrasonic distance of bins and tanks, LoRaWAN, sensor sets 16, 46 and 75.

The frame of `families.hummbox` (little endian):

    set 16, 5 bytes    1-2 distance, cm                 3 temperature, signed, °C         4 battery, %
    set 46, 5 bytes    1-2 distance, mm                 3 temperature, signed, °C         4 battery, %
    set 75, 8 bytes    1-2 time of the longest echo, µs 3-4 time of the median, µs        5 reliability, of 32
                       6 temperature, signed, °C        7 battery, %

Without the parameter a frame of 8 bytes is one of set 75; whether 5 bytes are cm or mm only a profile knows.
The time of flight divided by 59 is the distance in cm, says the vendor; the median is taken. Set 99 (11 bytes) is not
documented to the byte and is refused.

Sources: help page 360006768214 of Hummbox, "Ultrasonic level sensors", with frames.
"""

from __future__ import annotations

from typing import Final

from decoders.families.hummbox import PARAM, PORTS, route, word
from decoders.frame import Values, by_port
from decoders.model import Code, Decoder, Issue

_MM_PER_MICROSECOND: Final = 10 / 59


def _temperature(payload: bytes, at: int, values: Values) -> None:
    values["temperature_c"] = float(int.from_bytes(payload[at : at + 1], signed=True))


def _centimetres(payload: bytes, values: Values, issues: list[Issue]) -> None:
    word("distance_mm", payload, 1, 10.0, values, issues)
    _temperature(payload, 3, values)


def _millimetres(payload: bytes, values: Values, issues: list[Issue]) -> None:
    word("distance_mm", payload, 1, 1.0, values, issues)
    _temperature(payload, 3, values)


def _flight(payload: bytes, values: Values, issues: list[Issue]) -> None:
    word("distance_mm", payload, 3, _MM_PER_MICROSECOND, values, issues)
    values["echo_quality"] = float(payload[5])
    if not payload[5]:
        values["distance_mm"] = None
        issues.append(Issue(Code.NO_ECHO, "distance_mm", payload[3], "no measurement was reliable"))
    _temperature(payload, 6, values)


_SETS: Final = {16: (5, _centimetres), 46: (5, _millimetres), 75: (8, _flight)}

DECODER: Final = Decoder(
    key="hummbox_level",
    vendor="Green CityZen",
    models=("Hummbox Level",),
    kind="level",
    ports=PORTS,
    quantities=("distance_mm", "echo_quality", "temperature_c", "battery_pct"),
    document="Hummbox help page 360006768214",
    decode=by_port(dict.fromkeys(PORTS, route(_SETS, usual=75))),
    aliases=("Hummbox", "Hummbox Niveau", "Green CityZen Hummbox Level"),
    params=(PARAM,),
)
