"""From a message as it came to the frames and events in it. Never raises on any bytes: a refusal is data too."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from sinks.model import Envelope

from .networks.clock import LATEST, parse, rfc3339
from .networks.contract import Network
from .networks.model import Outcome, Uplink
from .networks.parts import dead_letter
from .networks.refusal import Code, Refused, not_json
from .networks.table import NETWORKS

MAX_BODY: Final = 1024 * 1024
"""Bytes. A real message has at most some kilobytes; a storage answer is cut into messages before it comes here."""


def unwrap(envelope: Envelope, networks: Mapping[str, Network] = NETWORKS, *, max_body: int = MAX_BODY) -> list[Uplink]:
    """Every frame and event in a message, at least one.

    The declared network reads it; without a declaration the first that recognises it. What cannot be read is one
    `Uplink` with outcome DEAD_LETTER and `reason` "unwrap/<code>: sentence". An `arrived_ns` of 0 means that the
    arrival is not known: then the message is judged by its own times.
    """
    try:
        _check_size(envelope.body, max_body)
        network = _network(envelope, networks)
        if envelope.network is None:  # a dead letter says whose message it seems to be
            envelope = replace(envelope, network=network.key)
        return network.unwrap(envelope)
    except Refused as refused:
        return [dead_letter(envelope, refused)]


def _check_size(body: bytes, max_body: int) -> None:
    if not body:
        raise Refused(Code.EMPTY, "The message has no body (an empty retained message clears a topic).")
    if len(body) > max_body:
        raise Refused(Code.TOO_LARGE, f"The message has {len(body)} bytes, more than the limit of {max_body}.")


def _network(envelope: Envelope, networks: Mapping[str, Network]) -> Network:
    if envelope.network is None:
        return _recognised(envelope, networks)
    declared = networks.get(envelope.network)
    if declared is None:
        known = ", ".join(networks)
        raise Refused(Code.UNKNOWN_NETWORK, f"Network {envelope.network[:40]!r} is not known; known are {known}.")
    return declared


def _recognised(envelope: Envelope, networks: Mapping[str, Network]) -> Network:
    for network in networks.values():
        if network.opening is not None and network.opening.match(envelope.body):
            return network
    value = _value(envelope.body)
    for network in networks.values():
        if network.matches(envelope.topic or "", value):
            return network
    if isinstance(value, bytes):
        raise Refused(Code.NOT_JSON, not_json(value, "unexpected character or end"))
    keys = ", ".join(sorted(str(key)[:40] for key in value)[:8]) if isinstance(value, dict) else "no object"
    raise Refused(
        Code.UNKNOWN_NETWORK,
        f"No network server is known by these keys: {keys}. Declare the source's network or a plain JSON mapping.",
    )


def _value(body: bytes) -> Any:
    """The parsed JSON, or the bytes of what is not JSON."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(Code.BAD_NUMBER, f"A number is out of range: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    except RecursionError as error:
        raise Refused(Code.TOO_DEEP, "The message is nested deeper than any network server nests.") from error


class _Line(msgspec.Struct):
    """A line of `smartcity unwrap`: exactly one of `body`, `text`, `base64` holds the message."""

    topic: str | None = None
    network: str | None = None
    arrived_at: str | None = None
    body: msgspec.Raw = msgspec.Raw()
    text: str | None = None
    base64: str | None = None


_LINE: Final = msgspec.json.Decoder(_Line)
_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def unwrap_line(line: str, number: int, networks: Mapping[str, Network] = NETWORKS) -> list[dict[str, Any]]:
    """The results for one JSON line, one per frame or event, as plain JSON values. Never raises.

    A line that is no message is a result of its own with reason "unwrap/bad_line: ...".
    """
    try:
        envelope = _envelope(line)
    except Refused as refused:
        uplinks = [Uplink("unknown", Outcome.DEAD_LETTER, reason=refused.reason)]
    else:
        uplinks = unwrap(envelope, networks)
    return [_result(uplink, number) for uplink in uplinks]


def envelope_of_line(line: bytes) -> Envelope | None:
    """The message that such a line describes; None for a line that is a bare message itself."""
    try:
        keys = _KEYS.decode(line).keys()
        if keys & {"topic", "network"} and keys & {"body", "text", "base64"}:
            return _envelope(line.decode())
    except (Refused, ValueError, RecursionError):
        pass
    return None


def _envelope(text: str) -> Envelope:
    try:
        line = _LINE.decode(text.encode())
        arrived = parse(line.arrived_at)
        if line.arrived_at is not None and not (arrived and 0 < arrived <= LATEST):
            raise Refused(Code.BAD_LINE, "arrived_at is no RFC 3339 time with an offset or Z after 1970.")
        return Envelope("stdin", line.network, line.topic, _body(line), arrived or 0)
    except RecursionError as error:
        raise Refused(Code.TOO_DEEP, "The line is nested deeper than any network server nests.") from error
    except ValueError as error:
        raise Refused(Code.BAD_LINE, f"The line is no message: {error}.") from error


def _body(line: _Line) -> bytes:
    if line.text is not None:
        return line.text.encode()
    if line.base64 is not None:
        return binascii.a2b_base64(line.base64, strict_mode=True)
    if not bytes(line.body):
        raise Refused(Code.BAD_LINE, "The line has none of body, text and base64.")
    return bytes(line.body)


def _result(uplink: Uplink, number: int) -> dict[str, Any]:
    """The line that `smartcity unwrap` prints.

    `best` holds the highest RSSI and the highest SNR over all rows, each on its own, as network servers' consoles show
    them. What is stored for a frame is the pair of one gateway, `gateways[0]`: highest SNR, then highest RSSI.
    """
    return {
        "line": number,
        "network": uplink.network,
        "outcome": uplink.outcome.value,
        "dev_eui": uplink.dev_eui,
        "f_port": uplink.f_port,
        "f_cnt": uplink.f_cnt,
        "payload_hex": uplink.payload.hex() if uplink.payload is not None else None,
        "received_at": rfc3339(uplink.received_ns) if uplink.received_ns is not None else None,
        "time_source": uplink.time_source.value if uplink.time_source is not None else None,
        "spreading_factor": uplink.spreading_factor,
        "gateways": [{"id": gateway.id, "rssi": gateway.rssi, "snr": gateway.snr} for gateway in uplink.gateways],
        "best": {"rssi": uplink.best_rssi, "snr": uplink.best_snr},
        "session": uplink.session,
        "dedup_key": uplink.dedup_key,
        "flags": list(uplink.flags),
        "reason": uplink.reason,
        **_ready_values(uplink),
    }


def _ready_values(uplink: Uplink) -> dict[str, Any]:
    """What plain JSON, Tasmota and Sparkplug give instead of a payload, and by which key their device is known."""
    return {} if uplink.decoded is None else {"device_key": uplink.device_key, "decoded": uplink.decoded}
