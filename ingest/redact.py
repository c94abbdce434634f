"""Keys and addresses with a key in them are taken out of a message before it is kept.

Network servers send along what opens more than a message: the keys of a device's session, an address at which anybody
may queue a downlink, a token in the sender's own URL. None is needed here. What else stands in a message stays as it
came, byte for byte. Keys inside of protobuf stay too: they come only with payloads that are still encrypted, and those
are refused.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from sinks.model import Envelope

_NAMES: Final = (
    rb"[Aa]pp_?[Ss]?_?[Kk]ey|APPSKEY|APPKEY|[Nn]wk_?[Ss]?_?[Kk]ey|NWKSKEY|NWKKEY"
    rb"|[fs]_?[Nn]wk_?[Ss]_?[Ii]nt_?[Kk]ey|[Nn]wk_?[Ss]_?[Ee]nc_?[Kk]ey"
    rb"|downlink_?(?:[Uu]rl|URL)|uplink_token"
)
_JSON: Final = re.compile(rb'("(?:%b)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|(\{[^{}]*\}))' % _NAMES)
_XML: Final = re.compile(rb"(<(?:[A-Za-z]+:)?(%b)>)[^<]+" % _NAMES)
_QUERY: Final = re.compile(r"(?i)([?&](?:access_?token|token|api_?key|key|password|secret)=)[^&#]+")


def without_secrets(envelope: Envelope) -> Envelope:
    """The envelope as it may be kept; the same one where nothing had to go.

    A text becomes `***` and an object empty, so that it can still be told that there was one.
    """
    body, topic = envelope.body, envelope.topic
    # One of these is in every message that holds a secret, and to look for them is far cheaper than for all names.
    if b'ey"' in body or b'EY"' in body or b'_token"' in body or b"ownlink" in body or b"Key>" in body:
        body = _XML.sub(rb"\1***", _JSON.sub(_emptied, body))
    if topic and "=" in topic:
        topic = _QUERY.sub(r"\1***", topic)
    return envelope if body is envelope.body and topic is envelope.topic else replace(envelope, body=body, topic=topic)


def _emptied(found: re.Match[bytes]) -> bytes:
    return found[1] + (b'"***"' if found[2] is None else b"{}")
