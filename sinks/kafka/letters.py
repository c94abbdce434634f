"""Dead letters in the topic `dead-letters`, which is compacted: one record a letter, none once it was replayed.

key        sink, place of the message, part, and a sum of reason and detail: the same letter again replaces itself
value      the letter as JSON, its message's body in base64; nothing when it was replayed
partition  as that of the message
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from zlib import crc32

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from sinks.model import DeadLetter

from . import record
from .connection import Connection
from .reading import patiently, since
from .sending import Sender

_ANSWER_S: Final = 120.0


def key(letter: DeadLetter) -> bytes:
    """What makes a letter the same one."""
    text = f"{letter.reason}\n{letter.detail}".encode("utf-8", "surrogatepass")
    return f"{letter.sink}/{letter.offset}/{letter.part}/{crc32(text):08x}".encode()


def value(letter: DeadLetter) -> bytes:
    """The letter as it stands in the topic."""
    return msgspec.json.encode(letter)


def parse(found: Any) -> DeadLetter:
    """The letter of a record; its id is its place in the topic, counted from 1."""
    letter = msgspec.json.decode(found.value, type=DeadLetter)
    return replace(letter, id=record.offset(found.partition, found.offset) + 1)


async def send(producer: AIOKafkaProducer, topic: str, letters: Mapping[DeadLetter, bytes | None]) -> None:
    """Write these values, None to take a letter out, and wait until all replicas in sync have them."""
    sent = [
        await producer.send(topic, value, key=key(letter), partition=record.place(letter.offset)[0])
        for letter, value in letters.items()
    ]
    for one in sent:
        await one


class KafkaLetters:
    """`sinks.ports.Letters` in that topic. For counts, what was read once is not read again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._topic = connection.settings.dead_letters
        self._sender = Sender(connection)
        self._read: dict[TopicPartition, int] = {}
        self._reasons: dict[bytes, str] = {}

    def dead_letters(self, *, reason: str = "", device: str = "", after: int = 0, limit: int = 100) -> list[DeadLetter]:
        found = [
            letter
            for letter in self._connection.run(patiently(self._open), _ANSWER_S).values()
            if letter.reason.startswith(reason) and device in {"", letter.device} and (letter.id or 0) > after
        ]
        return sorted(found, key=lambda letter: letter.id or 0)[:limit]

    def dead_letter(self, letter_id: int) -> DeadLetter | None:
        letters = self._connection.run(patiently(self._open), _ANSWER_S).values()
        return next((letter for letter in letters if letter.id == letter_id), None)

    def dead_letter_counts(self) -> dict[str, int]:
        self._connection.run(patiently(self._count), _ANSWER_S)
        return dict(sorted(Counter(self._reasons.values()).items()))

    def mark_replayed(self, letter_ids: Sequence[int], now_ms: int) -> None:  # noqa: ARG002 the broker dates records
        self._connection.run(self._take_out(set(letter_ids)), _ANSWER_S)

    def close(self) -> None:
        self._connection.close(self._sender.end)

    async def _open(self) -> dict[bytes, DeadLetter]:
        letters: dict[bytes, DeadLetter] = {}
        async for found in since(self._connection, self._topic, {}):
            if found.value is None:
                letters.pop(found.key, None)
            else:
                letters[found.key] = parse(found)
        return letters

    async def _count(self) -> None:
        async for found in since(self._connection, self._topic, self._read):
            if found.value is None:
                self._reasons.pop(found.key, None)
            else:
                self._reasons[found.key] = parse(found).reason
            self._read[TopicPartition(found.topic, found.partition)] = found.offset + 1

    async def _take_out(self, letter_ids: set[int]) -> None:
        letters = [letter for letter in (await self._open()).values() if letter.id in letter_ids]
        async with self._sender.producer() as producer:
            await send(producer, self._topic, dict.fromkeys(letters))
