"""The load: the C program `generator.c`, built when it is needed, started and read."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import msgspec

Network = Literal["things_stack", "chirpstack"]

_SOURCE = Path(__file__).with_name("generator.c")


class CannotMeasure(Exception):
    """Something that a measurement needs is missing; the text says what and how to get it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to publish: `count` messages from number `first` on, `rate` a second (0: flat out).

    `probe_every`: after so many messages one comes from the probe, the device behind the last; 0 is never.
    """

    network: Network
    devices: int
    count: int
    first: int = 0
    rate: int = 0
    probe_every: int = 0

    @property
    def probes(self) -> int:
        """Number of messages among them that the probe sends."""
        return self.count // self.probe_every if self.probe_every else 0


class Confirmed(msgspec.Struct, frozen=True):
    """What the broker confirmed of a load. `bytes`: size of one message's body. `most_behind`: messages, when paced."""

    sent: int
    confirmed: int
    seconds: float
    cpu_s: float
    most_behind: int
    bytes: int


class Consumed(msgspec.Struct, frozen=True):
    """What a bare consumer received, and in which time from its first message to its last."""

    received: int
    seconds: float


def build(folder: Path) -> Path:
    """Compile the generator into this folder. Raises `CannotMeasure` without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise CannotMeasure("a C compiler is missing: install gcc, the load generator is a C program")
    program = folder / "generator"
    subprocess.run([compiler, "-O2", "-o", str(program), str(_SOURCE)], check=True)  # noqa: S603 our own source
    return program


class Publishing:
    """A load on its way to the broker. Ended with the block it was started for, whatever happens there."""

    def __init__(self, program: Path, port: int, load: Load) -> None:
        words = ["publish", "-p", port, "-k", load.network, "-n", load.count, "-d", load.devices, "-s", load.first]
        paced = ["-r", load.rate, "-x", load.probe_every]
        self._process = subprocess.Popen(  # noqa: S603 our own program
            [str(program), *map(str, words + paced)], stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def ended(self) -> bool:
        """Whether all is confirmed."""
        return self._process.poll() is not None

    def result(self) -> Confirmed:
        """Wait for the end. Raises `CannotMeasure` when the broker hung up."""
        out, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise CannotMeasure("the load generator lost the broker; see its message above")
        return msgspec.json.decode(out, type=Confirmed)


def ceiling(program: Path, port: int, load: Load) -> float:
    """Messages a second from first to last of a consumer that only acknowledges: what this broker can do here."""
    words = [str(program), "consume", "-p", str(port), "-n", str(load.count)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as consumer:  # noqa: S603 our own program
        if consumer.stdout is None or consumer.stdout.readline() != b"subscribed\n":
            raise CannotMeasure("the bare consumer could not subscribe")
        with Publishing(program, port, load) as publishing:
            publishing.result()
        consumed = msgspec.json.decode(consumer.stdout.read(), type=Consumed)
    return consumed.received / consumed.seconds
