"""What is installed is what is meant: four rooms, the boards, the door, their data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.door import ROOT

ROOMS = {"ingest", "decoders", "sinks", "api", "grafana"}
DOOR = {"smartcity.py", "smartcity_run.py", "smartcity_settings.py"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return zipfile.ZipFile(found).namelist()


def test_the_wheel_holds_the_rooms_and_the_door_only(wheel: list[str]) -> None:
    tops = {Path(name).parts[0] for name in wheel if ".dist-info" not in name}
    assert tops == ROOMS | DOOR


def test_the_wheel_holds_the_data_that_programs_need(wheel: list[str]) -> None:
    for name in (
        "decoders/devices/milesight_em400_mud.vectors.toml",
        "ingest/javascript/prelude.js",
        "ingest/simulate/places.csv",
        "sinks/registry/migrations/versions",
        "api/web/",
    ):
        assert any(found.startswith(name) for found in wheel), name


def test_the_wheel_holds_every_file_of_its_rooms(wheel: list[str]) -> None:
    tracked = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for name in tracked.splitlines() if name.endswith(".py")} <= set(wheel)


def test_nobody_else_installs_packages_of_these_names() -> None:
    owners = packages_distributions()
    for name in ROOMS | {"smartcity"}:
        assert set(owners.get(name, ["open-smartcity-sensors"])) == {"open-smartcity-sensors"}
