"""`python -m grafana.preview`: pictures of the boards, drawn from the answers of a running InfluxDB."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from grafana.__main__ import BOARDS
from grafana.technical import Language
from sinks.errors import SinkError
from smartcity_settings import SettingsError, environment, load

from .ask import answered, asking
from .expand import Ask, Json

USAGE: Final = 2
FAILED: Final = 1
app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


class CannotDraw(Exception):
    """There will be no picture; the text says what to do."""


@app.command(epilog="Example: python -m grafana.preview --board bins --choose city=offenbach --out pictures")
def preview(
    board: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(BOARDS)}; again for more. Else all.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of titles and words.")] = "de",
    out: Annotated[Path, typer.Option(help="Folder for the pictures, <board>-<language>.png.")] = Path(),
    choose: Annotated[
        list[str] | None, typer.Option(help="VARIABLE=VALUE of the board, e.g. city=offenbach; again for more.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="End of the time that is shown, UTC. Else now.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file; smartcity.toml when it is there.")] = None,
) -> None:
    """Draw boards as Grafana places them, from the same queries, asked of the InfluxDB of the settings.

    A preview: not Grafana's own picture, and each says so.
    """
    names, wanted = board or list(BOARDS), _wanted(choose or ())
    unknown = set(names) - set(BOARDS)
    if unknown:
        raise typer.BadParameter(f"there is no board {', '.join(sorted(unknown))}; there are {', '.join(BOARDS)}")
    to_ms = time.time_ns() // 1_000_000 if until is None else int(until.replace(tzinfo=UTC).timestamp()) * 1000
    settings = load(config, environment()).settings.store.influxdb
    with asking(settings.connection("read")) as ask:
        for name in names:
            file = out / f"{name}-{language}.png"
            draw(BOARDS[name](language).to_json(), to_ms, wanted, ask, file)
            typer.echo(file)


def draw(board: Json, to_ms: int, wanted: Mapping[str, Sequence[str]], ask: Ask, file: Path) -> None:
    """Ask, draw, save. `wanted`: values of the board's variables. Raises `CannotDraw` and what `ask` raises."""
    try:
        from .picture import picture, save  # noqa: PLC0415 an extra that only this command needs
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise CannotDraw(f"{package} is missing: pip install 'open-smartcity-sensors[preview]'") from None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save(picture(answered(board, to_ms, wanted, ask)), file)
    except ValueError as error:
        raise CannotDraw(str(error)) from error
    except OSError as error:
        raise CannotDraw(f"{file} cannot be written ({error.strerror}): choose another folder with --out") from error


def _wanted(choices: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for choice in choices:
        name, equals, value = choice.partition("=")
        if not equals:
            raise typer.BadParameter(f"--choose is VARIABLE=VALUE, e.g. city=offenbach, and not {choice}")
        found[name].append(value)
    return dict(found)


def main() -> None:
    """A failure is one sentence on standard error and an exit code."""
    try:
        app()
    except SettingsError as error:
        _fail(error, USAGE)
    except (SinkError, CannotDraw) as error:
        _fail(error, FAILED)


def _fail(error: Exception, code: int) -> None:
    typer.echo(f"grafana.preview: {error}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
