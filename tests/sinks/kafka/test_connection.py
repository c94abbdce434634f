from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from sinks.errors import Refused, SinkError
from sinks.kafka.connection import Connection
from sinks.kafka.settings import KafkaSettings
from sinks.storage import Storage
from smartcity_settings import in_force, load
from tests.servers import kafka
from tests.sinks.feed_contract import SINK, message, number_of, recall, settle_all


def test_without_more_said_the_connection_is_plain() -> None:
    with closing(Connection(KafkaSettings())) as connection:
        assert connection.client() == {
            "bootstrap_servers": "127.0.0.1:9092",
            "client_id": "smartcity",
            "security_protocol": "PLAINTEXT",
        }


@pytest.mark.parametrize(("tls", "protocol"), [(False, "SASL_PLAINTEXT"), (True, "SASL_SSL")])
def test_a_user_logs_in_with_the_password_of_the_file(tmp_path: Path, tls: bool, protocol: str) -> None:  # noqa: FBT001
    (tmp_path / "password").write_text("hush\n")
    chosen = {"username": "city", "password_file": tmp_path / "password", "tls": tls}
    storage = Storage.model_validate({"data": tmp_path, "journal": {"kind": "kafka", "kafka": chosen}})
    with closing(storage.open_appender()) as appender:
        options = appender._connection.client()  # type: ignore[attr-defined]
    assert options["security_protocol"] == protocol
    assert isinstance(options.get("ssl_context"), ssl.SSLContext) is tls
    login = (options["sasl_mechanism"], options["sasl_plain_username"], options["sasl_plain_password"])
    assert login == ("SCRAM-SHA-512", "city", "hush")
    assert "hush" not in repr(storage)


def test_a_password_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    chosen = {"username": "city", "password_file": tmp_path / "none"}
    storage = Storage.model_validate({"data": tmp_path, "journal": {"kind": "kafka", "kafka": chosen}})
    with pytest.raises(Refused, match="none cannot be read"):
        storage.open_appender()


def test_the_settings_in_force_name_the_file_and_not_the_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hush")
    file = tmp_path / "smartcity.toml"
    file.write_text(f'[journal]\nkind = "kafka"\n[journal.kafka]\npassword_file = "{tmp_path / "password"}"\n')
    shown = {key: value for key, value, _ in in_force(load(file, {}))}
    assert shown["journal.kafka.password_file"] == str(tmp_path / "password")
    assert "hush" not in " ".join(shown.values())


@pytest.fixture(scope="module")
def guarded() -> Iterator[kafka.Guarded]:
    with kafka.guarded() as broker:
        yield broker


def behind(guarded: kafka.Guarded, folder: Path, password: str, **more: object) -> Storage:
    (folder / "password").write_text(password)
    login = {"username": guarded.username, "password_file": folder / "password", "mechanism": "PLAIN"}
    chosen = {
        "bootstrap": guarded.bootstrap,
        "tls": True,
        "ca_file": guarded.ca_file,
        "partitions": 2,
        "replication": 1,
    }
    return Storage.model_validate({"data": folder, "journal": {"kind": "kafka", "kafka": chosen | login | more}})


@pytest.mark.server("kafka")
def test_both_ends_work_over_tls_with_a_login(guarded: kafka.Guarded, tmp_path: Path) -> None:
    storage = behind(guarded, tmp_path, guarded.password)
    with closing(storage.open_appender()) as appender, closing(storage.open_feed(SINK, Event(), recall)) as feed:
        appender.append([message(1)])
        assert [number_of(entry) for entry in settle_all(feed, 1)] == [1]


@pytest.mark.server("kafka")
def test_a_wrong_password_is_told_without_it(guarded: kafka.Guarded, tmp_path: Path) -> None:
    storage = behind(guarded, tmp_path, "wrong-one")
    with closing(storage.open_appender()) as appender, pytest.raises(SinkError) as caught:
        appender.append([message(1)])
    assert "wrong-one" not in str(caught.value)


@pytest.mark.server("kafka")
def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(guarded: kafka.Guarded, tmp_path: Path) -> None:
    storage = behind(guarded, tmp_path, guarded.password, ca_file=None)
    with closing(storage.open_appender()) as appender, pytest.raises(SinkError):
        appender.append([message(1)])
