"""Messages that hold several: lists and storage answers. What is refused in one part harms no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from sinks.model import Envelope

from .identity import content_key
from .model import Outcome, Uplink
from .refusal import Code, Refused


def each(envelope: Envelope, parts: Iterable[bytes], unwrap: Callable[[Envelope], list[Uplink]]) -> list[Uplink]:
    """The frames and events of every part, in order; a part that is refused is a dead letter of its own.

    Raises `Refused` when there is no part.
    """
    found: list[Uplink] = []
    for part in parts:
        own = replace(envelope, body=part)
        try:
            found.extend(unwrap(own))
        except Refused as refused:
            found.append(dead_letter(own, refused))
    if not found:
        raise Refused(Code.EMPTY, "The list in the message is empty.")
    return found


def dead_letter(envelope: Envelope, refused: Refused) -> Uplink:
    """What is left of a message that could not be read: why, and its device where that is known."""
    device = refused.device
    is_eui = device is not None and len(device) == 16 and "/" not in device
    network = envelope.network or "unknown"
    return Uplink(
        network,
        Outcome.DEAD_LETTER,
        dev_eui=device if is_eui else None,
        device_key=None if is_eui else device,
        dedup_key=content_key(network, envelope.topic, envelope.body, refused.code.value),
        flags=envelope.flags,
        reason=refused.reason,
    )
