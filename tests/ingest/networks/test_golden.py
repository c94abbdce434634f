"""Every recorded message comes out as it was sent, declared or detected, with and without topic and arrival."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.networks.clock import parse
from ingest.networks.table import NETWORKS
from ingest.unwrap import unwrap, unwrap_line
from sinks.model import Envelope
from sinks.redact import stripped, without_secrets

GOLDEN = Path(__file__).parent / "golden"
RECORDS = [
    (path.stem, json.loads(line)) for path in sorted(GOLDEN.glob("*.jsonl")) for line in path.read_text().splitlines()
]
SECRETS = ("uplink_token", "app_s_key", "appSKey", "AppSKey", "context", "downlink_url", "downlinkUrl")


def line_of(record: dict[str, Any], **given: Any) -> str:
    message = record["message"]
    if isinstance(message, dict) and "protobuf_base64" in message:
        return json.dumps(given | {"base64": message["protobuf_base64"]})
    how = "text" if isinstance(message, str) else "body"
    return json.dumps(given | {how: message}, ensure_ascii=False)


def tells_without_topic(record: dict[str, Any]) -> bool:
    """JSON does; of protobuf, of text and of what is marked so, only the topic says what it is."""
    return not (isinstance(record["message"], str) or "protobuf_base64" in record["message"] or "by_topic" in record)


def check(record: dict[str, Any], result: dict[str, Any]) -> None:
    expect = record["expect"]
    said = result | {
        "best_rssi": result["best"]["rssi"],
        "best_snr": result["best"]["snr"],
        "gateways": len(result["gateways"]),
    }
    for key in ("outcome", "dev_eui", "f_port", "f_cnt", "payload_hex", "best_rssi", "best_snr", "spreading_factor"):
        assert said[key] in [expect[key], *expect.get(f"{key}_accept", [])], key
    if expect["gateways"] is not None:
        assert said["gateways"] == expect["gateways"]
    if expect["received_at"] is not None:
        right = [parse(text) for text in (expect["received_at"], *expect.get("received_at_accept", []))]
        assert parse(said["received_at"]) in right


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "detected"])
@pytest.mark.parametrize(("network", "record"), RECORDS, ids=[record["id"] for _, record in RECORDS])
def test_a_recorded_message_comes_out_as_it_was_sent(network: str, record: dict[str, Any], declared: bool) -> None:  # noqa: FBT001 a parameter of the test
    given = {"network": network if declared else None, "topic": record["topic"], "arrived_at": record.get("arrived_at")}
    (result,) = unwrap_line(line_of(record, **given), 7)
    check(record, result)
    assert (result["line"], result["network"]) == (7, network)


@pytest.mark.parametrize(
    ("network", "record"),
    [pair for pair in RECORDS if tells_without_topic(pair[1])],
    ids=[record["id"] for _, record in RECORDS if tells_without_topic(record)],
)
def test_json_tells_its_event_without_a_topic_and_its_time_without_an_arrival(
    network: str, record: dict[str, Any]
) -> None:
    (result,) = unwrap_line(line_of(record), 1)
    check(record, result)
    assert result["network"] == network


@pytest.mark.parametrize(("network", "record"), RECORDS, ids=[record["id"] for _, record in RECORDS])
def test_nothing_secret_is_taken_out_of_a_message(network: str, record: dict[str, Any]) -> None:
    (result,) = unwrap_line(line_of(record, network=network, topic=record["topic"]), 1)
    said = json.dumps(result)
    tokens = [row[key] for row in _objects(record["message"]) for key in SECRETS if row.get(key)]
    assert not [token for token in tokens if str(token) in said]


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "detected"])
@pytest.mark.parametrize(("network", "record"), RECORDS, ids=[record["id"] for _, record in RECORDS])
def test_a_message_without_its_secrets_says_the_same(network: str, record: dict[str, Any], declared: bool) -> None:  # noqa: FBT001 a parameter of the test
    envelope = Envelope("s", network if declared else None, record["topic"], body_of(record), 1)
    assert unwrap(without_secrets(envelope)) == unwrap(envelope)


@pytest.mark.parametrize(("network", "record"), RECORDS, ids=[record["id"] for _, record in RECORDS])
def test_of_a_recorded_message_no_secret_is_kept(network: str, record: dict[str, Any]) -> None:  # noqa: ARG001 the id
    left = stripped(body_of(record), record["topic"] or "")
    secrets = [row[key] for row in _objects(record["message"]) for key in SECRETS if row.get(key) and key != "context"]
    assert not [one for one in secrets if json.dumps(one).strip('"').encode() in left]


def body_of(record: dict[str, Any]) -> bytes:
    message = record["message"]
    if isinstance(message, dict) and "protobuf_base64" in message:
        return base64.b64decode(message["protobuf_base64"])
    return message.encode() if isinstance(message, str) else json.dumps(message).encode()


def _objects(value: Any) -> list[dict[str, Any]]:
    """Every object in a message, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return [*own, *(found for one in inner for found in _objects(one))]


ALIKE = {"milesight_gateway": {"chirpstack_v3"}, "chirpstack_v3": {"chirpstack"}}
"""Formats that look like others: those stand behind them in the table."""


@pytest.mark.parametrize(("network", "record"), RECORDS, ids=[record["id"] for _, record in RECORDS])
def test_no_network_takes_the_message_of_another(network: str, record: dict[str, Any]) -> None:
    message = record["message"]
    value = message.encode() if isinstance(message, str) else message
    if isinstance(value, dict) and "protobuf_base64" in value:
        value = base64.b64decode(value["protobuf_base64"])
    takers = [key for key, other in NETWORKS.items() if other.matches(record["topic"] or "", value)]
    assert not takers or takers[0] == network
    assert set(takers) <= {network} | ALIKE.get(network, set())


def test_every_network_of_the_table_has_golden_messages() -> None:
    assert {network for network, _ in RECORDS} == set(NETWORKS)


def test_different_messages_have_different_dedup_keys_and_copies_of_one_share_theirs() -> None:
    keys: dict[str, set[str]] = {}
    for network, record in RECORDS:
        (result,) = unwrap_line(line_of(record, network=network, topic=record["topic"]), 1)
        keys.setdefault(result["dedup_key"], set()).add(json.dumps(record["message"], sort_keys=True))
    assert all(len(messages) == 1 for messages in keys.values())
    assert len(keys) < len(RECORDS)


def test_a_network_known_by_how_its_message_begins_is_the_one_that_its_keys_say() -> None:
    patient = {key: replace(network, opening=None) for key, network in NETWORKS.items()}
    known: set[str] = set()
    for _, record in RECORDS:
        body = json.dumps(record["message"], separators=(",", ":")).encode()
        begins = [key for key, network in NETWORKS.items() if network.opening and network.opening.match(body)]
        assert begins in ([], [unwrap(Envelope("s", None, "", body, 0), patient)[0].network])
        known.update(begins)
    assert known == {"things_stack", "chirpstack"}
