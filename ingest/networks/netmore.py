"""Netmore: MQTT (`client/{customer}/.../netmore/raw`) and HTTP, a list of frames; numbers stand in texts.

Source: https://github.com/netmoregroup/netmore-mqtt-sample (Readme.md). Version 2 wraps a frame as `{t, n: "raw", v}`.
A missing number is unknown. `dp` topics repeat each frame, value by value, as read by Netmore.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import epoch, parse
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .parts import each
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, hex_bytes, read

KEY: Final = "netmore"


class _Gateway(Struct, gc=False, rename="camel"):
    gw_eui: str | None = None
    gateway_identifier: str = ""
    rssi: Level | None = None
    snr: Level | None = None


class _Raw(Struct, gc=False, rename="camel"):
    """A frame."""

    dev_eui: str | None = None
    message_type: str | None = None
    timestamp: str | None = None
    payload: str | None = None
    f_cnt_up: Counter | None = None
    f_port: Port | None = None
    spreading_factor: SpreadingFactor | None = None
    rssi: Level | None = None
    snr: Level | None = None
    gateway_identifier: str | None = None
    gateways: list[_Gateway] | None = None


class _Point(Struct, gc=False, rename="camel"):
    """A frame of version 2 in `v`, or a value that Netmore has read."""

    n: str
    v: msgspec.Raw = msgspec.Raw()
    t: float | str | None = None
    i: str | None = None
    device_id: str | None = None


_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW: Final = msgspec.json.Decoder(_Raw, strict=False)
_POINT: Final = msgspec.json.Decoder(_Point)
_POINT_KEYS: Final = frozenset({"n", "v"})
_SIGNS: Final = frozenset({"sensorType", "fCntUp", "gatewayIdentifier"})


def matches(topic: str, value: Any) -> bool:
    """`devEui` beside another key of a frame, bare or as `v` of a point; points by their topic."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return False
    if "/netmore/" in topic and value.keys() >= _POINT_KEYS:
        return True
    if value.get("n") == "raw" and isinstance(value.get("v"), dict):
        value = value["v"]
    return "devEui" in value and not _SIGNS.isdisjoint(value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """All frames of a message. Raises `Refused`."""
    if envelope.body.lstrip().startswith(b"["):
        return each(envelope, [bytes(part) for part in read(_LIST, envelope.body)], _single)
    return _single(envelope)


def _single(envelope: Envelope) -> list[Uplink]:
    if not read(_KEYS, envelope.body).keys() >= _POINT_KEYS:
        return [_frame(read(_RAW, envelope.body), None, envelope)]
    point = read(_POINT, envelope.body)
    if point.n == "raw":
        return [_frame(read(_RAW, bytes(point.v)), point.t, envelope)]
    return [_repeated(point, envelope)]


def _frame(raw: _Raw, sent: float | str | None, envelope: Envelope) -> Uplink:
    dev_eui = eui(raw.dev_eui) if raw.dev_eui else eui_in_topic(envelope.topic)
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, "The frame has no devEui, and its topic names none.")
    try:
        frame = Frame(
            dev_eui=dev_eui,
            f_port=raw.f_port,
            f_cnt=raw.f_cnt_up,
            payload=hex_bytes(raw.payload) if raw.payload else b"",
            times=[(parse(raw.timestamp), TimeSource.NETWORK), (_time(sent), TimeSource.APPLICATION)],
            rows=_rows(raw),
            spreading_factor=raw.spreading_factor or None,
        )
        return _by_type(raw.message_type or "payload", frame, envelope)
    except Refused as refused:
        refused.device = dev_eui
        raise


def _by_type(said: str, frame: Frame, envelope: Envelope) -> Uplink:
    if said == "payload":
        return uplink(KEY, frame, envelope)
    if said == "join":
        return event(KEY, Outcome.JOIN, frame, envelope)
    raise Refused(Code.UNKNOWN_EVENT, f"Netmore's messageType {said[:40]!r} is not known, only payload and join.")


def _rows(raw: _Raw) -> list[Row]:
    """What stands at the top is the row of the best gateway; it counts where there is no list."""
    if raw.gateways:
        return [(gateway_id(row.gw_eui or row.gateway_identifier), row.rssi, row.snr) for row in raw.gateways]
    if raw.gateway_identifier is None and raw.rssi is None and raw.snr is None:
        return []
    return [(gateway_id(raw.gateway_identifier or ""), raw.rssi, raw.snr)]


def _time(sent: float | str | None) -> int | None:
    return parse(sent) if isinstance(sent, str) else epoch(sent)


def _repeated(point: _Point, envelope: Envelope) -> Uplink:
    """A value of a `dp` topic: the frame itself comes as `raw` and is decoded here."""
    dev_eui = eui_in_topic(envelope.topic) or eui_in_topic(point.device_id) or eui_in_topic(point.i)
    if dev_eui is None:
        raise Refused(Code.NO_DEVICE, "A dp value names no device; subscribe to netmore/raw, where the frames are.")
    times = [(_time(point.t), TimeSource.APPLICATION)]
    frame = Frame(dev_eui=dev_eui, times=times, frame_id=f"{dev_eui}:{point.n}@{point.t}")
    return event(KEY, Outcome.DERIVED, frame, envelope)


NETWORK: Final = Network(KEY, matches, unwrap)
