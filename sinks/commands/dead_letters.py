"""`dead-letters`: messages that could not be stored, why, and how they get in after all."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from msgspec.structs import replace

from sinks.errors import Invalid
from sinks.model import DeadLetter

from .output import Json, Out, now_ms, show, storage, write

_PAGE: Final = 500

dead_letters = typer.Typer(no_args_is_help=True, help="Messages that could not be stored, and why.")


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(dead_letters, name="dead-letters")


@dead_letters.command("list", epilog="Example: smartcity dead-letters list --reason observe/unknown_device")
def list_letters(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Reasons that begin with this.")] = "",
    device: Annotated[str, typer.Option(help="Only of this device.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """List open dead letters, oldest first, and how many there are by reason."""
    with closing(storage(ctx).open_letters()) as letters:
        found = letters.dead_letters(reason=reason, device=device, limit=limit)
        totals = letters.dead_letter_counts()
    show([_described(letter) for letter in found], ["id", "created", "reason", "device", "detail"], as_json=as_json)
    if not as_json:
        for name, number in totals.items():
            typer.echo(f"{number} open: {name}")


@dead_letters.command("show", epilog="Example: smartcity dead-letters show 1")
def show_letter(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Show one dead letter with its message."""
    with closing(storage(ctx).open_letters()) as letters:
        letter = letters.dead_letter(number)
    if letter is None:
        raise Invalid(f"there is no dead letter {number}; `smartcity dead-letters list` shows what there is")
    typer.echo(json.dumps(_described(letter) | _message(letter), ensure_ascii=False, indent=1))


@dead_letters.command("replay", epilog="Example: smartcity dead-letters replay --reason decode/")
def replay_letters(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Reasons that begin with this.")] = "",
    device: Annotated[str, typer.Option(help="Only of this device.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many; replay none.")] = False,
) -> None:
    """Send dead letters the whole way again, e.g. after a device was added or a decoder was mended."""
    if not (reason or device):
        raise typer.BadParameter("name a --reason or a --device; `smartcity dead-letters list` shows what there is")
    if dry_run:
        typer.echo(f"{len(_all(ctx, reason, device))} messages would be replayed")
        return
    typer.echo(f"{replay(ctx, reason=reason, device=device)} messages replayed; a running intake takes them at once")


@dead_letters.command("export", epilog="Example: smartcity dead-letters export --out letters.ndjson")
def export_letters(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Reasons that begin with this.")] = "",
    device: Annotated[str, typer.Option(help="Only of this device.")] = "",
    out: Out = None,
) -> None:
    """Write open dead letters as JSON lines, which `smartcity unwrap` and `smartcity ingest --file` read."""
    lines = [json.dumps(_described(x) | _message(x), ensure_ascii=False) for x in _all(ctx, reason, device)]
    write("".join(f"{line}\n" for line in lines).encode(), out)


def _all(ctx: typer.Context, reason: str, device: str) -> list[DeadLetter]:
    found: list[DeadLetter] = []
    with closing(storage(ctx).open_letters()) as letters:
        while page := letters.dead_letters(
            reason=reason, device=device, after=found[-1].id or 0 if found else 0, limit=_PAGE
        ):
            found += page
    return found


def replay(ctx: typer.Context, *, reason: str, device: str) -> int:
    """Append their messages to the journal again, each once, then close the letters; gives the number of messages.

    A crash in between leaves the letters open: replaying again is harmless, what was stored then is a duplicate.
    """
    letters = _all(ctx, reason, device)
    messages = list({letter.offset: letter.envelope for letter in letters}.values())
    if not letters:
        return 0
    with closing(storage(ctx).open_appender()) as journal, closing(storage(ctx).open_letters()) as kept:
        journal.append([replace(e, flags=tuple(dict.fromkeys((*e.flags, "replay")))) for e in messages])
        kept.mark_replayed([letter.id for letter in letters if letter.id is not None], now_ms())
    return len(messages)


def _described(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "created": datetime.fromtimestamp((letter.created_ms or 0) / 1000, UTC).isoformat(timespec="seconds"),
        "reason": letter.reason,
        "detail": letter.detail,
        "device": letter.device,
        "offset": letter.offset,
    }


def _message(letter: DeadLetter) -> dict[str, Any]:
    """The message in the form that can be read back: JSON as it is, text as text, the rest in base64."""
    e = letter.envelope
    known: dict[str, Any] = {
        "source": e.source,
        "topic": e.topic,
        "network": e.network,
        "arrived_at": datetime.fromtimestamp(e.arrived_ns / 1e9, UTC).isoformat(),
    }
    try:
        text = e.body.decode()
    except UnicodeDecodeError:
        return known | {"base64": base64.b64encode(e.body).decode()}
    try:
        return known | {"body": json.loads(text, parse_constant=_no_constant)}
    except ValueError:
        return known | {"text": text}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
