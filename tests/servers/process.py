"""A real server as a test holds it: a child process on a loopback port with its data and log in one folder."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HOST = "127.0.0.1"
SERVERS = Path(os.environ.get("SMARTCITY_SERVERS") or Path.home() / ".cache" / "smartcity-servers")
"""Where `make servers` puts what Debian does not have."""


def free_port() -> int:
    """A port nobody listens on. Below the range of outgoing connections, so that it is still free after a restart."""
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 32000")


def accepts(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it holds; `TimeoutError` names what did not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.02)


class Process:
    """A server that is started again on the same port and data as often as a test kills it.

    `answers`: tells whether it serves; a server that ends before it does, or does not within `seconds`, fails with the
    end of its log.
    """

    def __init__(self, command: Sequence[str], folder: Path, answers: Callable[[], bool], seconds: float = 30) -> None:
        self.command = list(command)
        self.folder = folder
        self.answers = answers
        self.seconds = seconds
        self.environment: Mapping[str, str] = {**os.environ, "HOME": str(folder)}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.command[0]} is not running")
        return self._child.pid

    @property
    def log(self) -> str:
        return (self.folder / "process.log").read_text(errors="replace")

    def start(self) -> None:
        with (self.folder / "process.log").open("ab") as log:
            self._child = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            wait_for(self._ready, self.seconds, f"an answer of {self.command[0]}")
        except (TimeoutError, ChildProcessError) as error:
            self.kill()
            raise RuntimeError(f"{error}; its log ends:\n{self.log[-4000:]}") from error

    def _ready(self) -> bool:
        code = self._child.poll() if self._child else None
        if code is not None:
            raise ChildProcessError(f"{self.command[0]} ended with {code}")
        return self.answers()

    def stop(self, grace: float = 10) -> None:
        """End it in order; kill it when it does not end. Twice is once."""
        self._signal(signal.SIGTERM)
        if self._child is not None:
            try:
                self._child.wait(grace)
            except subprocess.TimeoutExpired:
                self.kill()
        self._child = None

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
        self._child = None

    def pause(self) -> None:
        """Stop its clock: it holds its connections and answers nobody until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            if number is signal.SIGTERM:
                self._child.send_signal(signal.SIGCONT)
            self._child.send_signal(number)
