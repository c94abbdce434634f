"""The image: what its recipe promises, and its steps done here as far as they need no engine."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.door import ROOT

TEXT = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
STEPS = [line for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
LAST_STAGE = STEPS[max(n for n, step in enumerate(STEPS) if step.startswith("FROM")) :]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def steps(word: str, among: list[str] = STEPS) -> list[str]:
    return [step.removeprefix(f"{word} ") for step in among if step.startswith(f"{word} ")]


def test_both_stages_begin_with_the_same_full_version_of_python() -> None:
    bases = {step.split(" AS ")[0] for step in steps("FROM")}
    assert len(steps("FROM")) == 2
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())


def test_it_runs_as_a_user_with_a_fixed_number() -> None:
    (user,) = steps("USER", LAST_STAGE)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    uid, gid = user.split(":")
    (made,) = steps("RUN", LAST_STAGE)
    assert f"--uid {uid}" in made
    assert f"--gid {gid}" in made
    assert LAST_STAGE.index(f"USER {user}") < next(n for n, s in enumerate(LAST_STAGE) if s.startswith("ENTRYPOINT"))


def test_dependencies_are_the_locked_ones_with_their_hashes_and_nothing_is_compiled() -> None:
    locked, project = (step for step in steps("RUN") if step.startswith("pip install"))
    assert "--require-hashes -r /src/requirements.lock" in locked
    assert "--only-binary :all:" in locked
    assert "--no-deps" in project
    assert not re.search("apt-get|gcc|build-essential|curl|wget|ADD ", TEXT)


def test_every_line_of_the_lock_has_a_version_and_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    wanted = [line for line in lock.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert wanted
    assert [line for line in wanted if "==" not in line or "--hash=sha256:" not in line] == []


def test_it_answers_for_its_health_and_names_itself() -> None:
    assert "/api/v1/ready" in steps("HEALTHCHECK", LAST_STAGE)[0]
    assert steps("ENTRYPOINT", LAST_STAGE) == ['["smartcity"]']
    (label,) = steps("LABEL", LAST_STAGE)
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in label
    assert f'org.opencontainers.image.licenses="{PROJECT["license"]}"' in label
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert compose.count(f"image: open-smartcity-sensors:{PROJECT['version']}") == compose.count(
        "open-smartcity-sensors:"
    )


def in_context(name: str) -> bool:
    """Whether `.dockerignore` lets a path in: the last line that speaks of it, or of a folder above it, decides."""
    let_in = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.lstrip("!")
        if not line.strip() or line.startswith("#"):
            continue
        above = ["/".join(Path(name).parts[: n + 1]) for n in range(len(Path(name).parts))]
        if any(fnmatch.fnmatch(part, pattern.replace("**/", "*")) for part in above):
            let_in = line.startswith("!")
    return let_in


def test_no_secret_and_no_data_goes_to_the_engine() -> None:
    for name in (
        ".secrets/mqtt_ingest",
        ".env",
        "data/journal.db",
        ".git/config",
        "backup/smartcity.tar.gz",
        "tests/door.py",
    ):
        assert not in_context(name), name
    for name in ("requirements.lock", "smartcity_run.py", "sinks/influxdb/schema.py"):
        assert in_context(name), name


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the engine would get."""
    folder = tmp_path_factory.mktemp("context")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(in_context, listed.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_what_the_engine_gets_is_enough_to_build_and_run(context: Path, tmp_path: Path) -> None:
    """As the recipe: the project without its dependencies, built without isolation; run from an empty folder."""
    site, home = tmp_path / "site", tmp_path / "home"
    home.mkdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    flags = ["--no-deps", "--no-build-isolation", "--target", str(site)]
    subprocess.run([*pip, *flags, str(context)], check=True, capture_output=True)
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(site), "SMARTCITY_DATA": str(tmp_path / "data")}
    run = [
        sys.executable,
        "-P",
        "-c",
        "import sys, smartcity; print(smartcity.__file__, file=sys.stderr); smartcity.main()",
    ]

    def smartcity(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*run, *arguments], cwd=home, env=env, capture_output=True, text=True, check=True)

    version = smartcity("--version")
    assert version.stdout.strip() == PROJECT["version"]
    assert version.stderr.strip() == str(site / "smartcity.py")
    decoded = smartcity("decode", "milesight_em400_mud", "85", "01755c0367340104824408050001")
    assert "distance_mm                2116.0 mm" in decoded.stdout
    assert list(home.iterdir()) == []
