"""Orange Live Objects: data messages of its LoRa connector, by MQTT (`fifo/...`, `router/~event/...`) or HTTP.

Source: https://liveobjects.orange-business.com/doc/html/lo_manual_v2.html (data message, LoRa). Zeros are written; a
missing number is unknown. Only the best gateway's levels are told. The position is the network's guess, some
kilometres wide, and never the sensor's.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, hex_bytes, read

KEY: Final = "live_objects"


class _Lora(Struct, gc=False, rename="camel"):
    dev_eui: str | None = msgspec.field(default=None, name="devEUI")
    message_type: str | None = None
    fcnt: Counter | None = None
    port: Port | None = None
    rssi: Level | None = None
    snr: Level | None = None
    sf: SpreadingFactor | None = None
    best_gateway_id: str | None = None


class _Networks(Struct, gc=False):
    lora: _Lora | None = None


class _Metadata(Struct, gc=False):
    connector: str | None = None
    source: str | None = None
    network: _Networks | None = None


class _Message(Struct, gc=False, rename="camel"):
    """A data message. `timestamp`: the network received it; `created`: the platform stored it, seconds later."""

    id: str | None = None
    stream_id: str | None = None
    timestamp: str | None = None
    created: str | None = None
    metadata: _Metadata | None = None
    value: dict[str, msgspec.Raw] | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_TEXT: Final = msgspec.json.Decoder(str)
_SIGNS: Final = frozenset({"metadata", "value", "model"})


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it
    """`streamId` beside another key of a data message."""
    return isinstance(value, dict) and "streamId" in value and not _SIGNS.isdisjoint(value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frame of a message. Raises `Refused`."""
    message = read(_MESSAGE, envelope.body)
    metadata = message.metadata or _Metadata()
    lora = metadata.network.lora if metadata.network is not None else None
    named = eui_in_topic(metadata.source) or eui_in_topic(message.stream_id) or eui_in_topic(envelope.topic)
    dev_eui = eui(lora.dev_eui) if lora is not None and lora.dev_eui else named
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, "Neither metadata.network.lora nor the streamId names a LoRa device.")
    try:
        return [_unwrap(message, lora, dev_eui, envelope)]
    except Refused as refused:
        refused.device = dev_eui
        raise


def _unwrap(message: _Message, lora: _Lora | None, dev_eui: str, envelope: Envelope) -> Uplink:
    if lora is None:
        raise Refused(Code.UNKNOWN_EVENT, "It did not come by LoRa; declare a plain JSON mapping for other connectors.")
    frame = Frame(
        dev_eui=dev_eui,
        f_port=lora.port,
        f_cnt=lora.fcnt,
        times=[(parse(message.timestamp), TimeSource.NETWORK), (parse(message.created), TimeSource.APPLICATION)],
        rows=_rows(lora),
        spreading_factor=lora.sf or None,
        frame_id=message.id,
    )
    if "JOIN" in (lora.message_type or ""):
        return event(KEY, Outcome.JOIN, frame, envelope)
    frame.payload = _payload(message.value or {})
    return uplink(KEY, frame, envelope)


def _payload(value: dict[str, msgspec.Raw]) -> bytes:
    """Beside `payload` there may be what Orange has read of it."""
    if "payload" in value:
        try:
            return hex_bytes(_TEXT.decode(value["payload"]))
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            raise Refused(Code.BAD_PAYLOAD, f"value.payload is no text: {error}.") from error
    if value:
        raise Refused(
            Code.BAD_PAYLOAD, "The message has values, but no value.payload: let the decoder of Live Objects keep it."
        )
    return b""


def _rows(lora: _Lora) -> list[Row]:
    if lora.rssi is None and lora.snr is None and lora.best_gateway_id is None:
        return []
    return [(gateway_id(lora.best_gateway_id or ""), lora.rssi, lora.snr)]


NETWORK: Final = Network(KEY, matches, unwrap)
