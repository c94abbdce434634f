"""Tinovi PM-IO-5-SM: valve control with up to two soil probes, climate, leaf and pressure, LoRaWAN.

fPort 1, big endian:

    0    flags: bit 0 first soil probe, 1 climate, 2 light, 3 second soil probe, 4 pulses, 5 pressure, 6 leak, 7 valve
    1    battery, %
    then the blocks that the flags say, in this order:
    soil (bit 0)   permittivity 0.01 (2), conductivity 0.1 µS/cm (2), temperature signed 0.01 °C (2), moisture % (2)
    climate        temperature signed 0.01 °C (2), humidity 0.01 % (2), pressure (2)
    light (4)      pulses (4)      soil (bit 3) as above      pressure (2)
    then, in newer firmware, a second byte of flags: bit 1 leaf: moisture 0.01 % (2), temperature signed 0.01 °C (2)

The second probe is channel "2".

Sources: Tinovi "PM-IO-5-SM LoRaWAN I/O module user manual"; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, tinovi/pm-io-5-sm; a frame in akenza device-type-library, tinovi/PM-IO-5-SM.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_SOIL: Final = Struct(">HHhH")
_CLIMATE: Final = Struct(">hH2x")
_LEAF: Final = Struct(">Hh")
_FIRST, _AIR, _LIGHT, _SECOND, _PULSES, _PRESSURE, _LEAK, _VALVE = (1 << bit for bit in range(8))
_BLOCKS: Final = ((_FIRST, 8), (_AIR, 6), (_LIGHT, 4), (_PULSES, 4), (_SECOND, 8), (_PRESSURE, 2))
_LENGTHS: Final = [2 + sum(size for bit, size in _BLOCKS if flags & bit) for flags in range(256)]
_WITH_LEAF: Final = 2


def _data(payload: bytes, _params: Params) -> Decoded:
    size, flags = len(payload), payload[0]
    plain = _LENGTHS[flags]
    if size < plain:
        return refuse_length(payload, plain)
    second = payload[plain] if size > plain else 0
    if second not in {0, _WITH_LEAF}:
        return refuse(Code.UNKNOWN_VARIANT, payload, "the second byte of flags is neither 00 nor 02", second)
    if size > plain and size != plain + (5 if second else 1):
        return refuse_length(payload, plain + (5 if second else 1))
    issues: list[Issue] = []
    every: dict[str | None, Values] = {None: {}}
    main, at = every[None], 2
    if flags & _FIRST:
        main.update(_soil(payload, at))
        at += 8
    if flags & _AIR:
        temperature, humidity = _CLIMATE.unpack_from(payload, at)
        main["temperature_c"] = temperature / 100
        main["humidity_pct"] = humidity / 100
    if flags & _SECOND:
        every["2"] = _soil(payload, plain - 8 - (2 if flags & _PRESSURE else 0))
    if second:
        moisture, temperature = _LEAF.unpack_from(payload, plain + 1)
        main["leaf_moisture_pct"] = moisture / 100
        main["leaf_temperature_c"] = temperature / 100
    main["battery_pct"] = float(payload[1])
    for values in every.values():
        check_limits(values, issues)
    status: Status = {"valve_open": flags & _VALVE > 0, "leak": flags & _LEAK > 0}
    events = (Event("leak"),) if flags & _LEAK else ()
    readings = tuple([Reading(values, channel=channel) for channel, values in every.items()])
    return assemble(Kind.TELEMETRY, readings, status, events, issues)


def _soil(payload: bytes, at: int) -> Values:
    permittivity, conductivity, temperature, moisture = _SOIL.unpack_from(payload, at)
    return {
        "soil_moisture_pct": float(moisture),
        "soil_temperature_c": temperature / 100,
        "soil_ec_us_cm": conductivity / 10,
        "soil_permittivity": permittivity / 100,
    }


DECODER: Final = Decoder(
    key="tinovi_pm_io_5_sm",
    vendor="Tinovi",
    models=("PM-IO-5-SM",),
    kind="soil",
    ports=(1,),
    quantities=(
        *("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "soil_permittivity", "temperature_c"),
        *("humidity_pct", "leaf_moisture_pct", "leaf_temperature_c", "battery_pct"),
    ),
    document="Tinovi PM-IO-5-SM LoRaWAN I/O module user manual",
    decode=by_port({1: _data}),
    aliases=("Tinovi PM-IO-5-SM", "PMIO5SM"),
)
