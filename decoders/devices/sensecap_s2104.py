"""Seeed SenseCAP S2104, S2105 and soil sensors of the first generation: moisture, temperature, conductivity, LoRaWAN.

fPort 1 or 2: the elements of `families.sensecap`: soil temperature 1006, soil moisture 1007, conductivity 100c (S2105
and the first generation's three-in-one), battery 0007, what they say of themselves after a join.

The conductivity is sent in dS/m; one integrator calls the same number µS/cm.

The catalogue shows a frame of an air sensor (1001, 1002) as the example of these models; it is read as what it is.
The user guide's own frame of an S2105 has a wrong checksum and is refused.

Sources: Seeed SenseCAP S210x LoRaWAN user guide, "Payload"; SenseCAP wireless sensors user guide 114992867, pages 40 to
42; SenseCAP-Decoder, S210X and Gen1.
"""

from __future__ import annotations

from typing import Final

from decoders.families.sensecap import DECODE, PORTS
from decoders.model import Decoder

DECODER: Final = Decoder(
    key="sensecap_s2104",
    vendor="SenseCAP",
    models=("S2104", "S2105", "Soil Sensor generation 1"),
    kind="soil",
    ports=PORTS,
    quantities=(
        "soil_moisture_pct",
        "soil_temperature_c",
        "soil_ec_us_cm",
        "temperature_c",
        "humidity_pct",
        "battery_pct",
    ),
    document="Seeed SenseCAP S210x LoRaWAN user guide, section Payload",
    decode=DECODE,
    aliases=(
        "SenseCAP S2104",
        "SenseCAP S2105",
        "SenseCAP gen 1",
        "SenseCAP gen1",
        "SenseCAP generation 1",
        "sensecaps2104-soil-moisture-temp",
        "sensecaps2105-soll-moisture-temp-ec",
        "sensecap-soil-th",
    ),
    params=("lenient",),
)
