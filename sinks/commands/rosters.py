"""`devices import --from`: the device list of a network server into the registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import typer

from sinks.ports import Letters

from .dead_letters import replay
from .output import show, storage, write

if TYPE_CHECKING:
    from sinks.registry.rosters import Line

Server = Literal["things-stack", "chirpstack"]
"""As `sinks.registry.rosters` has it, which the command line can only load late."""
_REASON: Final = "observe/unknown_device"
_PAGE: Final = 5_000
_COLUMNS: Final = ("line", "dev_eui", "result", "model", "name", "reason")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a list is taken in. `models`: every name of a model to its key. `out`: where the sheet to fill in goes."""

    models: Mapping[str, str]
    organisation: str
    model: str
    out: Path | None


def import_roster(
    ctx: typer.Context, file: Path, server: Server, wanted: Wanted, *, dry_run: bool, as_json: bool
) -> None:
    """Add and rename devices as the list says, and say what became of each. Raises `Invalid` for what is no list."""
    from sinks.registry import rosters  # noqa: PLC0415 SQLAlchemy takes most of a second

    with file.open("rb") as opened:
        listed = rosters.read(opened.read(rosters.BYTES_MAX + 1), server)
    with closing(storage(ctx).open_registry()) as registry:
        snapshot = registry.snapshot()
        lines = rosters.propose(listed, snapshot, wanted.models, wanted.organisation, wanted.model)
        if not dry_run:
            rosters.apply(lines, registry, snapshot.revision)
    show([_row(line) for line in lines], _COLUMNS, as_json=as_json)
    replayed = 0 if dry_run else _take_in(ctx, lines)
    installed = {one.dev_eui for one in snapshot.installations if one.to_ms is None}
    bare = [line for line in lines if line.device and line.device.dev_eui not in installed]
    if wanted.out is not None:
        write(rosters.to_fill_in(bare), wanted.out)
    if not as_json:
        _tell(lines, bare, replayed, wanted.out, dry_run=dry_run)


def _row(line: Line) -> dict[str, Any]:
    listed, device = line.listed, line.device
    return {
        "line": listed.line,
        "dev_eui": device.dev_eui if device else listed.dev_eui,
        "result": line.verdict.value,
        "model": device.model if device else "",
        "name": device.name if device else listed.name,
        "lat": listed.lat,
        "lon": listed.lon,
        "reason": line.reason,
    }


def _take_in(ctx: typer.Context, lines: Sequence[Line]) -> int:
    """Replay what waited for the devices that are new; gives the number of messages."""
    added = {line.device.dev_eui for line in lines if line.device and line.verdict.value == "added"}
    with closing(storage(ctx).open_letters()) as letters:
        waiting = added & set(_devices(letters)) if added else added
    return sum(replay(ctx, reason=_REASON, device=dev_eui) for dev_eui in sorted(waiting))


def _devices(letters: Letters) -> Iterator[str]:
    after = 0
    while page := letters.dead_letters(reason=_REASON, after=after, limit=_PAGE):
        yield from (letter.device for letter in page if letter.device)
        after = page[-1].id or 0


def _tell(lines: Sequence[Line], bare: Sequence[Line], replayed: int, out: Path | None, *, dry_run: bool) -> None:
    counts = Counter(line.verdict.value for line in lines)
    said = ", ".join(f"{counts[result]} {result}" for result in ("added", "present", "changed", "left out"))
    typer.echo(f"{said}; nothing is changed yet: the same without --dry-run does it" if dry_run else said)
    if replayed:
        typer.echo(f"{replayed} messages that waited for them are replayed")
    if not bare:
        return
    placed = sum(line.listed.lat is not None for line in bare)
    typer.echo(f"{len(bare)} watch no bin or tree yet, {placed} of these have a position in the list:")
    if out is None:
        typer.echo("  --out FILE writes a sheet in which asset_id, kind, name, from and mount are to be filled in;")
    typer.echo(f"  smartcity devices import {out or 'FILE'} --dry-run takes it when they are")
