"""`smartcity ingest receive` and `smartcity ingest process`: two processes that meet only in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import time_ns

import pytest

from sinks.model import Device, Envelope, Organisation
from sinks.storage import Storage
from tests.door import environment, smartcity, started
from tests.ingest.house import BIN_EUI, chirpstack
from tests.servers import mosquitto
from tests.servers.process import wait_for
from tests.test_way import publish

TOPIC = f"application/a/device/{BIN_EUI}/event/up"


SPARED = {"sqlalchemy", "alembic", "influxdb_client", "rich", "fastapi", "uvicorn", "aiokafka", "quickjs"}
"""Packages that neither half needs for MQTT and the embedded store; together they weigh more than all else."""
CLIENTS = {"paho", "urllib.request"}
"""What only a process that receives needs."""
OTHER_COMMANDS = {"ingest.doctor", "ingest.insights.run", "ingest.javascript.check", "grafana.commands"}
"""Of what is loaded only when it is asked for."""


def imported(log: Path) -> set[str]:
    """Modules that a process has loaded, by what Python says with PYTHONPROFILEIMPORTTIME."""
    lines = [line for line in log.read_text().splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def frame(number: int) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return chirpstack(time=now, frame_id=f"frame-{number}", f_cnt=number)


def counts(storage: Storage) -> Mapping[str, int]:
    with closing(storage.open_books()) as books:
        return books.account("embedded").counts


def received(storage: Storage) -> int:
    with closing(storage.open_books()) as books:
        return books.account("embedded").received


@pytest.mark.server("mosquitto")
def test_receiving_and_processing_may_be_apart_and_each_may_be_away(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    with closing(storage.open_registry()) as registry, registry.transaction():
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_device(Device(BIN_EUI, "offenbach", "milesight_em400_mud"))
    with mosquitto.running() as broker:
        env = environment(storage.data, SMARTCITY_MQTT__MAIN__PORT=str(broker.port))
        with started("ingest", "receive", env=env, log=storage.data / "receive.log"):
            wait_for(lambda: "listening to" in (storage.data / "receive.log").read_text(), 30, "the subscription")
            publish(broker, TOPIC, frame(1))
            wait_for(lambda: received(storage) == 1, 20, "a kept message")
            assert counts(storage) == {}

            with started("ingest", "process", env=env, log=storage.data / "process.log"):
                wait_for(lambda: counts(storage) == {"stored": 1}, 20, "what had come before")
                publish(broker, TOPIC, frame(2))
                wait_for(lambda: counts(storage) == {"stored": 2}, 20, "what comes now")

            publish(broker, TOPIC, frame(3))
            wait_for(lambda: received(storage) == 3, 20, "a message kept while nobody processes")
        with started("ingest", "process", env=env, log=storage.data / "process.log"):
            wait_for(lambda: counts(storage) == {"stored": 3}, 20, "the rest, while nobody receives")


def test_a_file_is_taken_by_the_whole_intake_only(tmp_path: Path) -> None:
    said = smartcity("ingest", "--file", "messages.ndjson", "process", env=environment(tmp_path))
    assert said.code == 2
    assert "--file" in said.err


def test_a_file_taken_beside_a_running_intake_is_counted_once(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    with closing(storage.open_registry()) as registry, registry.transaction():
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_device(Device(BIN_EUI, "offenbach", "milesight_em400_mud"))
    file = tmp_path / "messages.ndjson"
    file.write_bytes(b"".join(frame(n) + b"\n" for n in range(600)))
    env = environment(storage.data)
    with started("ingest", "process", env=env, log=storage.data / "process.log"):
        said = smartcity("ingest", "--file", str(file), env=env)
    assert said.out == "embedded: 600 stored since the beginning\n"
    status = smartcity("status", env=env)
    assert status.code == 0, status.out
    assert "never came" not in status.out


@pytest.mark.server("mosquitto")
def test_receiving_loads_no_package_that_it_does_not_need(tmp_path: Path) -> None:
    log = tmp_path / "receive.log"
    with mosquitto.running() as broker:
        port = str(broker.port)
        env = environment(tmp_path / "data", SMARTCITY_MQTT__MAIN__PORT=port, PYTHONPROFILEIMPORTTIME="1")
        with started("ingest", "receive", env=env, log=log):
            wait_for(lambda: "listening to" in log.read_text(), 30, "the subscription")
    assert "paho" in imported(log)
    assert not imported(log) & (SPARED | {"decoders.devices.milesight_em400_mud"})


def test_processing_loads_no_package_that_it_does_not_need(tmp_path: Path) -> None:
    storage, log = Storage(data=tmp_path / "data"), tmp_path / "process.log"
    with closing(storage.open_registry()) as registry, registry.transaction():
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        registry.add_device(Device(BIN_EUI, "offenbach", "milesight_em400_mud"))
    with closing(storage.open_journal()) as journal:
        journal.append([Envelope("main", None, TOPIC, frame(1), time_ns())])
    with started("ingest", "process", env=environment(storage.data, PYTHONPROFILEIMPORTTIME="1"), log=log):
        wait_for(lambda: counts(storage) == {"stored": 1}, 30, "the message in the store")
    assert "decoders" in imported(log)
    assert not imported(log) & (SPARED | CLIENTS | OTHER_COMMANDS)
