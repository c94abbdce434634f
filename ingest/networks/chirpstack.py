"""ChirpStack v4, JSON or protobuf: MQTT (`application/{id}/device/{eui}/event/{event}`) and HTTP (`?event=`).

Source: https://www.chirpstack.io/docs/chirpstack/integrations/events.html and messages recorded from a running v4.19.
Zeros vanish inside `rxInfo` (and everywhere in v4.0): a missing counter, port, RSSI or SNR is 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from . import chirpstack_protobuf, protobuf
from .chirpstack_events import DeviceInfo, Event, Modulation, RxInfo
from .clock import SECOND, choose, is_live, parse
from .contract import Network
from .identity import content_key, device_eui, eui_in_topic, frame_key, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import Row, heard
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "chirpstack"

# Asking an enumeration for a member costs as much as a function call.
_DATA, _NO_PAYLOAD, _NETWORK = Outcome.DATA, Outcome.NO_PAYLOAD, TimeSource.NETWORK

AGREE: Final = 2 * SECOND
"""Nanoseconds. `time` is right only this near to `nsTime`; beyond it a gateway's unchecked clock is behind it."""


class _Owner(Struct, rename="camel"):
    device_info: DeviceInfo | None = None


_EVENT: Final = msgspec.json.Decoder(Event, strict=False)
_OWNER: Final = msgspec.json.Decoder(_Owner)
_SAID: Final = re.compile(r"(?:/event/|[?&]event=)([^/?&#]+)")


