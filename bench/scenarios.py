"""What is tried: flat out, at a steady pace, a backlog, and the same with more and more devices."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.influxdb import Influxdb

from . import load as loads
from .city import register
from .load import Network
from .ours import Ours
from .rig import IDLE_S, Measured, Rig, Tell, broker, checked

NETWORKS: Final[tuple[Network, Network]] = ("things_stack", "chirpstack")
PROBES_PER_S: Final = 25
FEWEST: Final = 2_000
MOST: Final = 150_000
"""Messages of one run: the broker's queue holds 200,000, and what waits there is in memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario of a pipeline as measured. `asked`: messages a second, 0 flat out. `ceiling`: the bare consumer's."""

    pipeline: str
    scenario: str
    asked: int
    measured: Measured
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. `seconds`: of one run. `rates`: of the steady runs. `progress`: makes one run's teller."""

    program: Path
    devices: int
    seconds: float
    rates: Sequence[int]
    progress: Callable[[str], Tell]


@contextmanager
def our_rig(plan: Plan, devices: int, server: Influxdb | None, idle_s: float = IDLE_S) -> Iterator[Rig]:
    """Ours before an empty store, subscribed and warm, with so many devices registered."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        with broker(folder / "broker") as served:
            bucket = None if server is None else server.fresh_bucket()
            with closing(Ours(folder / "data", served[1], bucket)) as ours:
                register(ours.storage, devices)
                ours.start()
                rig = Rig(plan.program, served, ours, idle_s)
                rig.knock("things_stack", devices)
                yield rig


def ceilings(plan: Plan) -> dict[Network, float]:
    """What the broker can do at all, by network: a consumer that only acknowledges."""
    found: dict[Network, float] = {}
    for network in NETWORKS:
        plan.progress(f"bare consumer, {network}")(0, 1)
        with tempfile.TemporaryDirectory(prefix="bench-") as name, broker(Path(name)) as (_, port):
            load = loads.Load(network, plan.devices, min(MOST, max(FEWEST, int(plan.seconds * 15_000))))
            found[network] = loads.ceiling(plan.program, port, load)
    return found


def warm_rate(plan: Plan, rig: Rig, network: Network, devices: int) -> float:
    """About how many messages a second it takes: from a first run, in which every device sends.

    In a store a device's first row ever costs several times as much as all others.
    """
    told = plan.progress(f"{rig.pipeline.name}: {network}, warming up")
    return checked(rig.live(rig.load(network, devices, max(FEWEST, devices)), told)).rate


def bounded(rate: float, seconds: float) -> int:
    """Messages that take about so long at this rate, within bounds."""
    return min(MOST, max(FEWEST, int(rate * seconds)))


def flat_out(plan: Plan, rig: Rig, network: Network, devices: int) -> Run:
    """As fast as the broker takes them, while the pipeline follows."""
    count = bounded(warm_rate(plan, rig, network, devices), plan.seconds)
    told = plan.progress(f"{rig.pipeline.name}: {network}, flat out")
    return Run(rig.pipeline.name, "flat out", 0, checked(rig.live(rig.load(network, devices, count), told)))


def steady(plan: Plan, rig: Rig, network: Network, rate: int) -> Run:
    """At a steady rate, with probes for the time from publishing to a row that can be queried."""
    load = rig.load(network, plan.devices, int(rate * plan.seconds), rate, max(1, rate // PROBES_PER_S))
    told = plan.progress(f"{rig.pipeline.name}: {network}, {rate}/s")
    return Run(rig.pipeline.name, "steady", rate, checked(rig.live(load, told)))


def backlog(plan: Plan, rig: Rig, network: Network, rate: float) -> Run:
    """What gathered in the broker while the pipeline was away."""
    load = rig.load(network, plan.devices, bounded(rate, plan.seconds))
    told = plan.progress(f"{rig.pipeline.name}: {network}, backlog")
    return Run(rig.pipeline.name, "backlog", 0, checked(rig.drain(load, told)))


def whole(plan: Plan, server: Influxdb | None) -> Iterator[Run]:
    """Everything for one store. A steady rate beyond what flat out reached is left out: its queue would only grow."""
    with our_rig(plan, plan.devices, server) as rig:
        reached = 0.0
        for network in NETWORKS:
            run = flat_out(plan, rig, network, plan.devices)
            reached = max(reached, run.measured.rate)
            yield run
        for rate in plan.rates:
            if rate <= reached:
                yield steady(plan, rig, "things_stack", rate)
        yield backlog(plan, rig, "things_stack", reached)


def scaling(plan: Plan, sizes: Sequence[int]) -> Iterator[Run]:
    """Flat out into the embedded store with more and more devices: the cost of a message should stay the same."""
    for devices in sizes:
        plan.progress(f"registering {devices} devices")(0, 1)
        with our_rig(plan, devices, None) as rig:
            yield flat_out(plan, rig, "things_stack", devices)
