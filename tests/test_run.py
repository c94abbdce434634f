"""`smartcity run` as a city tries it first: live values within seconds, one tidy status, an end within five seconds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest import broker
from tests.door import environment, smartcity
from tests.servers.process import accepts, free_port, wait_for

STATUS = re.compile(
    r"received (\d+)  decoded (\d+)  stored (\d+)  duplicates (\d+)  dead letters (\d+)  backlog (\d+)  [\d.]+/s"
)
BROKERS = [pytest.param("mosquitto", marks=pytest.mark.server("mosquitto")), "iotcore"]


@dataclass
class Town:
    """A running `smartcity run`."""

    process: subprocess.Popen[bytes]
    api: httpx.Client
    log: Path

    def ask(self, path: str) -> Any:
        try:
            answer = self.api.get(path)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def stored(self) -> int:
        books = self.ask("/api/v1/status")
        return sum(sink["counts"].get("stored", 0) for sink in books["sinks"].values()) if books else 0


@contextmanager
def town(data: Path, kind: str) -> Iterator[Town]:
    port, mqtt_port = free_port(), free_port()
    log = data.parent / f"{data.name}-{port}.log"
    env = environment(data, SMARTCITY_BROKER__KIND=kind)
    arguments = ["run", "--port", str(port), "--mqtt-port", str(mqtt_port), "--data", str(data)]
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "smartcity", *arguments], env=env, stdout=out, stderr=out)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as api:
            yield Town(process, api, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(15)


def child(parent: int, name: str) -> int:
    """Process id of that part of the town, from the kernel's own books."""
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").endswith(f"\0{name}".encode()):
            return int(pid)
    raise LookupError(name)


@pytest.mark.parametrize("kind", BROKERS)
def test_live_values_come_by_themselves_and_everything_ends_on_ctrl_c(tmp_path: Path, kind: str) -> None:
    with town(tmp_path / "data", kind) as running:
        wait_for(lambda: running.stored() >= 60, 60, "sixty stored messages")
        stations = running.ask("/api/v1/stations?limit=100")["items"]
        kinds = [station["kind"] for station in stations]
        assert (kinds.count("bin"), kinds.count("tree")) == (40, 30)
        assert sum(bool(station["latest"]) for station in stations) >= 50
        assert {station["organisation"] for station in stations} == {"offenbach", "giessen"}
        assert "Offenbach" in running.api.get("/").text

        wait_for(lambda: any(int(row[0]) for row in STATUS.findall(running.log.read_text())), 30, "a status line")
        began = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        code = running.process.wait(15)
        took = time.monotonic() - began
    assert code == 0
    assert took < 10  # five seconds is the promise; a loaded machine may need some more to notice
    for row in STATUS.findall(running.log.read_text()):
        received, _, stored, duplicates, dead, backlog = map(int, row)
        assert received == stored + duplicates + dead + backlog


def test_the_next_start_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with town(tmp_path / "data", "iotcore") as running:
        wait_for(lambda: running.stored() >= 40, 60, "forty stored messages")
        before = running.stored()
    with town(tmp_path / "data", "iotcore") as running:
        wait_for(lambda: running.ask("/api/v1/health") is not None, 30, "the API")
        assert running.stored() >= before
        wait_for(lambda: running.stored() > before, 60, "new messages")


@pytest.mark.parametrize("part", ["receive", "process"])
def test_a_process_that_dies_is_started_again(tmp_path: Path, part: str) -> None:
    with town(tmp_path / "data", "iotcore") as running:
        wait_for(lambda: running.stored() >= 10, 60, "ten stored messages")
        os.kill(child(running.process.pid, part), signal.SIGKILL)
        before = running.stored()
        wait_for(lambda: running.stored() > before + 5, 90, f"messages after the death of {part}")


def test_the_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    with town(tmp_path / "data", "iotcore") as running:
        wait_for(lambda: running.ask("/api/v1/health") is not None, 60, "the API")
        port = int(running.api.base_url.port or 0)
        running.process.kill()
        running.process.wait(10)
        wait_for(lambda: not accepts(port), 20, "the end of the API")


def test_two_copies_run_side_by_side_but_not_on_one_folder(tmp_path: Path) -> None:
    with town(tmp_path / "one", "iotcore") as one, town(tmp_path / "two", "iotcore") as two:
        for running in (one, two):
            wait_for(lambda it=running: it.stored() > 0, 60, "a stored message")  # type: ignore[misc]
        taken = environment(tmp_path / "one")
        said = smartcity("run", "--port", str(free_port()), "--mqtt-port", str(free_port()), env=taken)
    assert said.code == 2
    assert "another smartcity runs on" in said.err


def test_a_busy_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with town(tmp_path / "data", "iotcore") as running:
        wait_for(lambda: running.ask("/api/v1/health") is not None, 60, "the API")
        port = str(running.api.base_url.port)
        said = smartcity("run", "--port", port, env=environment(tmp_path / "other"))
    assert said.code == 2
    assert said.err.strip() == f"smartcity: port {port} is in use: choose another, e.g. PORT={int(port) + 1} make run"


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = smartcity("run", "--port", str(free_port()), env=environment(tmp_path / "file" / "data"))
    assert said.code == 2
    assert re.search(r"file/data cannot be written .*choose another folder with DATA=", said.err)


def test_without_any_broker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    monkeypatch.setattr(broker, "find_spec", lambda _: None)
    for kind in ("auto", "mosquitto", "iotcore"):
        with pytest.raises(broker.NoBroker, match="install Debian's mosquitto"):
            broker.choose(kind)


def test_mosquitto_is_taken_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda: "/usr/sbin/mosquitto")
    assert broker.choose("auto") == "mosquitto"
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    assert broker.choose("auto") == "iotcore"
