"""Ours and the peer in turn: the same messages through the same kind of broker into the same InfluxDB."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from tests.servers.influxdb import Influxdb

from .load import Network
from .peer import Telegraf
from .rig import Measured, Rig, broker, checked
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
    """Ours divided by the peer's, medians over the turns: rate, CPU of the pipeline and of the store."""
    flat = [run for run in runs if run.scenario == "flat out"]
    ours, peer = ([run for run in flat if ("Telegraf" in run.pipeline) is wanted] for wanted in (False, True))

    def of(number: Callable[[Measured], float]) -> float:
        mine, theirs = (median(number(run.measured) for run in group) for group in (ours, peer))
        return mine / theirs

    return {
        "rate": of(lambda measured: measured.rate),
        "cpu_pipeline": of(lambda measured: measured.pipeline_cpu_us),
        "cpu_store": of(lambda measured: measured.cpu_us("store") or 0.0),
    }
