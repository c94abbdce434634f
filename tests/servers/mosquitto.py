"""Mosquitto from Debian, with any configuration: also with the one that the compose file mounts."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers.process import HOST, Process, accepts, free_port, wait_for

OPEN = "listener 1883\nallow_anonymous true\n"
"""Anybody on the machine may publish and subscribe; nothing is kept."""

_LISTENER = re.compile(r"^listener\s+(\d+).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """A running broker. `ports`: port in the configuration to port in fact; `port` is the first of them."""

    host: str
    ports: Mapping[int, int]
    process: Process

    @property
    def port(self) -> int:
        return next(iter(self.ports.values()))

    @property
    def pid(self) -> int:
        return self.process.pid

    def save(self) -> None:
        """Write sessions and what waits in them to its disk, now; a broker with persistence does so now and then."""
        saved = self.process.folder / "data" / "mosquitto.db"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        os.kill(self.pid, signal.SIGUSR1)
        wait_for(lambda: saved.exists() and saved.stat().st_mtime_ns > before, 10, "the broker's saved sessions")


@cache
def program() -> str | None:
    """Debian keeps it in /usr/sbin, which is not on everybody's path."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@cache
def version() -> str | None:
    """None also without the clients: tests publish with them as a network server would."""
    found = program()
    if found is None or shutil.which("mosquitto_pub") is None:
        return None
    said = subprocess.run([found, "-h"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"mosquitto version ([\d.]+)", said)
    return match.group(1) if match else None


@contextmanager
def running(config: str = OPEN, files: Mapping[str, str] | None = None) -> Iterator[Mosquitto]:
    """Run it with this configuration in a folder of its own.

    Listeners move to free loopback ports and paths under `/mosquitto/` into the folder. `files`: path under
    `/mosquitto/` to content, e.g. {"config/acl": "..."}.
    """
    found = program()
    if found is None:
        raise FileNotFoundError("mosquitto is missing; `make servers` gets it")
    with tempfile.TemporaryDirectory(prefix="mosquitto-") as name:
        folder = Path(name)
        for path, content in (files or {}).items():
            _write(folder / path, content)
        text, ports = _moved(config, folder)
        (folder / "mosquitto.conf").write_text(text)
        process = Process(
            [found, "-c", str(folder / "mosquitto.conf")], folder, lambda: all(map(accepts, ports.values()))
        )
        process.start()
        try:
            yield Mosquitto(HOST, ports, process)
        finally:
            process.stop()


def _moved(config: str, folder: Path) -> tuple[str, dict[int, int]]:
    ports = {int(port): free_port() for port in _LISTENER.findall(config)}
    text = _LISTENER.sub(lambda listener: f"listener {ports[int(listener[1])]} {HOST}", config)
    for data in ("data", "log"):
        (folder / data).mkdir(exist_ok=True)
    if os.geteuid() == 0 and not re.search(r"^user\s", text, re.MULTILINE):
        text = f"user root\n{text}"  # else it gives up its rights and cannot read our folder
    return text.replace("/mosquitto/", f"{folder}/"), ports


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o600)
