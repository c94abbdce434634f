"""Radio Bridge (MultiTech) RBS306-US10M and RBS306-MBHR: ultrasonic level, LoRaWAN.

The same on every fPort; 1, 2 and 3 are read. Big endian; byte 0: protocol version and counter, a nibble each; byte 1:

    10   level, 5 bytes: 2 event (0 periodic, 1 above and 2 below the limit, 3 rise, 4 fall), 3-4 distance, mm, 0-9999
    01   supervisory: 2 errors (bit 1 battery low, 3 open), 4 battery, V and tenths, a nibble each, 9-10 events so far
    00   reset: 2 sensor type, 3 hardware, 4-5 firmware: with bit 15 three numbers of 5 bits, else two bytes
    02   tamper: 2 0 opened, 1 closed
    fa   device information        fb   link quality        ff   answer to a downlink

9999 is what the sensor gives when nothing reflects.

Sources: Radio Bridge "Wireless Ultrasonic Level Sensor user guide" v1.5, 7.2, page 7, and "Common Sensor Messages";
support.radiobridge.com, "How do I decode an ultrasonic level sensor event".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, refuse_length
from decoders.model import Code, Decoded, Decoder, Event, Issue, Kind, Params, Reading, refuse

_PORTS: Final = (1, 2, 3)
_LEAST: Final = 3
_EVENTS: Final = ("", "above_limit", "below_limit", "rise", "fall")
_ALARMS: Final = frozenset({1, 2})
_LENGTH: Final = 5
_NO_ECHO: Final = 9999


def _data(payload: bytes, _params: Params) -> Decoded:
    if len(payload) < _LEAST:
        return refuse_length(payload, _LEAST)
    read = _READERS.get(payload[1])
    if read is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, "not a message of this sensor", payload[:2].hex())
    return read(payload)


def _level(payload: bytes) -> Decoded:
    if len(payload) != _LENGTH:
        return refuse_length(payload, _LENGTH)
    why, distance = payload[2], int.from_bytes(payload[3:])
    if why >= len(_EVENTS):
        return refuse(Code.UNKNOWN_VARIANT, payload, f"event {why} is not known", why)
    issues: list[Issue] = []
    values: Values = {"distance_mm": float(distance) if distance < _NO_ECHO else None}
    if distance >= _NO_ECHO:
        issues.append(Issue(Code.NO_ECHO, "distance_mm", distance, "nothing reflects"))
    events = (Event(_EVENTS[why]),) if why else ()
    kind = Kind.ALARM if why in _ALARMS else Kind.TELEMETRY
    return assemble(kind, (Reading(values),), {}, events, issues)


def _supervisory(payload: bytes) -> Decoded:
    if len(payload) < _LENGTH:
        return refuse_length(payload, _LENGTH)
    status: Status = {"battery_v": (payload[4] >> 4) + (payload[4] & 15) / 10}
    if payload[2] & 0x02:
        status["battery_low"] = True
    if payload[2] & 0x08:
        status["open"] = True
    return Decoded(Kind.STATUS, status=status)


def _reset(payload: bytes) -> Decoded:
    if len(payload) < _LENGTH + 1:
        return refuse_length(payload, _LENGTH + 1)
    version = int.from_bytes(payload[4:6])
    three = f"{version >> 10 & 31}.{version >> 5 & 31}.{version & 31}"
    status: Status = {
        "sensor_type": payload[2],
        "hardware": str(payload[3]),
        "firmware": three if version >> 15 else f"{version >> 8}.{version & 255}",
    }
    return Decoded(Kind.STATUS, status=status, events=(Event("reset"),))


def _tamper(payload: bytes) -> Decoded:
    return Decoded(Kind.ALARM, events=(Event("tamper_closed" if payload[2] else "tamper"),))


def _answer(payload: bytes) -> Decoded:
    return Decoded(Kind.CONFIG, status={"answer_hex": payload[2:].hex()})


def _kept(payload: bytes) -> Decoded:
    return Decoded(Kind.STATUS, status={"message_hex": payload[1:].hex()})


_READERS: Final[Mapping[int, Callable[[bytes], Decoded]]] = {
    0x00: _reset,
    0x01: _supervisory,
    0x02: _tamper,
    0x10: _level,
    0xFA: _kept,
    0xFB: _kept,
    0xFF: _answer,
}

DECODER: Final = Decoder(
    key="radio_bridge_rbs306_us10m",
    vendor="Radio Bridge",
    models=("RBS306-US10M", "RBS306-MBHR"),
    kind="level",
    ports=_PORTS,
    quantities=("distance_mm",),
    document="Radio Bridge Wireless Ultrasonic Level Sensor user guide v1.5, page 7",
    decode=by_port(dict.fromkeys(_PORTS, _data)),
    aliases=(
        "RBS306",
        "RBS306-US10M-EU",
        "RBS306-US10M-US",
        "Radio Bridge RBS306-US10M",
        "Radio Bridge RBS306",
        "Radio Bridge RBS306-MBHR",
    ),
)
