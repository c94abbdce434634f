"""Dragino MDS120-LB, MDS120-LS and LMDS120: microwave radar distance, LoRaWAN.

fPort 2, 8 bytes:

    0-1   battery, see `families.dragino`
    2-3   distance, mm; 3fff an invalid reading, 0 no sensor
    4     bit 0: sent because of the interrupt pin
    5-6   external DS18B20, signed, 0.1 °C
    7     bit 0: the sensor was found

fPort 3: stored records: battery, distance, then a word that no document names (not read), flags (1), time.
fPort 4: settings. fPort 5: device information; that of LMDS120 has 6 bytes: 1 frequency band, 2 sub-band, 3-4 firmware,
5 model (18).

Sources: Dragino MDS120-LB user manual, 2.3 "Uplink Payload"; vendor decoders of MDS120-LB and LMDS120.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import (
    INTERRUPT,
    SUCCESSOR_PORTS,
    battery_v,
    ds18b20_c,
    information,
    records,
    settings,
)
from decoders.frame import Values, assemble, by_port, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">HHBhB")
_RECORD: Final = Struct(">HH")
_CODES: Final = {
    0: (Code.NOT_CONNECTED, "no sensor"),
    0x3FFF: (Code.OUT_OF_RANGE, "invalid reading"),
    0xFFFF: (Code.OUT_OF_RANGE, "invalid reading"),
}


def _distance(raw: int, issues: list[Issue]) -> float | None:
    if raw not in _CODES:
        return float(raw)
    code, detail = _CODES[raw]
    issues.append(Issue(code, "distance_mm", raw, detail))
    return None


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _FRAME.size:
        return refuse_length(payload, _FRAME.size)
    battery, distance, interrupt, external, found = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values: Values = {
        "distance_mm": _distance(distance, issues),
        "temperature_c": ds18b20_c(external, issues),
        "battery_v": battery_v(battery),
    }
    events = INTERRUPT if interrupt & 1 else ()
    return assemble(Kind.TELEMETRY, (Reading(values),), {"sensor_found": found & 1 == 1}, events, issues)


def _record(payload: bytes, at: int, issues: list[Issue]) -> Values:
    battery, distance = _RECORD.unpack_from(payload, at)
    return {"distance_mm": _distance(distance, issues), "battery_v": battery_v(battery)}


_SUCCESSOR = information({0x2A: "MDS120-LB"})


def _information(payload: bytes, params: Params) -> Decoded:
    if len(payload) == 6 and payload[5] == 0x18:
        return Decoded(Kind.STATUS, status={"model": "LMDS120", "firmware": payload[3:5].hex()})
    return _SUCCESSOR(payload, params)


DECODER: Final = Decoder(
    key="dragino_mds120_lb",
    vendor="Dragino",
    models=("MDS120-LB", "LMDS120"),
    kind="level",
    ports=SUCCESSOR_PORTS,
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Dragino MDS120-LB/LS user manual, section 2.3 Uplink Payload",
    decode=by_port(dict(zip(SUCCESSOR_PORTS, (_data, records(_record), settings, _information), strict=True))),
    aliases=("MDS120-LS", "MDS120-LB/LS"),
)
