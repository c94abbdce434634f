"""Dragino LDS12-LB, LDS25-LB, LDS40-LB, their -LS forms, LLDS12 and LLDS40: LiDAR distance, LoRaWAN.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`
    2-3   external DS18B20, signed, 0.1 °C
    4-5   distance, 0.1 cm, which is mm; ffff no target
    6-7   strength of the signal, 1 to 65534; 0 nothing came back, 65535 the receiver was blinded
    8     bit 0: sent because of the interrupt pin; bit 1: its level
    9     temperature of the LiDAR, signed, °C: the device's own condition
    10    type of the frame, see `families.dragino`

The manual calls a distance credible when its strength is above 100; the strength stands beside it as `echo_quality`.

fPort 3: stored records: flags (1), 0, distance, strength, temperature of the LiDAR (1), time. fPort 4: settings.
fPort 5: device information. fPort 6, LDS25-LB only: its wiper: mode, times, seconds between two, time of the last one.
LLDS12 and LLDS40 send fPort 2 only.

Sources: Dragino LDS12-LB user manual, 2.3 "Uplink Payload"; LLDS12 user manual, 2.3; vendor decoders of all five models
(fPort 2 and 3 alike); catalogue example of LLDS12.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import (
    DATA,
    DETECTED,
    INFORMATION,
    INTERRUPT,
    RECORDS,
    SETTINGS,
    battery_v,
    ds18b20_c,
    information,
    records,
    settings,
    typed,
)
from decoders.frame import Values, assemble, by_port, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading

_FRAME: Final = Struct(">HhHHBbB")
_RECORD: Final = Struct(">BxHH")
_WIPER: Final = Struct(">BBHI")
_BLINDED = _NO_TARGET = 0xFFFF


def _distance(raw: int, strength: int, issues: list[Issue]) -> Values:
    values: Values = {"distance_mm": None, "echo_quality": float(strength)}
    if strength == _BLINDED:
        issues.append(Issue(Code.OUT_OF_RANGE, "distance_mm", raw, "the receiver was blinded, strength 65535"))
    elif raw == _NO_TARGET or strength == 0:
        issues.append(Issue(Code.NO_ECHO, "distance_mm", raw, f"no target, strength {strength}"))
    else:
        values["distance_mm"] = float(raw)
    return values


def _data(payload: bytes, _params: Params) -> Decoded:
    battery, external, distance, strength, flags, lidar, _ = _FRAME.unpack(payload)
    issues: list[Issue] = []
    values = _distance(distance, strength, issues)
    values["temperature_c"] = ds18b20_c(external, issues)
    values["battery_v"] = battery_v(battery)
    events = INTERRUPT if flags & 1 else ()
    return assemble(Kind.TELEMETRY, (Reading(values),), {"lidar_temperature_c": float(lidar)}, events, issues)


def _record(payload: bytes, at: int, issues: list[Issue]) -> Values:
    _, distance, strength = _RECORD.unpack_from(payload, at)
    return _distance(distance, strength, issues)


def _wiper(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _WIPER.size:
        return refuse_length(payload, _WIPER.size)
    mode, times, interval, last = _WIPER.unpack(payload)
    return Decoded(
        Kind.STATUS,
        status={"wiper_mode": mode, "wiper_times": times, "wiper_interval": interval, "wiper_last_epoch_s": last},
    )


DECODER: Final = Decoder(
    key="dragino_lds12_lb",
    vendor="Dragino",
    models=("LDS12-LB", "LDS25-LB", "LDS40-LB", "LLDS12", "LLDS40"),
    kind="level",
    ports=(DATA, RECORDS, SETTINGS, INFORMATION, DETECTED),
    quantities=("distance_mm", "echo_quality", "temperature_c", "battery_v"),
    document="Dragino LDS12-LB/LS user manual, section 2.3 Uplink Payload",
    decode=by_port(
        {
            DATA: typed(_FRAME.size, _data),
            RECORDS: records(_record),
            SETTINGS: settings,
            INFORMATION: information({0x24: "LDS12-LB", 0x25: "LDS40-LB", 0x3E: "LDS25-LB"}),
            DETECTED: _wiper,
        }
    ),
    aliases=("LDS12-LS", "LDS25-LS", "LDS40-LS", "LDS12-LB/LS", "LDS25-LB/LS", "LDS40-LB/LS"),
)
