"""ChirpStack v3 and LoRa App Server: marshalers json_v3, json and protobuf, and the first generation (`mac`, `/rx`).

Source: https://www.chirpstack.io/application-server/integrations/events/ and the files named in `chirpstack_v3_events`.
JSON says its zeros: what is missing there is unknown. Protobuf drops them all. `json` writes EUIs, addresses and ids in
base64, `json_v3` in hex. MQTT topics: `application/{number}/device/{eui}/event/{event}`, before 3.11 without `event`;
HTTP: `?event=`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from sinks.model import Envelope

from . import protobuf
from .chirpstack_v3_events import Event, RxInfo, TxInfo, from_protobuf
from .clock import parse
from .contract import Network
from .device_status import device_status
from .frame import Frame, event, uplink
from .identity import device_eui, eui_in_topic, gateway_id
from .model import Outcome, TimeSource, Uplink
from .radio import eu868_spreading_factor
from .refusal import Code, Refused, base64_bytes, read

KEY: Final = "chirpstack_v3"


class _Owner(Struct):
    dev_eui: str | None = field(name="devEUI", default=None)


_EVENT: Final = msgspec.json.Decoder(Event, strict=False)
_OWNER: Final = msgspec.json.Decoder(_Owner)
_TOPIC: Final = re.compile(r"(?:^|/)application/\d+/(?:device|node)/")
_SAID: Final = re.compile(r"(?:/event/|[?&]event=)([^/?&#]+)")
_SIGNS: Final = frozenset({"applicationID", "applicationName", "deviceProfileID", "deviceProfileName", "rxInfo"})
_FRAME: Final = frozenset({"data", "fPort"})
_NO_UPLINK: Final = "0" * 32
_GATEWAY: Final = TimeSource.GATEWAY


def matches(topic: str, value: Any) -> bool:
    """`devEUI` beside a key that fits; bytes on a topic with the number of the application, or posted as its event."""
    if isinstance(value, bytes):
        posted = value[:1] == b"\x08" and "event=" in topic and "event=txack" not in topic
        return protobuf.looks_like(value) and (posted or _TOPIC.search(topic) is not None)
    if not isinstance(value, dict) or "devEUI" not in value:
        return False
    return not _SIGNS.isdisjoint(value) or value.keys() >= _FRAME


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The one event of a message. Raises `Refused`."""
    kind = _kind_in_topic(envelope.topic)
    try:
        said = _read(envelope.body, kind)
        return [_BY_KIND[kind or _kind_by_keys(said)](said, envelope)]
    except Refused as refused:
        refused.device = refused.device or _owner(envelope)
        raise


def _read(body: bytes, kind: str | None) -> Event:
    if not protobuf.looks_like(body):
        return read(_EVENT, body)
    if kind is None:
        raise Refused(Code.UNKNOWN_EVENT, "In protobuf only the topic says which event it is, and this one does not.")
    return from_protobuf(body, kind)


def _kind_in_topic(topic: str | None) -> str | None:
    """The event's name in an MQTT topic or URL, None where it says nothing. Raises `Refused` for an unknown name."""
    if not topic:
        return None
    last = topic.rpartition("/")[2]
    if last == "rx":
        return "up"
    if last in _BY_KIND:
        return last
    said = _SAID.search(topic)
    if said is None:
        return None
    if said[1] in _BY_KIND:
        return said[1]
    raise Refused(Code.UNKNOWN_EVENT, f"ChirpStack's event {said[1][:40]!r} is not known, only {', '.join(_BY_KIND)}.")


def _kind_by_keys(said: Event) -> str:
    """The kind of an event whose topic does not say it: each has keys that no other has."""
    signs = {
        "up": said.data is not None or said.f_port is not None,
        "ack": said.acknowledged is not None,
        "error": said.error is not None,
        "status": said.margin is not None or said.battery_level is not None,
        "location": said.location is not None,
        "integration": said.integration_name is not None or bool(bytes(said.object)),
        "txack": said.f_cnt is not None,
        "join": said.dev_addr is not None,
    }
    for kind, present in signs.items():
        if present:
            return kind
    raise Refused(
        Code.UNKNOWN_EVENT, "Neither topic nor keys say which event of ChirpStack 3 it is; add ?event= to the URL."
    )


def _identify(said: Event | _Owner, topic: str | None) -> str:
    text = _hex_of(said.dev_eui, 8) if said.dev_eui else None
    return device_eui(text, topic, "The event has no devEUI and its topic names no device.")


