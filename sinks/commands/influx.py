"""`influx`: an InfluxDB made ready, and looked after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from sinks.errors import Invalid, Refused, Unavailable
from sinks.storage import InfluxSettings, read_secret

from .migrate import migrate
from .output import Json, show, storage

if TYPE_CHECKING:
    from sinks.influxdb.connection import Tokens

Right = Literal["write", "read"]
_RIGHTS: Final[tuple[Right, ...]] = ("write", "read")
_FAILED: Final = 1

influx = typer.Typer(
    no_args_is_help=True, help="InfluxDB: made ready, looked after, and brought to the present data model."
)

influx.command(
    "migrate",
    epilog="Example: smartcity influx migrate --from-url http://old:8086 --from iot/autogen "
    "--from-token-file old-token --into smartcity --dry-run",
)(migrate)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(influx, name="influx")


@influx.command("setup", epilog="Example: smartcity influx setup --admin-token-file .secrets/influxdb_admin_token")
def set_up(
    ctx: typer.Context,
    admin_token_file: Annotated[
        Path,
        typer.Option(help="Holds the operator's token, on 1.x user:password; an empty server takes it as its own."),
    ],
    password_file: Annotated[
        Path | None, typer.Option(help="Holds the first user's password, for an empty server; 1.x needs none.")
    ] = None,
    user: Annotated[str, typer.Option(help="Name of the first user, for an empty server.")] = "admin",
    retention_days: Annotated[int, typer.Option(min=0, help="Rows older than this go; 0 keeps them for ever.")] = 0,
) -> None:
    """Make bucket and tokens with the least rights, and write the tokens to the files that the settings name.

    May be done again at any time: what is there and works stays as it is.
    """
    from sinks.influxdb.setup import onboard, prepare  # noqa: PLC0415 the client is only needed here

    settings = storage(ctx).store.influxdb
    files = _token_files(settings)
    admin = settings.connect(read_secret(admin_token_file))
    if onboard(admin, user, None if password_file is None else read_secret(password_file)):
        typer.echo(f"{settings.url} was empty; it has its first user now")
    held = _held(files)
    tokens = prepare(admin, retention_days, held)
    typer.echo(f"bucket {settings.bucket} keeps its rows {_how_long(retention_days)}")
    if tokens == held:
        typer.echo("the tokens at hand work and stay")
        return
    for right, file in files.items():
        _keep(file, getattr(tokens, right))
        typer.echo(f"a new token to {right} is in {file}")


@influx.command("check", epilog="Example: smartcity influx check --retention-days 730 --json")
def check(
    ctx: typer.Context,
    retention_days: Annotated[
        int | None, typer.Option(min=0, help="What the bucket should keep its rows for; 0 is for ever.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try every token that the settings name, how long rows are kept, what InfluxQL finds, and the types of the fields.

    Exit code 1, with what to mend, when a token may too little or too much, or the bucket is not as it should be.
    """
    settings = storage(ctx).store.influxdb
    rights = [right for right in _RIGHTS if settings.has(right)]
    if not rights:
        raise Invalid("no token to check: set store.influxdb.write_token_file or store.influxdb.read_token_file")
    rows = [_checked(settings, right, retention_days) for right in rights]
    show(rows, ["right", "ok", "server", "keeps", "text"], as_json=as_json)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(_FAILED)


def _checked(settings: InfluxSettings, right: Right, retention_days: int | None) -> dict[str, str | bool]:
    from sinks.influxdb.audit import kept_days, reader_faults, version, writer_faults  # noqa: PLC0415 as above

    server = keeps = ""
    try:
        connection = settings.connection(right)
        server = version(connection)
        faults = writer_faults(connection) if right == "write" else reader_faults(connection)
        if right == "read":
            kept = kept_days(connection)
            keeps = "" if kept is None else _how_long(kept)
            faults += _retention_faults(kept, retention_days)
    except (Refused, Unavailable) as error:
        faults = [str(error)]
    return {"right": right, "ok": not faults, "server": server, "keeps": keeps, "text": " ".join(faults)}


def _retention_faults(kept: float | None, wanted: int | None) -> list[str]:
    if kept is None or wanted is None or kept == wanted:
        return []
    mended = f"smartcity influx setup --retention-days {wanted}"
    return [f"rows are kept {_how_long(kept)} and should be {_how_long(wanted)}: {mended} changes it"]


def _how_long(days: float) -> str:
    return f"for {days:g} days" if days else "for ever"


def _token_files(settings: InfluxSettings) -> dict[Right, Path]:
    files: dict[Right, Path] = {}
    for right in _RIGHTS:
        file: Path | None = getattr(settings, f"{right}_token_file")
        if file is None:
            raise Invalid(f"say where the token to {right} goes: set store.influxdb.{right}_token_file")
        files[right] = file
    return files


def _held(files: Mapping[Right, Path]) -> Tokens | None:
    from sinks.influxdb.connection import Tokens  # noqa: PLC0415 as above

    found = {right: read_secret(file) for right, file in files.items() if file.exists()}
    return Tokens(**found) if all(found.get(right) for right in _RIGHTS) else None


def _keep(file: Path, secret: str) -> None:
    """Whole or not at all; its owner may write and its group may read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=file.parent, delete=False) as new:
            new.write(secret)
        Path(new.name).chmod(0o640)
        Path(new.name).replace(file)
    except OSError as error:
        raise Refused(f"the token cannot be written to {file}: {error.strerror}") from error
