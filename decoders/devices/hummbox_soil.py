"""Hummbox soil: moisture of a Catnip or a WaterScout probe, LoRaWAN, sensor sets 19 and 50.

The frame of `families.hummbox` (little endian):

    set 19 (Catnip), 5 bytes        1 temperature, signed, °C     2-3 raw capacitance     4 battery, %
    set 50 (WaterScout), 4 bytes    1-2 raw capacitance           3 battery, %

Without the parameter a frame of 5 bytes is one of set 19. The raw count becomes water content only with a calibration
of the soil, so it stays what it is. (The English help page shows set 50 with the frame of set 19.)

Sources: help page 360007857774 of Hummbox, "Soil sensors", in English and French, with a frame.
"""

from __future__ import annotations

from typing import Final

from decoders.families.hummbox import PORTS, route, word
from decoders.frame import Values, by_port
from decoders.model import Decoder, Issue


def _catnip(payload: bytes, values: Values, issues: list[Issue]) -> None:
    word("soil_moisture_raw", payload, 2, 1.0, values, issues)
    values["soil_temperature_c"] = float(int.from_bytes(payload[1:2], signed=True))


def _waterscout(payload: bytes, values: Values, issues: list[Issue]) -> None:
    word("soil_moisture_raw", payload, 1, 1.0, values, issues)


_SETS: Final = {19: (5, _catnip), 50: (4, _waterscout)}

DECODER: Final = Decoder(
    key="hummbox_soil",
    vendor="Green CityZen",
    models=("Hummbox Soil",),
    kind="soil",
    ports=PORTS,
    quantities=("soil_moisture_raw", "soil_temperature_c", "battery_pct"),
    document="Hummbox help page 360007857774",
    decode=by_port(dict.fromkeys(PORTS, route(_SETS, usual=19))),
    aliases=("Hummbox Sol", "Hummbox Catnip", "Hummbox WaterScout", "Green CityZen Hummbox Soil"),
    params=("set",),
)
