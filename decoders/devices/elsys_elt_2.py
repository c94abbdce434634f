"""Elsys ELT-2, ELT Ultrasonic and ERS with a distance sensor (MaxBotix ultrasonic or radar): level, LoRaWAN.

fPort 5, or 1 as in the vendor's examples, the items of `families.elsys`: temperature 01, humidity 02, battery 07,
distance 0e; fPort 6: settings 3e.

The pressure in the vendor's examples, 100729.105 hPa, is none of this world and is left out.

Sources: ELSYS "Sensor payload" document; vendor decoder and examples in the LoRaWAN device catalogue; frames in
akenza's tests of ELT-2 ultrasonic, radar and snow.
"""

from __future__ import annotations

from typing import Final

from decoders.families.elsys import DECODE, PORTS
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="elsys_elt_2",
    vendor="Elsys",
    models=("ELT-2", "ELT Ultrasonic", "ERS"),
    kind="level",
    ports=PORTS,
    quantities=("distance_mm", "temperature_c", "humidity_pct", "battery_v"),
    document="ELSYS Sensor payload document",
    decode=DECODE,
    aliases=(
        "ELT-2-HP",
        "ELT-2 Ultrasonic",
        "ELT-2 Radar",
        "ELT-Ultrasonic",
        "ELT Lite",
        "ELT-Lite",
        "ELT",
        "ERS-Lite",
        "ERS Lite",
        "ELT-2 / ERS with MaxBotix",
    ),
    params=("lenient",),
)
