"""Makerfabs AgroSense Soil Monitor: soil moisture, temperature, conductivity and pH, LoRaWAN.

Big endian, 16 bytes; no fPort is documented, 1 and 2 are read:

    0-1   number of the frame          2     battery, 0.1 V          3     01: the probe's values are valid
    4-5   soil moisture, 0.1 %         6-7   soil temperature, signed, 0.1 °C
    8-9   conductivity, µS/cm          10-11 pH, 0.1                 12-15 interval, ms

Sources: Makerfabs wiki, "AgroSense Soil Monitor LoRaWAN"; the vendor's codec in TheThingsNetwork/lorawan-devices,
makerfabs/soil-monitor.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">HBBHhHHI")
_PROBE: Final = ("soil_moisture_pct", "soil_temperature_c", "soil_ec_us_cm", "soil_ph")


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    _number, battery, valid, moisture, temperature, conductivity, acidity, interval = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {
        "soil_moisture_pct": moisture / 10,
        "soil_temperature_c": temperature / 10,
        "soil_ec_us_cm": float(conductivity),
        "soil_ph": acidity / 10,
        "battery_v": battery / 10,
    }
    if not valid:
        values.update(dict.fromkeys(_PROBE))
        issues += [Issue(Code.SENSOR_FAULT, key, valid, "the device did not read its probe") for key in _PROBE]
    check_limits(values, issues)
    status: Status = {"report_interval_s": interval / 1000}
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


DECODER: Final = Decoder(
    key="makerfabs_soil_monitor",
    vendor="Makerfabs",
    models=("AgroSense Soil Monitor",),
    kind="soil",
    ports=(1, 2),
    quantities=(*_PROBE, "battery_v"),
    document="Makerfabs wiki, AgroSense Soil Monitor LoRaWAN",
    decode=by_port({1: _data, 2: _data}),
    aliases=("AgroSense", "Makerfabs Soil Monitor", "Makerfabs AgroSense Soil Monitor"),
)
