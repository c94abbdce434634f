"""`deploy/init` makes the secrets once, with a shell alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.native import compose_file
from tests.door import ROOT


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "init", tmp_path / "deploy")
    return tmp_path


def init(host: Path) -> str:
    done = subprocess.run(["sh", "deploy/init"], cwd=host, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def made(host: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (host / ".secrets").iterdir() if file.is_file()}


def test_every_secret_that_the_compose_file_wants_is_made(host: Path) -> None:
    init(host)
    wanted = {Path(secret["file"]) for secret in compose_file()["secrets"].values()}
    assert {Path(".secrets") / name for name in made(host)} == wanted


def test_secrets_are_long_and_all_different(host: Path) -> None:
    init(host)
    found = made(host).values()
    assert all(len(secret) == 48 and int(secret, 16) >= 0 for secret in found)
    assert len(set(found)) == len(found)


def test_what_is_there_is_never_changed(host: Path) -> None:
    init(host)
    first = made(host)
    (host / ".secrets" / "mqtt_ingest").unlink()
    said = init(host)
    assert "made  .secrets/mqtt_ingest" in said
    assert said.count("kept") == len(first) - 1
    assert {name: text for name, text in made(host).items() if first[name] != text}.keys() == {"mqtt_ingest"}


def test_nobody_else_on_the_machine_can_enter_and_every_container_can_read(host: Path) -> None:
    init(host)
    assert {(host / name).stat().st_mode & 0o777 for name in (".secrets", "backup")} == {0o700}
    modes = {file.stat().st_mode & 0o777 for file in (host / ".secrets").iterdir() if file.is_file()}
    assert modes == {0o444}


def test_no_secret_is_shown(host: Path) -> None:
    said = init(host)
    assert not any(secret in said for secret in made(host).values())
    assert said.rstrip().endswith("docker compose up --detach --build --wait")


def test_it_may_be_called_from_anywhere(host: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([host / "deploy" / "init"], cwd=elsewhere, check=True, capture_output=True)
    assert made(host)
    assert list(elsewhere.iterdir()) == []
