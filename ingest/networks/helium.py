"""Helium Console (until 2023): HTTP, MQTT and other integrations. Helium of today is a ChirpStack 4 (`chirpstack`).

Source: https://docs.helium.com/console/integrations/json-schema (2021) and messages in public repositories. Zeros are
written; a missing number is unknown. `reported_at` was in seconds in 2020, in milliseconds from 2021.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import epoch
from .contract import Network
from .frame import Frame, event, flagged, uplink
from .identity import device_eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, spreading_factor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "helium"


class _Hotspot(Struct, gc=False):
    id: str = ""
    name: str = ""
    rssi: Level | None = None
    snr: Level | None = None
    spreading: str | None = None
    reported_at: float | None = None


class _Owner(Struct, gc=False):
    dev_eui: str | None = None


class _Message(_Owner, gc=False):
    type: str = "uplink"
    uuid: str | None = None
    devaddr: str | None = None
    fcnt: Counter | None = None
    port: Port | None = None
    payload: str | None = None
    reported_at: float | None = None
    hotspots: list[_Hotspot] | None = None
    replay: bool = False


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_OWNER: Final = msgspec.json.Decoder(_Owner)


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 topics and URLs are free
    """`hotspots` beside a device."""
    return isinstance(value, dict) and "hotspots" in value and "dev_eui" in value


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one frame or join of a message. Raises `Refused`."""
    try:
        return [_uplink_or_join(read(_MESSAGE, envelope.body), envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(envelope)
        raise


def _uplink_or_join(message: _Message, envelope: Envelope) -> Uplink:
    frame = _frame(message, envelope.topic)
    if message.type == "uplink":
        return uplink(KEY, frame, flagged(envelope, "late") if message.replay else envelope)
    if message.type.startswith("join"):
        return event(KEY, Outcome.JOIN, frame, envelope)
    raise Refused(Code.UNKNOWN_EVENT, f"Helium's type {message.type[:40]!r} is not known, only uplink and join.")


def _frame(message: _Message, topic: str | None) -> Frame:
    rows = message.hotspots or []
    return Frame(
        dev_eui=_identify(message.dev_eui, topic),
        f_port=message.port,
        f_cnt=message.fcnt,
        payload=base64_bytes(message.payload) if message.payload else b"",
        times=[
            (epoch(message.reported_at), TimeSource.NETWORK),
            *((epoch(row.reported_at), TimeSource.NETWORK) for row in rows),
        ],
        rows=[(gateway_id(row.id or row.name), row.rssi, row.snr) for row in rows],
        spreading_factor=next(filter(None, (spreading_factor(row.spreading) for row in rows)), None),
        session=message.devaddr,
        frame_id=message.uuid,
    )


def _identify(text: str | None, topic: str | None) -> str:
    return device_eui(text, topic, "The message has no dev_eui and its topic names no device.")


def _owner(envelope: Envelope) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(read(_OWNER, envelope.body).dev_eui, envelope.topic)
    except Refused:
        return None


NETWORK: Final = Network(KEY, matches, unwrap)
