"""MachineQ, a ThingPark whose documents have no wrapper and names of their own; HTTP, MQTT and AMQP.

Source: public messages of 2018 to 2023 (e.g. https://support.machineq.com, output profiles). Numbers stand in texts,
and a value that is not there is an empty text: unknown.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct, field

from sinks.model import Envelope

from .clock import parse
from .contract import Network
from .frame import Frame, event, flagged, uplink
from .identity import device_eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, convert, hex_bytes, read

KEY: Final = "machineq"


class _Gateway(Struct, gc=False):
    """One reception by one gateway."""

    gateway: str = field(name="GatewayID", default="")
    rssi: Level | None = field(name="GatewayRSSI", default=None)
    snr: Level | None = field(name="GatewaySNR", default=None)


class _Said(_Gateway, gc=False, rename="pascal"):
    """A document. At its top stands one gateway of the list."""

    dev_eui: str | None = field(name="DevEUI", default=None)
    dev_addr: str | None = None
    time: str | None = None
    f_port: Port | None = None
    f_cnt_up: Counter | None = None
    payload_hex: str | None = field(name="payload_hex", default=None)
    app_s_key: str | None = field(name="AppSKey", default=None)
    message_type: int | None = None
    spreading_factor: SpreadingFactor = 0
    late: int = 0
    gateway_list: list[_Gateway] | None = None


_JSON: Final = msgspec.json.Decoder(dict[str, Any])
_SIGNS: Final = frozenset({"GatewayRSSI", "GatewayList", "SpreadingFactor"})
_FRAME: Final = frozenset({"DevEUI", "payload_hex"})
_JOINS: Final = (0, 6)


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it; topics and URLs are free
    """`DevEUI` or a payload beside a key that only MachineQ has."""
    return isinstance(value, dict) and not _SIGNS.isdisjoint(value) and not _FRAME.isdisjoint(value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one frame or join request of a message. Raises `Refused`."""
    document = _said(read(_JSON, envelope.body))
    if rows := document.get("GatewayList"):
        document["GatewayList"] = [_said(row) for row in rows] if isinstance(rows, list) else rows
    try:
        return [_frame_or_join(convert(document, _Said), envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(document, envelope.topic)
        raise


def _frame_or_join(said: _Said, envelope: Envelope) -> Uplink:
    frame = _frame(said, envelope)
    if said.message_type in _JOINS:
        return event(KEY, Outcome.JOIN, frame, envelope)
    found = uplink(KEY, frame, flagged(envelope, "late") if said.late else envelope)
    if said.app_s_key is not None and found.outcome is Outcome.DATA:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: the key comes with it instead of its use.")
    return found


def _said(row: Any) -> Any:
    """An object without its empty texts."""
    return {key: value for key, value in row.items() if value != ""} if isinstance(row, dict) else row


def _identify(text: str | None, topic: str | None) -> str:
    return device_eui(text, topic, "The document has no DevEUI and its topic names no device.")


def _owner(document: dict[str, Any], topic: str | None) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(str(document.get("DevEUI") or ""), topic)
    except Refused:
        return None


def _frame(said: _Said, envelope: Envelope) -> Frame:
    return Frame(
        dev_eui=_identify(said.dev_eui, envelope.topic),
        f_port=said.f_port,
        f_cnt=said.f_cnt_up,
        payload=hex_bytes(said.payload_hex) if said.payload_hex else b"",
        times=[(parse(said.time), TimeSource.NETWORK)],
        rows=_rows(said),
        spreading_factor=said.spreading_factor or None,
        session=said.dev_addr,
    )


def _rows(said: _Said) -> list[Row]:
    rows = said.gateway_list or []
    if said.gateway and said.gateway not in {row.gateway for row in rows}:
        rows = [said, *rows]
    return [(gateway_id(row.gateway), row.rssi, row.snr) for row in rows]


NETWORK: Final = Network(KEY, matches, unwrap)
