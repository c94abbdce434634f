"""Everynet's data API: WebSocket, HTTP and MQTT filters, one message for each reception.

Source: https://ns.docs.everynet.io/data-api/ (uplink, join). A missing number is unknown. With `duplicate` every
gateway's copy comes as a message of its own; copies are told apart by `packet_id` and share counter and payload.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import epoch
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "everynet"


class _Meta(Struct, gc=False):
    device: str | None = None
    device_addr: str | None = None
    packet_id: str | None = None
    gateway: str | None = None
    time: float | None = None


class _Hardware(Struct, gc=False):
    rssi: Level | None = None
    snr: Level | None = None


class _Modulation(Struct, gc=False):
    spreading: SpreadingFactor | None = None


class _Radio(Struct, gc=False):
    hardware: _Hardware | None = None
    modulation: _Modulation | None = None
    time: float | None = None


class _Params(Struct, gc=False):
    port: Port | None = None
    counter_up: Counter | None = None
    payload: str | None = None
    encrypted_payload: str | None = None
    rx_time: float | None = None
    radio: _Radio | None = None
    message: str | None = None


class _Message(Struct, gc=False):
    type: str = ""
    meta: _Meta | None = None
    params: _Params | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_EVENTS: Final = {
    "join_request": Outcome.JOIN,
    "downlink": Outcome.SENT,
    "location": Outcome.LOCATION,
    "error": Outcome.ERROR,
    "warning": Outcome.LOG,
    "info": Outcome.LOG,
    "join_response": Outcome.LOG,
    "downlink_request": Outcome.LOG,
    "downlink_response": Outcome.LOG,
    "downlink_claim": Outcome.LOG,
}


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it
    """`type`, `meta` with a network's name of a part, and `params`."""
    return (
        isinstance(value, dict)
        and value.keys() >= {"type", "meta", "params"}
        and isinstance(value["meta"], dict)
        and not value["meta"].keys().isdisjoint({"device", "packet_hash", "device_addr"})
    )


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frame or event of a message. Raises `Refused`."""
    message = read(_MESSAGE, envelope.body)
    meta, params = message.meta or _Meta(), message.params or _Params()
    if not meta.device:
        raise Refused(Code.NO_DEVICE, "The message has no meta.device; let the filter pass messages of devices only.")
    dev_eui = eui(meta.device)
    try:
        return [_unwrap(message.type, meta, params, dev_eui, envelope)]
    except Refused as refused:
        refused.device = dev_eui
        raise


def _unwrap(said: str, meta: _Meta, params: _Params, dev_eui: str, envelope: Envelope) -> Uplink:
    frame = Frame(dev_eui=dev_eui, times=_times(meta, params), session=meta.device_addr, frame_id=meta.packet_id)
    if said == "uplink":
        return _uplink(meta, params, frame, envelope)
    outcome = _EVENTS.get(said)
    if outcome is None:
        raise Refused(Code.UNKNOWN_EVENT, f"Everynet's type {said[:40]!r} is not known; filter for type uplink.")
    found = event(KEY, outcome, frame, envelope)
    if outcome in {Outcome.ERROR, Outcome.LOG}:
        return replace(found, reason=f"everynet: {said} {(params.message or '')[:200]}".rstrip())
    return found


def _times(meta: _Meta, params: _Params) -> list[tuple[int | None, TimeSource]]:
    """`meta.time` is the server's; `rx_time` is the gateway's."""
    heard = params.radio.time if params.rx_time is None and params.radio is not None else params.rx_time
    return [(epoch(meta.time), TimeSource.NETWORK), (epoch(heard), TimeSource.GATEWAY)]


def _uplink(meta: _Meta, params: _Params, frame: Frame, envelope: Envelope) -> Uplink:
    if not params.payload and params.encrypted_payload and params.port != 0:
        raise Refused(Code.ENCRYPTED, "Only an encrypted payload is in it: let Everynet have the device's AppSKey.")
    frame.f_port, frame.f_cnt = params.port, params.counter_up
    frame.payload = base64_bytes(params.payload) if params.payload else b""
    frame.rows = _rows(meta, params.radio or _Radio())
    modulation = params.radio.modulation if params.radio is not None else None
    frame.spreading_factor = (modulation.spreading or None) if modulation is not None else None
    return uplink(KEY, frame, envelope)


def _rows(meta: _Meta, radio: _Radio) -> list[Row]:
    heard = radio.hardware or _Hardware()
    if not meta.gateway and heard.rssi is None and heard.snr is None:
        return []
    return [(gateway_id(meta.gateway or ""), heard.rssi, heard.snr)]


NETWORK: Final = Network(KEY, matches, unwrap)
