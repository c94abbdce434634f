"""Senzemo Senstick SSM40: soil moisture, LoRaWAN.

Big endian. fPort 2, 4 or 5 bytes:

    (0    state, in frames of 5 bytes)     0-1   battery, mV       2-3   probe, mV: see `families.senzemo`

A battery outside 1.5 to 6 V means that the frame was read with a wrong length.
fPort 1, 1 byte: an alarm, the state. fPort 3, 9 bytes: settings.

Sources: Senzemo "LoRaWAN protocol manual Senstick SSM40", HW 4.0 FW 1.0; the vendor's "SSM40-decoder-1.0".
"""

from __future__ import annotations

from typing import Final

from decoders.families.senzemo import QUANTITIES, moisture
from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_SHORT, _LONG, _SETTINGS = 4, 5, 9
_LOWEST_BATTERY, _HIGHEST_BATTERY = 1500, 6000


def _alarm(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != 1:
        return refuse_length(payload, 1)
    return Decoded(Kind.ALARM, status={"state": payload[0]}, events=(Event("alarm", {"state": payload[0]}),))


def _data(payload: bytes, _params: Params) -> Decoded:
    size = len(payload)
    if size not in {_SHORT, _LONG}:
        code = Code.TOO_SHORT if size < _SHORT else Code.WRONG_LENGTH
        return refuse(code, payload, f"{size} bytes where a frame has 4 or 5", size)
    battery = int.from_bytes(payload[-4:-2])
    if not _LOWEST_BATTERY <= battery <= _HIGHEST_BATTERY:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"{battery} mV are no battery of this device", battery)
    issues: list[Issue] = []
    values: Values = {}
    moisture(int.from_bytes(payload[-2:]), values, issues)
    values["battery_v"] = battery / 1000
    check_limits(values, issues)
    status: Status = {"state": payload[0]} if size == _LONG else {}
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


def _settings(payload: bytes, _params: Params) -> Decoded:
    if len(payload) != _SETTINGS:
        return refuse_length(payload, _SETTINGS)
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


DECODER: Final = Decoder(
    key="senzemo_ssm40",
    vendor="Senzemo",
    models=("SSM40",),
    kind="soil",
    ports=(1, 2, 3),
    quantities=(*QUANTITIES, "battery_v"),
    document="Senzemo LoRaWAN protocol manual Senstick SSM40, HW 4.0 FW 1.0",
    decode=by_port({1: _alarm, 2: _data, 3: _settings}),
    aliases=("Senstick SSM40", "Senzemo SSM40"),
)
