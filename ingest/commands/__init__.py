"""The commands of this room, from `ingest` to `reprocess`. The door puts them into `smartcity`."""

from __future__ import annotations

import typer

from sinks.commands import devices

from . import adopt, again, codec, derive, frames, gaps, intake, journal, mapping


def add_to(app: typer.Typer) -> None:
    """Put this room's commands into the application."""
    app.add_typer(intake.ingest, name="ingest", epilog="Example: smartcity ingest --file messages.ndjson")
    intake.ingest.command("derive", epilog="Example: smartcity ingest derive --since 2026-01-01 --dry-run")(
        derive.derive
    )
    app.add_typer(journal.journal, name="journal")
    app.add_typer(codec.codec, name="codec")
    devices.command(
        "adopt", epilog="Example: smartcity devices adopt 24e124713b490001 --model EM400-MUD --organisation offenbach"
    )(adopt.adopt)
    app.command("gaps", epilog="Example: smartcity gaps --since 2026-01-01 --json")(gaps.gaps)
    app.command("simulate", epilog="Example: smartcity simulate --print 3")(frames.simulate)
    app.command("unwrap", epilog="Example: smartcity unwrap < messages.ndjson")(frames.unwrap)
    app.command(
        "map", epilog="Example: smartcity map --try message.json --device id --time ts --value distance_mm=level:cm"
    )(mapping.map_)
    app.command("replay", epilog="Example: smartcity replay --since 2026-01-01 --dry-run")(again.replay)
    app.command("reprocess", epilog="Example: smartcity reprocess --model EM400-MUD --since 2026-01-01 --dry-run")(
        again.reprocess
    )
