"""`make servers`: gets the real servers that tests lean on, and says what could not be had, why, and what to do.

Run from the project's folder with nothing installed but Python: `python3 -m tests.servers.get --help`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module, reload
from pathlib import Path
from typing import Final

from tests.servers import grafana_types, influxdb, kafka
from tests.servers.process import SERVERS

HERE = Path(__file__).parent
EVERY_S: Final = {True: 0.5, False: 30.0}
"""Seconds between two signs of life, on a terminal and elsewhere."""
_CLEAR: Final = "\r\x1b[K"


class Cannot(Exception):
    """This server cannot be had; the text says why and what to do."""


DEBIAN: Final[Mapping[str, Sequence[str]]] = {
    "mosquitto": ("mosquitto", "mosquitto-clients"),
    "chromium": ("chromium",),
    "postgresql": ("postgresql",),
    "compose": ("docker-compose",),
    "influxdb1": ("influxdb",),
}
NAMES: Final = (*DEBIAN, "influxdb", "kafka", "grafana_types")


def version(name: str) -> str | None:
    """As the tests will find it, now."""
    found: str | None = reload(import_module(f"tests.servers.{name}")).version()
    return found


def get(name: str) -> None:
    """Get one that is missing. Raises `Cannot`."""
    if name in DEBIAN:
        from_debian(name)
    elif name == "influxdb":
        build_influxdb()
    elif name == "kafka":
        fetch_kafka()
    else:
        fetch_grafana_types()


def from_debian(name: str) -> None:
    packages = DEBIAN[name]
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise Cannot(f"there is no apt-get here; install {' and '.join(packages)} in your system's way")
    if os.geteuid() != 0:
        raise Cannot(f"needs root; run: sudo {' '.join(install)}")
    _update(name)
    _run(name, install, {"DEBIAN_FRONTEND": "noninteractive"})


@cache
def _update(name: str) -> None:
    _run(name, ["apt-get", "update"])


def build_influxdb() -> None:
    _need("go", ["go", "version"], (1, 26))
    _need("cargo", ["cargo", "--version"], (1, 95))
    _need("gcc", ["gcc", "-dumpfullversion"], (8,))
    folder, program = SERVERS / "influxd-build", SERVERS / "bin" / f"influxd-{influxdb.VERSION}"
    _run("influxdb", ["sh", str(HERE / "influxdb-build.sh"), influxdb.VERSION, str(program), str(folder)])
    shutil.rmtree(folder)  # three gigabytes that nothing needs any more


def fetch_kafka() -> None:
    _need("java", ["java", "--version"], (17,))
    _need("mvn", ["mvn", "--version"], (3, 6))
    part = kafka.JARS.with_name(f"{kafka.JARS.name}.part")
    wanted = [f"-Dkafka.version={kafka.VERSION}", f"-DoutputDirectory={part}", "-DincludeScope=runtime"]
    maven = ["mvn", "--batch-mode", "--file", str(HERE / "kafka-pom.xml")]
    _run("kafka", [*maven, "dependency:copy-dependencies", *wanted])
    part.rename(kafka.JARS)


def fetch_grafana_types() -> None:
    """By a lock file with hashes; nothing of it is run but the compiler, by the test."""
    _need("node", ["node", "--version"], (18,))
    _need("npm", ["npm", "--version"], (9,))
    grafana_types.FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(grafana_types.LOCKED / name, grafana_types.FOLDER)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(grafana_types.FOLDER)]
    _run("grafana_types", npm)


def _need(tool: str, ask: Sequence[str], least: tuple[int, ...]) -> None:
    wanted = ".".join(map(str, least))
    if shutil.which(tool) is None:
        raise Cannot(f"{tool} {wanted} or newer is missing; install it and run this again")
    said = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(?:\.\d+)+", said)
    if found is None or tuple(map(int, found.group().split("."))) < least:
        raise Cannot(f"{tool} is {found.group() if found else 'broken'}; it takes {wanted} or newer")


def _run(name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run it with a sign of life; all that it says goes into a file."""
    log = SERVERS / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
        _watch(name, child, log)
    if child.returncode != 0:
        raise Cannot(f"`{' '.join(command)}` failed: {_last_line(log)} (all of it: {log})")


def _watch(name: str, child: subprocess.Popen[bytes], log: Path) -> None:
    terminal, start = sys.stdout.isatty(), time.monotonic()
    while True:
        try:
            child.wait(EVERY_S[terminal])
        except subprocess.TimeoutExpired:
            sign = f"{name}: {time.monotonic() - start:.0f} s  {_last_line(log)}"
            _say(f"{_CLEAR}{sign[:100]}" if terminal else f"{sign}\n")
        else:
            break
    _say(f"{_CLEAR * terminal}{name}: {time.monotonic() - start:.0f} s\n")


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make servers", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--only", action="append", choices=NAMES, help="this one; may be given again")
    wanted = parser.parse_args(arguments).only or NAMES
    SERVERS.mkdir(parents=True, exist_ok=True)
    with (SERVERS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second one waits and then finds everything there
        reasons = dict(_attempt(name) for name in wanted)
    for name, reason in reasons.items():
        _say(f"{name:<13} {version(name) or 'missing':<15} {reason}\n")
    return 1 if any(reasons.values()) else 0


def _attempt(name: str) -> tuple[str, str]:
    """Name and why it is still missing, "" when it is there."""
    if version(name) is None:
        try:
            get(name)
        except Cannot as error:
            return name, str(error)
        if version(name) is None:
            return name, f"was fetched but does not run; see {SERVERS / 'log'}"
    return name, ""


_DESCRIPTION = (
    "Gets the servers that tests lean on: Mosquitto, Chromium, PostgreSQL, docker-compose and InfluxDB 1 from "
    "Debian, InfluxDB 2 built from its Go module (ten minutes, once), Kafka from Maven, Grafana's types from npm. What "
    "is there already is left alone."
)
_EPILOG = f"What Debian does not have goes to {SERVERS} (move it with SMARTCITY_SERVERS). Exit code 1: one is missing."

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
