"""From physical values to the bytes that a device would send: the decoders' other direction.

Layouts: the documents named in `decoders/devices` and `decoders/families`. A test reads every frame with its decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import pack
from typing import Final

Values = Mapping[str, float]
"""Quantity keys of `decoders.quantities` to numbers."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a device hands to its radio."""

    f_port: int
    payload: bytes


Encode = Callable[[Values], Frame]


def _milesight(values: Values) -> Frame:
    """EM400-MUD and EM400-TLD: channel and type before battery, temperature, distance and position each."""
    return Frame(
        85,
        pack("<BBB", 0x01, 0x75, round(values["battery_pct"]))
        + pack("<BBh", 0x03, 0x67, round(values["temperature_c"] * 10))
        + pack("<BBH", 0x04, 0x82, round(values["distance_mm"]))
        + pack("<BBB", 0x05, 0x00, round(values["tilted"])),
    )


def _dragino_distance(values: Values) -> Frame:
    """LDDS75: battery, distance, no interrupt, DS18B20, sensor found."""
    battery, distance = round(values["battery_v"] * 1000), round(values["distance_mm"])
    return Frame(2, pack(">HHBhB", battery, distance, 0, round(values["temperature_c"] * 10), distance > 0))


def _dragino_soil(values: Values) -> Frame:
    """LSE01 and SE01-LB: battery, DS18B20, moisture, soil temperature, conductivity; probe found, no interrupt."""
    return Frame(
        2,
        pack(
            ">HhHhHB",
            round(values["battery_v"] * 1000),
            round(values["temperature_c"] * 10),
            round(values["soil_moisture_pct"] * 100),
            round(values["soil_temperature_c"] * 100),
            round(values["soil_ec_us_cm"]),
            0x10,
        ),
    )


def _decentlab(values: Values, *words: int) -> Frame:
    """All blocks present: protocol 2, device id, flags, the first block's words, battery in mV."""
    battery = round(values["battery_v"] * 1000)
    return Frame(1, pack(f">BHH{len(words)}HH", 2, round(values["device_id"]), 3, *words, battery))


def _decentlab_distance(values: Values) -> Frame:
    """DL-MBX: distance and the number of valid samples behind it."""
    return _decentlab(values, round(values["distance_mm"]), round(values["samples"]))


def _decentlab_soil(values: Values) -> Frame:
    """DL-TRS12: raw count (from the water content, by the probe's mineral soil line), temperature, conductivity."""
    count = round((values["soil_vwc"] + 0.6956) / 3.879e-4 * 10)
    return _decentlab(values, count, round(values["soil_temperature_c"] * 10) + 32768, round(values["soil_ec_us_cm"]))


ENCODERS: Final[Mapping[str, Encode]] = {
    "milesight_em400_mud": _milesight,
    "milesight_em400_tld": _milesight,
    "dragino_ldds75": _dragino_distance,
    "decentlab_dl_mbx": _decentlab_distance,
    "dragino_lse01": _dragino_soil,
    "dragino_se01_lb": _dragino_soil,
    "decentlab_dl_trs12": _decentlab_soil,
}
"""Key of the decoder to the encoder."""

SENTINELS: Final[Mapping[str, Values]] = {
    "milesight_em400_mud": {"distance_mm": 0xFFFD},  # outside the measuring range
    "milesight_em400_tld": {"distance_mm": 0xFFFD},
    "dragino_ldds75": {"distance_mm": 0},  # no ultrasonic sensor
    "decentlab_dl_mbx": {"samples": 0},  # no valid sample behind the distance
}
"""What a bin sensor sends instead of a measurement, by decoder."""


def encode(model: str, values: Values) -> Frame:
    """The frame of this model. Raises KeyError for a model or a value that is missing."""
    return ENCODERS[model](values)
