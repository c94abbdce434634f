"""`make servers`: what is there is left alone, what cannot be had is told with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import get, kafka
from tests.servers.get import NAMES, Cannot, main


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get, "SERVERS", tmp_path)


def found(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None]) -> None:
    monkeypatch.setattr(get, "version", lambda name: versions.get(name, "1.0"))


def tool(folder: Path, name: str, says: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)


def test_nothing_is_fetched_when_all_are_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, {})
    monkeypatch.setattr(get, "get", lambda name: pytest.fail(f"fetched {name}"))
    assert main([]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [[name, "1.0"] for name in NAMES]


def test_what_cannot_be_had_is_told_and_the_others_are_still_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched = dict.fromkeys(("mosquitto", "kafka"))

    def fetch(name: str) -> None:
        if name == "mosquitto":
            raise Cannot("needs root; run: sudo apt-get install mosquitto")
        fetched.pop(name)

    monkeypatch.setattr(get, "version", lambda name: None if name in fetched else "1.0")
    monkeypatch.setattr(get, "get", fetch)
    assert main([]) == 1
    said = capsys.readouterr().out
    assert "mosquitto     missing         needs root; run: sudo apt-get install mosquitto" in said
    assert "kafka         1.0" in said


def test_a_server_that_was_fetched_but_does_not_run_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, {"kafka": None})
    monkeypatch.setattr(get, "get", lambda _: None)
    assert main(["--only", "kafka"]) == 1
    assert "does not run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("go", "says"),
    [(None, "go 1.26 or newer is missing"), ("go version go1.24.2 linux/amd64", "go is 1.24.2"), ("", "go is broken")],
)
def test_a_missing_or_old_compiler_is_named_with_what_it_takes(
    go: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if go is not None:
        tool(tmp_path, "go", go)
    with pytest.raises(Cannot, match=says):
        get.build_influxdb()


def test_without_root_the_command_to_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "apt-get", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Cannot, match=r"sudo apt-get install .* mosquitto mosquitto-clients"):
        get.from_debian("mosquitto")


def test_without_apt_the_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Cannot, match="mosquitto and mosquitto-clients"):
        get.from_debian("mosquitto")


def test_a_step_that_fails_is_told_by_its_last_line_and_leaves_its_log(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="failed: no such package"):
        get._run("kafka", ["sh", "-c", "echo fetching; echo no such package; echo; exit 3"])
    assert (tmp_path / "log" / "kafka.log").read_text() == "fetching\nno such package\n\n"


def test_a_long_step_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(get.EVERY_S, False, 0.01)
    get._run("kafka", ["sh", "-c", "echo compiling; sleep 0.3"])
    assert "s  compiling\n" in capsys.readouterr().out


def test_jars_that_were_fetched_in_part_are_not_taken_for_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "JARS", tmp_path / "kafka")
    for name, says in (("java", "openjdk 17.0.1"), ("mvn", "Apache Maven 3.8.7")):
        tool(tmp_path, name, says)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):  # this mvn fetches nothing
        get.fetch_kafka()
    assert not kafka.JARS.exists()


def test_help_runs_without_the_projects_libraries() -> None:
    command = [sys.executable, "-S", "-m", "tests.servers.get", "--help"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert "SMARTCITY_SERVERS" in said.stdout
