from __future__ import annotations

from pathlib import Path

import pytest

from ingest.doctor import Finding, check_broker, check_clock, check_folder, check_ports, check_stores
from ingest.sources.mqtt_settings import MqttSettings
from sinks.ports import Settlement
from sinks.storage import Storage, StoreSettings
from tests.servers import mosquitto
from tests.servers.process import free_port

GENEROUS = "listener 1883\nallow_anonymous true\nmax_queued_messages 100000\nmax_inflight_messages 100\n"
READ_ONLY = "listener 1883\nallow_anonymous true\nacl_file /mosquitto/config/acl\n"


def verdicts(findings: list[Finding]) -> set[str]:
    return {str(finding.verdict) for finding in findings}


def texts(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.verdict}: {finding.text}" for finding in findings)


def examined(config: str, files: dict[str, str] | None = None) -> list[Finding]:
    with mosquitto.running(config, files) as broker:
        return list(check_broker(MqttSettings(host=broker.host, port=broker.port)))


@pytest.mark.server("mosquitto")
def test_a_broker_with_room_passes() -> None:
    found = examined(GENEROUS)
    assert verdicts(found) == {"ok"}, texts(found)
    assert "all 2000 messages" in texts(found)


@pytest.mark.server("mosquitto")
def test_a_broker_with_default_limits_is_caught_dropping() -> None:
    found = examined("listener 1883\nallow_anonymous true\n")
    assert "failed: dropped" in texts(found)
    assert "max_queued_messages" in texts(found)


@pytest.mark.server("mosquitto")
def test_a_broker_that_lets_us_only_read_is_not_measured_and_says_so() -> None:
    found = examined(READ_ONLY, {"config/acl": "topic read #\ntopic read $SYS/#\n"})
    assert "failed" in verdicts(found) or "not measured" in texts(found)


def test_a_broker_that_is_not_there_is_named() -> None:
    port = free_port()
    (found,) = check_broker(MqttSettings(port=port))
    assert found.verdict == "failed"
    assert str(port) in found.subject


def test_a_folder_of_ours_passes_and_a_foreign_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdicts(list(check_folder(tmp_path / "data"))) == {"ok"}
    monkeypatch.setattr("os.access", lambda *_: False)
    (found,) = check_folder(tmp_path / "data")
    assert found.verdict == "failed"
    assert "mend its rights" in found.text


def test_ports_are_free_or_in_use(tmp_path: Path) -> None:  # noqa: ARG001
    (found,) = check_ports({"api": ("127.0.0.1", free_port())})
    assert found.verdict == "ok"


def test_the_clock_is_looked_at() -> None:
    (found,) = check_clock()
    assert found.subject == "clock"


def test_new_stores_pass(tmp_path: Path) -> None:
    found = list(check_stores(Storage(data=tmp_path)))
    assert verdicts(found) == {"ok"}, texts(found)


def test_books_that_do_not_add_up_fail(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path)
    ledger = storage.open_ledger()
    ledger.settle(Settlement("embedded", through=10, counts={"stored": 9}))
    ledger.close()
    assert "9 messages more than were received" in texts(list(check_stores(storage)))


def test_a_store_without_its_token_is_told(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path, store=StoreSettings(kind="influxdb"))
    assert "write_token_file" in texts(list(check_stores(storage)))
