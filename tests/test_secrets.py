"""No secret that a network server sends along gets past the entrance: not on disk, in a log, an answer or a letter."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import ApiSettings
from ingest.keep import Keeper
from ingest.sources.webhook import create_webhooks
from ingest.sources.webhook_settings import HookSettings, WebhookSettings
from sinks.model import Envelope
from sinks.storage import Storage
from tests.api.routes import addresses
from tests.door import environment, smartcity
from tests.ingest.house import BIN_EUI, chirpstack
from tests.test_way import settle_in, things_stack

RAW = bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
SECRET = RAW.hex()
FORMS = (RAW, SECRET.encode(), base64.b64encode(RAW))
KEY = {"key": SECRET, "kek_label": ""}
URL = f"https://lora.example/down/{SECRET}"
THINGPARK = {"DevEUI": BIN_EUI, "Time": "2026-05-28T20:26:40Z", "FPort": 85, "FCntUp": 7, "payload_hex": "01755c"}


def things_stack_with(**more: Any) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(things_stack(3))
    message["uplink_message"] |= more
    message["uplink_message"]["rx_metadata"][0]["uplink_token"] = base64.b64encode(RAW).decode()
    return message


def chirpstack_with(**more: Any) -> dict[str, Any]:
    return {**json.loads(chirpstack()), **more}


def protobuf() -> bytes:
    """ChirpStack's `up`: id, device, counter and port, payload, and the join server's context."""
    identity, device = b"7f0c6f6e-0000-4000-8000-000000000009", b"\x42\x10" + BIN_EUI.encode()
    frame = b"\x38\x07\x40\x55" + b"\x52\x03\x01\x75\x5c"
    return b"\x0a\x24" + identity + b"\x1a\x12" + device + frame + b"\x7a\x14\x12\x12\x12\x10" + RAW


def described(topic: str, body: Any) -> dict[str, Any]:
    """A line of a file of messages."""
    if isinstance(body, bytes):
        return {"topic": topic, "base64": base64.b64encode(body).decode()}
    return {"topic": topic, "text" if isinstance(body, str) else "body": body}


UP = f"application/1/device/{BIN_EUI}/event/up"
MESSAGES = {
    "uplink_token": described("v3/city/devices/tree/up", things_stack_with()),
    "app_s_key": described("v3/city/devices/tree/up", things_stack_with(app_s_key=KEY)),
    "join_accept": described("v3/city/devices/a/join", {"end_device_ids": {}, "join_accept": {"app_s_key": KEY}}),
    "joinServerContext": described(UP, chirpstack_with(joinServerContext={"appSKey": {"aesKey": SECRET}})),
    "protobuf": described(UP, protobuf()),
    "AppSKey": described("tp", {"DevEUI_uplink": {**THINGPARK, "AppSKey": SECRET}}),
    "downlinkUrl": described("tp", {"DevEUI_uplink": THINGPARK, "downlinkUrl": URL}),
    "Var1": described("tp", {"DevEUI_notification": {**THINGPARK, "Type": "join", "Var1": SECRET}}),
    "xml": described("tp", f"<DevEUI_uplink><DevEUI>{BIN_EUI}</DevEUI><AppSKey>{SECRET}</AppSKey></DevEUI_uplink>"),
    "downlink_url": described("ttn", {"app_id": "a", "dev_id": "b", "port": 1, "downlink_url": f"{URL}?key={SECRET}"}),
    "query": described(f"/hooks/tp?LrnDevEui={BIN_EUI}&Token={SECRET}", {"a": 1}),
    "cut": described("tp", f'{{"DevEUI_uplink":{{"DevEUI":"{BIN_EUI}","AppSKey":"{SECRET}'),
    "unknown": described("x", {"nobody": "knows", "NwkSKey": SECRET}),
}


def forms_in(texts: Sequence[bytes]) -> list[bytes]:
    return [form for form in FORMS if any(form in text for text in texts)]


def on_disk(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A city whose data folder holds nothing but what these tests bring in."""
    storage = Storage(data=tmp_path / "data")
    settle_in(storage)
    return storage