def _hex_of(text: str, size: int) -> str:
    """Hex digits of so many bytes in base64, whose padding no hex has; any other text as it is."""
    if not text.endswith("=") or len(text) != (size + 2) // 3 * 4:
        return text
    try:
        return binascii.a2b_base64(text, strict_mode=True).hex()
    except ValueError:
        return text


def _owner(envelope: Envelope) -> str | None:
    """The device of a message that was refused, if it can be told."""
    try:
        return _identify(read(_OWNER, envelope.body), envelope.topic)
    except Refused:
        return eui_in_topic(envelope.topic)


def _frame(said: Event, envelope: Envelope) -> Frame:
    rows = said.rx_info or []
    data = said.payload if said.data is None else said.data
    is_fsk, spreading_factor = _modulation(said)
    return Frame(
        dev_eui=_identify(said, envelope.topic),
        f_port=said.f_port,
        f_cnt=said.f_cnt,
        payload=base64_bytes(data) if data and isinstance(data, str) else b"",
        times=[(parse(said.published_at), TimeSource.APPLICATION), *((parse(row.time), _GATEWAY) for row in rows)],
        rows=[(_gateway_of(row), row.rssi, None if is_fsk else row.lora_snr) for row in rows],
        spreading_factor=spreading_factor,
        session=_hex_of(said.dev_addr, 4).lower() if said.dev_addr else None,
        frame_id=min(_uplink_ids(rows), default=None),
    )


def _up(said: Event, envelope: Envelope) -> Uplink:
    return uplink(KEY, _frame(said, envelope), envelope)


def _modulation(said: Event) -> tuple[bool, int | None]:
    """Whether it is no LoRa, and the spreading factor: from the modulation, else from the data rate of EU868."""
    sent = said.tx_info or TxInfo()
    if sent.data_rate is not None:
        return sent.data_rate.modulation == "FSK", sent.data_rate.spread_factor or None
    if sent.modulation not in (None, "LORA"):
        return True, None
    if sent.lora is not None:
        return False, sent.lora.spreading_factor or None
    rate = said.dr if sent.dr is None else sent.dr
    return rate == 7, eu868_spreading_factor(rate, sent.frequency)


def _gateway_of(row: RxInfo) -> str:
    return gateway_id(_hex_of(row.gateway_id or row.mac or "", 8))


def _uplink_ids(rows: list[RxInfo]) -> Iterator[str]:
    for row in rows:
        uplink_id = _hex_of(row.uplink_id or _NO_UPLINK, 16).replace("-", "").lower()
        if uplink_id != _NO_UPLINK:
            yield uplink_id


def _other(said: Event, envelope: Envelope, outcome: Outcome) -> Uplink:
    """An event that is no uplink. Without `publishedAt` and without gateways its only time is our arrival."""
    return event(KEY, outcome, _frame(said, envelope), envelope)


def _join(said: Event, envelope: Envelope) -> Uplink:
    return _other(said, envelope, Outcome.JOIN)


def _status(said: Event, envelope: Envelope) -> Uplink:
    """Margin in dB, battery in percent. External power and "unknown" come as a battery of 0, which is no flat one.

    Before 2.0 the battery is LoRaWAN's.
    """
    status = device_status(said.battery, said.margin)
    if said.battery is None:
        status["external_power"] = said.external_power_source
        if said.battery_level is not None and not (said.external_power_source or said.battery_level_unavailable):
            status["battery_pct"] = said.battery_level
    return replace(_other(said, envelope, Outcome.STATUS), status=status)


def _ack(said: Event, envelope: Envelope) -> Uplink:
    outcome = Outcome.ACK if said.acknowledged else Outcome.NACK
    return replace(_other(said, envelope, outcome), status={"f_cnt_down": said.f_cnt or 0})


def _txack(said: Event, envelope: Envelope) -> Uplink:
    return replace(_other(said, envelope, Outcome.TXACK), status={"f_cnt_down": said.f_cnt or 0})


def _error(said: Event, envelope: Envelope) -> Uplink:
    reason = f"{said.type or 'UNKNOWN'}: {said.error or ''}"
    return replace(_other(said, envelope, Outcome.ERROR), reason=reason)


def _location(said: Event, envelope: Envelope) -> Uplink:
    return _other(said, envelope, Outcome.LOCATION)


def _integration(said: Event, envelope: Envelope) -> Uplink:
    return _other(said, envelope, Outcome.INTEGRATION)


_BY_KIND: Final[dict[str, Callable[[Event, Envelope], Uplink]]] = {
    "up": _up,
    "join": _join,
    "status": _status,
    "ack": _ack,
    "txack": _txack,
    "error": _error,
    "location": _location,
    "integration": _integration,
}

NETWORK: Final = Network(KEY, matches, unwrap)
