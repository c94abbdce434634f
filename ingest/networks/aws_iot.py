"""AWS IoT Core for LoRaWAN: uplinks by the destination's rule (any topic), join events by `$aws/iotwireless/events`.

Source: https://docs.aws.amazon.com/iot-wireless/latest/developerguide/lorawan-uplink-metadata-format.html and
iot-lorawan-join-events.html. A missing number is unknown; older messages lack `FCnt` and `Timestamp`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, SpreadingFactor, eu868_spreading_factor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "aws_iot"


class _Gateway(Struct, gc=False, rename="pascal"):
    """One of the account's own gateways, or with `id` one of a public network."""

    gateway_eui: str = ""
    id: str = ""
    rssi: Level | None = None
    snr: Level | None = None


class _LoRaWAN(Struct, gc=False, rename="pascal"):
    """Of an uplink; the documentation writes `Fport` once."""

    dev_eui: str | None = None
    dev_addr: str | None = None
    f_cnt: Counter | None = None
    f_port: Port | None = None
    fport: Port | None = None
    data_rate: int | None = None
    frequency: float | None = None
    spreading_factor: SpreadingFactor | None = None
    timestamp: str | None = None
    gateways: list[_Gateway] | None = None
    public_gateways: list[_Gateway] | None = None


class _Metadata(Struct, gc=False):
    lorawan: _LoRaWAN | None = msgspec.field(default=None, name="LoRaWAN")


class _Message(Struct, gc=False):
    """An uplink, or with `eventType` an event of the device."""

    device: str = msgspec.field(default="", name="WirelessDeviceId")
    message_id: str | None = msgspec.field(default=None, name="MessageId")
    payload: str | None = msgspec.field(default=None, name="PayloadData")
    metadata: _Metadata | None = msgspec.field(default=None, name="WirelessMetadata")
    lorawan: _LoRaWAN | None = msgspec.field(default=None, name="LoRaWAN")
    event_id: str | None = msgspec.field(default=None, name="eventId")
    event_type: str | None = msgspec.field(default=None, name="eventType")
    timestamp: str | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_EVENT_TOPIC: Final = re.compile(r"\$aws/iotwireless/events/[^/]+/([^/]+)/")


def matches(topic: str, value: Any) -> bool:
    """`WirelessMetadata`, or `WirelessDeviceId` in an event."""
    if not isinstance(value, dict):
        return False
    said = "eventType" in value or _EVENT_TOPIC.search(topic) is not None
    return "WirelessMetadata" in value or ("WirelessDeviceId" in value and said)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The uplink or event of a message. Raises `Refused`."""
    message = read(_MESSAGE, envelope.body)
    lorawan = message.metadata.lorawan if message.metadata is not None else message.lorawan
    dev_eui = eui(lorawan.dev_eui) if lorawan is not None and lorawan.dev_eui else None
    device_key = f"{KEY}/{message.device}" if message.device and dev_eui is None else None
    if dev_eui is None and device_key is None:
        raise Refused(Code.NO_DEVICE, "There is neither a DevEui nor a WirelessDeviceId in it; let the rule keep them.")
    try:
        return [_unwrap(message, lorawan, Frame(dev_eui=dev_eui, device_key=device_key), envelope)]
    except Refused as refused:
        refused.device = dev_eui or device_key
        raise


def _unwrap(message: _Message, lorawan: _LoRaWAN | None, frame: Frame, envelope: Envelope) -> Uplink:
    topic = _EVENT_TOPIC.search(envelope.topic or "")
    if said := message.event_type or (topic[1] if topic is not None else None):
        return _event(message, said, frame, envelope)
    if lorawan is None:
        raise Refused(Code.UNKNOWN_EVENT, "There is no WirelessMetadata.LoRaWAN in it; Sidewalk is not read.")
    rows = [(gateway_id(row.gateway_eui or row.id), row.rssi, row.snr) for row in _gateways(lorawan)]
    sf = lorawan.spreading_factor or eu868_spreading_factor(lorawan.data_rate, lorawan.frequency)
    frame = replace(
        frame,
        f_port=lorawan.fport if lorawan.f_port is None else lorawan.f_port,
        f_cnt=lorawan.f_cnt,
        payload=base64_bytes(message.payload) if message.payload else b"",
        times=[(parse(lorawan.timestamp), TimeSource.NETWORK)],
        rows=rows,
        spreading_factor=sf,
        session=lorawan.dev_addr,
        frame_id=message.message_id,
    )
    return uplink(KEY, frame, envelope)


def _gateways(lorawan: _LoRaWAN) -> list[_Gateway]:
    return [*(lorawan.gateways or ()), *(lorawan.public_gateways or ())]


def _event(message: _Message, said: str, frame: Frame, envelope: Envelope) -> Uplink:
    """A join is one when it was accepted; requests only say that it was tried."""
    outcome = Outcome.JOIN if said == "join_accepted" else Outcome.LOG
    frame = replace(frame, times=[(parse(message.timestamp), TimeSource.NETWORK)], frame_id=message.event_id)
    found = event(KEY, outcome, frame, envelope)
    return replace(found, reason=f"aws: {said[:60]}") if outcome is Outcome.LOG else found


NETWORK: Final = Network(KEY, matches, unwrap)
