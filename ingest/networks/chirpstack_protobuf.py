"""ChirpStack v4 events in protobuf (`json = false`): only the fields that are used, read straight from the wire.

Source: https://github.com/chirpstack/chirpstack/tree/master/api/proto (integration.proto, gw.proto) and
https://protobuf.dev/programming-guides/encoding/. Every zero is absent on the wire; what is absent here stays absent.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from .chirpstack_events import Event
from .clock import SECOND, rfc3339
from .refusal import Code, Refused

_LEVELS: Final = ("INFO", "WARNING", "ERROR")
_CODES: Final = (
    "UNKNOWN",
    "DOWNLINK_PAYLOAD_SIZE",
    "UPLINK_CODEC",
    "DOWNLINK_CODEC",
    "OTAA",
    "UPLINK_F_CNT_RESET",
    "UPLINK_MIC",
    "UPLINK_F_CNT_RETRANSMISSION",
    "DOWNLINK_GATEWAY",
    "RELAY_NEW_END_DEVICE",
    "F_CNT_DOWN",
    "EXPIRED",
)

# Field number to JSON name and type: a word for a scalar, a dict for a message, a list of one dict when repeated.
_DEVICE: Final = {8: ("devEui", "text")}
_MODULATION: Final = {3: ("lora", {2: ("spreadingFactor", "unsigned")}), 4: ("fsk", {}), 5: ("lrFhss", {})}
_RX: Final = {
    1: ("gatewayId", "text"),
    3: ("gwTime", "time"),
    6: ("rssi", "signed"),
    7: ("snr", "float"),
    17: ("nsTime", "time"),
}
_HEAD: Final = {1: ("deduplicationId", "text"), 2: ("time", "time"), 3: ("deviceInfo", _DEVICE)}
_SCHEMAS: Final[dict[str, dict[int, tuple[str, Any]]]] = {
    "up": {
        **_HEAD,
        4: ("devAddr", "text"),
        7: ("fCnt", "unsigned"),
        8: ("fPort", "unsigned"),
        10: ("data", "bytes"),
        12: ("rxInfo", [_RX]),
        13: ("txInfo", {2: ("modulation", _MODULATION)}),
        15: ("joinServerContext", {}),
    },
    "join": {**_HEAD, 4: ("devAddr", "text")},
    "status": {
        **_HEAD,
        5: ("margin", "signed"),
        6: ("externalPowerSource", "bool"),
        7: ("batteryLevelUnavailable", "bool"),
        8: ("batteryLevel", "float"),
    },
    "ack": {**_HEAD, 4: ("queueItemId", "text"), 5: ("acknowledged", "bool"), 6: ("fCntDown", "unsigned")},
    "txack": {
        1: ("downlinkId", "unsigned"),
        2: ("time", "time"),
        3: ("deviceInfo", _DEVICE),
        4: ("queueItemId", "text"),
        5: ("fCntDown", "unsigned"),
        6: ("gatewayId", "text"),
    },
    "log": {
        1: ("time", "time"),
        2: ("deviceInfo", _DEVICE),
        3: ("level", _LEVELS),
        4: ("code", _CODES),
        5: ("description", "text"),
    },
    "location": {**_HEAD, 4: ("location", {})},
    "integration": {**_HEAD, 4: ("integrationName", "text")},
}


def looks_like(body: bytes) -> bool:
    """A message that begins with field 1, 2 or 3 and not with the brace of JSON."""
    return body[:1] in {b"\x08", b"\x0a", b"\x12", b"\x1a"} and not body.lstrip().startswith((b"{", b"["))


def event(body: bytes, kind: str) -> Event:
    """The event of this kind (`up`, `join`, ...). Raises `Refused`."""
    try:
        fields = _message(body, _SCHEMAS[kind])
        if kind == "log":
            fields = {"level": _LEVELS[0], "code": _CODES[0]} | fields
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        raise Refused(Code.BAD_FIELD, f"A field has the wrong type or range: {error}.") from error
    except (ValueError, IndexError, OverflowError) as error:
        raise Refused(Code.NOT_PROTOBUF, f"The body is no {kind} event of ChirpStack in protobuf: {error}.") from error


def _message(data: bytes, schema: dict[int, tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        if number in schema:
            name, kind = schema[number]
            if isinstance(kind, list):
                found.setdefault(name, []).append(_value(value, kind[0]))
            else:
                found[name] = _value(value, kind)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and raw values: varints as numbers, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at + length > len(data):
            raise ValueError(f"a field ends {at + length - len(data)} bytes behind the message")
        yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError(f"a number longer than ten bytes at byte {at}")


def _value(raw: int | bytes, kind: Any) -> Any:
    if isinstance(raw, int):
        return _number(raw, kind)
    if isinstance(kind, dict):
        return _message(raw, kind)
    if kind == "text":
        return raw.decode()
    if kind == "bytes":
        return binascii.b2a_base64(raw, newline=False).decode()
    if kind == "time":
        return _timestamp(raw)
    if kind == "float" and len(raw) == 4:
        return _shortest(struct.unpack("<f", raw)[0])
    raise ValueError("a field has the wrong wire type")


def _number(raw: int, kind: Any) -> Any:
    if isinstance(kind, tuple):
        return kind[raw] if raw < len(kind) else str(raw)
    if kind == "signed":
        return raw - 2**64 if raw >= 2**63 else raw
    if kind == "bool":
        return raw != 0
    if kind == "unsigned":
        return raw
    raise ValueError("a field has the wrong wire type")


def _timestamp(raw: bytes) -> str:
    """google.protobuf.Timestamp as its JSON: RFC 3339."""
    parts = _message(raw, {1: ("seconds", "signed"), 2: ("nanos", "signed")})
    return rfc3339(parts.get("seconds", 0) * SECOND + parts.get("nanos", 0))


def _shortest(value: float) -> float:
    """The float32 as people write it: 7.2, not 7.199999809265137."""
    for digits in (6, 7, 8):
        short = float(f"{value:.{digits}g}")
        if struct.pack("<f", short) == struct.pack("<f", value):
            return short
    return value
