"""ChirpStack v4 events in protobuf (`json = false`): only the fields that are used, read straight from the wire.

Source: https://github.com/chirpstack/chirpstack/tree/master/api/proto (integration.proto, gw.proto).
"""

from __future__ import annotations

from typing import Final

import msgspec

from .chirpstack_events import Event
from .protobuf import Schema, message
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

_DEVICE: Final[Schema] = {8: ("devEui", "text")}
_MODULATION: Final[Schema] = {3: ("lora", {2: ("spreadingFactor", "unsigned")}), 4: ("fsk", {}), 5: ("lrFhss", {})}
_RX: Final[Schema] = {
    1: ("gatewayId", "text"),
    3: ("gwTime", "time"),
    6: ("rssi", "signed"),
    7: ("snr", "real"),
    17: ("nsTime", "time"),
}
_HEAD: Final[Schema] = {1: ("deduplicationId", "text"), 2: ("time", "time"), 3: ("deviceInfo", _DEVICE)}
_SCHEMAS: Final[dict[str, Schema]] = {
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
        8: ("batteryLevel", "real"),
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


def event(body: bytes, kind: str) -> Event:
    """The event of this kind (`up`, `join`, ...). Raises `Refused`."""
    try:
        fields = message(body, _SCHEMAS[kind])
        if kind == "log":
            fields = {"level": _LEVELS[0], "code": _CODES[0]} | fields
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        raise Refused(Code.BAD_FIELD, f"A field has the wrong type or range: {error}.") from error
    except (ValueError, IndexError, OverflowError) as error:
        raise Refused(Code.NOT_PROTOBUF, f"The body is no {kind} event of ChirpStack in protobuf: {error}.") from error
