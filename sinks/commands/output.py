"""What the commands of this room share: how they are handed the stores, and how they print."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from sinks.errors import Invalid
from sinks.storage import Storage

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")]

_console = Console()


def storage(ctx: typer.Context) -> Storage:
    """The part of the settings that this room is handed."""
    kept: Storage = ctx.obj.settings.storage
    return kept


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Rows as a table of these columns, or whole as JSON."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    _console.print(table)


def write(content: bytes, out: Path | None) -> None:
    """Into a file, or to standard output as it is."""
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}") from error
