"""Several processes as one: started in order, started again when one dies, ended together.

Each child has a log file of its own. The terminal belongs to the status line.
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)
_LONG_ENOUGH_S: Final = 20.0
"""A child that lived this long did start; its restarts are counted anew."""
_RESTART_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_END_S: Final = 3.0


@dataclass(slots=True)
class Child:
    """One process: how it is started, and how often it had to be."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    next_start: float = 0.0

    def start(self) -> None:
        """Start it, in a session of its own: a Ctrl-C in the terminal reaches only us, and we end them in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 our own command line
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 one system call; we have no threads
            )
        self.started = time.monotonic()

    def end(self, within_s: float = 3.0) -> None:
        """Ask it to end; kill it when it does not in time."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def running(self) -> bool:
        """Whether the process is alive now."""
        return self.process is not None and self.process.poll() is None


def _end_with_parent() -> None:
    """Ask the kernel to end this child when its supervisor dies, however it dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Supervisor:
    """Children in the order of their start; they end in the reverse order."""

    children: list[Child] = field(default_factory=list)

    def run(self, stop: Event, tick: Callable[[], None], tick_s: float) -> None:
        """Start all, watch them until `stop`, calling `tick` every `tick_s`; then end all."""
        try:
            for child in self.children:
                if not child.running:
                    child.start()
            next_tick = 0.0
            while not stop.wait(0.2):
                self._restart_dead()
                if time.monotonic() >= next_tick:
                    tick()
                    next_tick = time.monotonic() + tick_s
        finally:
            self.end()

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.running:
                continue
            if not child.next_start:
                child.restarts = 0 if now - child.started > _LONG_ENOUGH_S else child.restarts
                child.next_start = now + _RESTART_S[min(child.restarts, len(_RESTART_S) - 1)]
            elif now >= child.next_start:
                child.restarts += 1
                child.next_start = 0.0
                child.start()

    def end(self) -> None:
        """End all, last started first; whoever does not end in time is killed."""
        deadline = time.monotonic() + _END_S
        for child in reversed(self.children):
            if child.process is not None and child.running:
                child.process.terminate()
        for child in reversed(self.children):
            child.end(max(0.1, deadline - time.monotonic()))


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_for_port(host: str, port: int, within_s: float) -> bool:
    """Whether something answers there before the time is up."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
