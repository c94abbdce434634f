"""Ours and the peer in turn: the same messages through the same kind of broker into the same InfluxDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from tests.servers.influxdb import Influxdb

from .load import Network
from .peer import Telegraf
from .rig import Rig, broker, checked
from .scenarios import Plan, Run, bounded, our_rig, steady, warm_rate

NETWORK: Final[Network] = "things_stack"
PACE: Final = 1_000


@contextmanager
def peer_rig(plan: Plan, server: Influxdb, batch: int) -> Iterator[Rig]:
    """Telegraf before an empty bucket, subscribed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, broker(Path(name) / "broker") as served:
        telegraf = Telegraf(Path(name), served[1], server.fresh_bucket(), batch)
        telegraf.start()
        try:
            rig = Rig(plan.program, served, telegraf)
            rig.knock(NETWORK, plan.devices)
            yield rig
        finally:
            telegraf.stop()


def in_turn(plan: Plan, server: Influxdb, turns: int) -> Iterator[Run]:
    """Flat out, ours and the peer by turns with one number of messages; then both at a steady pace."""
    count = 0
    for _ in range(turns):
        with our_rig(plan, plan.devices, server) as rig:
            count = count or bounded(warm_rate(plan, rig, NETWORK, plan.devices), plan.seconds)
            yield _flat_out(plan, rig, count)
        with peer_rig(plan, server, batch=1000) as rig:
            yield _flat_out(plan, rig, count)
    with our_rig(plan, plan.devices, server) as rig:
        yield steady(plan, rig, NETWORK, PACE)
    with peer_rig(plan, server, batch=100) as rig:
        yield steady(plan, rig, NETWORK, PACE)


def _flat_out(plan: Plan, rig: Rig, count: int) -> Run:
    warm_rate(plan, rig, NETWORK, plan.devices)
    told = plan.progress(f"{rig.pipeline.name}: flat out")
    return Run(rig.pipeline.name, "flat out", 0, checked(rig.live(rig.load(NETWORK, plan.devices, count), told)))


def ratios(runs: Sequence[Run]) -> dict[str, float]:
    """Ours divided by the peer's, medians over the turns: rate, and CPU of the pipeline's own process a message."""
    flat = [run for run in runs if run.scenario == "flat out"]
    ours, peer = ([run for run in flat if ("Telegraf" in run.pipeline) is wanted] for wanted in (False, True))

    def of(process: str) -> float:
        mine, theirs = (median(run.measured.cpu_us(process) or 0.0 for run in group) for group in (ours, peer))
        return mine / theirs

    rates = [median(run.measured.rate for run in group) for group in (ours, peer)]
    return {"rate": rates[0] / rates[1], "cpu_pipeline": of("pipeline"), "cpu_store": of("store")}
