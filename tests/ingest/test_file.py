from __future__ import annotations

import json

from ingest.sources.file import BATCH, envelopes
from sinks.model import Envelope
from tests.ingest.house import chirpstack


def read(*lines: bytes, network: str | None = None) -> list[Envelope]:
    return [envelope for batch in envelopes(lines, "recording", network) for envelope in batch]


def test_a_bare_message_is_kept_as_it_is() -> None:
    (found,) = read(chirpstack(), network="chirpstack")
    assert (found.body, found.topic, found.network, found.source) == (chirpstack(), None, "chirpstack", "recording")
    assert found.flags == ("file",)


def test_a_described_message_keeps_its_topic_network_and_arrival() -> None:
    line = {"topic": "v3/x", "network": "things_stack", "arrived_at": "2026-05-28T20:26:40Z", "body": {"a": 0}}
    (found,) = read(json.dumps(line).encode(), network="chirpstack")
    assert (found.topic, found.network, found.arrived_ns) == ("v3/x", "things_stack", 1_780_000_000_000_000_000)
    assert json.loads(found.body) == {"a": 0}


def test_text_and_binary_messages_come_back_as_bytes() -> None:
    text, binary = read(b'{"topic":"t","text":"no json"}', b'{"topic":"t","base64":"AP8="}')
    assert (text.body, binary.body) == (b"no json", b"\x00\xff")


def test_a_message_that_happens_to_have_a_body_of_its_own_is_not_cut_open() -> None:
    line = b'{"id":"yard-7","body":{"level":3}}'
    assert read(line)[0].body == line


def test_what_is_no_json_and_empty_lines_are_told_apart() -> None:
    assert [e.body for e in read(b"\n", b"no json\n", b"  \n")] == [b"no json"]


def test_long_files_come_in_batches() -> None:
    lines = [b"{}"] * (BATCH + 1)
    assert [len(batch) for batch in envelopes(lines, "f", None)] == [BATCH, 1]
