"""Milesight UG56, UG6x, UG8x with their embedded network server: MQTT (topics as the user wrote them) and HTTP.

Source: https://support.milesight-iot.com/support/solutions/articles/73000600064 and
https://www.milesight.com/building-iot-gateway/en/application-guide/notification.html. The dialect of the first LoRa App
Server, with the time at the top. Zeros are written; a missing number is unknown.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, SpreadingFactor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "milesight_gateway"


class _RxInfo(Struct, gc=False):
    mac: str = ""
    rssi: Level | None = None
    snr: Level | None = msgspec.field(default=None, name="loRaSNR")
    time: str | None = None


class _DataRate(Struct, gc=False, rename="camel"):
    spread_factor: SpreadingFactor = 0


class _TxInfo(Struct, gc=False, rename="camel"):
    data_rate: _DataRate | None = None


class _Message(Struct, gc=False, rename="camel"):
    """An uplink or a notification; each has keys of its own."""

    dev_eui: str | None = msgspec.field(default=None, name="devEUI")
    dev_addr: str | None = None
    time: str | None = None
    gateway_time: str | None = None
    f_cnt: Counter | None = None
    f_port: Port | None = None
    data: str | msgspec.UnsetType | None = msgspec.UNSET
    rx_info: list[_RxInfo] | None = None
    tx_info: _TxInfo | None = None
    acknowledged: bool | None = None
    error: str | None = None
    status: str | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_SIGNS: Final = frozenset({"gatewaySN", "gatewayTime", "cellularIP"})


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 topics are free
    """`devEUI` beside a key that only these gateways add, or the old dialect with the time at the top."""
    if not isinstance(value, dict) or "devEUI" not in value:
        return False
    return not _SIGNS.isdisjoint(value) or ("time" in value and _has_old_rate(value.get("txInfo")))


def _has_old_rate(sent: Any) -> bool:
    return isinstance(sent, dict) and isinstance(sent.get("dataRate"), dict) and "spreadFactor" in sent["dataRate"]


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The uplink or notification of a message. Raises `Refused`."""
    message = read(_MESSAGE, envelope.body)
    dev_eui = eui(message.dev_eui) if message.dev_eui else eui_in_topic(envelope.topic)
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, "The message has no devEUI; let the gateway's payload codec keep it.")
    try:
        return [_unwrap(message, dev_eui, envelope)]
    except Refused as refused:
        refused.device = dev_eui
        raise


def _unwrap(message: _Message, dev_eui: str, envelope: Envelope) -> Uplink:
    if message.data is not msgspec.UNSET or message.f_port is not None or message.rx_info is not None:
        return _uplink(message, dev_eui, envelope)
    if (said := _said(message)) is None:
        raise Refused(
            Code.BAD_PAYLOAD,
            "The message has no data, only values read by the gateway: let its payload codec keep data, or declare a "
            "plain JSON mapping.",
        )
    frame = Frame(dev_eui=dev_eui, times=[(parse(message.time), TimeSource.NETWORK)], session=message.dev_addr)
    found = event(KEY, said, frame, envelope)
    if message.status is not None:
        return replace(found, status={"online": message.status == "online"})
    return replace(found, reason=f"gateway: {message.error}") if message.error else found


def _said(message: _Message) -> Outcome | None:
    if message.acknowledged is not None:
        return Outcome.ACK if message.acknowledged else Outcome.NACK
    if message.error is not None:
        return Outcome.ERROR
    if message.status is not None:
        return Outcome.STATUS
    return Outcome.JOIN if message.dev_addr is not None else None


def _uplink(message: _Message, dev_eui: str, envelope: Envelope) -> Uplink:
    if message.data is msgspec.UNSET and message.f_port != 0:
        raise Refused(Code.BAD_PAYLOAD, "The uplink has no data: let the gateway's payload codec keep that key.")
    rows = message.rx_info or ()
    rate = message.tx_info.data_rate if message.tx_info is not None else None
    frame = Frame(
        dev_eui=dev_eui,
        f_port=message.f_port,
        f_cnt=message.f_cnt,
        payload=base64_bytes(message.data) if message.data else b"",
        times=[
            (parse(message.time), TimeSource.NETWORK),
            *((parse(row.time), TimeSource.GATEWAY) for row in rows),
            (parse(message.gateway_time), TimeSource.APPLICATION),
        ],
        rows=[(gateway_id(row.mac), row.rssi, row.snr) for row in rows],
        spreading_factor=(rate.spread_factor or None) if rate is not None else None,
        session=message.dev_addr,
    )
    return uplink(KEY, frame, envelope)


NETWORK: Final = Network(KEY, matches, unwrap)
