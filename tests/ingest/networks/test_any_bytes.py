"""Nothing that arrives raises, and nothing wrong gets into an `Uplink`."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.model import Gateway, Outcome, TimeSource, Uplink
from ingest.networks.plain_json import MappingSettings
from ingest.networks.table import with_mappings
from ingest.unwrap import unwrap
from sinks.model import Envelope

MAPPING = MappingSettings.model_validate(
    {"device": "id", "time": "ts", "f_cnt": "n", "values": {"distance_mm": {"path": "v", "unit": "cm"}}}
)
NETWORKS = with_mappings({"plain_json": MAPPING})
TOPICS = (None, "", "application/x/device/24e124713d000001/event/up", "in?event=log", "v3/a@b/devices/c/up", "a/status")
GOLDEN = [
    message
    for path in sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
    for line in path.read_text().splitlines()
    if not isinstance(message := json.loads(line)["message"], str) and "protobuf_base64" not in message
]

networks = st.sampled_from([*NETWORKS, None])
topics = st.sampled_from(TOPICS)
arrivals = st.sampled_from([0, 1, 1_795_558_000_000_000_000, 2**63 - 1])
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -1, 2**32, 1e308])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20)
words = st.sampled_from(["end_device_ids", "uplink_message", "deviceInfo", "devEui", "rxInfo", "time", "id", "v", "ts"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=6)
)


def check(uplink: Uplink) -> None:
    """Every field has its type and range, and a refusal its reason."""
    assert isinstance(uplink.outcome, Outcome)
    assert uplink.dev_eui is None or (len(uplink.dev_eui) == 16 and uplink.dev_eui == uplink.dev_eui.lower())
    assert uplink.f_port is None or (type(uplink.f_port) is int and 0 <= uplink.f_port <= 255)
    assert uplink.f_cnt is None or (type(uplink.f_cnt) is int and 0 <= uplink.f_cnt < 2**32)
    assert uplink.payload is None or type(uplink.payload) is bytes
    assert uplink.received_ns is None or 0 < uplink.received_ns < 2**63
    assert (uplink.received_ns is None) == (uplink.time_source is None)
    assert uplink.time_source is None or isinstance(uplink.time_source, TimeSource)
    assert uplink.spreading_factor is None or 0 < uplink.spreading_factor <= 12
    assert all(type(gateway) is Gateway for gateway in uplink.gateways)
    assert isinstance(uplink.dedup_key, str)
    assert uplink.session is None or isinstance(uplink.session, str)
    if uplink.outcome is Outcome.DEAD_LETTER:
        assert (uplink.reason or "").startswith("unwrap/")
    else:
        assert uplink.dev_eui or uplink.device_key


def check_all(body: bytes, network: str | None, topic: str | None, arrived: int) -> None:
    envelope = Envelope("test", network, topic, body, arrived)
    found = unwrap(envelope, NETWORKS)
    assert found
    assert found == unwrap(envelope, NETWORKS)
    for uplink in found:
        check(uplink)


@given(st.binary(max_size=200), networks, topics, arrivals)
def test_any_bytes_give_a_frame_or_a_reason(body: bytes, network: str | None, topic: str | None, arrived: int) -> None:
    check_all(body, network, topic, arrived)


@given(values, networks, topics, arrivals)
def test_any_json_gives_a_frame_or_a_reason(value: Any, network: str | None, topic: str | None, arrived: int) -> None:
    check_all(json.dumps(value).encode(), network, topic, arrived)


@given(st.binary(max_size=300), st.sampled_from(["up", "join", "status", "ack", "txack", "log", "location"]))
def test_any_bytes_after_a_protobuf_tag_give_a_frame_or_a_reason(body: bytes, kind: str) -> None:
    check_all(b"\x0a" + body, "chirpstack", f"device/24e124713d000001/event/{kind}", 0)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(value, key), *places(inner)]]


@given(st.data(), st.sampled_from(GOLDEN), scalars | values, networks, arrivals)
def test_a_recorded_message_with_one_wrong_value_gives_a_right_frame_or_a_reason(
    data: st.DataObject, message: Any, wrong: Any, network: str | None, arrived: int
) -> None:
    changed = copy.deepcopy(message)
    container, key = data.draw(st.sampled_from(places(changed)))
    if data.draw(st.booleans()):
        del container[key]
    else:
        container[key] = wrong
    check_all(json.dumps(changed).encode(), network, None, arrived)


@given(st.sampled_from(GOLDEN), st.integers(min_value=0, max_value=3000), networks)
def test_a_recorded_message_cut_short_is_a_dead_letter(message: Any, length: int, network: str | None) -> None:
    body = json.dumps(message).encode()
    short = body[: min(length, len(body) - 1)]
    (uplink,) = unwrap(Envelope("test", network, None, short, 0), NETWORKS)
    assert uplink.outcome is Outcome.DEAD_LETTER


@pytest.mark.parametrize("network", [*(key for key in NETWORKS if key != "sparkplug_b"), None])  # it has no JSON
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unwrap/empty"),
        (b"x" * (1024 * 1024 + 1), "unwrap/too_large"),
        (b'{"x":' * 100_000, "unwrap/too_deep"),
        (b"{", "unwrap/not_json"),
        (b'{"id": NaN}', "unwrap/not_json"),
        (b"<xml/>", "unwrap/not_json"),
        (b"Online", "unwrap/not_json"),
        (b"\x00\x01\x02", "unwrap/not_json"),
        (b'{"id": 01}', "unwrap/not_json"),
    ],
    ids=["empty", "too large", "deep", "cut", "NaN", "XML", "text", "binary", "leading zero"],
)
def test_what_is_no_message_at_all_says_so(network: str | None, body: bytes, reason: str) -> None:
    (uplink,) = unwrap(Envelope("test", network, None, body, 0), NETWORKS)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_deep_list_of_nobody_says_so() -> None:
    (uplink,) = unwrap(Envelope("test", None, None, b"[" * 100_000, 0))
    assert (uplink.reason or "").startswith("unwrap/too_deep: ")


def test_text_that_is_not_utf8_says_so() -> None:
    body = b'{"end_device_ids": {"device_id": "\xff"}, "uplink_message": {}}'
    (uplink,) = unwrap(Envelope("test", "things_stack", None, body, 0))
    assert (uplink.reason or "").startswith("unwrap/not_utf8: ")


def test_of_a_repeated_key_the_last_counts() -> None:
    body = b'{"id": "a", "v": 1, "v": 2}'
    (uplink,) = unwrap(Envelope("test", "plain_json", None, body, 0), NETWORKS)
    assert uplink.decoded == {"distance_mm": 20.0}
