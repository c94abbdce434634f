"""The door: the one command `smartcity`, and the only file that knows all rooms."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import decoders
from decoders.batch import decode_line
from decoders.model import RECEIVED_MS
from grafana.api import GrafanaError
from ingest.commands.given import finder
from ingest.javascript.settings import CodecError
from sinks.commands import output
from sinks.commands.later import later
from sinks.errors import SinkError
from sinks.storage import StoreKind
from smartcity_settings import Loaded, SettingsError, environment, in_force, load

USAGE: Final = 2
FAILED: Final = 1
ROOMS: Final = {
    "ingest": "ingest.commands.intake",
    "status": "ingest.show",
    "gaps": "ingest.commands.gaps",
    "devices": "ingest.commands.devices",
    "assets": "sinks.commands.registry",
    "organisations": "sinks.commands.registry",
    "keys": "sinks.commands.registry",
    "simulate": "ingest.commands.frames",
    "unwrap": "ingest.commands.frames",
    "map": "ingest.commands.mapping",
    "codec": "ingest.commands.codec",
    "journal": "ingest.commands.journal",
    "replay": "ingest.commands.again",
    "reprocess": "ingest.commands.again",
    "dead-letters": "sinks.commands.dead_letters",
    "influx": "sinks.commands.influx",
    "grafana": "grafana.commands",
}
"""Commands that stand in a room."""

app = typer.Typer(
    cls=later(ROOMS),
    name="smartcity",
    help="Bin and soil sensors of a city: received, kept, decoded, stored, published as open data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("open-smartcity-sensors"))
        raise typer.Exit


@app.callback()
def door(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Settings file; smartcity.toml when it is there.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version.")
    ] = False,
) -> None:
    """Bin and soil sensors of a city: received, kept, decoded, stored, published as open data."""
    ctx.obj = load(config, environment())
    level = ctx.obj.settings.log_level.upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in ("alembic", "aiokafka"):  # an up-to-date schema is no news, nor how a group shares out its work
        logging.getLogger(name).setLevel(logging.WARNING)


@app.command(epilog="Example: smartcity run --port 8001 --mqtt-port 1884 --data /tmp/town")
def run(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the API and its page.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Port of the broker that is started.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of everything that is kept.")] = None,
    store: Annotated[StoreKind | None, typer.Option(help="Time-series store.")] = None,
    simulate: Annotated[bool, typer.Option(help="Start the simulated fleet too.")] = True,
) -> None:
    """Start everything on this machine: broker, intake, API, page and a simulated fleet. Ctrl-C ends it."""
    loaded: Loaded = ctx.obj
    chosen = {
        "SMARTCITY_API__PORT": port,
        "SMARTCITY_BROKER__PORT": mqtt_port,
        "SMARTCITY_MQTT__MAIN__PORT": mqtt_port,
        "SMARTCITY_DATA": data,
        "SMARTCITY_STORE__KIND": store,
    }
    from ingest.broker import NoBroker  # noqa: PLC0415 like Rich it is only needed here
    from smartcity_run import Town  # noqa: PLC0415

    overrides = {name: str(value) for name, value in chosen.items() if value is not None}
    try:
        Town(loaded.file, dict(environment()) | overrides, simulate=simulate).run()
    except NoBroker as error:
        raise SettingsError(str(error)) from error


@app.command(epilog="Example: smartcity api --port 8001")
def api(
    ctx: typer.Context, port: Annotated[int | None, typer.Option(help="Listen here instead of api.port.")] = None
) -> None:
    """Serve the open-data API and its page until stopped."""
    from api.app import create_app  # noqa: PLC0415 FastAPI is only needed here
    from api.serve import CannotListen, serve  # noqa: PLC0415

    settings = ctx.obj.settings
    served = settings.api if port is None else settings.api.model_copy(update={"port": port})
    storage = settings.storage
    with (
        closing(storage.open_registry()) as registry,
        closing(storage.open_accounting()) as books,
        closing(storage.open_reader()) as reader,
    ):
        try:
            serve(create_app(served, reader, registry, books), served)
        except CannotListen as error:
            raise SettingsError(str(error)) from error


@app.command(epilog="Example: smartcity decode milesight_em400_mud 85 01755c0367340104824408050001")
def decode(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="Key, model name or alias; see `smartcity devices models`.")] = "",
    port: Annotated[int, typer.Argument(help="LoRaWAN fPort.")] = 0,
    payload: Annotated[str, typer.Argument(help="The payload in hexadecimal.")] = "",
    batch: Annotated[
        bool, typer.Option("--batch", help="JSON lines on standard input, results as JSON lines.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Decode a payload and print what it says. Nothing is kept."""
    if not (batch or (model and payload)):
        raise typer.BadParameter("give MODEL PORT HEX, or --batch with JSON lines on standard input")
    with ExitStack() as held:
        find = finder(ctx.obj.settings, held)
        if batch:
            for number, line in enumerate(sys.stdin, 1):
                if line.strip():
                    sys.stdout.write(json.dumps(decode_line(line, number, find), ensure_ascii=False) + "\n")
            return
        asked = {"model": model, "f_port": port, "payload_hex": payload, "params": {RECEIVED_MS: output.now_ms()}}
        result = decode_line(json.dumps(asked), 1, find)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print_decoded(result)
    if result["kind"] == "error":
        raise typer.Exit(FAILED)


