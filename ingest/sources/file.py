"""Files: messages as JSON lines, from a recording, an export or a colleague.

A line is either a network server's message as it is, or the message with what is known about it:
`{"topic": …, "network": …, "arrived_at": …, "body": …}` (`text` for what is not JSON, `base64` for binary), which is
also what `smartcity unwrap` reads. Reading a file twice is harmless: the second time all are duplicates.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from ingest.unwrap import envelope_of_line
from sinks.model import Envelope

BATCH = 500


def envelopes(lines: Iterable[bytes], source: str, network: str | None) -> Iterator[list[Envelope]]:
    """The messages of a file, in batches. `network`: their format where a line does not name its own."""
    filled = (line.strip() for line in lines)
    messages = (_envelope(line, source, network) for line in filled if line)
    while batch := list(islice(messages, BATCH)):
        yield batch


def _envelope(line: bytes, source: str, network: str | None) -> Envelope:
    now = time.time_ns()
    described = envelope_of_line(line)
    if described is None:
        return Envelope(source, network, None, line, now, ("file",))
    return replace(
        described,
        source=source,
        network=described.network or network,
        arrived_ns=described.arrived_ns or now,
        flags=("file",),
    )
