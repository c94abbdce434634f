"""Who sent it, and what makes a frame the same frame."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from .model import Outcome
from .refusal import Code, Refused

_EUI: Final = re.compile(r"[0-9a-f]{16}")
_EUI_IN_TOPIC: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16}(?![0-9A-Za-z])")
_SEPARATORS: Final = str.maketrans("", "", "-: ")


def eui(text: str) -> str:
    """The EUI as 16 lower-case hex digits; dashes, colons and blanks are taken out. Raises `Refused`."""
    plain = text.lower()
    if _EUI.fullmatch(plain):
        return plain
    plain = plain.translate(_SEPARATORS)
    if _EUI.fullmatch(plain):
        return plain
    raise Refused(Code.BAD_EUI, f"A device EUI has 16 hex digits; {text[:40]!r} is none.")


def device_eui(text: str | None, topic: str | None, missing: str) -> str:
    """The EUI that a message says, else the one in its topic. Raises `Refused`: `missing` says where neither is."""
    if text:
        return eui(text)
    if in_topic := eui_in_topic(topic):
        return in_topic
    raise Refused(Code.NO_DEVICE, missing)


def gateway_id(text: str) -> str:
    """A gateway's EUI in lower case, or its name as it is, cut to 64 characters."""
    return _gateway_id(text[:64])


@lru_cache(maxsize=4096)
def _gateway_id(text: str) -> str:
    lower = text.lower()
    return lower if _EUI.fullmatch(lower) else text


def eui_in_topic(topic: str | None) -> str | None:
    """The first 16 hex digits that stand alone in a topic or URL path; there a masked message may name its device."""
    match = _EUI_IN_TOPIC.search(topic) if topic else None
    return match[0].lower() if match else None


def frame_key(network: str, frame_id: str, outcome: Outcome, content: bytes) -> str:
    """Dedup key from the server's own id of a frame, or from its device and when it was received.

    Outcome and content are part of it: events of one frame share its id, and test data reuses one id for different
    payloads; neither may swallow the other.
    """
    return ":".join((network, frame_id, outcome, f"{zlib.crc32(content):08x}"))


def content_key(network: str, *parts: object) -> str:
    """Dedup key of an event without an id of its own: a hash of all that makes it one."""
    return f"{network}:{blake2b(repr(parts).encode(errors='surrogatepass'), digest_size=16).hexdigest()}"
