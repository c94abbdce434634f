"""`smartcity run`: the whole town on one machine, each part a process, and one tidy status on the terminal."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ingest import broker, status
from ingest.stopping import stopped_by_signals
from ingest.supervise import Child, Supervisor, port_is_free, wait_for_port
from sinks.errors import SinkError
from smartcity_settings import Settings, SettingsError, load

TERMINAL_S: Final = 1.0
LOG_S: Final = 10.0
_BROKER_S: Final = 5.0
_PARTS: Final[list[tuple[str, ...]]] = [("ingest", "receive"), ("ingest", "process"), ("ingest", "derive"), ("api",)]
"""Receiving and processing apart: whatever processing does, no source waits for it."""


class Busy(SettingsError):
    """A port or the data folder that the settings name is in use; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Town:
    """What `smartcity run` starts, from the settings that its processes will load too."""

    file: Path | None
    environment: Mapping[str, str]
    simulate: bool = True

    def run(self) -> None:
        """Run until Ctrl-C. Raises `Busy`, `SettingsError` or `NoBroker` before anything is started."""
        settings = load(self.file, self.environment).settings
        with _claimed(settings.data):
            self._check_ports(settings)
            supervisor = Supervisor(list(self._children(settings)))
            console = Console()
            console.print(f"Open Smart City sensors: http://localhost:{settings.api.port}  (Ctrl-C ends it)")
            if settings.broker.kind != "none":
                _start_broker(supervisor.children[0], settings.broker.port)
            stop = stopped_by_signals()
            with _screen(console) as show:
                screen = _Screen(settings, supervisor, show)
                supervisor.run(stop, screen.tick, TERMINAL_S if console.is_terminal else LOG_S)
            console.print("All ended; what was received is kept in", str(settings.data))

    def _check_ports(self, settings: Settings) -> None:
        if not port_is_free(settings.api.host, settings.api.port):
            raise Busy(
                f"port {settings.api.port} is in use: choose another, e.g. PORT={settings.api.port + 1} make run"
            )
        if settings.broker.kind != "none" and not port_is_free("127.0.0.1", settings.broker.port):
            port = settings.broker.port
            raise Busy(f"port {port} is in use: choose another for the broker, e.g. MQTT_PORT={port + 1} make run")

    def _children(self, settings: Settings) -> Iterator[Child]:
        if settings.broker.kind != "none":
            kind = broker.choose(settings.broker.kind)
            command = broker.command(kind, settings.broker.port, settings.data / "broker")
            yield Child("broker", command, self.environment, settings.data / "logs" / "broker.log")
        chosen = ["--config", str(self.file)] if self.file else []
        parts = [*_PARTS, ("simulate",)] if self.simulate else _PARTS
        for words in parts:
            command, name = [sys.executable, "-m", "smartcity", *chosen, *words], words[-1]
            yield Child(name, command, self.environment, settings.data / "logs" / f"{name}.log")


def _start_broker(child: Child, port: int) -> None:
    """First of all, so that nobody else has to try twice."""
    child.start()
    if not wait_for_port("127.0.0.1", port, _BROKER_S):
        child.end()
        raise Busy(f"the broker did not start; see {child.log}")


@contextmanager
def _claimed(data: Path) -> Iterator[None]:
    """The data folder is ours alone while we run: two on one folder would take each other's sessions."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "run.lock").open("w", encoding="ascii")
    except OSError as error:
        raise SettingsError(f"{data} cannot be written ({error.strerror}): choose another folder with DATA=") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"another smartcity runs on {data}: stop it, or choose another folder with DATA=") from None
        yield


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[Text], None]]:
    """Where the status goes: one place that is drawn again on a terminal, else a line each time."""
    if not console.is_terminal:
        yield lambda text: console.print(text.plain.splitlines()[0], soft_wrap=True)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda text: live.update(Group(text), refresh=True)


class _Screen:
    """Reads the accounting at each tick and shows it with the state of every process."""

    def __init__(self, settings: Settings, supervisor: Supervisor, show: Callable[[Text], None]) -> None:
        storage = settings.storage
        self._books = storage.open_accounting()
        self._sink = settings.store.kind
        self._supervisor, self._show = supervisor, show
        self._before: status.Status | None = None

    def tick(self) -> None:
        """Show how things stand now."""
        try:
            now = status.Status(time.monotonic(), self._books.account(self._sink))
        except SinkError as error:
            self._show(Text(str(error), style="red"))
            return
        text = Text(now.line(self._before))
        for child in self._supervisor.children:
            again = f" ({child.restarts} restarts)" if child.restarts else ""
            text.append(f"\n  {'running' if child.running else 'down':8} {child.name}{again}  {child.log}")
        self._before = now
        self._show(text)
