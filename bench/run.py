"""`make bench` and `make bench-peer`: measures on this machine, prints one table and writes `bench.json`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tests.servers import influxdb, mosquitto
from tests.servers.influxdb import Influxdb

from . import load, machine, peer, report, scenarios, turns
from .load import CannotMeasure
from .rig import Tell
from .scenarios import Plan, Run

SIZES: Final = (100, 1_000, 10_000, 100_000)
_ERRORS: Final = Console(stderr=True)


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for. Exit code 1: something is missing, or a message was lost or doubled."""
    given = _parser().parse_args(arguments)
    given.store = given.store or ["embedded", "influxdb"]
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, _telling() as progress:
            _need_servers(given.what, given.store)
            plan = Plan(load.build(Path(folder)), given.devices, given.seconds, given.rates, progress)
            runs, more = _measure(plan, given)
    except CannotMeasure as error:
        _ERRORS.print(f"bench: {error}", highlight=False)
        return 1
    _report(runs, more, given.output)
    return 0


def _measure(plan: Plan, given: argparse.Namespace) -> tuple[list[Run], dict[str, Any]]:
    ceilings = scenarios.ceilings(plan)
    with ExitStack() as stack:
        runs = [_beside(run, ceilings) for run in _runs(plan, given, stack)]
    more: dict[str, Any] = {"ceiling_per_s": {network: round(rate) for network, rate in ceilings.items()}}
    if given.what in {"all", "stores"} and (beyond := _beyond_reach(plan, runs)):
        more["steady_rates_beyond_reach"] = beyond
    if given.what == "peer":
        more["ours_to_peer"] = {name: round(ratio, 3) for name, ratio in turns.ratios(runs).items()}
    return runs, more


def _runs(plan: Plan, given: argparse.Namespace, stack: ExitStack) -> Iterator[Run]:
    if given.what == "peer":
        peer.program()
        yield from turns.in_turn(plan, stack.enter_context(influxdb.running()), given.turns)
        return
    if given.what in {"all", "stores"}:
        for store in given.store:
            server: Influxdb | None = stack.enter_context(influxdb.running()) if store == "influxdb" else None
            yield from scenarios.whole(plan, server)
    if given.what in {"all", "scaling"}:
        yield from (replace(run, scenario="scaling") for run in scenarios.scaling(plan, given.sizes))


def _beyond_reach(plan: Plan, runs: Sequence[Run]) -> dict[str, list[int]]:
    """The steady rates that were asked for and left out, by pipeline."""
    tried = {name: {run.asked for run in runs if run.pipeline == name} for name in {run.pipeline for run in runs}}
    missing = {name: [rate for rate in plan.rates if rate not in asked] for name, asked in sorted(tried.items())}
    return {name: rates for name, rates in missing.items() if rates}


def _beside(run: Run, ceilings: dict[load.Network, float]) -> Run:
    return replace(run, ceiling=None if run.asked else ceilings[run.measured.load.network])


def _report(runs: list[Run], more: dict[str, Any], output: Path) -> None:
    console, about = Console(width=None if sys.stdout.isatty() else 230), machine.describe()
    report.show(console, about, runs)
    console.print("; ".join(f"{name}: {value}" for name, value in more.items()), highlight=False)
    if scaled := [run for run in runs if run.scenario == "scaling"]:
        console.print("CPU of the pipeline a message, by devices:\n" + report.chart(scaled), highlight=False)
    report.write(output, about, more, runs)
    console.print(f"All numbers: {output}", highlight=False)


@contextmanager
def _telling() -> Iterator[Callable[[str], Tell]]:
    """Progress: a bar on a terminal, else one line a step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_ERRORS, transient=True, disable=not _ERRORS.is_terminal) as bars:
        task = bars.add_task("starting", total=1)

        def step(what: str) -> Tell:
            if not _ERRORS.is_terminal:
                _ERRORS.print(what, highlight=False)
            return lambda done, total: bars.update(task, description=what, completed=done, total=total)

        yield step


def _need_servers(what: str, stores: Sequence[str]) -> None:
    """Raises `CannotMeasure` for a server that is missing."""
    if mosquitto.version() is None:
        raise CannotMeasure("Mosquitto is missing; `make servers` gets it")
    if (what == "peer" or (what != "scaling" and "influxdb" in stores)) and influxdb.version() is None:
        raise CannotMeasure("InfluxDB is missing; `make servers` gets it, or take only --store embedded")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("all", "stores", "scaling", "peer"), default="all")
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long one run takes (default 5)")
    parser.add_argument("--devices", type=int, default=10_000, help="devices that send (default 10000)")
    parser.add_argument("--store", action="append", choices=("embedded", "influxdb"), help="only this store")
    parser.add_argument("--rates", type=_numbers, default=(1_000, 5_000, 10_000), help="steady rates, e.g. 1000,5000")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="numbers of devices of the scaling runs")
    parser.add_argument("--turns", type=int, default=2, help="turns of ours and the peer (default 2)")
    parser.add_argument("--output", type=Path, default=Path("bench.json"), help="where the numbers go")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
