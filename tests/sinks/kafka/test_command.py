"""The command with its journal on Kafka: what a city does on one machine works the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client.parser import text_string_to_metric_families

from tests.door import Said, environment, smartcity, started
from tests.ingest.house import BIN_EUI, chirpstack
from tests.servers import kafka
from tests.servers.process import free_port, wait_for

pytestmark = pytest.mark.server("kafka")


@pytest.fixture
def env(cluster: kafka.Kafka, tmp_path: Path) -> Mapping[str, str]:
    return environment(
        tmp_path / "data",
        SMARTCITY_JOURNAL__KIND="kafka",
        SMARTCITY_JOURNAL__KAFKA__BOOTSTRAP=cluster.bootstrap,
        SMARTCITY_JOURNAL__KAFKA__TOPIC_PREFIX=f"city-{tmp_path.name}",
        SMARTCITY_JOURNAL__KAFKA__PARTITIONS="3",
        SMARTCITY_JOURNAL__KAFKA__REPLICATION="1",
        SMARTCITY_JOURNAL__KAFKA__OBSERVATIONS="true",
        SMARTCITY_API__PORT=str(free_port()),
    )


def done(line: str, env: Mapping[str, str]) -> Said:
    said = smartcity(*line.split(), env=env)
    assert said.code == 0, said.out + said.err
    return said


def books(env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done("status --json", env).out)["sinks"]["embedded"]
    return found


def test_a_device_that_nobody_knew_is_adopted_and_the_books_add_up(env: Mapping[str, str], tmp_path: Path) -> None:
    messages = tmp_path / "messages.ndjson"
    messages.write_bytes(chirpstack() + b"\n" + chirpstack(f_cnt=8, frame_id="another") + b"\n")
    done("organisations add giessen Gießen", env)
    assert "2 dead_letter" in done(f"ingest --file {messages}", env).out
    letters = json.loads(done("dead-letters list --json", env).out)
    assert {(letter["reason"], letter["device"]) for letter in letters} == {("observe/unknown_device", BIN_EUI)}

    said = done(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", env)
    assert "2 messages that waited for it are replayed" in said.out
    assert json.loads(done("dead-letters list --json", env).out) == []
    url = f"http://127.0.0.1:{env['SMARTCITY_API__PORT']}"
    with (
        started("ingest", "process", env=env, log=tmp_path / "process.log"),
        started("api", env=env, log=tmp_path / "api.log"),
        httpx.Client(base_url=url, timeout=20) as client,
    ):
        wait_for(lambda: answers(client), 40, "the API")
        wait_for(lambda: messages_by_outcome(client).get("stored") == 2, 40, "the replayed messages")
        assert client.get("/api/v1/status").json()["sinks"]["embedded"]["counts"] == {"stored": 2, "dead_letter": 2}
        assert messages_by_outcome(client) == {"stored": 2, "dead_letter": 2}
    found = books(env)
    assert (found["received"], found["stored"], found["dead_letters"], found["balanced"]) == (4, 2, 2, True)
    assert asyncio.run(observed(env)) == {(BIN_EUI, 7), (BIN_EUI, 8)}


def messages_by_outcome(client: httpx.Client) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == "smartcity_messages_total"
    }


async def observed(env: Mapping[str, str]) -> set[tuple[str, int]]:
    """Device and counter of every row in the live feed."""
    topic = f"{env['SMARTCITY_JOURNAL__KAFKA__TOPIC_PREFIX']}.observations"
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=env["SMARTCITY_JOURNAL__KAFKA__BOOTSTRAP"], auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        rows = [json.loads((await asyncio.wait_for(consumer.getone(), 20)).value) for _ in range(2)]
    finally:
        await consumer.stop()
    return {(row["series"]["device_id"], row["fields"]["f_cnt"]) for row in rows}


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/health").is_success
    except httpx.TransportError:
        return False


def test_kept_messages_are_replayed_into_an_empty_store(env: Mapping[str, str], tmp_path: Path) -> None:
    messages = tmp_path / "messages.ndjson"
    copies = [chirpstack(frame_id=name) for name in ("one", "two")]  # of one frame
    messages.write_bytes(b"\n".join([*copies, chirpstack(f_cnt=8, frame_id="another")]) + b"\n")
    done("organisations add giessen Gießen", env)
    done(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", env)
    assert "1 duplicate" in done(f"ingest --file {messages}", env).out
    found = books(env)
    (tmp_path / "data" / "store.db").unlink()
    assert "3 messages replayed: 2 points would be written, 1 duplicates" in done("replay --dry-run", env).out
    assert "3 messages replayed: 2 points written, 1 duplicates" in done("replay", env).out
    assert books(env) == found


def test_frames_that_never_came_are_seen_from_anywhere(env: Mapping[str, str], tmp_path: Path) -> None:
    messages = tmp_path / "messages.ndjson"
    messages.write_bytes(b"\n".join(frame(n) for n in (1, 4, 2)) + b"\n")
    done("organisations add giessen Gießen", env)
    done(f"devices add {BIN_EUI} --model milesight_em400_mud --organisation giessen", env)
    done(f"ingest --file {messages}", env)
    elsewhere = {**env, "SMARTCITY_DATA": str(tmp_path / "elsewhere")}
    (gap,) = json.loads(done("gaps --json", elsewhere).out)
    assert (gap["device"], gap["first"], gap["missing"], gap["found"], gap["state"]) == (BIN_EUI, 2, 2, 1, "open")
    assert "2 frames missing, 1 of them found later; 1 gaps open" in done("gaps", elsewhere).out
    assert books(elsewhere)["gaps"] == {"frames": 2, "found": 1, "open": 1}
    with (
        started("api", env=elsewhere, log=tmp_path / "api.log"),
        httpx.Client(base_url=f"http://127.0.0.1:{env['SMARTCITY_API__PORT']}", timeout=20) as client,
    ):
        wait_for(lambda: answers(client), 40, "the API")
        text = client.get("/metrics").text
    assert 'smartcity_open_gaps{sink="embedded"} 1.0' in text


def frame(number: int) -> bytes:
    """One a minute."""
    return chirpstack(f_cnt=number, frame_id=f"frame-{number}", time=f"2026-05-28T20:{number:02}:00+00:00")


def test_what_needs_the_local_journal_says_so(env: Mapping[str, str]) -> None:
    said = smartcity("journal", "trim", env=env)
    assert said.code == 1
    assert "this needs the local journal: journal.kind is kafka" in said.err


def test_without_a_cluster_the_status_is_one_sentence(env: Mapping[str, str]) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    said = smartcity("status", env={**env, "SMARTCITY_JOURNAL__KAFKA__BOOTSTRAP": nowhere})
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith(f"smartcity: Kafka at {nowhere}")
    assert "Traceback" not in said.err
