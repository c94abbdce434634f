"""Dragino DDS75-LB, DDS45-LB, DDS20-LB and their -LS (solar) forms: ultrasonic distance, LoRaWAN.

fPort 2, 8 bytes: the frame of `families.dragino_distance`. One of the vendor's two current files divides the DS18B20's
word by 100, the other and the manual by 10: 10 it is, unless the parameter `ds18b20_divisor` says 100.

fPort 2, bit 4 of byte 0 set: a list of distances (delta detection). Then
    0-1      battery, lower 12 bits, mV
    2-7      not documented
    8-       1 to 20 distances of 2 bytes, mm
    last 4   interrupt, DS18B20 (2 bytes, signed, always 0.1 °C), sensor found
Each distance is a reading of its own, channels "1" to "20" in order; battery and temperature are in the first.

fPort 3: stored records, `families.dragino_distance`. fPort 4: settings. fPort 5: device information.
fPort 6: nothing but distances of 2 bytes, mm, read as the list above.

Sources: Dragino DDS75-LB user manual, 2.3 "Uplink Payload"; both vendor decoders of DDS75-LB, that of DDS20-LB.
The catalogue's codec of that name reads the three-headed DDS75-3-LB (11 bytes), another device: refused here.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from decoders.families.dragino import (
    DATA,
    DETECTED,
    INFORMATION,
    INTERRUPT,
    RECORDS,
    SETTINGS,
    channels,
    ds18b20_c,
    information,
    records,
    settings,
)
from decoders.families.dragino_distance import distance_frame, distance_mm, distance_record
from decoders.frame import Values, assemble, by_port
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, refuse

_HEAD, _TAIL, _MOST = 8, 4, 20


def _data(payload: bytes, params: Params) -> Decoded:
    if payload[0] & 0x10:
        return _list(payload)
    return distance_frame(payload, 100 if params.get("ds18b20_divisor") == 100 else 10)


def _list(payload: bytes) -> Decoded:
    count, odd = divmod(len(payload) - _HEAD - _TAIL, 2)
    if odd or not 1 <= count <= _MOST:
        code = Code.TOO_SHORT if count < 1 else Code.WRONG_LENGTH
        return refuse(code, payload, f"{len(payload)} bytes are no list of distances", len(payload))
    interrupt, temperature, found = unpack_from(">BhB", payload, len(payload) - _TAIL)
    issues: list[Issue] = []
    every = _distances(payload[_HEAD:-_TAIL], issues)
    every[0]["temperature_c"] = ds18b20_c(temperature, issues)
    every[0]["battery_v"] = (int.from_bytes(payload[:2]) & 0x0FFF) / 1000
    events = INTERRUPT if interrupt else ()
    return assemble(Kind.TELEMETRY, channels(every), {"sensor_found": found == 1}, events, issues)


def _detected(payload: bytes, _params: Params) -> Decoded:
    if len(payload) % 2:
        return refuse(Code.WRONG_LENGTH, payload, f"{len(payload)} bytes are not distances of 2", len(payload))
    issues: list[Issue] = []
    return assemble(Kind.TELEMETRY, channels(_distances(payload, issues)), {}, issues=issues)


def _distances(words: bytes, issues: list[Issue]) -> list[Values]:
    return [{"distance_mm": distance_mm(word, issues)} for word in unpack_from(f">{len(words) // 2}H", words)]


DECODER: Final = Decoder(
    key="dragino_dds75_lb",
    vendor="Dragino",
    models=("DDS75-LB", "DDS45-LB", "DDS20-LB"),
    kind="level",
    ports=(DATA, RECORDS, SETTINGS, INFORMATION, DETECTED),
    quantities=("distance_mm", "temperature_c", "battery_v"),
    document="Dragino DDS75-LB/LS user manual, section 2.3 Uplink Payload",
    decode=by_port(
        {
            DATA: _data,
            RECORDS: records(distance_record),
            SETTINGS: settings,
            INFORMATION: information({0x27: "DDS75-LB", 0x28: "DDS45-LB", 0x29: "DDS20-LB"}),
            DETECTED: _detected,
        }
    ),
    aliases=("DDS75-LS", "DDS45-LS", "DDS20-LS", "DDS75-LB/LS", "DDS45-LB/LS", "DDS20-LB/LS"),
    params=("ds18b20_divisor",),
)
