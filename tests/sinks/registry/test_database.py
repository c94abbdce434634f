"""How a registry that cannot be had is told, and that writers stand in line."""

from __future__ import annotations

import re
import secrets
import socket
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sinks.errors import Invalid, Refused, SinkError, Unavailable
from sinks.model import Device
from sinks.registry.database import parse_url
from sinks.registry.store import SqlRegistry, open_registry
from tests.sinks.registry.cities import BIN, DAY, MAY, SENSOR, TREE, settle


def test_of_two_writers_that_install_one_device_at_once_one_is_refused(registry: SqlRegistry, url: str) -> None:
    settle(registry)
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def put(asset_id: str, from_ms: int) -> None:
        mine = SqlRegistry(url)
        together.wait(10)
        try:
            mine.install(SENSOR.dev_eui, asset_id, from_ms)
            outcomes.append("installed")
        except Invalid as refused:
            outcomes.append(re.sub("of-.*-001", "…", str(refused)))
        mine.close()

    writers = [threading.Thread(target=put, args=said) for said in ((BIN.id, MAY), (TREE.id, MAY + DAY))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    refusal = f"the device {SENSOR.dev_eui} is on asset … at that time; end that installation first"
    assert sorted(outcomes) == ["installed", refusal]


def test_no_change_is_lost_between_two_writers(registry: SqlRegistry, url: str) -> None:
    settle(registry)
    before = registry.revision()

    def write(first: int) -> None:
        mine = SqlRegistry(url)
        for number in range(first, first + 20):
            mine.add_device(Device(f"{number:016x}", "offenbach", "dragino_lse01"))
        mine.close()

    writers = [threading.Thread(target=write, args=(first,)) for first in (1000, 2000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert registry.revision() == before + 40


def test_readers_see_nothing_of_a_transaction_before_its_end(registry: SqlRegistry, url: str) -> None:
    settle(registry)
    reader = SqlRegistry(url)
    with registry.transaction():
        registry.install(SENSOR.dev_eui, BIN.id, MAY)
        during = reader.installations()
    after = reader.installations()
    reader.close()
    assert (during, len(after)) == ([], 1)


def test_a_registry_without_its_schema_says_so(empty_url: str) -> None:
    registry = SqlRegistry(empty_url)
    with pytest.raises(Refused, match="migrate the registry"):
        registry.revision()
    registry.close()


@pytest.mark.parametrize("url", ["", "data/registry.db", "mysql://u:hidden@h/d", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_no_registry_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused) as refused:
        open_registry(url)
    assert "hidden" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("dev_eui;asset_id\n" * 100)
    with pytest.raises(Refused, match="not a database"):
        open_registry(f"sqlite:///{tmp_path / 'registry.db'}")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="choose another folder"):
        open_registry(f"sqlite:///{tmp_path / 'file' / 'deep' / 'registry.db'}")


def test_a_server_that_is_not_there_may_come_yet() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://smartcity:hidden@127.0.0.1:{nobody.getsockname()[1]}/registry"
        with pytest.raises(Unavailable) as unavailable:
            open_registry(url)
    assert "hidden" not in str(unavailable.value)


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Refused, match=re.escape("open-smartcity-sensors[postgres]")):
        open_registry("postgresql://127.0.0.1/registry")


@pytest.mark.server("postgresql")
def test_a_wrong_password_is_refused_and_not_repeated(postgresql_url: str) -> None:
    password = secrets.token_hex()
    wrong = make_url(postgresql_url).set(password=password).render_as_string(hide_password=False)
    with pytest.raises(SinkError, match="password authentication failed") as refused:
        open_registry(wrong)
    assert isinstance(refused.value, Refused)
    assert password not in str(refused.value)


def test_either_spelling_of_postgresql_uses_the_same_driver() -> None:
    spellings = ("postgresql://h/d", "postgresql+psycopg://h/d")
    assert {parse_url(spelling).drivername for spelling in spellings} == {"postgresql+psycopg"}