def _print_decoded(result: dict[str, Any]) -> None:
    typer.echo(f"{result['model']}: {result['kind']}")
    for reading in result["readings"]:
        when, channel = reading["time"] or "at reception", reading["channel"]
        typer.echo(f"  {when}" + (f", channel {channel}" if channel else ""))
        for key, value in reading["values"].items():
            quantity = decoders.QUANTITIES[key]
            typer.echo(f"    {key:22} {'no value' if value is None else value:>10} {quantity.unit:8} {quantity.en}")
    for key, value in result["status"].items():
        typer.echo(f"  status {key} = {value}")
    for event in result["events"]:
        typer.echo(f"  event {event['code']}")
    for issue in result["issues"]:
        typer.echo(f"  {issue['code']}: {issue['field'] or 'frame'} {issue['detail']}")
    if result["unparsed_hex"]:
        typer.echo(f"  unread: {result['unparsed_hex']}")


@app.command(epilog="Example: smartcity config --json")
def config(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show the settings in force and where each came from; secrets are hidden."""
    rows = [{"key": key, "value": value, "from": origin} for key, value, origin in in_force(ctx.obj)]
    output.show(rows, ["key", "value", "from"], as_json=as_json)


@app.command(epilog="Example: smartcity doctor --json")
def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check broker, stores, clock, folders and ports, and say what to mend. Exit code 1 when something fails."""
    from ingest import doctor as checks  # noqa: PLC0415 with the client for MQTT

    settings = ctx.obj.settings
    findings = [
        *checks.check_folder(settings.data),
        *checks.check_clock(),
        *checks.check_ports({"api": (settings.api.host, settings.api.port)}),
        *checks.check_stores(settings.storage),
    ]
    for broker in settings.mqtt.values():
        findings += checks.check_broker(broker)
    if as_json:
        keys = ("subject", "verdict", "text")
        typer.echo(json.dumps([{key: str(getattr(f, key)) for key in keys} for f in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(f"{finding.verdict:8} {finding.subject}: {finding.text}")
    if any(finding.verdict == "failed" for finding in findings):
        raise typer.Exit(FAILED)


def main() -> None:
    """Run a command; a failure is one sentence on standard error and an exit code."""
    try:
        app()
    except (SettingsError, CodecError) as error:
        _fail(error, USAGE)
    except (SinkError, GrafanaError) as error:
        _fail(error, FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; nobody is left to be told


def _fail(error: Exception, code: int) -> None:
    typer.echo(f"smartcity: {error}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
