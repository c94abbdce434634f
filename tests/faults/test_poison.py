"""Poison among the messages: each becomes a dead letter that says why, and harms nobody beside it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults.city import ROOMY, TOPIC, eui, frame, identity, publish, settle_in
from tests.faults.intake import all_is_accounted_for, frames_in, has_settled, working
from tests.ingest.house import chirpstack
from tests.servers import mosquitto
from tests.servers.process import wait_for

pytestmark = [pytest.mark.server("mosquitto"), pytest.mark.timeout(180)]

POISON = {
    "no json": (b"{not json", "unwrap/not_json"),
    "not utf-8": (b'{"deviceInfo": "\xff\xfe"}', "unwrap/not_json"),
    "empty": (b"", "unwrap/empty"),
    "not a number": (b'{"deviceInfo": {"devEui": "24e1240000000000"}, "time": NaN}', "unwrap/not_json"),
    "10 MB": (b'{"x": "' + b"x" * 10_000_000 + b'"}', "unwrap/too_large"),
    "too deep": (b"[" * 100_000, "unwrap/too_deep"),
    "a text for a number": (json.dumps(json.loads(chirpstack()) | {"fCnt": "a lot"}).encode(), "unwrap/bad_number"),
    "huge number": (
        b'{"deviceInfo": {"devEui": "24e1240000000000"}, "fCnt": ' + b"9" * 5000 + b"}",
        "unwrap/bad_number",
    ),
    "a device that cannot be": (chirpstack(eui="no hex at all!!!"), "unwrap/bad_eui"),
    "a stranger": (chirpstack(eui="ffffffff00000000", frame_id="stranger"), "observe/unknown_device"),
    "a wrong port": (chirpstack(eui=eui(0), f_port=99, frame_id="port"), "decode/wrong_port"),
    "an unknown item": (chirpstack(eui=eui(0), payload="ee01", frame_id="item"), "decode/unknown_item"),
}
"""Message, and the reason of its dead letter."""


def test_poison_becomes_dead_letters_and_harms_nobody(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    good = 200
    with mosquitto.running(ROOMY) as broker:
        with working(storage, broker):
            for number, (body, _) in enumerate(POISON.values()):
                publish(broker, TOPIC, frame(number), body)
            publish(broker, TOPIC, *(frame(number) for number in range(len(POISON), good)))
            wait_for(lambda: has_settled(storage, good, len(POISON)), 60, "all messages")
        all_is_accounted_for(storage, broker, good, len(POISON))
    assert frames_in(storage).keys() == {identity(number) for number in range(good)}
    with closing(storage.open_ledger()) as ledger:
        letters = ledger.dead_letters()
    assert [letter.reason for letter in letters] == [reason for _, reason in POISON.values()]
    assert all(letter.detail for letter in letters)


def test_duplicate_keys_in_json_take_the_last_as_every_reader_does(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        with working(storage, broker):
            publish(broker, TOPIC, frame(0)[:-1] + b', "fCnt": 77}', frame(1))
            wait_for(lambda: has_settled(storage, 2), 30, "the messages")
        all_is_accounted_for(storage, broker, 2)
    assert frames_in(storage).keys() == {(eui(0), 77), identity(1)}
