"""The servers that other tests lean on: they start, keep their port and data over a kill, and are gone afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sinks.influxdb.write import InfluxStore
from tests.servers import influxdb, influxdb1, kafka, mosquitto
from tests.servers.process import HOST, Process, accepts, free_port


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_process_that_ends_early_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit('no such disk')"], tmp_path, lambda: False)
    with pytest.raises(RuntimeError, match="no such disk"):
        process.start()


def test_a_process_that_never_answers_is_ended(tmp_path: Path) -> None:
    process = Process(["sleep", "60"], tmp_path, lambda: False, seconds=0.2)
    with pytest.raises(RuntimeError, match=r"within 0\.2 s"):
        process.start()
    with pytest.raises(RuntimeError, match="not running"):
        _ = process.pid


def test_a_free_port_is_not_one_for_outgoing_connections() -> None:
    assert free_port() < 32_000
    assert not accepts(free_port())


@pytest.mark.server("mosquitto")
def test_mosquitto_delivers_a_retained_message_after_kill_and_restart() -> None:
    config = "listener 1883\nallow_anonymous true\npersistence true\npersistence_location /mosquitto/data/\n"
    with mosquitto.running(config) as broker:
        address = ["-h", HOST, "-p", str(broker.port), "-t", "bins"]
        subprocess.run(["mosquitto_pub", *address, "-q", "1", "-r", "-m", "kept"], check=True)
        pid = broker.pid
        broker.process.stop()
        broker.process.start()
        assert _gone(pid)
        heard = subprocess.run(["mosquitto_sub", *address, "-C", "1", "-W", "5"], check=True, capture_output=True)
    assert heard.stdout == b"kept\n"


@pytest.mark.server("mosquitto")
def test_mosquitto_takes_listeners_files_and_rights_from_the_configuration() -> None:
    config = "listener 1883 0.0.0.0\nallow_anonymous true\nacl_file /mosquitto/config/acl\nlistener 8883\n"
    with mosquitto.running(config, {"config/acl": "topic read bins\n"}) as broker:
        assert list(broker.ports) == [1883, 8883]
        assert all(map(accepts, broker.ports.values()))


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(influxdb, marks=pytest.mark.server("influxdb")),
        pytest.param(influxdb1, marks=pytest.mark.server("influxdb1")),
    ],
)
def test_influxdb_is_set_up_and_keeps_its_buckets_over_a_kill(module: ModuleType) -> None:
    with module.running() as server:
        pid = server.process.pid
        server.process.kill()
        server.process.start()
        assert _gone(pid)
        store = InfluxStore(server.writer)
        assert store.check() == []
        store.close()


@pytest.mark.server("kafka")
def test_kafka_starts_and_stops() -> None:
    with kafka.running() as cluster:
        (broker,) = cluster.brokers
        pid = broker.process.pid
        assert accepts(broker.port)
    assert _gone(pid)


def test_the_home_of_a_server_is_its_own_folder(tmp_path: Path) -> None:
    said = tmp_path / "said"
    process = Process(["sh", "-c", "echo $HOME > said; exec sleep 60"], tmp_path, said.exists)
    process.start()
    process.stop()
    assert said.read_text().strip() == str(tmp_path)
