"""ELV-LW-INT1: interface for the soil probe SoMo1 and the ultrasonic sensor DUS1, LoRaWAN.

fPort 10, big endian: byte 0 battery, 1.50 V + 10 mV each; byte 1 kind of frame:

    00   status: items `channel (1) sensor (1) value (n)`
         sensor 0   the device: events (1), inputs (1)
         sensor 1   DUS1: events (1), distance, mm (2), level, % (1)
         sensor 2   SoMo1 moisture: events (1), level, % (1), count (2)
         sensor 3   SoMo1 temperature: events (1), signed, 0.1 °C (2)
    others: device information ff, settings fc, rejoin fa, data rate f8, firmware 03: kept as they came

    codes   level 255 error, 254 unknown; words 8000 error, 7999 unknown; DUS1 7501 too far; count 4100 too high;
            temperature 1201 and -401 outside the range
    events  01 cycle, 02 start, 10 and 20 limits, 40 change, 80 error

The level of the SoMo1 runs between two counts that are set in the device, dry and wet.

Sources: ELV "ELV-LW-INT1" construction manual, section "Payload"; the vendor's codec and frames in
TheThingsNetwork/lorawan-devices, elv/elv-lw-int1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_STATUS: Final = 0
_OTHERS: Final = frozenset({0x03, 0xF8, 0xFA, 0xFC, 0xFF})
_INFORMATION: Final = frozenset({0x03, 0xFF})
_FAULT, _FAR = Code.SENSOR_FAULT, Code.OUT_OF_RANGE
_LEVEL: Final = {255: _FAULT, 254: _FAULT}
_WORD: Final = {8000: _FAULT, 7999: _FAULT}
_DISTANCE: Final = _WORD | {7501: _FAR}
_COUNT: Final = _WORD | {4100: _FAR}
_CELSIUS: Final = _WORD | {1201: _FAR, -401: _FAR}


def _put(key: str, raw: int, divisor: int, codes: Mapping[int, Code], values: Values, issues: list[Issue]) -> None:
    code = codes.get(raw)
    values[key] = raw / divisor if code is None else None
    if code is not None:
        issues.append(Issue(code, key, raw, "a code, not a measurement"))


def _device(_raw: bytes, _values: Values, _issues: list[Issue]) -> None:
    """Events and inputs of the device: nothing is measured."""


def _ultrasonic(raw: bytes, values: Values, issues: list[Issue]) -> None:
    _put("distance_mm", int.from_bytes(raw[1:3]), 1, _DISTANCE, values, issues)
    _put("fill_reported_pct", raw[3], 1, _LEVEL, values, issues)


def _moisture(raw: bytes, values: Values, issues: list[Issue]) -> None:
    _put("soil_moisture_pct", raw[1], 1, _LEVEL, values, issues)
    _put("soil_moisture_raw", int.from_bytes(raw[2:4]), 1, _COUNT, values, issues)


def _temperature(raw: bytes, values: Values, issues: list[Issue]) -> None:
    _put("soil_temperature_c", int.from_bytes(raw[1:3], signed=True), 10, _CELSIUS, values, issues)


_SENSORS: Final[Mapping[int, tuple[int, Callable[[bytes, Values, list[Issue]], None]]]] = {
    0: (2, _device),
    1: (4, _ultrasonic),
    2: (4, _moisture),
    3: (3, _temperature),
}


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) < 2:
        return refuse(Code.TOO_SHORT, payload, "a frame has at least battery and kind", len(payload))
    battery = (150 + payload[0]) / 100
    if payload[1] == _STATUS:
        return _status(payload, battery)
    if payload[1] not in _OTHERS:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"frames of kind {payload[1]:02x} are not known", payload[1])
    kind = Kind.STATUS if payload[1] in _INFORMATION else Kind.CONFIG
    return Decoded(kind, status={"battery_v": battery, "settings_hex": payload[1:].hex()})


def _status(payload: bytes, battery: float) -> Decoded:
    values: Values = {}
    issues: list[Issue] = []
    at, size = 2, len(payload)
    while at < size:
        sensor = _SENSORS.get(payload[at + 1]) if at + 1 < size else None
        if sensor is None or at + 2 + sensor[0] > size:
            is_cut = at + 1 == size or sensor is not None
            code = Code.TOO_SHORT if is_cut else Code.UNKNOWN_ITEM
            return refuse(code, payload, f"the item at byte {at} is not whole or unknown", payload[at : at + 2].hex())
        sensor[1](payload[at + 2 : at + 2 + sensor[0]], values, issues)
        at += 2 + sensor[0]
    values["battery_v"] = battery
    check_limits(values, issues)
    status: Status = {}
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)


DECODER: Final = Decoder(
    key="elv_lw_int1",
    vendor="ELV",
    models=("ELV-LW-INT1",),
    kind="soil",
    ports=(10,),
    quantities=(
        *("soil_moisture_pct", "soil_moisture_raw", "soil_temperature_c", "distance_mm", "fill_reported_pct"),
        "battery_v",
    ),
    document="ELV-LW-INT1 construction manual, section Payload",
    decode=by_port({10: _data}),
    aliases=("LW-INT1", "ELV-LW-INT1 + SoMo", "ELV-LW-INT1 + SoMo1", "ELV-SoMo1", "ELV SoMo", "SoMo"),
)
