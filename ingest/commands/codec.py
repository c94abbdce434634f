"""`codec check`: what to think of a JavaScript codec before devices are registered by it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ingest.javascript.check import Subject
from ingest.javascript.check import check as findings
from ingest.javascript.decoder import script_file, script_text
from ingest.javascript.engine import Engine, script
from ingest.javascript.mapping import plan
from ingest.javascript.repository import Definition, codec_file, definition
from sinks.commands.output import Json, show

from .given import Given

codec = typer.Typer(no_args_is_help=True, help="Codecs in JavaScript that the settings name, or may name.")


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(codec, name="codec")


@codec.callback()
def group() -> None:
    """Codecs in JavaScript that the settings name, or may name."""


@codec.command("check", epilog="Example: smartcity codec check acme-bin.js --examples acme-bin-codec.yaml")
def check(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A .js file, or the name of a codec in the settings.")],
    examples: Annotated[
        Path | None, typer.Option(help="Its examples: a codec's .yaml of the device repository.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Load a codec, run its examples, cut each frame short, and say what it would accept wrongly.

    Exit code 1 when it does not load or differs from its examples. Warnings tell what to know before it is used: with a
    codec of the settings they are of the quantities that would be stored.
    """
    given: Given = ctx.obj.settings
    declared = given.codecs.get(file)
    known = Definition(Path(file), ()) if examples is None else codec_file(examples)
    if declared is not None and declared.repository is not None and declared.model is not None and examples is None:
        known = definition(declared.repository, declared.model)
    text = script_text(Path(file) if declared is None else script_file(declared))
    with closing(Engine()) as engine:
        subject = Subject(engine, script(text), known.examples)
        if declared is not None:
            subject = subject._replace(plan=plan(declared), lengths=declared.lengths)
        rows = [{"subject": "examples", "verdict": "warning", "text": remark} for remark in known.remarks]
        rows += [asdict(finding) for finding in findings(subject)]
    show(rows, ("verdict", "subject", "text"), as_json=as_json)
    if any(row["verdict"] == "failed" for row in rows):
        raise typer.Exit(1)
