"""`devices`: those of the registry, with the commands that know decoders."""

from __future__ import annotations

import json

import typer

import decoders
from decoders.batch import describe
from ingest.javascript.decoder import opened
from sinks.commands.output import Json, show
from sinks.commands.registry import devices

from .adopt import adopt
from .given import Given


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(devices, name="devices")


@devices.command("models", epilog="Example: smartcity devices models --json")
def models(ctx: typer.Context, as_json: Json = False) -> None:
    """List every model that can be decoded, by us or by a codec of the settings."""
    given: Given = ctx.obj.settings
    with opened(given.codecs) as own:
        known = [describe(decoder) for decoder in (*decoders.all_decoders().values(), *own.values())]
    if as_json:
        typer.echo(json.dumps(known, ensure_ascii=False, indent=1))
        return
    joined = [m | {"models": ", ".join(m["models"]), "ports": " ".join(map(str, m["ports"]))} for m in known]
    show(joined, ["key", "vendor", "models", "kind", "ports"], as_json=False)


devices.command(
    "adopt", epilog="Example: smartcity devices adopt 24e124713b490001 --model EM400-MUD --organisation offenbach"
)(adopt)
