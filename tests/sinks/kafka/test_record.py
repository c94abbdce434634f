from __future__ import annotations

import json

import pytest

from sinks.kafka import record
from sinks.model import Envelope
from tests.faults.city import as_things_stack
from tests.ingest.house import BIN_EUI, chirpstack


def envelope(body: bytes = b"{}", topic: str | None = None, source: str = "main") -> Envelope:
    return Envelope(source, None, topic, body, 5)


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        ("v3/city/devices/bin-7/up", b"bin-7"),
        ("application/9/device/24E124713B490001/event/up", b"24E124713B490001"),
        ("/hooks/home/device/x%20y?event=up", b"x%20y"),
        ("/hooks/things_stack", b"main"),
        ("", b"main"),
        (None, b"main"),
    ],
)
def test_a_device_is_told_from_the_topic_and_else_the_source_counts(topic: str | None, key: bytes) -> None:
    assert record.key(envelope(topic=topic)) == key


def test_one_device_has_one_key_over_mqtt_and_over_a_webhook() -> None:
    over_mqtt = envelope(chirpstack(), f"application/9/device/{BIN_EUI}/event/up")
    over_http = envelope(chirpstack(), "/hooks/chirpstack?event=up", "webhook")
    assert record.key(over_mqtt) == record.key(over_http) == BIN_EUI.encode()


def test_the_deveui_of_the_things_stack_goes_before_the_name_in_the_topic() -> None:
    said = as_things_stack(0)
    key = record.key(envelope(json.dumps(said).encode(), "v3/city/devices/bin-0/up"))
    assert key == said["end_device_ids"]["dev_eui"].lower().encode()


def test_a_deveui_far_behind_in_a_long_message_is_not_looked_for() -> None:
    body = b'{"pad": "' + b"x" * 2000 + b'", "devEui": "24e124713b490001"}'
    assert record.key(envelope(body, "v3/city/devices/bin-7/up")) == b"bin-7"


@pytest.mark.parametrize(
    "found",
    [
        Envelope("main", "chirpstack", "a/b", b"\x00\xff", 1_780_000_000_000_000_000, ("retained", "replay")),
        Envelope("ü", None, None, b"", 0),
        Envelope("s", None, "a\ud800b", b"x", 1),
    ],
)
def test_an_envelope_comes_back_from_its_record(found: Envelope) -> None:
    back = record.envelope(found.body, record.headers(found), 7)
    assert (back.source, back.network, back.body, back.arrived_ns, back.flags) == (
        found.source, found.network, found.body, found.arrived_ns, found.flags
    )  # fmt: skip
    assert (back.topic or "").isprintable() or "\ufffd" in (back.topic or "")


@pytest.mark.parametrize("arrived", [b"", b"-5", b"1e9", b"9" * 400, "١٢".encode()])
def test_a_record_of_another_program_is_taken_with_the_brokers_time(arrived: bytes) -> None:
    back = record.envelope(None, [("arrived_ns", arrived), ("what", b"\xff")], 7)
    assert back == Envelope("kafka", None, None, b"", 7_000_000)


def test_one_number_names_partition_and_offset() -> None:
    for partition, position in ((0, 0), (95, 0), (4095, 2**40 - 1)):
        assert record.place(record.offset(partition, position)) == (partition, position)
    assert record.offset(1, 0) > record.offset(0, 2**40 - 1)


def test_the_partition_is_that_of_librdkafka() -> None:
    assert record.partition(b"123456789", 1000) == 0xCBF43926 % 1000  # the check value of CRC-32
