"""What the commands of this room share: how they are handed the stores, and how they print."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sinks.errors import Invalid
from sinks.storage import Storage

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")]


def storage(ctx: typer.Context) -> Storage:
    """The part of the settings that this room is handed."""
    kept: Storage = ctx.obj.settings.storage
    return kept


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Rows as aligned columns, one line each whatever its length, so that `grep` finds it; or whole, as JSON."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    lines = [list(columns), *([str("" if row[name] is None else row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def write(content: bytes, out: Path | None) -> None:
    """Into a file, or to standard output as it is."""
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}") from error
