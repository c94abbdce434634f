"""Where a pipeline is measured: a real broker before it, a load upon it, and every message accounted for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.broker import command
from tests.servers.process import Process, accepts, free_port, wait_for

from .load import CannotMeasure, Confirmed, Load, Network, Publishing
from .machine import Meter, Use
from .pipeline import Pipeline

IDLE_S: Final = 15.0
"""Messages that have not come when nothing has come for so long are lost."""
MOST: Final = 0.98
"""The rate is taken when this share is stored: a peer's last batch waits until its flush interval is over."""
_LOOK_S: Final = 0.05
_PROBE_S: Final = 0.004

SERVERS: Final = ("broker", "store")

Tell = Callable[[int, int], None]
"""Told how many messages of how many are done."""


@contextmanager
def broker(folder: Path) -> Iterator[tuple[Process, int]]:
    """Mosquitto with the configuration that `smartcity run` gives it, on a free port."""
    port = free_port()
    process = Process(command("mosquitto", port, folder), folder, lambda: accepts(port))
    process.start()
    try:
        yield process, port
    finally:
        process.stop()


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. `stored`: rows of this run in the store. `rate`: messages a second. `latencies_ms`: of the probes."""

    load: Load
    confirmed: Confirmed
    stored: int
    rate: float
    seconds: float
    measured: int
    use: Use
    latencies_ms: list[float]
    faults: str

    @property
    def lost(self) -> int:
        """Confirmed by the broker and not in the store; below zero when something is there twice."""
        return self.confirmed.confirmed - self.stored

    def cpu_us(self, process: str) -> float | None:
        """Microseconds of CPU that a message cost this process; None where there is no such process."""
        used = self.use.cpu_s.get(process)
        return None if used is None else used / self.measured * 1e6

    @property
    def pipeline(self) -> list[str]:
        """Names of the processes that are measured: all but the servers before and behind them."""
        return [name for name in self.use.cpu_s if name not in SERVERS]

    @property
    def pipeline_cpu_us(self) -> float:
        """Microseconds of CPU that a message cost all of them together."""
        return sum(self.cpu_us(name) or 0.0 for name in self.pipeline)


class Rig:
    """A broker and a pipeline. Every load through it has message numbers of its own, so no frame comes twice."""

    def __init__(self, program: Path, served: tuple[Process, int], pipeline: Pipeline, idle_s: float = IDLE_S) -> None:
        self._program = program
        self._broker, self.port = served
        self.pipeline = pipeline
        self._idle_s = idle_s
        self._next = 0
        self._rows = 0

    def knock(self, network: Network, devices: int) -> None:
        """Publish single messages until one comes through: the pipeline is subscribed, its store writes."""
        before = self.pipeline.taken()

        def comes_through() -> bool:
            self._publish(network, devices, 1)
            time.sleep(_LOOK_S)
            return self.pipeline.taken() > before

        self._wait(comes_through, "a first message")
        self._settle()

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        try:
            wait_for(condition, 60, f"{what} through {self.pipeline.name}")
        except TimeoutError as error:
            raise CannotMeasure(f"{error}; its log ends:\n{self.pipeline.log[-2000:]}") from error

    def _settle(self) -> None:
        """Wait until the single messages have come or are known to be lost, and count from there."""
        rows = -1
        while (now := self.pipeline.stored()) != rows:
            rows = now
            time.sleep(1.5)  # longer than a peer's flush interval
        self._rows = rows

    def _publish(self, network: Network, devices: int, count: int) -> Confirmed:
        with Publishing(self._program, self.port, self.load(network, devices, count)) as publishing:
            return publishing.result()

    def load(self, network: Network, devices: int, count: int, rate: int = 0, probe_every: int = 0) -> Load:
        """A load with the next message numbers."""
        first, self._next = self._next, self._next + count
        return Load(network, devices, count, first, rate, probe_every)

    def live(self, load: Load, tell: Tell) -> Measured:
        """Publish while the pipeline takes."""
        before, meter = self.pipeline.taken(), self._meter()
        watch = _Watch(self.pipeline, load, before, self._idle_s)
        with Publishing(self._program, self.port, load) as publishing:
            watch.follow(lambda: publishing.ended, tell)
            confirmed = publishing.result()
        use = meter.read(confirmed.cpu_s)
        return self._account(watch, confirmed, use, load.count)

    def drain(self, load: Load, tell: Tell) -> Measured:
        """Publish while the pipeline is away, then start it; measured from its first message on."""
        self.pipeline.stop()
        before = self.pipeline.taken()
        with Publishing(self._program, self.port, load) as publishing:
            confirmed = publishing.result()
        self.pipeline.start()
        wait_for(
            lambda: self.pipeline.taken() > before, 60, f"the first message of the backlog in {self.pipeline.name}"
        )
        meter, watch = self._meter(), _Watch(self.pipeline, load, before, self._idle_s)
        watch.follow(lambda: True, tell)
        use = meter.read(0.0)
        return self._account(watch, confirmed, use, max(1, watch.done - watch.had))

    def _meter(self) -> Meter:
        return Meter({"broker": self._broker.pid, **self.pipeline.pids()})

    def _account(self, watch: _Watch, confirmed: Confirmed, use: Use, measured: int) -> Measured:
        rows = self.pipeline.stored()
        stored, self._rows = rows - self._rows, rows
        faults = self.pipeline.faults() if stored != confirmed.confirmed else ""
        return Measured(
            watch.load, confirmed, stored, watch.rate, watch.seconds, measured, use, watch.latencies_ms, faults
        )


class _Watch:
    """Follows a load into the store: how many are done, and how long each probe took until it could be queried."""

    def __init__(self, pipeline: Pipeline, load: Load, before: int, idle_s: float) -> None:
        self.load = load
        self.latencies_ms: list[float] = []
        self._pipeline = pipeline
        self._before = before
        self._idle_s = idle_s
        self._began = self._grown = self._published = time.monotonic()
        self._most: tuple[int, float] | None = None
        self._newest_ms = time.time_ns() // 1_000_000
        self.done = self.had = pipeline.taken() - before

    @property
    def seconds(self) -> float:
        """From the beginning until something was last done."""
        return self._grown - self._began

    @property
    def rate(self) -> float:
        """Messages a second until most were done, or until the last that came."""
        done, at = self._most or (self.done, self._grown)
        return (done - self.had) / max(at - self._began, 1e-3)

    def follow(self, ended: Callable[[], bool], tell: Tell) -> None:
        """Look until all is done, or until nothing has come for too long after the load has ended."""
        next_look = self._began
        while not self._is_complete():
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _LOOK_S
                self._count(now)
                tell(self.done, self.load.count)
                if not ended():
                    self._published = now
                elif now - max(self._grown, self._published) > self._idle_s:
                    return
            self._probe()
            time.sleep(_PROBE_S if self.load.probes else _LOOK_S / 5)

    def _count(self, now: float) -> None:
        done = self._pipeline.taken() - self._before
        if done != self.done:
            self.done, self._grown = done, now
        if self._most is None and done >= MOST * self.load.count:
            self._most = (done, now)

    def _probe(self) -> None:
        if len(self.latencies_ms) >= self.load.probes:
            return
        times = self._pipeline.probe_times(self.load.network, self.load.devices, self._newest_ms)
        now_ms = time.time_ns() / 1e6
        self.latencies_ms += [now_ms - at for at in times]
        self._newest_ms = max(times, default=self._newest_ms)

    def _is_complete(self) -> bool:
        return self.done >= self.load.count and len(self.latencies_ms) >= self.load.probes


def checked(measured: Measured) -> Measured:
    """The same, when every confirmed message is stored once. Raises `CannotMeasure` else: there is no such speed."""
    if measured.lost:
        word = f"{measured.lost} messages are lost" if measured.lost > 0 else f"{-measured.lost} rows are too many"
        known = f"; it knows of {measured.faults}" if measured.faults else ""
        raise CannotMeasure(f"{word}: {measured.confirmed.confirmed} confirmed, {measured.stored} stored{known}")
    return measured
