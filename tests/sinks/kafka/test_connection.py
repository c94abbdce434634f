from __future__ import annotations

import ssl
from contextlib import closing
from pathlib import Path

import pytest

from sinks.errors import Refused
from sinks.kafka.connection import Connection
from sinks.kafka.settings import KafkaSettings
from sinks.storage import Storage
from smartcity_settings import in_force, load


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