def matches(topic: str, value: Any) -> bool:
    """The two keys that every event has (`deduplicationId` is missing in logs and txacks), or bytes on its topic."""
    if isinstance(value, bytes):
        return _SAID.search(topic) is not None and protobuf.looks_like(value)
    return isinstance(value, dict) and "deviceInfo" in value and ("time" in value or "deduplicationId" in value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one event of a message. Raises `Refused`."""
    kind = _kind_in_topic(envelope.topic)
    try:
        event = _event(envelope.body, kind)
        return [_BY_KIND[kind or _kind_by_keys(event)](event, envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(envelope)
        raise


def _event(body: bytes, kind: str | None) -> Event:
    if not protobuf.looks_like(body):
        return read(_EVENT, body)
    if kind is None:
        raise Refused(Code.UNKNOWN_EVENT, "In protobuf only the topic says which event it is, and this one does not.")
    return chirpstack_protobuf.event(body, kind)


def _kind_in_topic(topic: str | None) -> str | None:
    """The event's name in an MQTT topic or URL, None where it says nothing. Raises `Refused` for an unknown name."""
    if not topic:
        return None
    last = topic.rpartition("/")[2]
    if last in _BY_KIND:
        return last
    said = _SAID.search(topic)
    if said is None:
        return None
    if said[1] in _BY_KIND:
        return said[1]
    raise Refused(Code.UNKNOWN_EVENT, f"ChirpStack's event {said[1][:40]!r} is not known, only {', '.join(_BY_KIND)}.")


def _kind_by_keys(event: Event) -> str:
    """The kind of an event whose topic does not say it: each has keys that no other has."""
    signs = {
        "up": event.rx_info is not None or event.f_cnt is not None or event.data is not None,
        "txack": event.downlink_id is not None or event.gateway_id is not None,
        "ack": event.acknowledged is not None or event.queue_item_id is not None,
        "status": event.margin is not None or event.battery_level is not None,
        "log": event.code is not None or event.level is not None,
        "location": event.location is not None,
        "integration": event.integration_name is not None,
        "join": event.dev_addr is not None,
    }
    for kind, present in signs.items():
        if present:
            return kind
    raise Refused(
        Code.UNKNOWN_EVENT, "Neither topic nor keys say which event of ChirpStack it is; add ?event= to the URL."
    )


def _identify(event: Event | _Owner, topic: str | None) -> str:
    said = event.device_info.dev_eui if event.device_info is not None else None
    return device_eui(said, topic, "The event has no deviceInfo.devEui and its topic names no device.")


def _owner(envelope: Envelope) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(read(_OWNER, envelope.body), envelope.topic)
    except Refused:
        return eui_in_topic(envelope.topic)


def _uplink(event: Event, envelope: Envelope) -> Uplink:
    dev_eui = _identify(event, envelope.topic)
    f_port, f_cnt = event.f_port or 0, event.f_cnt or 0
    data = event.payload if event.data is None else event.data
    payload = base64_bytes(data) if data and isinstance(data, str) else b""
    outcome = _DATA if payload and f_port else _NO_PAYLOAD
    if event.join_server_context is not None and outcome is _DATA:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: the join server holds the AppSKey.", dev_eui)
    modulation = event.tx_info.modulation if event.tx_info is not None else None
    links = heard(_rows(event.rx_info, modulation) if event.rx_info else ())
    received, source, flags = _received(event, envelope)
    return Uplink(
        KEY,
        outcome,
        dev_eui,
        None,
        f_port,
        f_cnt,
        payload if payload or f_port else None,  # port 0 carries MAC commands, which are no payload of the application
        received,
        source,
        (modulation.lora.spreading_factor or None) if modulation is not None and modulation.lora is not None else None,
        links.gateways,
        links.best_rssi,
        links.best_snr,
        event.dev_addr,
        frame_key(KEY, event.deduplication_id, outcome, payload)
        if event.deduplication_id
        else content_key(KEY, dev_eui, event.dev_addr, f_port, f_cnt, payload, received, str(outcome)),
        flags,
    )


def _rows(receptions: list[RxInfo], modulation: Modulation | None) -> list[Row]:
    is_lora = modulation is None or (modulation.fsk is None and modulation.lr_fhss is None)
    zero = 0.0 if is_lora else None  # nothing else has an SNR
    return [(gateway_id(row.gateway_id), row.rssi or 0.0, zero if row.snr is None else row.snr) for row in receptions]


def _received(event: Event, envelope: Envelope) -> tuple[int | None, TimeSource | None, tuple[str, ...]]:
    """`time` if the network server's own clock agrees with it, else that clock (`nsTime`, since v4.6)."""
    said, rows = parse(event.time), event.rx_info or ()
    clocks = [ns for row in rows if (ns := parse(row.ns_time)) is not None]
    if not clocks:
        return choose(_without_clock(said, rows), envelope)
    first = min(clocks)
    if said is not None and abs(said - first) <= AGREE:
        return (said, _NETWORK, envelope.flags) if is_live(said, envelope) else choose([(said, _NETWORK)], envelope)
    received, source, flags = choose([(first, _NETWORK)], envelope)
    wrong = said is not None and "time_implausible" not in flags
    return received, source, (*flags, "time_implausible") if wrong else flags


def _without_clock(said: int | None, rows: list[RxInfo] | tuple[()]) -> Iterator[tuple[int | None, TimeSource]]:
    yield said, _NETWORK
    for row in rows:
        yield parse(row.gw_time or row.time), TimeSource.GATEWAY


def _other(event: Event, envelope: Envelope, outcome: Outcome) -> Uplink:
    """An event that is no uplink. Downlink counters go into `status`: `f_cnt` counts uplinks here."""
    dev_eui = _identify(event, envelope.topic)
    received, source, flags = choose([(parse(event.time), TimeSource.NETWORK)], envelope)
    parts = (dev_eui, received, outcome.value, event.queue_item_id, event.gateway_id, event.code, event.description)
    return Uplink(
        KEY,
        outcome,
        dev_eui,
        received_ns=received,
        time_source=source,
        session=event.dev_addr,
        dedup_key=frame_key(KEY, event.deduplication_id, outcome, b"")
        if event.deduplication_id
        else content_key(KEY, *parts),
        flags=flags,
    )


def _join(event: Event, envelope: Envelope) -> Uplink:
    return _other(event, envelope, Outcome.JOIN)


def _status(event: Event, envelope: Envelope) -> Uplink:
    """Margin in dB, battery in percent. External power and "unknown" come as a battery of 0, which is no flat one."""
    status: dict[str, float | str | bool] = {
        "margin_db": event.margin or 0.0,
        "external_power": event.external_power_source or False,
    }
    if not (event.external_power_source or event.battery_level_unavailable):
        status["battery_pct"] = event.battery_level or 0.0
    return replace(_other(event, envelope, Outcome.STATUS), status=status)


def _ack(event: Event, envelope: Envelope) -> Uplink:
    outcome = Outcome.ACK if event.acknowledged else Outcome.NACK
    return replace(_other(event, envelope, outcome), status=_queue_item(event))


def _txack(event: Event, envelope: Envelope) -> Uplink:
    return replace(_other(event, envelope, Outcome.TXACK), status=_queue_item(event))


def _queue_item(event: Event) -> dict[str, float | str | bool]:
    return {"queue_item_id": event.queue_item_id or "", "f_cnt_down": event.f_cnt_down or 0}


def _log(event: Event, envelope: Envelope) -> Uplink:
    status: dict[str, float | str | bool] = {"log_level": event.level or "", "log_code": event.code or ""}
    reason = f"{event.code or 'UNKNOWN'}: {event.description or ''}"
    return replace(_other(event, envelope, Outcome.LOG), status=status, reason=reason)


def _location(event: Event, envelope: Envelope) -> Uplink:
    return _other(event, envelope, Outcome.LOCATION)


def _integration(event: Event, envelope: Envelope) -> Uplink:
    return _other(event, envelope, Outcome.INTEGRATION)


_BY_KIND: Final[dict[str, Callable[[Event, Envelope], Uplink]]] = {
    "up": _uplink,
    "join": _join,
    "status": _status,
    "ack": _ack,
    "txack": _txack,
    "log": _log,
    "location": _location,
    "integration": _integration,
}

_OPENING: Final = re.compile(rb'\{"deduplicationId":"[0-9a-f-]{36}","time":"[0-9T:.Z+-]{10,40}","deviceInfo":\{')

NETWORK: Final = Network(KEY, matches, unwrap, _OPENING)
