"""Keys, and addresses with a key in them, are taken out of a message before it is kept.

Network servers send along what opens more than the message: the keys of a device's session, an address at which
anybody may queue a downlink, a token of a gateway, a token in the sender's own URL. None is needed here. Both journals
call this in `append`, so that no way leads around it. Closed sets, by the name that stands before the value:

    JSON, XML   AppSKey, NwkSKey, FNwkSIntKey, SNwkSIntKey, NwkSEncKey, AppKey, NwkKey, each also app_s_key, appSKey,
                appskey; with them what is in ChirpStack's joinServerContext
                names that end in downlink_url, downlinkUrl, downlink-apikey, -push, -replace
    JSON        names that end in uplink_token (The Things Stack)
    ThingPark   Var1 and Var2 of a notification where they are 8 or more hexadecimal digits: the key of a join
    protobuf    ChirpStack v4: joinServerContext of `up` and `join`. The other formats read here have no keys
    topic       token, access_token, api_key, key, password, secret in the query of a URL

A text becomes `***`, an object and a protobuf message empty: it can still be told that there was one, which says that
a payload is encrypted. An empty text, null and numbers stay, so does everything else, byte for byte. What is cut off
in the middle of a secret loses the rest. Not looked into: JSON inside of a text, names written with escapes, plain
text. ChirpStack's `context` stays: it is a gateway's clock and opens nothing.

No pattern gives back what it has read, so time grows with length alone: 2 MB that are made for it take 0.1 s. Measured
on the recorded messages: 1 µs where there is nothing (0.5 KB on average), 3 µs where something goes (1.2 KB). A batch
of the local journal costs 2.5 µs of computing a message without this, 4.4 µs with it, and 2 % less disk.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from .model import Envelope

_KEYS: Final = rb"(?i:app_?s?_?key|[fs]?_?nwk_?s?_?(?:int|enc)?_?key)"
_DOWNLINKS: Final = rb"ownlink(?i:_?url|-apikey|-push|-replace)"
_REST: Final = rb'(?:[^"\\]++|\\.)'
_VALUE: Final = rb'\s*+:\s*+)(?:"%b++(?:"|\\?\Z)|(\{(?:[^{}"]++|"%b*+(?:"|\\?\Z))*+(?:\}|\Z)))' % (_REST, _REST)
_TOKEN: Final = re.compile(rb'(uplink_token"' + _VALUE, re.DOTALL)
_NAME: Final = b'uplink_token"'
_WRITTEN: Final = b'uplink_token":"'
_DOWNLINK: Final = re.compile(rb'(%b"' % _DOWNLINKS + _VALUE, re.DOTALL)
_KEY: Final = re.compile(rb'("%b"' % _KEYS + _VALUE, re.DOTALL)
_VAR: Final = re.compile(rb'("Var[12]"\s*+:\s*+")[0-9A-Fa-f]{8,}+(?=")')
_ELEMENT: Final = re.compile(
    rb"(<(?:\w++:)?(%b|[Dd]%b)(?:\s[^<>]*+)?(?<!/)>)(?!</).*?(?=</(?:\w++:)?\2\s*+>|\Z)" % (_KEYS, _DOWNLINKS),
    re.DOTALL,
)
_XML_VAR: Final = re.compile(rb"(<(?:\w++:)?Var[12]>\s*+)[0-9A-Fa-f]{8,}+")
_NOTIFICATION: Final = b"_notification"
_HEAD: Final = 512
"""Bytes in which a document's name stands, behind an XML declaration."""
_QUERY: Final = re.compile(r"(?i)([?&](?:access_?token|token|api_?key|key|password|secret)=)[^&#]++")

_JSON: Final = frozenset({b"{", b"["})
_BEFORE: Final = b"\xef\xbb\xbf \t\r\n"
_EVENT: Final = re.compile(r"(?:/event/|[?&]event=)(up|join)(?![^&#])")
_EVENT_HEAD: Final = b"\x0a\x24"
"""Field 1, deduplication_id, a text of 36 bytes: so begin ChirpStack's events in protobuf."""
_CONTEXT: Final = {"up": 0x7A, "join": 0x32}
"""Tag of join_server_context: field 15 of UplinkEvent, 6 of JoinEvent (integration.proto), a message."""
_FIXED: Final = {1: 8, 5: 4}
"""Bytes of a value, by wire type."""
_MOST_FIELDS: Final = 1_000


def without_secrets(envelope: Envelope) -> Envelope:
    """The envelope as it may be kept; the same one where nothing had to go."""
    topic = envelope.topic
    body = stripped(envelope.body, topic or "")
    if topic and "=" in topic:
        topic = _QUERY.sub(r"\1***", topic)
    if body is envelope.body and topic == envelope.topic:
        return envelope
    return replace(envelope, body=body, topic=topic)


def stripped(body: bytes, topic: str) -> bytes:
    """The body without secrets, the same object where nothing could be one. Never raises."""
    if body.startswith(_EVENT_HEAD):
        said = _EVENT.search(topic)
        return body if said is None else _without_context(body, _CONTEXT[said[1]])
    first = body.lstrip(_BEFORE)[:1]
    if first in _JSON:
        return _json(body)
    return _xml(body) if first == b"<" else body


def _json(body: bytes) -> bytes:
    """A few bytes that all names of a kind have are looked for first, from the end: that is three times as fast."""
    if body.rfind(b'_token"') >= 0:
        body = _without_tokens(body)
    if body.rfind(b"ownlink") >= 0:
        body = _DOWNLINK.sub(_emptied, body)
    if body.rfind(b'ey"') >= 0:
        body = _KEY.sub(_emptied, body)
    if body.find(_NOTIFICATION, 0, _HEAD) >= 0:
        body = _VAR.sub(rb"\1***", body)
    return body


def _without_tokens(body: bytes) -> bytes:
    """As The Things Stack writes them, one for each gateway, they are cut out twice as fast as by the pattern."""
    first, *rest = body.split(_WRITTEN)
    kept = [first]
    for piece in rest:
        token, end, after = piece.partition(b'"')
        if not (token and end) or b"\\" in token:
            return _TOKEN.sub(_emptied, body)
        kept.append(after)
    body = (_WRITTEN + b'***"').join(kept)
    return body if body.count(_NAME) == len(rest) else _TOKEN.sub(_emptied, body)


def _emptied(found: re.Match[bytes]) -> bytes:
    return found[1] + (b'"***"' if found[2] is None else b"{}")


def _xml(body: bytes) -> bytes:
    body = _ELEMENT.sub(rb"\1***", body)
    return _XML_VAR.sub(rb"\1***", body) if body.find(_NOTIFICATION, 0, _HEAD) >= 0 else body


def _without_context(body: bytes, tag: int) -> bytes:
    """The event with an empty message in the field of this tag; what is no protobuf stays as it is."""
    at = 0
    try:
        for _ in range(_MOST_FIELDS if tag in body else 0):
            begin = at
            value, at = _varint(body, at)
            wire = value & 7
            length, at = (_FIXED[wire], at) if wire in _FIXED else _varint(body, at)
            if value == tag:
                rest = body[at + length :]
                return body[: begin + 1] + b"\0" + rest if at + length <= len(body) else body[:at]
            at += length if wire else 0
    except IndexError:
        pass
    return body


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """The number at this place, and the place behind it. Raises `IndexError` at the end and behind ten bytes."""
    value = 0
    for shift in range(0, 70, 7):
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise IndexError
