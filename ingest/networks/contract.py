"""What a network module offers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sinks.model import Envelope

from .model import Uplink


@dataclass(frozen=True, slots=True)
class Network:
    """One network server's format.

    `key`: its name in settings, journal and results. `matches(topic, value)`: does a message of an undeclared source
    look like this one; `value` is the parsed JSON, or the bytes of a body that is not JSON, and the topic may be "".
    `opening`: with these bytes begins only a message that `matches`; such a one is not parsed twice. None: unknown.
    `unwrap(envelope)`: every frame and event in the message, in its order; raises `Refused` when there is none to
    give, and nothing else on any bytes.
    """

    key: str
    matches: Callable[[str, Any], bool]
    unwrap: Callable[[Envelope], list[Uplink]]
    opening: re.Pattern[bytes] | None = None
