"""The Things Stack v3 (community, cloud, open source): MQTT, webhooks, storage integration.

Source: https://www.thethingsindustries.com/docs/the-things-stack/concepts/data-formats/ and messages recorded from a
running v3.32. The JSON is the protobuf mapping with zeros dropped: a missing counter, port, RSSI or SNR is 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import choose, is_live, parse
from .contract import Network
from .identity import content_key, eui, eui_in_topic, frame_key, gateway_id
from .model import Outcome, TimeSource, Uplink
from .parts import each
from .radio import Row, heard
from .refusal import Code, Refused, base64_bytes, read
from .things_stack_messages import DataRate, Down, Error, Ids, Message, RxMetadata, Up

KEY: Final = "things_stack"

# Asking an enumeration for a member costs as much as a function call.
_DATA, _NO_PAYLOAD = Outcome.DATA, Outcome.NO_PAYLOAD
_NETWORK, _APPLICATION = TimeSource.NETWORK, TimeSource.APPLICATION


class _Stored(Struct):
    result: msgspec.Raw


class _Owner(Struct):
    end_device_ids: Ids | None = None


_MESSAGE: Final = msgspec.json.Decoder(Message, strict=False)
_STORED: Final = msgspec.json.Decoder(_Stored)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_STORED_OPENING: Final = b'{"result":'
_OWNER: Final = msgspec.json.Decoder(_Owner)
_TOPIC: Final = re.compile(r"(?:^|/)v3/([^/@]+)(?:@[^/]+)?/devices/([^/]+)/")
_KINDS: Final = frozenset(Message.__struct_fields__[4:])
_DOWN: Final = {
    "downlink_queued": Outcome.QUEUED,
    "downlink_sent": Outcome.SENT,
    "downlink_ack": Outcome.ACK,
    "downlink_nack": Outcome.NACK,
}


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it; topics are free in webhooks
    """The keys of The Things Stack, also inside an answer of its storage integration."""
    if isinstance(value, bytes):
        return value.startswith(_STORED_OPENING)  # lines of the storage integration are no JSON as a whole
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and isinstance(value.get("result"), dict):
        value = value["result"]
    return isinstance(value, dict) and ("end_device_ids" in value or not _KINDS.isdisjoint(value))


def unwrap(envelope: Envelope) -> list[Uplink]:
    """All frames and events of one message, or of an answer of the storage integration. Raises `Refused`."""
    body = envelope.body
    if body.startswith(b"["):
        return each(envelope, [bytes(part) for part in read(_LIST, body)], _single)
    lines = [line for line in body.splitlines() if line] if body.startswith(_STORED_OPENING) else []
    if len(lines) > 1 and all(line.startswith(_STORED_OPENING) for line in lines):
        return each(envelope, lines, _single)
    return _single(envelope)


def _single(envelope: Envelope) -> list[Uplink]:
    body = envelope.body
    if body.startswith(_STORED_OPENING):
        envelope = replace(envelope, flags=tuple(dict.fromkeys((*envelope.flags, "backfill"))))
        body = bytes(read(_STORED, body).result)
    try:
        return _frames(read(_MESSAGE, body), envelope)
    except Refused as refused:
        refused.device = refused.device or _owner(body, envelope)
        raise


def _frames(message: Message, envelope: Envelope) -> list[Uplink]:
    if message.uplink_message is not None:
        outcome = Outcome.SIMULATED if message.simulated else None
        return [_uplink(message, message.uplink_message, outcome, envelope)]
    if message.uplink_normalized is not None:
        return [_uplink(message, message.uplink_normalized, Outcome.DERIVED, envelope)]
    return list(_events(message, envelope))


def _uplink(message: Message, up: Up, outcome: Outcome | None, envelope: Envelope) -> Uplink:
    dev_eui, device_key = _identify(message.end_device_ids, envelope.topic)
    payload = base64_bytes(up.frm_payload) if up.frm_payload else b""
    f_port = up.f_port if up.f_port is not None or not payload else 0
    if outcome is None:
        outcome = _DATA if payload and f_port else _NO_PAYLOAD
    if up.app_s_key is not None and outcome is _DATA:
        raise Refused(Code.ENCRYPTED, "The payload is still encrypted: skip_payload_crypto is on for this device.")
    rate = up.settings.data_rate if up.settings is not None else None
    links = heard(_rows(up.rx_metadata, rate) if up.rx_metadata else ())
    received: int | None = parse(up.received_at)
    source: TimeSource | None = _NETWORK
    flags = envelope.flags
    if not is_live(received, envelope):
        received, source, flags = choose(_times(message, up), envelope)
    if message.simulated:
        flags = (*flags, "simulated")
    session = up.session_key_id or _dev_addr(message)
    f_cnt = up.f_cnt or 0
    # The Network Server's time is the same over MQTT, webhook and storage; the id of the frame is missing in storage.
    frame_id = None if source is _NETWORK else _frame_id(message.correlation_ids)
    if frame_id is not None:
        content = payload + bytes(up.normalized_payload)
    else:
        frame_id = f"{dev_eui or device_key}@{received}"
        content = f"{session}:{f_port}:{f_cnt}:".encode() + payload
    return Uplink(
        KEY,
        outcome,
        dev_eui,
        device_key,
        f_port,
        f_cnt,
        payload,
        received,
        source,
        (rate.lora.spreading_factor or None) if rate is not None and rate.lora is not None else None,
        links.gateways,
        links.best_rssi,
        links.best_snr,
        session,
        frame_key(KEY, frame_id, outcome, content),
        flags,
    )


def _identify(ids: Ids | None, topic: str | None) -> tuple[str | None, str | None]:
    """EUI, or else a key of application and device id; the topic helps out where a field mask removed both."""
    if ids is not None and ids.dev_eui:
        return eui(ids.dev_eui), None
    named = _TOPIC.search(topic) if topic else None
    device = (ids.device_id if ids is not None else "") or (named[2] if named else "")
    application = ids.application_ids.application_id if ids is not None and ids.application_ids is not None else ""
    if device:
        return None, f"{application or (named[1] if named else '')}/{device}"
    if in_topic := eui_in_topic(topic):
        return in_topic, None
    raise Refused(
        Code.NO_DEVICE,
        "The message names no device and neither does its topic; let the webhook's field mask keep end_device_ids.",
    )


def _owner(body: bytes, envelope: Envelope) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        dev_eui, device_key = _identify(read(_OWNER, body).end_device_ids, envelope.topic)
    except Refused:
        return None
    return dev_eui or device_key


def _dev_addr(message: Message) -> str | None:
    return message.end_device_ids.dev_addr if message.end_device_ids is not None else None


def _rows(receptions: list[RxMetadata], rate: DataRate | None) -> list[Row]:
    zero = 0.0 if rate is None or (rate.fsk is None and rate.lrfhss is None) else None  # only LoRa has an SNR
    return [
        (
            _gateway(row),
            (row.channel_rssi or 0.0) if row.rssi is None else row.rssi,
            zero if row.snr is None else row.snr,
        )
        for row in receptions
    ]


def _gateway(row: RxMetadata) -> str:
    """The gateway's EUI or name; behind Packet Broker, where all are called `packetbroker`, the forwarder's."""
    broker, ids = row.packet_broker, row.gateway_ids
    if broker is not None and (forwarder := broker.forwarder_gateway_eui or broker.forwarder_gateway_id):
        return gateway_id(forwarder)
    return gateway_id(ids.eui or ids.gateway_id) if ids is not None else ""


def _times(message: Message, up: Up) -> Iterator[tuple[int | None, TimeSource]]:
    """Network Server, Application Server (later when the queue was long), disciplined gateways, other gateways."""
    yield parse(up.received_at), _NETWORK
    yield parse(message.received_at), _APPLICATION
    for row in up.rx_metadata or ():
        yield parse(row.gps_time), TimeSource.GPS
    for row in up.rx_metadata or ():
        yield parse(row.time), TimeSource.GATEWAY


def _frame_id(correlation_ids: list[str] | None) -> str | None:
    for text in correlation_ids or ():
        if text.startswith("gs:uplink:"):
            return text
    return None


def _events(message: Message, envelope: Envelope) -> Iterator[Uplink]:
    if message.join_accept is not None:
        yield _event(message, envelope, Outcome.JOIN, message.join_accept.session_key_id)
    elif message.downlink_failed is not None:
        failed = _downlink(message, envelope, Outcome.FAILED, message.downlink_failed.downlink or Down())
        yield replace(failed, reason=_why(message.downlink_failed.error))
    elif message.downlink_queue_invalidated is not None:
        for index, down in enumerate(message.downlink_queue_invalidated.downlinks or [Down()]):
            failed = _downlink(message, envelope, Outcome.FAILED, down, index)
            yield replace(failed, reason="downlink_queue_invalidated: a new session made the downlink void")
    elif message.location_solved is not None:
        yield _event(message, envelope, Outcome.LOCATION)
    elif message.service_data is not None:
        yield _event(message, envelope, Outcome.INTEGRATION)
    else:
        yield _acknowledged(message, envelope)


def _acknowledged(message: Message, envelope: Envelope) -> Uplink:
    for kind, outcome in _DOWN.items():
        if (down := getattr(message, kind)) is not None:
            return _downlink(message, envelope, outcome, down)
    raise Refused(Code.UNKNOWN_EVENT, f"None of the kinds of The Things Stack is in it: {', '.join(sorted(_KINDS))}.")


def _event(message: Message, envelope: Envelope, outcome: Outcome, session: str | None = None) -> Uplink:
    """Anything that is no uplink. Its only time is the Application Server's."""
    dev_eui, device_key = _identify(message.end_device_ids, envelope.topic)
    received, source, flags = choose([(parse(message.received_at), TimeSource.APPLICATION)], envelope)
    session = session or _dev_addr(message)
    return Uplink(
        KEY,
        outcome,
        dev_eui,
        device_key,
        received_ns=received,
        time_source=source,
        session=session,
        dedup_key=content_key(KEY, dev_eui, device_key, session, received, outcome.value),
        flags=(*flags, "simulated") if message.simulated else flags,
    )


def _downlink(message: Message, envelope: Envelope, outcome: Outcome, down: Down, index: int = 0) -> Uplink:
    """A downlink's fate. `f_port`, `f_cnt` and `payload` are the downlink's.

    Its counter is given when it is sent; before that (queued, or failed without a session) a missing one is unknown.
    """
    event = _event(message, envelope, outcome, down.session_key_id)
    counted = outcome is not Outcome.QUEUED and (outcome is not Outcome.FAILED or event.session is not None)
    f_cnt = 0 if down.f_cnt is None and counted else down.f_cnt
    payload = base64_bytes(down.frm_payload) if down.frm_payload else b""
    return replace(
        event,
        f_port=down.f_port,
        f_cnt=f_cnt,
        payload=payload,
        dedup_key=content_key(KEY, event.dedup_key, down.f_port, f_cnt, payload, index),
    )


def _why(error: Error | None) -> str | None:
    return f"{error.namespace}:{error.name}: {error.message_format}" if error is not None else None


NETWORK: Final = Network(KEY, matches, unwrap, re.compile(rb'\{"end_device_ids":'))
