from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from pydantic import ValidationError

from ingest.keep import Keeper
from ingest.sources import webhook
from ingest.sources.webhook import WebhookSource
from ingest.sources.webhook_settings import WebhookSettings
from sinks.journal import SqliteJournal
from sinks.model import Envelope
from tests.ingest.house import KEY
from tests.servers.process import accepts, free_port, wait_for

TOKEN = "a-long-token-of-this-test"  # noqa: S105 opens nothing but this test
SETTINGS = {
    "max_body_bytes": 1000,
    "hooks": [
        {"name": "tts", "token": TOKEN, "network": "things_stack"},
        {"name": "cs", "token": TOKEN[::-1]},
        {"name": "keyed"},
    ],
}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Desk:
    """Takes envelopes as the keeper does; answers at once, or never."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answers = True

    def offer(self, envelopes: Sequence[Envelope], kept: Callable[[], None], stop: Event) -> bool:
        assert not stop.is_set()
        self.taken += envelopes
        if self.answers:
            kept()
        return True


@pytest.fixture
def desk() -> Desk:
    return Desk()


@contextmanager
def serving(keeper: Desk | Keeper) -> Iterator[httpx.Client]:
    """The receiver on a real socket, and somebody who posts to it."""
    stop, port = Event(), free_port()
    source = WebhookSource(
        WebhookSettings.model_validate(SETTINGS | {"port": port}), lambda token: token == KEY, keeper
    )
    thread = Thread(target=source.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: accepts(port), 10, "the webhook port")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture
def client(desk: Desk) -> Iterator[httpx.Client]:
    with serving(desk) as client:
        yield client


def test_a_message_is_taken_with_its_path_query_and_network(client: httpx.Client, desk: Desk) -> None:
    answer = client.post("/hooks/tts?event=up", content=b'{"x":1}', headers=BEARER)
    assert answer.status_code == 204
    (taken,) = desk.taken
    assert (taken.source, taken.network, taken.topic) == ("tts", "things_stack", "/hooks/tts?event=up")
    assert taken.body == b'{"x":1}'


def test_the_token_may_also_come_in_a_header_of_its_own(client: httpx.Client) -> None:
    assert client.post("/hooks/cs", content=b"{}", headers={"X-Token": TOKEN[::-1]}).status_code == 204


def test_a_sender_may_put_a_path_behind_its_source(client: httpx.Client, desk: Desk) -> None:
    assert client.post("/hooks/tts/dataUp", content=b"{}", headers=BEARER).status_code == 204
    assert (desk.taken[0].source, desk.taken[0].topic) == ("tts", "/hooks/tts/dataUp")


@pytest.mark.parametrize("source", ["tts", "keyed"])
def test_a_key_of_the_registry_opens_every_hook(client: httpx.Client, source: str) -> None:
    assert client.post(f"/hooks/{source}", content=b"{}", headers={"X-Token": KEY}).status_code == 204


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/hooks/tts", {}),
        ("/hooks/tts", {"Authorization": "Bearer wrong"}),
        ("/hooks/tts", {"X-Token": TOKEN[::-1]}),
        ("/hooks/nobody", BEARER),
        ("/hooks/keyed", {}),
        ("/hooks/keyed", {"X-Token": ""}),
    ],
)
def test_without_the_sources_own_token_nothing_is_taken(
    client: httpx.Client, desk: Desk, path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, content=b"{}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.taken == []


def test_a_body_over_the_limit_is_refused_whatever_it_announces(client: httpx.Client, desk: Desk) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    assert client.post("/hooks/tts", content=chunks(), headers=BEARER).status_code == 413
    assert desk.taken == []


def test_when_the_journal_does_not_take_it_the_sender_hears_so(
    client: httpx.Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_ANSWER_WITHIN_S", 0.05)
    desk.answers = False
    answer = client.post("/hooks/tts", content=b"{}", headers=BEARER)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"


def test_a_short_token_is_no_token() -> None:
    with pytest.raises(ValidationError, match="token"):
        WebhookSettings.model_validate({"hooks": [{"name": "a", "token": "short"}]})


def test_the_answer_comes_after_the_commit(tmp_path: Path) -> None:
    journal, stop = SqliteJournal(tmp_path / "journal.db"), Event()
    keeper = Keeper(journal, [])
    keeping = Thread(target=keeper.run, args=(stop,))
    keeping.start()
    try:
        with serving(keeper) as client:
            for number in range(1, 11):
                assert client.post("/hooks/tts", content=b"{}", headers=BEARER).status_code == 204
                assert journal.bounds()[1] == number
    finally:
        stop.set()
        keeping.join(timeout=10)
