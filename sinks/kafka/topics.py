"""Our topics: made when they are missing, before anything else, since a consumer waits for a missing one for ever."""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from .connection import Connection
from .reading import administrator, partitions_of

LARGEST_RECORD: Final = 16 * 1024 * 1024
_READY_S: Final = 30.0
_LOOK_S: Final = 0.05
_DAY_MS: Final = 86_400_000
_MIB: Final = str(1 << 20)


async def ensure_topics(connection: Connection) -> None:
    """Make what is missing, and wait until every partition has a leader. Settings of topics that are there stay.

    All have as many partitions as that of the messages: what is said of a message stands in the same one.
    """
    uplinks = connection.settings.uplinks
    async with administrator(connection) as admin:
        there = set(await admin.list_topics())
        partitions = len(await partitions_of(admin, uplinks)) if uplinks in there else connection.settings.partitions
        wanted = {topic.name: topic for topic in _topics(connection, partitions)}
        missing = [wanted[name] for name in wanted.keys() - there]
        if missing:
            answer = await admin.create_topics(missing)
            for _, code, *rest in answer.topic_errors:
                _check(code, str(rest[0]) if rest else "")
        await asyncio.wait_for(_leaders(admin, list(wanted)), _READY_S)


def _check(code: int, text: str) -> None:
    error = for_code(code)
    if code and error is not TopicAlreadyExistsError:  # another process may have been faster
        raise error(text)


def _topics(connection: Connection, partitions: int) -> list[NewTopic]:
    settings, keep_days, max_mb = connection.settings, connection.keep_days, connection.max_mb
    aged = {
        "retention.ms": str(keep_days * _DAY_MS if keep_days else -1),
        "retention.bytes": str((max_mb << 20) // partitions if max_mb else -1),
    }
    # The broker's clock dates records: a sensor's old backlog, or a wrong clock of ours, must not be retention's cue.
    ours = {"max.message.bytes": str(LARGEST_RECORD), "message.timestamp.type": "LogAppendTime"}
    if settings.replication > 2:
        ours["min.insync.replicas"] = str(settings.replication - 1)
    newest = {"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": _MIB, "segment.bytes": _MIB}
    topics = {
        settings.uplinks: aged,
        settings.dead_letters: {"cleanup.policy": "compact"},
        settings.gaps: newest,
        settings.counters: {"cleanup.policy": "compact", "segment.bytes": str(32 << 20)},
    }
    if settings.observations:
        topics[settings.observed] = aged
    return [NewTopic(name, partitions, settings.replication, topic_configs=ours | own) for name, own in topics.items()]


async def _leaders(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    while True:
        try:
            found = await admin.describe_topics(names)
        except KafkaError:
            found = []
        if len(found) == len(names) and all(_is_ready(topic) for topic in found):
            return
        await asyncio.sleep(_LOOK_S)


def _is_ready(topic: dict[str, object]) -> bool:
    partitions = topic["partitions"]
    return (
        not topic["error_code"]
        and isinstance(partitions, list)
        and bool(partitions)
        and all(one["leader"] >= 0 for one in partitions)
    )
