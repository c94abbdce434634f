"""The events of ChirpStack v3 and LoRa App Server, as far as they are read; names as in their JSON.

Source: https://github.com/brocaar/chirpstack-api/tree/v3.12.5/protobuf (as/integration/integration.proto, gw/gw.proto)
and the models of chirpstack-application-server 3.17 for the marshaler json_v3.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct, field

from . import protobuf
from .radio import Counter, Level, Port, SpreadingFactor
from .refusal import Code, Refused


class Present(Struct, gc=False):
    """An object of which only its presence matters."""


class RxInfo(Struct, gc=False, rename="camel"):
    """One reception; the first generation calls the gateway `mac`."""

    gateway_id: str | None = field(name="gatewayID", default=None)
    mac: str | None = None
    uplink_id: str | None = field(name="uplinkID", default=None)
    time: str | None = None
    rssi: Level | None = None
    lora_snr: Level | None = field(name="loRaSNR", default=None)


class Lora(Struct, gc=False, rename="camel"):
    """LoRa modulation."""

    spreading_factor: SpreadingFactor = 0


class DataRate(Struct, gc=False, rename="camel"):
    """LoRa modulation in the first generation."""

    modulation: str | None = None
    spread_factor: SpreadingFactor = 0


class TxInfo(Struct, gc=False, rename="camel"):
    """How it was sent: each marshaler says it in another way."""

    frequency: int | None = None
    dr: int | None = None
    modulation: str | None = None
    lora: Lora | None = field(name="loRaModulationInfo", default=None)
    data_rate: DataRate | None = None


class Event(Struct, gc=False, rename="camel"):
    """Any event; which one it is stands in the topic. Some platforms in between call `data` `payload`."""

    dev_eui: str | None = field(name="devEUI", default=None)
    dev_addr: str | None = None
    rx_info: list[RxInfo] | None = None
    tx_info: TxInfo | None = None
    dr: int | None = None
    f_cnt: Counter | None = None
    f_port: Port | None = None
    data: str | None = None
    payload: str | Present | None = None
    published_at: str | None = None
    margin: Level | None = None
    external_power_source: bool = False
    battery_level_unavailable: bool = False
    battery_level: Level | None = None
    battery: Port | None = None
    acknowledged: bool | None = None
    type: str | None = None
    error: str | None = None
    location: Present | None = None
    integration_name: str | None = None
    object: msgspec.Raw = msgspec.Raw()


_TYPES: Final = (
    "UNKNOWN",
    "DOWNLINK_PAYLOAD_SIZE",
    "DOWNLINK_FCNT",
    "UPLINK_CODEC",
    "DOWNLINK_CODEC",
    "OTAA",
    "UPLINK_FCNT_RESET",
    "UPLINK_MIC",
    "UPLINK_FCNT_RETRANSMISSION",
    "DOWNLINK_GATEWAY",
)
_RX: Final[protobuf.Schema] = {
    1: ("gatewayID", "hex"),
    2: ("time", "time"),
    5: ("rssi", "signed"),
    6: ("loRaSNR", "real"),
    16: ("uplinkID", "hex"),
}
_TX: Final[protobuf.Schema] = {
    1: ("frequency", "unsigned"),
    2: ("modulation", ("LORA", "FSK", "LR_FHSS")),
    3: ("loRaModulationInfo", {2: ("spreadingFactor", "unsigned")}),
}
_HEAD: Final[protobuf.Schema] = {4: ("devEUI", "hex")}
_SCHEMAS: Final[dict[str, protobuf.Schema]] = {
    "up": {
        **_HEAD,
        5: ("rxInfo", [_RX]),
        6: ("txInfo", _TX),
        8: ("dr", "unsigned"),
        9: ("fCnt", "unsigned"),
        10: ("fPort", "unsigned"),
        11: ("data", "bytes"),
        15: ("devAddr", "hex"),
        16: ("publishedAt", "time"),
    },
    "join": {**_HEAD, 5: ("devAddr", "hex"), 10: ("publishedAt", "time")},
    "ack": {**_HEAD, 5: ("acknowledged", "bool"), 6: ("fCnt", "unsigned"), 8: ("publishedAt", "time")},
    "txack": {**_HEAD, 5: ("fCnt", "unsigned"), 9: ("publishedAt", "time")},
    "error": {
        **_HEAD,
        5: ("type", _TYPES),
        6: ("error", "text"),
        7: ("fCnt", "unsigned"),
        9: ("publishedAt", "time"),
    },
    "status": {
        **_HEAD,
        5: ("margin", "signed"),
        6: ("externalPowerSource", "bool"),
        7: ("batteryLevelUnavailable", "bool"),
        8: ("batteryLevel", "real"),
        10: ("publishedAt", "time"),
    },
    "location": {**_HEAD, 9: ("publishedAt", "time")},
    "integration": {**_HEAD, 9: ("publishedAt", "time")},
}
_ZERO: Final[dict[str, dict[str, Any]]] = {
    "up": {"fCnt": 0, "fPort": 0, "data": ""},
    "ack": {"acknowledged": False, "fCnt": 0},
    "txack": {"fCnt": 0},
    "error": {"type": _TYPES[0], "fCnt": 0},
    "status": {"margin": 0, "batteryLevel": 0.0},
}


def from_protobuf(body: bytes, kind: str) -> Event:
    """The event of this kind, its zeros restored: protobuf drops them all. Raises `Refused`."""
    try:
        fields = _ZERO.get(kind, {}) | protobuf.message(body, _SCHEMAS[kind])
        fields["rxInfo"] = [{"rssi": 0, "loRaSNR": 0.0} | row for row in fields.get("rxInfo", ())]
        return msgspec.convert(fields, Event)
    except msgspec.ValidationError as error:
        raise Refused(Code.BAD_FIELD, f"A field has the wrong type or range: {error}.") from error
    except (ValueError, IndexError, OverflowError) as error:
        raise Refused(
            Code.NOT_PROTOBUF, f"The body is no {kind} event of ChirpStack 3 in protobuf: {error}."
        ) from error
