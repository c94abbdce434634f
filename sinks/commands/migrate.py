"""`influx migrate`: what an older bucket or an older data model holds, into a bucket of the present one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sinks.errors import Invalid
from sinks.ports import Written
from sinks.storage import InfluxSettings, read_secret

from .output import Json, now_ms, show, storage

if TYPE_CHECKING:
    from sinks.influxdb.connection import Connection
    from sinks.influxdb.migration import Checkpoint, Tally

_EVERY_S: Final = 5.0
"""Seconds between two signs of life."""


def migrate(
    ctx: typer.Context,
    into: Annotated[str, typer.Option(help="The bucket of the server in the settings that takes the rows.")],
    from_: Annotated[
        str | None, typer.Option("--from", help="The bucket to read, on 1.x database or database/policy.")
    ] = None,
    from_url: Annotated[str | None, typer.Option(help="Its server, when it is another one.")] = None,
    from_org: Annotated[str | None, typer.Option(help="Its organisation, when it is another one.")] = None,
    from_token_file: Annotated[
        Path | None, typer.Option(help="Holds a token that reads it, on 1.x user:password.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="Holds a token that may read and write the bucket that takes the rows.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare all, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take the rows of an older bucket, server or data model into a bucket, in the present data model.

    Without --from… it is the bucket of the settings, without --token-file the tokens of the settings. A frame that once
    was rows of bin_level or soil, device_status and link_quality becomes one row; device_status.age_s is left out. What
    the bucket has already is not written again, the source is never changed, and when cut it goes on where it was. Exit
    code 1 when a row or a field was left out.
    """
    from sinks.influxdb.migration import Checkpoint  # noqa: PLC0415 the client is only needed here

    settings = storage(ctx).store.influxdb
    source = _source(settings, from_url, from_org, from_, from_token_file)
    reads, writes = _target(settings, into, token_file)
    if dry_run:
        tally = _rehearse(source, reads)
    else:
        tally = _carry_out(source, reads, writes, Checkpoint.of(storage(ctx).data, source, reads))
    _report(tally, as_json=as_json, done="to write" if dry_run else "written")
    if tally.reasons or not tally.adds_up():
        raise typer.Exit(1)


def _source(
    settings: InfluxSettings, url: str | None, org: str | None, bucket: str | None, token_file: Path | None
) -> Connection:
    if url is not None and (bucket is None or token_file is None):
        raise Invalid("say what to read at that address: --from and --from-token-file")
    connection = settings.connection("read") if token_file is None else settings.connect(read_secret(token_file))
    return replace(connection, url=url or settings.url, org=org or settings.org, bucket=bucket or settings.bucket)


def _target(settings: InfluxSettings, bucket: str, token_file: Path | None) -> tuple[Connection, Connection]:
    """To read from it and to write into it."""
    if token_file is not None:
        connection = replace(settings.connect(read_secret(token_file)), bucket=bucket)
        return connection, connection
    if bucket != settings.bucket:
        raise Invalid(
            f"the tokens of the settings are for the bucket {settings.bucket}: "
            f"give one for {bucket} with --token-file, or name {bucket} in the settings"
        )
    return settings.connection("read"), settings.connection("write")


def _rehearse(source: Connection, reads: Connection) -> Tally:
    from sinks.influxdb.history import History  # noqa: PLC0415 as above
    from sinks.influxdb.migration import FIRST_MS, Tally, migrate  # noqa: PLC0415
    from sinks.influxdb.read import LAST_MS  # noqa: PLC0415
    from sinks.influxdb.session import Session  # noqa: PLC0415

    tally = Tally()
    with closing(Session(source)) as old, closing(Session(reads)) as new:
        rows = History(old).rows(FIRST_MS, LAST_MS)
        migrate(rows, History(new), lambda points: Written(len(points)), tally, _progress(tally), now_ms())
    return tally


def _carry_out(source: Connection, reads: Connection, writes: Connection, checkpoint: Checkpoint) -> Tally:
    from sinks.influxdb.history import History  # noqa: PLC0415 as above
    from sinks.influxdb.migration import migrate  # noqa: PLC0415
    from sinks.influxdb.read import LAST_MS  # noqa: PLC0415
    from sinks.influxdb.session import Session  # noqa: PLC0415
    from sinks.influxdb.write import InfluxStore  # noqa: PLC0415

    begin_ms, tally = checkpoint.resume()
    told = _progress(tally)

    def settled(through_ms: int) -> None:
        checkpoint.keep(through_ms, tally)
        told(through_ms)

    if tally.read:
        typer.echo(f"going on at {_moment(begin_ms)}", err=True)
    with closing(Session(source)) as old, closing(Session(reads)) as new, closing(InfluxStore(writes)) as store:
        rows = History(old).rows(begin_ms, LAST_MS)
        migrate(rows, History(new), store.write, tally, settled, now_ms())
    checkpoint.end()
    return tally


def _progress(tally: Tally) -> Callable[[int], None]:
    """Says now and then how far it has come."""
    next_s = time.monotonic() + _EVERY_S

    def told(through_ms: int) -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            next_s = time.monotonic() + _EVERY_S
            typer.echo(f"through {_moment(through_ms)}: {tally.read.total()} rows read", err=True)

    return told


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def _report(tally: Tally, *, as_json: bool, done: str) -> None:
    counts = {"read": tally.read, done: tally.written, "already there": tally.there, "rejected": tally.rejected}
    rows = [{"measurement": name, **{what: of[name] for what, of in counts.items()}} for name in sorted(tally.read)]
    rows.append({"measurement": "all", **{what: of.total() for what, of in counts.items()}})
    if as_json:
        why = [{"left_out": it, "count": tally.reasons[it], "example": tally.examples[it]} for it in tally.reasons]
        show([{"rows": rows, "left_out": why, "adds_up": tally.adds_up()}], [], as_json=True)
        return
    show(rows, ["measurement", *counts], as_json=False)
    for reason, count in sorted(tally.reasons.items()):
        typer.echo(f"left out {count} times: {reason} ({tally.examples[reason]})")
