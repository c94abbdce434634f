"""LORIOT: WebSocket, HTTP push and MQTT output, told apart by `cmd`; also as text in the wrapper of CRA.

Source: https://docs.loriot.io/display/LNS/Uplink+Data+Message and messages in public repositories. `rx` comes at once
with the first copy, `gw` later with all of them: let the output send `gw` alone, for of two the first one counts.
Zeros are written; a missing number is unknown. `bat` is an old answer, 254 for years on end: not read.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import epoch, parse
from .contract import Network
from .frame import Frame, Times, event, flagged, uplink
from .identity import device_eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, Row, spreading_factor
from .refusal import Code, Refused, hex_bytes, read

KEY: Final = "loriot"


class _Gateway(Struct, gc=False):
    gweui: str = ""
    rssi: Level | None = None
    snr: Level | None = None
    ts: float | None = None
    time: str | None = None


class _Owner(Struct, gc=False):
    eui: str | None = field(name="EUI", default=None)


class _Message(_Owner, gc=False):
    """Any message; `rssi` and `snr` are of the first copy."""

    cmd: str = ""
    seqno: int | None = None
    ts: float | None = None
    fcnt: Counter | None = None
    port: Port | None = None
    data: str | None = None
    encdata: str | None = None
    dr: str | None = None
    rssi: Level | None = None
    snr: Level | None = None
    gws: list[_Gateway] | None = None
    offline: bool = False
    session: str | None = field(name="sessionKeyId", default=None)
    seqdn: Counter | None = None
    error: str | None = None


class _Wrapper(Struct):
    data: str


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_OWNER: Final = msgspec.json.Decoder(_Owner)
_WRAPPER: Final = msgspec.json.Decoder(_Wrapper)
_WRAPPED: Final = re.compile(rb'"tech"\s*:\s*"L"')
_PREFIX: Final = re.compile(r"[0-9A-Za-z_]+-(?=[0-9A-Fa-f]{16}$)")
_FRAMES: Final = ("gw", "rx")
_KNOWN: Final = frozenset({*_FRAMES, "txd", "tx"})


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 topics and URLs are free
    """`EUI` beside a `cmd`, or a text of it in CRA's wrapper."""
    if not isinstance(value, dict):
        return False
    data = value.get("data")
    is_wrapped = value.get("tech") == "L" and isinstance(data, str) and data.startswith("{")
    return is_wrapped or (value.get("cmd") in _KNOWN and "EUI" in value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one frame or event of a message. Raises `Refused`."""
    body = envelope.body
    if _WRAPPED.search(body):
        body = read(_WRAPPER, body).data.encode("utf-8", "surrogatepass")
    try:
        return [_uplink_or_event(read(_MESSAGE, body), envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(body, envelope.topic)
        raise


def _uplink_or_event(message: _Message, envelope: Envelope) -> Uplink:
    frame = _frame(message, envelope.topic)
    if message.cmd in _FRAMES:
        return _uplink(message, frame, envelope)
    if message.cmd == "txd":
        return _downlink(message, event(KEY, Outcome.SENT, frame, envelope))
    if message.cmd == "tx":
        outcome = Outcome.FAILED if message.error else Outcome.QUEUED
        return _downlink(message, event(KEY, outcome, frame, envelope))
    known = ", ".join(sorted(_KNOWN))
    raise Refused(Code.UNKNOWN_EVENT, f"LORIOT's cmd {message.cmd[:40]!r} is not known, only {known}.")


def _uplink(message: _Message, frame: Frame, envelope: Envelope) -> Uplink:
    found = uplink(KEY, frame, flagged(envelope, "late") if message.offline else envelope)
    if message.encdata and not message.data and frame.f_port != 0:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted (encdata): give LORIOT the device's AppSKey.")
    return found


def _downlink(message: _Message, found: Uplink) -> Uplink:
    status = None if message.seqdn is None else {"f_cnt_down": message.seqdn}
    return replace(found, status=status, reason=message.error)


def _frame(message: _Message, topic: str | None) -> Frame:
    dev_eui = _identify(message.eui, topic)
    is_frame = message.cmd in _FRAMES
    return Frame(
        dev_eui=dev_eui,
        f_port=message.port,
        f_cnt=message.fcnt if is_frame else message.seqdn,
        payload=hex_bytes(message.data) if message.data and is_frame else b"",
        times=_times(message),
        rows=_rows(message),
        spreading_factor=spreading_factor(message.dr),
        session=message.session,
        frame_id=f"{dev_eui}@{message.seqno}" if message.seqno is not None and is_frame else None,
    )


def _times(message: _Message) -> Times:
    rows = message.gws or []
    return [
        (epoch(message.ts), TimeSource.NETWORK),
        *((epoch(row.ts), TimeSource.NETWORK) for row in rows),
        *((parse(row.time), TimeSource.GATEWAY) for row in rows),
    ]


def _rows(message: _Message) -> list[Row]:
    """All copies; of the first one alone the gateway is not told."""
    if message.gws is not None:
        return [(gateway_id(row.gweui), row.rssi, row.snr) for row in message.gws]
    return [("", message.rssi, message.snr)] if message.rssi is not None or message.snr is not None else []


def _identify(text: str | None, topic: str | None) -> str:
    """The EUI, behind the vendor's name where there is one ("ELSYS-...")."""
    plain = _PREFIX.sub("", text) if text else None
    return device_eui(plain, topic, "The message has no EUI and its topic names no device.")


def _owner(body: bytes, topic: str | None) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(read(_OWNER, body).eui, topic)
    except Refused:
        return None


NETWORK: Final = Network(KEY, matches, unwrap)
