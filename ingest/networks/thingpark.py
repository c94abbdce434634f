"""Actility ThingPark, JSON or XML, by HTTP tunnel or IoT Flow; KPN, Swisscom, Orange wholesale, Proximus.

Source: https://github.com/actility/tpx-iot-flow-doc (docs/Message) and https://github.com/kpn-iot/lora-reference
(api-call-examples). Numbers stand in texts in old versions; a missing one is unknown. `Time` is when the gateway
received it, as the network corrected it. The wrapper (`DevEUI_uplink`) is missing with `sendMetadata`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import epoch, parse
from .contract import Network
from .device_status import device_status
from .frame import Frame, event, flagged, uplink
from .identity import device_eui, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, convert, hex_bytes, read
from .xml_tree import tree

KEY: Final = "thingpark"


class _Present(Struct, gc=False):
    """A value of which only its presence matters."""


class _Lrr(Struct, gc=False, rename="pascal"):
    """One reception by one gateway."""

    lrrid: str = ""
    rssi: Level | None = field(name="LrrRSSI", default=None)
    snr: Level | None = field(name="LrrSNR", default=None)


class _DevStatus(Struct, gc=False):
    battery: Port | None = None
    margin_db: Level | None = None


class _Lrrs(Struct, gc=False):
    lrr: list[_Lrr] | _Lrr = field(name="Lrr", default_factory=list)


class _Said(_Lrr, gc=False, rename="pascal"):
    """Any document. At its top stands the gateway that the network server takes for the best."""

    dev_eui: str | None = field(name="DevEUI", default=None)
    dev_addr: str | None = None
    time: str | None = None
    f_port: Port | None = None
    f_cnt_up: Counter | None = None
    f_cnt_dn: Counter | None = None
    payload_hex: str | None = field(name="payload_hex", default=None)
    app_s_key: str | _Present | None = field(name="AppSKey", default=None)
    m_type: int | None = None
    raw_join_request: str | None = field(name="rawJoinRequest", default=None)
    late: int = 0
    sp_fact: SpreadingFactor = 0
    lrrs: _Lrrs | None = None
    type: str | None = None
    var1: str | int | None = None
    var2: str | int | None = None
    delivery_status: int | None = None
    delivery_failed_cause1: str = ""
    delivery_failed_cause2: str = ""
    delivery_failed_cause3: str = ""
    downlink_rejection_cause: str = ""
    transmission_status: str = ""
    lrr_cnt: int | None = None
    lrr_success_cnt: int | None = None
    id: int | str | None = field(name="ID", default=None)
    state: int | str | None = None
    last_update_time: str | None = None
    timestamp: float | None = field(name="timestamp", default=None)
    dev_loc_time: str | None = None


_JSON: Final = msgspec.json.Decoder(dict[str, Any])
_ROOT: Final = re.compile(rb"<(?:\w+:)?(?:DevEUI_|BS_alarm)")
_BEFORE: Final = b"\xef\xbb\xbf \t\r\n"
_FLAT: Final = frozenset({"Lrcid", "Lrrid", "Lrrs", "LrrRSSI"})
_JOINS: Final = (0, 6)
_PROXIMUS: Final = {
    "Fcntup": "FCntUp",
    "Lrrrssi": "LrrRSSI",
    "Lrrsnr": "LrrSNR",
    "Spfact": "SpFact",
    "payload": "payload_hex",
}
"""Proximus writes a flat document once for every value it has read, in a spelling of its own, the time in seconds."""
_WITHOUT_DEVICE: Final = "BS_alarm"


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it; topics and URLs are free
    """A document's name as the only key or root, or its gateway's keys beside `DevEUI`."""
    if isinstance(value, bytes):
        return _is_xml(value)
    if not isinstance(value, dict):
        return False
    wrapped = any(key.startswith("DevEUI_") or key == _WITHOUT_DEVICE for key in value)
    return wrapped or ("DevEUI" in value and not _FLAT.isdisjoint(value))


def _is_xml(body: bytes) -> bool:
    return body.lstrip(_BEFORE).startswith(b"<") and _ROOT.search(body[:4096]) is not None


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one frame or event of a message. Raises `Refused`."""
    kind, document = _document(envelope.body)
    try:
        said = convert(_told(document), _Said)
        return [_BY_KIND[kind](said, envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(document, envelope.topic)
        raise


def _document(body: bytes) -> tuple[str, dict[str, Any]]:
    """Kind and content; without a wrapper its keys say which it is."""
    document: dict[str, Any] = dict([tree(body.lstrip(_BEFORE))]) if _is_xml(body) else read(_JSON, body)
    for kind, inner in document.items():
        if kind in _BY_KIND:
            return kind, inner if isinstance(inner, dict) else {}
        if kind.startswith("DevEUI_") or kind == _WITHOUT_DEVICE:
            raise _unknown(kind)
    return _kind_by_keys(document), document


def _told(document: dict[str, Any]) -> dict[str, Any]:
    """What is there, under ThingPark's own names: an empty text is nothing."""
    names = _PROXIMUS if "Fcntup" in document else {}
    return {names.get(key, key): value for key, value in document.items() if value != ""}


def _unknown(kind: str) -> Refused:
    if kind == _WITHOUT_DEVICE:
        return Refused(Code.NO_DEVICE, "BS_alarm is about a base station; take it out of the connection's messages.")
    return Refused(Code.UNKNOWN_EVENT, f"ThingPark's {kind[:40]!r} is not known, only {', '.join(_BY_KIND)}.")


def _kind_by_keys(document: dict[str, Any]) -> str:
    signs = {
        "DevEUI_downlink_Rejected": "DownlinkRejectionCause" in document,
        "DevEUI_downlink_Sent": "DeliveryStatus" in document,
        "DevEUI_multicast_summary": "TransmissionStatus" in document,
        "DevEUI_notification": "Type" in document,
        "DevEUI_location": "DevLocTime" in document and "Lrrs" not in document,
        "DevEUI_uplink": "DevEUI" in document,
    }
    for kind, present in signs.items():
        if present:
            return kind
    raise Refused(Code.UNKNOWN_EVENT, "It is no document of ThingPark; switch sendRawDecodedFormat off.")


def _identify(text: str | None, topic: str | None) -> str:
    return device_eui(text, topic, "The document has no DevEUI and its URL no LrnDevEui.")


def _owner(document: dict[str, Any], topic: str | None) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(str(document.get("DevEUI") or ""), topic)
    except Refused:
        return None


def _frame(said: _Said, envelope: Envelope) -> Frame:
    time = said.time or said.last_update_time or said.dev_loc_time
    return Frame(
        dev_eui=_identify(said.dev_eui, envelope.topic),
        f_port=said.f_port,
        f_cnt=said.f_cnt_up,
        payload=hex_bytes(said.payload_hex) if said.payload_hex else b"",
        times=[(parse(time), TimeSource.NETWORK), (epoch(said.timestamp), TimeSource.NETWORK)],
        rows=_rows(said),
        spreading_factor=said.sp_fact or None,
        session=said.dev_addr,
    )


def _rows(said: _Said) -> list[Row]:
    """The gateways of the list, which is cut to a few, and the one at the top if it is not among them."""
    listed = said.lrrs.lrr if said.lrrs is not None else []
    rows = listed if isinstance(listed, list) else [listed]
    if said.lrrid and said.lrrid not in {row.lrrid for row in rows}:
        rows = [said, *rows]
    return [(gateway_id(row.lrrid), row.rssi, row.snr) for row in rows]


def _uplink(said: _Said, envelope: Envelope) -> Uplink:
    """Data, or a join request, which comes under the same name."""
    if said.m_type in _JOINS or said.raw_join_request is not None:
        return event(KEY, Outcome.JOIN, _frame(said, envelope), envelope)
    found = uplink(KEY, _frame(said, envelope), flagged(envelope, "late") if said.late else envelope)
    if said.app_s_key is not None and found.outcome is Outcome.DATA:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: the key comes with it instead of its use.")
    return found


def _notification(said: _Said, envelope: Envelope) -> Uplink:
    """`Var1` is a battery, a kind of reset, or the session's key, which stays unread."""
    frame = _frame(said, envelope)
    if said.type == "join":
        return event(KEY, Outcome.JOIN, frame, envelope)
    if said.type == "devstatusans":
        answer = convert({"battery": said.var1, "margin_db": said.var2}, _DevStatus)
        status = device_status(answer.battery, answer.margin_db)
        return replace(event(KEY, Outcome.STATUS, frame, envelope), status=status)
    if said.type == "reset":
        return replace(event(KEY, Outcome.LOG, frame, envelope), reason=f"reset: {said.var1 or 'unknown'}")
    raise Refused(Code.UNKNOWN_EVENT, f"ThingPark's notification {(said.type or '')[:40]!r} is not known.")


def _sent(said: _Said, envelope: Envelope) -> Uplink:
    outcome = Outcome.SENT if said.delivery_status == 1 else Outcome.FAILED
    causes = (said.delivery_failed_cause1, said.delivery_failed_cause2, said.delivery_failed_cause3)
    reason = None if outcome is Outcome.SENT else f"not sent: causes {' '.join(causes)} in RX1, RX2, ping slot"
    return replace(_downlink(said, envelope, outcome), reason=reason)


def _rejected(said: _Said, envelope: Envelope) -> Uplink:
    reason = f"rejected: {said.downlink_rejection_cause}"
    return replace(_downlink(said, envelope, Outcome.FAILED), reason=reason)


def _queued(said: _Said, envelope: Envelope) -> Uplink:
    return _downlink(said, envelope, Outcome.QUEUED)


def _downlink(said: _Said, envelope: Envelope, outcome: Outcome) -> Uplink:
    status = None if said.f_cnt_dn is None else {"f_cnt_down": said.f_cnt_dn}
    return replace(event(KEY, outcome, _frame(said, envelope), envelope), status=status)


def _multicast(said: _Said, envelope: Envelope) -> Uplink:
    reason = f"multicast {said.transmission_status}: {said.lrr_success_cnt} of {said.lrr_cnt} gateways"
    return replace(_downlink(said, envelope, Outcome.LOG), reason=reason)


def _alarm(said: _Said, envelope: Envelope) -> Uplink:
    reason = f"alarm {said.id} has state {said.state}"
    return replace(event(KEY, Outcome.ALARM, _frame(said, envelope), envelope), reason=reason)


def _location(said: _Said, envelope: Envelope) -> Uplink:
    return event(KEY, Outcome.LOCATION, _frame(said, envelope), envelope)


_BY_KIND: Final[dict[str, Callable[[_Said, Envelope], Uplink]]] = {
    "DevEUI_uplink": _uplink,
    "DevEUI_notification": _notification,
    "DevEUI_location": _location,
    "DevEUI_downlink": _queued,
    "DevEUI_downlink_Sent": _sent,
    "DevEUI_downlink_Rejected": _rejected,
    "DevEUI_multicast_summary": _multicast,
    "DevEUI_alarm": _alarm,
}

NETWORK: Final = Network(KEY, matches, unwrap)
