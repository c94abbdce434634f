from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope
from tests.ingest.networks.sparkplug_wire import double, metric, payload, real, text, whole

MS = 1795558366799
TOPIC = "spBv1.0/city/{}/cabinet-3/bin-7"
INT, LONG, FLOAT, DOUBLE, BOOL, NULL = 10, 11, 12, 13, 14, 7


def opened(body: bytes, kind: str = "DDATA", topic: str = TOPIC, network: str | None = None) -> list[Uplink]:
    return unwrap(Envelope("test", network, topic.format(kind), body, (MS + 500) * 1_000_000))


def only(body: bytes, kind: str = "DDATA", topic: str = TOPIC) -> Uplink:
    (uplink,) = opened(body, kind, topic)
    return uplink


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        (whole(INT, 0), 3, 0.0),
        (whole(INT, 2116), 7, 2116.0),
        (whole(INT, 2**32 - 5), 3, -5.0),
        (whole(INT, 2**8 - 5), 1, -5.0),
        (whole(INT, 2**32 - 5), 1, -5.0),
        (whole(INT, 2**32 - 5), 7, 2.0**32 - 5),
        (whole(INT, 2**32 - 5), 0, -5.0),
        (whole(LONG, 2**64 - 5), 4, -5.0),
        (whole(LONG, 2**64 - 5), 0, -5.0),
        (real(FLOAT, 21.3), 9, 21.3),
        (double(DOUBLE, 0.0), 10, 0.0),
        (double(DOUBLE, float("nan")), 10, None),
        (whole(BOOL, 1), 11, 1.0),
        (whole(NULL, 1), 9, None),
        (b"", 9, None),
    ],
)
def test_a_value_is_the_number_that_was_meant(value: bytes, kind: int, found: float | None) -> None:
    assert only(payload(metric("distance_mm", value, kind=kind))).decoded == {"distance_mm": found}


def test_a_metric_is_known_by_the_last_part_of_its_name() -> None:
    body = payload(metric("Level/distance_mm", real(FLOAT, 21)), metric("Node Control/Rebirth", whole(BOOL, 0)))
    assert only(body).decoded == {"distance_mm": 21.0}


def test_values_of_several_times_are_several_readings_and_stored_ones_are_late() -> None:
    body = payload(
        metric("distance_mm", real(FLOAT, 1), whole(5, 1), time_ms=MS - 7_200_000),
        metric("distance_mm", real(FLOAT, 2), time_ms=MS - 1000),
        metric("battery_v", real(FLOAT, 3.5)),
    )
    found = [(uplink.received_ns, uplink.decoded, uplink.flags) for uplink in opened(body)]
    assert found == [
        ((MS - 7_200_000) * 1_000_000, {"distance_mm": 1.0}, ("late",)),
        ((MS - 1000) * 1_000_000, {"distance_mm": 2.0}, ()),
        (MS * 1_000_000, {"battery_v": 3.5}, ()),
    ]
    assert len({uplink.dedup_key for uplink in opened(body)}) == 3


def test_the_clock_is_the_edge_nodes() -> None:
    assert only(payload(metric("distance_mm", real(FLOAT, 1)))).time_source is TimeSource.APPLICATION


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        (TOPIC, (None, "sparkplug_b/city/cabinet-3/bin-7")),
        ("spBv1.0/city/{}/cabinet-3/24E124713B490001", ("24e124713b490001", None)),
    ],
)
def test_a_device_is_an_eui_or_a_name_below_its_node(topic: str, device: tuple[str | None, str | None]) -> None:
    uplink = only(payload(metric("distance_mm", real(FLOAT, 1))), topic=topic)
    assert (uplink.dev_eui, uplink.device_key) == device


@pytest.mark.parametrize(
    ("kind", "outcome", "status"),
    [
        ("NBIRTH", Outcome.JOIN, None),
        ("DBIRTH", Outcome.JOIN, None),
        ("NDEATH", Outcome.STATUS, {"online": False}),
        ("DDEATH", Outcome.STATUS, {"online": False}),
        ("DCMD", Outcome.SENT, None),
    ],
)
def test_births_deaths_and_commands_are_events(kind: str, outcome: Outcome, status: dict[str, bool] | None) -> None:
    uplink = only(payload(metric("bdSeq", whole(LONG, 0), kind=8)), kind)
    assert (uplink.outcome, uplink.status) == (outcome, status)


def test_a_birth_with_known_values_gives_them() -> None:
    uplink = only(payload(metric("distance_mm", whole(INT, 2116), alias=4, kind=7)), "DBIRTH")
    assert (uplink.outcome, uplink.decoded) == (Outcome.DATA, {"distance_mm": 2116.0})


@pytest.mark.parametrize(
    ("body", "kind", "topic", "reason"),
    [
        (payload(metric("", whole(INT, 5), alias=4)), "DDATA", TOPIC, "unwrap/no_value: Its metrics have only aliases"),
        (payload(metric("Pressure", whole(INT, 5))), "DDATA", TOPIC, "unwrap/no_value: No metric's name"),
        (payload(), "NDATA", TOPIC, "unwrap/no_value: No metric's name"),
        (text(2, b"\x0a\xff"), "DDATA", TOPIC, "unwrap/not_protobuf"),
        (text(2, text(1, b"\xff")), "DDATA", TOPIC, "unwrap/not_protobuf"),
        (b"\x08", "DDATA", TOPIC, "unwrap/not_protobuf"),
        (b"\x08\x01", "DDATA", "city/{}/x", "unwrap/unknown_event: Only the topic"),
        (b"ONLINE", "", "spBv1.0/STATE/scada", "unwrap/unknown_event: It is the state of a host"),
    ],
)
def test_what_cannot_be_read_alone_says_what_would_help(body: bytes, kind: str, topic: str, reason: str) -> None:
    (uplink,) = opened(body, kind, topic, "sparkplug_b")
    assert (uplink.outcome, (uplink.reason or "").startswith(reason)) == (Outcome.DEAD_LETTER, True), uplink.reason


@given(st.binary(max_size=200), st.sampled_from(["NBIRTH", "DDATA", "NDEATH", "DCMD"]))
def test_any_bytes_give_readings_an_event_or_a_reason(body: bytes, kind: str) -> None:
    for uplink in opened(payload(text(2, body)), kind):
        assert uplink.outcome is not Outcome.DEAD_LETTER or (uplink.reason or "").startswith("unwrap/")
        assert uplink.outcome is Outcome.DEAD_LETTER or uplink.device_key == "sparkplug_b/city/cabinet-3/bin-7"
