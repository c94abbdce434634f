"""Milesight EM410-RDL and EM411-RDL: radar distance and level, LoRaWAN.

fPort 85, items of `families.milesight` (little endian):

    01 75   battery, 1 byte, %
    03 67   temperature, signed 2 bytes, 0.1 °C; it has no code: ffff is -0.1 °C
    04 82   distance, signed 2 bytes, mm; fffd no target, fffe measuring switched off, ffff the sensor failed
    05 00   position, 1 byte: 0 normal, 1 tilted by 20° or more
    06 c7   strength of the echo, signed 2 bytes, 0.01
    84 82   distance alarm: as 04 82, then 1 byte: 0 released, 1 raised, 2 the distance jumped
    94 82   distance jump: as 04 82, its change (signed 2 bytes, mm), then 1 byte as in 84 82
    b4 82   as 04 82, then 1 byte: 0 no longer in the blind zone, 1 in the blind zone, 2 no target, 3 the sensor failed
    20 ce   stored record: Unix seconds (4), distance as 04 82, temperature (ffff failed, fffe switched off), change of
            the distance (2), events (1): bit 5 tilted; bits 0 to 4 alarms that had been sent at that time

The distance is signed: zero may be set to a level below the highest one. The vendor's code knows the three distance
codes in records and in b4 82 only; they are the same number everywhere, and no radar measures -1 to -3 mm.

The cellular form wraps these items in a frame with the numbers of its SIM card; that frame is not read here.

Sources: Milesight EM410-RDL user guide, chapter 6 "Uplink Payload"; SensorDecoders, em410-rdl and em411-rdl (alike).
"""

from __future__ import annotations

from typing import Final

from decoders.families.milesight import PORT, TEMPERATURE, TILT, Field, Items, Tail, alarm, number, reader, record
from decoders.frame import Values
from decoders.model import Code, Decoder

_DISTANCE: Final = Field("distance_mm", "h", 1, {-3: Code.NO_ECHO, -2: Code.SENSOR_FAULT, -1: Code.SENSOR_FAULT})
_CHANGE: Final = Field("change_mm", "h")
_STORED_TEMPERATURE: Final = Field("temperature_c", "h", 10, {-2: Code.SENSOR_FAULT, -1: Code.SENSOR_FAULT})
_FAULTS: Final = {2: "no_target", 3: "sensor_fault"}


def _tilt(values: Values, payload: bytes, at: int) -> None:
    values["tilted"] = float(payload[at + 10] >> 5 & 1)


_ITEMS: Final[Items] = {
    0x0367: number(TEMPERATURE),
    0x0482: number(_DISTANCE),
    0x0500: number(TILT),
    0x06C7: number(Field("echo_quality", "h", 100)),
    0x8482: alarm(_DISTANCE, "distance_alarm", {2: "distance_jump"}),
    0x9482: alarm(_DISTANCE, "distance_alarm", {2: "distance_jump"}, _CHANGE),
    0xB482: alarm(_DISTANCE, "blind_zone_alarm", _FAULTS),
    0x20CE: record(_DISTANCE, _STORED_TEMPERATURE, tail=Tail(3, _tilt)),
}

DECODER: Final = Decoder(
    key="milesight_em410_rdl",
    vendor="Milesight",
    models=("EM410-RDL", "EM411-RDL"),
    kind="level",
    ports=(PORT,),
    quantities=("distance_mm", "echo_quality", "temperature_c", "tilted", "battery_pct"),
    document="Milesight EM410-RDL user guide, chapter 6 Uplink Payload",
    decode=reader(_ITEMS),
    aliases=("EM410RDL", "EM411RDL"),
    params=("lenient",),
)
