"""Poison among the messages: each becomes a dead letter that says why, and harms nobody beside it."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.faults import lax_broker
from tests.faults.city import ROOMY, TOPIC, eui, frame, identity, publish, settle_in
from tests.faults.intake import all_is_accounted_for, frames_in, has_settled, rows, working
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


def test_a_field_that_changes_its_type_costs_the_messages_in_which_it_is_no_number(tmp_path: Path) -> None:
    """As a tank's own JSON may: 800 today, "eighty" tomorrow, 800.5 the day after."""
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    mapped = {
        "SMARTCITY_MAPPINGS__YARD__DEVICE": "id",
        "SMARTCITY_MAPPINGS__YARD__F_CNT": "n",
        "SMARTCITY_MAPPINGS__YARD__TIME": "ts",
        "SMARTCITY_MAPPINGS__YARD__VALUES__DISTANCE_MM__PATH": "level",
        "SMARTCITY_MAPPINGS__YARD__VALUES__DISTANCE_MM__UNIT": "mm",
    }
    levels: list[object] = [800, "eighty", 800.5, True, {"mm": 80}, "801"]
    began = datetime.now(UTC)
    bodies = [
        {"id": eui(0), "n": n, "ts": (began + timedelta(seconds=n)).isoformat(), "level": level}
        for n, level in enumerate(levels)
    ]
    with mosquitto.running(ROOMY) as broker:
        with working(storage, broker, **mapped):
            publish(broker, TOPIC, *(json.dumps(body).encode() for body in bodies))
            wait_for(lambda: has_settled(storage, 3, 3), 30, "all messages")
        all_is_accounted_for(storage, broker, 3, 3)
        with closing(storage.open_ledger()) as ledger:
            assert ledger.dead_letter_counts() == {"unwrap/bad_number": 3}
    assert [row.fields["distance_mm"] for row in rows(storage, "bin_level")] == [800.0, 800.5, 801.0]


BAD_TOPIC = b"application/\xff\xfe/device/x/event/up"
CONNECT = b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07careful"


def test_mosquitto_lets_a_topic_that_is_no_text_not_in_and_goes_on(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    with mosquitto.running(ROOMY) as broker:
        with working(storage, broker):
            with socket.create_connection((broker.host, broker.port), timeout=10) as stranger:
                stranger.sendall(CONNECT + lax_broker.publish(1, BAD_TOPIC, frame(0)))
                answer = b"".join(iter(lambda: stranger.recv(100), b""))
            assert answer == b"\x20\x02\x00\x00"  # heard, then cut off without an acknowledgement
            publish(broker, TOPIC, frame(1))
            wait_for(lambda: has_settled(storage, 1), 30, "the message behind it")
        all_is_accounted_for(storage, broker, 1)


def test_such_a_topic_from_a_broker_that_lets_it_through_costs_its_own_message_at_most(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    topic = TOPIC.encode()
    messages = [(topic, frame(0)), (BAD_TOPIC, frame(1)), (BAD_TOPIC, b"{not json"), (topic, frame(2))]
    packets = [lax_broker.publish(number, *message) for number, message in enumerate(messages, 1)]
    with mosquitto.running(ROOMY) as broker, lax_broker.handing_on(packets) as (port, acknowledged):
        with working(storage, broker, SMARTCITY_MQTT__LAX__PORT=str(port)):
            wait_for(lambda: acknowledged == [1, 2, 3, 4], 30, "the acknowledgements")
            wait_for(lambda: has_settled(storage, 3, 1), 30, "all messages")
        answer = all_is_accounted_for(storage, broker, 3, 1)
    assert answer["sources"]["lax"]["message"]["count"] == 4
    with closing(storage.open_ledger()) as ledger:
        assert ledger.dead_letter_counts() == {"unwrap/not_json": 1}
