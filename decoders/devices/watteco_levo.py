"""Watteco Lev'O and Lev'O+: level of liquids by a 4-20 mA pressure probe, LoRaWAN.

fPort 125, big endian, standard frames (ZCL): 0 head, odd: 11 and 31 are endpoints 0 and 1; 1 command: 0a and 8a
report, the latter with an alarm, 01 answer to a read, 07 answer to a setting; 2-3 cluster; 4-5 attribute; then

    0a, 8a    6 type, value; what follows it is the cause of the report
    01        6 state, 7 type, value

    000c/0055   type 39, float: endpoint 0 current, mA; endpoint 1 voltage of the 0-10 V input
    0050/0006   type 41, length, power mode (1), sources (1: bit 0 mains, 1 accumulator, 2 battery, 3 sun, 4 meter),
                mV of each source (2), the source in use (1)
    0000/0002   type 0d, length, version 3 bytes, build 3 bytes

A depth follows from the current with the parameter `range_mm`, the depth at 20 mA: (mA - 4) / 16 of it. Without the
parameter there is none. Below 3.6 mA the probe is not connected, above 21 mA it is broken.

Batch frames (even head) are compressed with tables of each installation and are refused.

Sources: support.watteco.com, "Lev'O" and "Standard report"; Watteco/Codec-API-LoRaWAN, devices/lev'o, with frames.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_REPORTS: Final = frozenset({0x0A, 0x8A})
_ANSWERS: Final = frozenset({0x01, 0x07})
_ALARM, _READ = 0x8A, 0x01
_CURRENT, _POWER = b"\x00\x0c\x00\x55\x39", b"\x00\x50\x00\x06\x41"
_FIRMWARE: Final = b"\x00\x00\x00\x02"
_HEAD: Final = 6
_ACCUMULATOR, _BATTERY = 1, 2
_LEAST_MA, _MOST_MA = 3.6, 21.0


def _data(payload: bytes, params: Params) -> Decoded:
    if not payload[0] & 1:
        return refuse(Code.UNKNOWN_VARIANT, payload, "a batch frame, which is not read", payload[0])
    if len(payload) < _HEAD + 1:
        return refuse(Code.TOO_SHORT, payload, "a standard frame has a head, an attribute and a value", len(payload))
    command = payload[1]
    if command in _ANSWERS:
        return _answered(payload)
    if command not in _REPORTS:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"command {command:02x} is not read", command)
    return _reported(payload, params)


def _reported(payload: bytes, params: Params) -> Decoded:
    what = payload[2:7]
    if what == _CURRENT:
        return _analog(payload, params)
    if what == _POWER:
        return _power(payload)
    return Decoded(Kind.STATUS, status={"report_hex": payload.hex()})


def _analog(payload: bytes, params: Params) -> Decoded:
    if len(payload) < _HEAD + 5:
        return refuse(Code.TOO_SHORT, payload, "the value is cut short", len(payload))
    (measured,) = unpack_from(">f", payload, _HEAD + 1)
    is_alarm = payload[1] == _ALARM or len(payload) > _HEAD + 5
    events = (Event("alarm"),) if is_alarm else ()
    kind = Kind.ALARM if is_alarm else Kind.TELEMETRY
    if payload[0] >> 5:
        return Decoded(Kind.STATUS, status={"endpoint": payload[0] >> 5, "value": str(round(measured, 4))})
    issues: list[Issue] = []
    values: Values = {"depth_mm": _depth(measured, params, issues)}
    check_limits(values, issues)
    status: Status = {"current_ma": round(measured, 4)} if _LEAST_MA <= measured <= _MOST_MA else {}
    return assemble(kind, (Reading(values),), status, events, issues)


def _depth(milliampere: float, params: Params, issues: list[Issue]) -> float | None:
    if not _LEAST_MA <= milliampere <= _MOST_MA:
        code = Code.NOT_CONNECTED if milliampere < _LEAST_MA else Code.SENSOR_FAULT
        issues.append(Issue(code, "depth_mm", str(milliampere), "outside what a 4-20 mA probe gives"))
        return None
    reach = params.get("range_mm")
    if not isinstance(reach, int | float) or isinstance(reach, bool) or not 0 < reach <= 1_000_000:
        detail = "what depth is 20 mA? Give the parameter range_mm"
        issues.append(Issue(Code.MISSING_PARAMETER, "depth_mm", round(milliampere, 4), detail))
        return None
    return (milliampere - 4) / 16 * reach


def _power(payload: bytes) -> Decoded:
    size = payload[_HEAD + 1] if len(payload) > _HEAD + 1 else 0
    raw = payload[_HEAD + 2 : _HEAD + 2 + size]
    sources = raw[1] & 31 if len(raw) > 1 else 0
    if size < 3 + 2 * sources.bit_count() or len(raw) != size:
        return refuse(Code.TOO_SHORT, payload, "the voltages are cut short", len(payload))
    present = [bit for bit in range(5) if sources >> bit & 1]
    volts = {bit: int.from_bytes(raw[2 + 2 * at : 4 + 2 * at]) / 1000 for at, bit in enumerate(present)}
    battery = volts.get(_BATTERY, volts.get(_ACCUMULATOR))
    if battery is None:
        return Decoded(Kind.STATUS, status={"external_power": True})
    issues: list[Issue] = []
    values: Values = {"battery_v": battery}
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), {}, issues=issues)


def _answered(payload: bytes) -> Decoded:
    if payload[1] == _READ and payload[2:6] == _FIRMWARE and len(payload) >= _HEAD + 8:
        build = int.from_bytes(payload[_HEAD + 5 : _HEAD + 8])
        version = ".".join(str(number) for number in payload[_HEAD + 2 : _HEAD + 5])
        return Decoded(Kind.STATUS, status={"firmware": f"{version}.{build}"})
    return Decoded(Kind.CONFIG, status={"settings_hex": payload.hex()})


DECODER: Final = Decoder(
    key="watteco_levo",
    vendor="Watteco",
    models=("Lev'O", "Lev'O+"),
    kind="level",
    ports=(125,),
    quantities=("depth_mm", "battery_v"),
    document="support.watteco.com, Lev'O and Standard report",
    decode=by_port({125: _data}),
    aliases=("LevO", "LevO+", "Watteco Lev'O", "Watteco LevO", "Watteco Lev'O+"),
    params=("range_mm",),
)
