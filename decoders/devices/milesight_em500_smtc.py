"""Milesight EM500-SMTC and EM500-SMT: soil moisture, temperature and conductivity, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 67   soil temperature, signed 2 bytes, 0.1 °C; fffd outside the measuring range, ffff reading the probe failed
    04 ca   water content, 2 bytes, 0.01 %; codes as in 03 67
    04 68   water content in older firmware, 1 byte, 0.5 %
    05 7f   conductivity, 2 bytes, µS/cm; codes as in 03 67
    83 d7   temperature alarm: as 03 67, its change (signed 2 bytes, 0.1 °C), then 1 byte: 0 released, 1 raised,
            2 the temperature jumped
    20 ce   stored record: Unix seconds (4), conductivity, temperature, water content (as 04 ca), with the same codes

The code ffff has the bytes of -0.1 °C and fffd those of -0.3 °C: they are no values. The vendor's code compares a
signed number with ffff, so a probe that failed measures -0.1 °C there.

Sources: Milesight EM500-SMTC user guide, chapter "Device Payload"; EM500-SMT Payload Structure V1.0; SensorDecoders,
em500-smtc, README and table.
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import PORT, PROBE_CODES, Field, Items, alarm, number, reader, record
from decoders.model import Code, Decoder

_TEMPERATURE: Final = Field("soil_temperature_c", "h", 10, {-3: Code.OUT_OF_RANGE, -1: Code.SENSOR_FAULT})
_MOISTURE: Final = Field("soil_moisture_pct", "H", 100, PROBE_CODES)
_CONDUCTIVITY: Final = Field("soil_ec_us_cm", "H", 1, PROBE_CODES)

_ITEMS: Final[Items] = {
    0x0367: number(_TEMPERATURE),
    0x04CA: number(_MOISTURE),
    0x057F: number(_CONDUCTIVITY),
    0x0468: number(Field("soil_moisture_pct", "B", 2))._replace(number=None),  # in place of 04 ca, never beside it
    0x83D7: alarm(_TEMPERATURE, "temperature_alarm", {2: "temperature_jump"}, Field("change_c", "h", 10)),
    0x20CE: record(_CONDUCTIVITY, _TEMPERATURE, _MOISTURE),
}

DECODER: Final = Decoder(
    key="milesight_em500_smtc",
    vendor="Milesight",
    models=("EM500-SMTC", "EM500-SMT"),
    kind="soil",
    ports=(PORT,),
    quantities=("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "battery_pct"),
    document="Milesight EM500-SMTC user guide, chapter Device Payload",
    decode=reader(_ITEMS),
    aliases=("EM500-SMTC-MEC20", "EM500SMTC", "EM500-SMT-MEC20", "EM500SMT"),
    params=("lenient",),
)