def taken(storage: Storage, *names: str) -> str:
    """Take these messages from a file, deliver them, and give all that was said."""
    file = storage.data.parent / "messages.ndjson"
    file.write_text("".join(json.dumps(MESSAGES[name]) + "\n" for name in names))
    said = smartcity("ingest", "--file", str(file), env=environment(storage.data))
    assert said.code == 0, said.err
    return said.out + said.err


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_kept_and_its_secret_is_nowhere_on_disk_or_in_what_is_said(storage: Storage, name: str) -> None:
    said = taken(storage, name)
    with closing(storage.open_journal()) as journal:
        assert journal.bounds() == (1, 1)
        assert forms_in([*on_disk(storage.data), said.encode()]) == []


def test_dead_letters_show_export_and_replay_no_secret(storage: Storage) -> None:
    taken(storage, *MESSAGES)
    env = environment(storage.data)
    with closing(storage.open_letters()) as letters:
        numbers = [str(letter.id) for letter in letters.dead_letters()]
    commands = [["list", "--json"], ["export"], *(["show", number] for number in numbers)]
    commands += [["replay", "--reason", "unwrap/"], ["replay", "--reason", "observe/"]]
    said = [smartcity("dead-letters", *command, env=env) for command in commands]
    assert len(numbers) > 5
    assert [one.code for one in said] == [0] * len(said)
    assert forms_in([*on_disk(storage.data), *((one.out + one.err).encode() for one in said)]) == []


def test_no_answer_of_the_api_holds_a_secret(storage: Storage) -> None:
    taken(storage, *MESSAGES)
    with closing(storage.open_registry()) as registry:
        app = create_app(ApiSettings(), storage.open_reader(), registry, storage.open_books())

        async def ask() -> list[bytes]:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                paths = [path for path in addresses(app) if not path.endswith("/stream")]
                return [(await client.get(path)).content for path in paths]

        answers = asyncio.run(ask())
    assert len(answers) > 10
    assert forms_in(answers) == []


@contextmanager
def keeping(storage: Storage) -> Iterator[tuple[Keeper, Event]]:
    stop = Event()
    with closing(storage.open_appender()) as journal:
        keeper = Keeper(journal, [])
        thread = Thread(target=keeper.run, args=(stop,))
        thread.start()
        try:
            yield keeper, stop
        finally:
            stop.set()
            thread.join(10)


def test_a_webhook_keeps_neither_the_senders_token_nor_a_key(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = HookSettings.model_validate({"name": "tp", "token": "t" * 16})
    with keeping(storage) as (keeper, stop):
        app = create_webhooks(
            WebhookSettings(hooks=[hook]), lambda one, kept: keeper.offer([one], kept, stop), lambda _: False
        )

        async def post() -> int:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                headers = {"Authorization": f"Bearer {'t' * 16}"}
                body = json.dumps(MESSAGES["AppSKey"]["body"])
                return (await client.post(f"/hooks/tp?Token={SECRET}", content=body, headers=headers)).status_code

        assert asyncio.run(post()) == 204
    said = [record.getMessage().encode() for record in caplog.records if record.name.startswith(("ingest", "sinks"))]
    assert forms_in([*on_disk(storage.data), *said]) == []


def test_a_letter_of_a_message_that_was_kept_with_its_secret_has_none(storage: Storage) -> None:
    with closing(storage.open_journal()) as journal:
        journal.append([Envelope("main", None, "tp", b"?", 1)])
    with closing(sqlite3.connect(storage.data / "journal.db")) as earlier, earlier:
        earlier.execute("UPDATE entries SET body = ?", (json.dumps(MESSAGES["AppSKey"]["body"]).encode(),))
    taken(storage)
    with closing(storage.open_letters()) as letters:
        (letter,) = letters.dead_letters()
    assert b'"AppSKey": "***"' in letter.envelope.body


def test_what_an_earlier_version_kept_is_redacted_by_command(storage: Storage) -> None:
    taken(storage, "AppSKey", "unknown")
    body = json.dumps({"AppSKey": SECRET, "rest": "a" * 20_000, "downlink_url": URL}).encode()
    for file, kept in (("journal.db", "UPDATE entries"), ("ledger.db", "UPDATE dead_letters")):
        with closing(sqlite3.connect(storage.data / file)) as earlier, earlier:
            earlier.execute(f"{kept} SET topic = ?, body = ?", (f"/hooks/tp?Token={SECRET}", body))
    assert forms_in(on_disk(storage.data))

    said = [smartcity("journal", "redact", env=environment(storage.data)).out for _ in range(2)]

    assert [one.partition(" ")[0] for one in said] == ["4", "0"]
    assert forms_in(on_disk(storage.data)) == []
