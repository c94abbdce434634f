"""`simulate` and `unwrap`: frames made here, and frames looked at."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import Annotated

import typer

from ingest import unwrap as unwrapping
from ingest.networks.table import with_mappings
from ingest.stopping import stopped_by_signals

from .given import Given


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.command("simulate", epilog="Example: smartcity simulate --print 3")(simulate)
    app.command("unwrap", epilog="Example: smartcity unwrap < messages.ndjson")(unwrap)


def simulate(
    ctx: typer.Context,
    print_: Annotated[int, typer.Option("--print", min=0, help="Print so many messages and end.")] = 0,
    speed: Annotated[float | None, typer.Option(min=0.1, max=10_000, help="How much faster than real time.")] = None,
) -> None:
    """Publish the real frames of a simulated fleet: 40 bins and 30 trees in Offenbach and Gießen."""
    from ingest import simulate as simulation  # noqa: PLC0415 only this command needs it

    given: Given = ctx.obj.settings
    fleet = simulation.fleet(given.simulate.seed)
    if print_:
        simulation.write_jsonl(sys.stdout, fleet, print_)
        return
    with closing(given.storage.open_registry()) as registry:
        simulation.register(registry, fleet)
    broker = next(iter(given.mqtt.values()))
    simulation.run(fleet, broker, speed or given.simulate.speed, stopped_by_signals())


def unwrap(ctx: typer.Context) -> None:
    """Read messages as JSON lines on standard input; print one line for each frame or event found in them.

    A line is {"topic": …, "network": …, "arrived_at": …, "body": …}; `text` or `base64` instead of `body` for what
    is not JSON. Nothing is kept.
    """
    given: Given = ctx.obj.settings
    known = with_mappings(given.mappings)
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            for result in unwrapping.unwrap_line(line, number, known):
                sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
