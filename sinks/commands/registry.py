"""`devices`, `assets`, `organisations`, `keys`: who measures what where, and who may come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sinks.errors import Invalid
from sinks.model import Asset, Device, Organisation

from .dead_letters import replay
from .output import Json, Out, now_ms, show, storage, write
from .rosters import Server, Wanted, import_roster

if TYPE_CHECKING:  # SQLAlchemy takes most of a second, which commands of other rooms spare
    from sinks.registry.exchange import Plan
    from sinks.registry.store import SqlRegistry

devices = typer.Typer(no_args_is_help=True, help="Devices: who measures, where, and since when.")
assets = typer.Typer(no_args_is_help=True, help="Assets: the bins and trees that are watched.")
organisations = typer.Typer(no_args_is_help=True, help="Organisations: the cities that own devices and assets.")
keys = typer.Typer(no_args_is_help=True, help="Keys: tokens that let programs in.")


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(devices, name="devices")
    app.add_typer(assets, name="assets")
    app.add_typer(organisations, name="organisations")
    app.add_typer(keys, name="keys")


def known_models(ctx: typer.Context) -> Mapping[str, str]:
    """Every name of a model to the key of its decoder, as the door tells it: this room does not know the decoders."""
    known: Mapping[str, str] = ctx.obj.models
    return known


@contextmanager
def _registry(ctx: typer.Context) -> Iterator[SqlRegistry]:
    with closing(storage(ctx).open_registry()) as registry:
        yield registry


def _ms(when: datetime | None) -> int:
    if when is None:
        return now_ms()
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def pairs(given: Sequence[str]) -> dict[str, float | str | bool]:
    """`name=value` as numbers where they are numbers."""
    pairs: dict[str, float | str | bool] = {}
    for pair in given:
        name, is_pair, text = pair.partition("=")
        if not is_pair:
            raise typer.BadParameter(f"{pair!r} is not name=value, e.g. empty_mm=1200")
        pairs[name] = _scalar(text)
    return pairs


def _scalar(text: str) -> float | str | bool:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


@organisations.command("add", epilog="Example: smartcity organisations add offenbach 'Offenbach am Main'")
def add_organisation(ctx: typer.Context, organisation: str, name: str) -> None:
    """Add a city or another owner."""
    with _registry(ctx) as registry:
        registry.add_organisation(Organisation(organisation, name))
    typer.echo(f"{organisation} added")


@organisations.command("list", epilog="Example: smartcity organisations list --json")
def list_organisations(ctx: typer.Context, as_json: Json = False) -> None:
    """List all organisations."""
    with _registry(ctx) as registry:
        show([asdict(found) for found in registry.organisations()], ["id", "name"], as_json=as_json)


@devices.command("add", epilog="Example: smartcity devices add 24e124713b490001 --model milesight_em400_mud --organisation offenbach")  # fmt: skip  # noqa: E501
def add_device(
    ctx: typer.Context,
    dev_eui: Annotated[str, typer.Argument(help="DevEUI, as on the label.")],
    model: Annotated[str, typer.Option(help="Its model, e.g. EM400-MUD; see `smartcity devices models`.")],
    organisation: Annotated[str, typer.Option(help="Id of its owner.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="name=value that its frames do not carry.")] = None,
) -> None:
    """Register a device. Messages that waited for it as dead letters are taken in at once."""
    from sinks.registry.rules import eui  # noqa: PLC0415 see above

    dev_eui = eui(dev_eui)  # as it waits in dead letters, however the label writes it
    with _registry(ctx) as registry:
        models = known_models(ctx)
        key = models.get(model.casefold(), model)
        registry.add_device(Device(dev_eui, organisation, key, name, pairs(param or [])), set(models.values()))
    replayed = replay(ctx, reason="observe/unknown_device", device=dev_eui)
    typer.echo(f"{dev_eui} added" + (f"; {replayed} messages that waited for it are replayed" if replayed else ""))


@devices.command("list", epilog="Example: smartcity devices list --json")
def list_devices(ctx: typer.Context, as_json: Json = False) -> None:
    """List all devices with the asset each is on now."""
    with _registry(ctx) as registry:
        now = now_ms()
        where = {
            i.dev_eui: i.asset_id
            for i in registry.installations()
            if i.from_ms <= now and (i.to_ms is None or now < i.to_ms)
        }
        rows = [asdict(found) | {"asset": where.get(found.dev_eui, "")} for found in registry.devices()]
    show(rows, ["dev_eui", "organisation", "model", "name", "asset"], as_json=as_json)


@devices.command("remove", epilog="Example: smartcity devices remove 24e124713b490001")
def remove_device(ctx: typer.Context, dev_eui: str) -> None:
    """Remove a device that was never installed; one that was is kept for its history."""
    with _registry(ctx) as registry:
        registry.remove_device(dev_eui)
    typer.echo(f"{dev_eui} removed")


@devices.command("install", epilog="Example: smartcity devices install 24e124713b490001 of-bin-1 --mount empty_mm=1200 --mount full_mm=200")  # fmt: skip  # noqa: E501
def install(
    ctx: typer.Context,
    dev_eui: str,
    asset: str,
    mount: Annotated[list[str] | None, typer.Option(help="name=value of how it is mounted.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this UTC time on; now when absent.")] = None,
) -> None:
    """Say that a device watches an asset from a time on."""
    with _registry(ctx) as registry:
        registry.install(dev_eui, asset, _ms(since), pairs(mount or []))
    typer.echo(f"{dev_eui} watches {asset}")


@devices.command("uninstall", epilog="Example: smartcity devices uninstall 24e124713b490001")
def uninstall(
    ctx: typer.Context,
    dev_eui: str,
    at: Annotated[datetime | None, typer.Option(help="At this UTC time; now when absent.")] = None,
) -> None:
    """Say that a device was taken off its asset; the asset keeps its history."""
    with _registry(ctx) as registry:
        registry.uninstall(dev_eui, _ms(at))
    typer.echo(f"{dev_eui} is on no asset now")


@devices.command("swap", epilog="Example: smartcity devices swap 24e124713b490001 24e124713b490002")
def swap(
    ctx: typer.Context,
    old: str,
    new: str,
    at: Annotated[datetime | None, typer.Option(help="At this UTC time; now when absent.")] = None,
) -> None:
    """Put a new device in the place of an old one: same asset, same mount, unbroken history."""
    with _registry(ctx) as registry:
        registry.swap(old, new, _ms(at))
    typer.echo(f"{new} stands where {old} stood")


File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .csv or .geojson file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]


@devices.command("import", epilog="Example: smartcity devices import devices.csv --dry-run")
def import_devices(
    ctx: typer.Context,
    file: File,
    dry_run: DryRun = False,
    server: Annotated[
        Server | None, typer.Option("--from", help="The file is this network server's own list of devices.")
    ] = None,
    organisation: Annotated[
        str, typer.Option(help="With --from: owner of the devices; needed when there are several.")
    ] = "",
    model: Annotated[str, typer.Option(help="With --from: model of devices whose model the list does not name.")] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="With --from: write a sheet to fill in, of devices that watch nothing yet."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take devices, assets and installations from a CSV or GeoJSON file: all of it, or nothing.

    With --from: the devices of a network server's own list, JSON or CSV. Keys in it are not read.
    """
    if server is not None:
        wanted = Wanted(known_models(ctx), organisation, model, out)
        import_roster(ctx, file, server, wanted, dry_run=dry_run, as_json=as_json)
        return
    if organisation or model or out or as_json:
        raise typer.BadParameter("--organisation, --model, --out and --json belong to --from: name the network server")
    _import(ctx, file, dry_run=dry_run)


@assets.command("import", epilog="Example: smartcity assets import assets.geojson --dry-run")
def import_assets(ctx: typer.Context, file: File, dry_run: DryRun = False) -> None:
    """Take devices, assets and installations from a CSV or GeoJSON file: all of it, or nothing."""
    _import(ctx, file, dry_run=dry_run)


def _import(ctx: typer.Context, file: Path, *, dry_run: bool) -> None:
    from sinks.registry.exchange import apply, plan  # noqa: PLC0415 see above

    form: Literal["csv", "geojson"] = "geojson" if file.suffix.lower() in {".geojson", ".json"} else "csv"
    with _registry(ctx) as registry:
        planned = plan(file.read_bytes(), form, registry.snapshot(), set(known_models(ctx).values()))
        _tell(planned)
        if planned.problems:
            raise Invalid(f"nothing was imported: {len(planned.problems)} problems in {file.name}")
        if not dry_run:
            typer.echo(f"{apply(planned, registry)} records written")


def _tell(planned: Plan) -> None:
    for problem in planned.problems:
        column = f", {problem.column}" if problem.column else ""
        typer.echo(f"row {problem.row}{column}: {problem.text}")
    create, change, keep = (len(planned.select(action)) for action in ("create", "change", "keep"))
    typer.echo(f"{create} new, {change} changed, {keep} unchanged")


@devices.command("export", epilog="Example: smartcity devices export --out devices.csv")
def export_devices(ctx: typer.Context, out: Out = None) -> None:
    """Write devices, assets and installations as CSV, as `import` reads it."""
    from sinks.registry.exchange import export_csv  # noqa: PLC0415 see above

    with _registry(ctx) as registry:
        write(export_csv(registry.snapshot()), out)


@assets.command("export", epilog="Example: smartcity assets export --out assets.geojson")
def export_assets(ctx: typer.Context, out: Out = None) -> None:
    """Write assets with their devices as GeoJSON, as `import` reads it."""
    from sinks.registry.exchange import export_geojson  # noqa: PLC0415 see above

    with _registry(ctx) as registry:
        write(export_geojson(registry.snapshot()), out)


@assets.command("list", epilog="Example: smartcity assets list --json")
def list_assets(ctx: typer.Context, as_json: Json = False) -> None:
    """List all bins and trees."""
    with _registry(ctx) as registry:
        show(
            [asdict(a) for a in registry.assets()],
            ["id", "organisation", "kind", "name", "lat", "lon"],
            as_json=as_json,
        )


@assets.command("add", epilog="Example: smartcity assets add of-bin-9 --kind bin --organisation offenbach --name 'Marktplatz' --lat 50.1055 --lon 8.7616")  # fmt: skip  # noqa: E501
def add_asset(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(help="Id; public, and never changed.")],
    kind: Annotated[str, typer.Option(help="bin or tree")],
    organisation: Annotated[str, typer.Option(help="Id of its owner.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    lat: Annotated[float, typer.Option(help="Degrees north, WGS 84.")],
    lon: Annotated[float, typer.Option(help="Degrees east, WGS 84.")],
    property_: Annotated[list[str] | None, typer.Option("--property", help="name=value, e.g. capacity_l=240")] = None,
) -> None:
    """Add a bin or a tree."""
    with _registry(ctx) as registry:
        registry.add_asset(Asset(asset, organisation, kind, name, lat, lon, pairs(property_ or [])))
    typer.echo(f"{asset} added")


@assets.command("remove", epilog="Example: smartcity assets remove of-bin-9")
def remove_asset(ctx: typer.Context, asset: str) -> None:
    """Remove an asset that no device ever watched."""
    with _registry(ctx) as registry:
        registry.remove_asset(asset)
    typer.echo(f"{asset} removed")


@keys.command("create", epilog="Example: smartcity keys create 'network server of the city'")
def create_key(
    ctx: typer.Context,
    name: str,
    organisation: Annotated[
        str | None, typer.Option(help="Whose key it is; nobody's in particular when absent.")
    ] = None,
) -> None:
    """Make a token that opens webhooks. It is shown this once; only its hash is kept."""
    with _registry(ctx) as registry:
        typer.echo(registry.create_key(name, "webhook", organisation, now_ms()))


@keys.command("list", epilog="Example: smartcity keys list")
def list_keys(ctx: typer.Context, as_json: Json = False) -> None:
    """List keys; their tokens cannot be shown."""
    with _registry(ctx) as registry:
        known = registry.issued_keys()
        show([asdict(key) for key in known], ["id", "name", "role", "organisation"], as_json=as_json)


@keys.command("revoke", epilog="Example: smartcity keys revoke KEY_ID")
def revoke_key(ctx: typer.Context, key: str) -> None:
    """Make a token useless from now on."""
    with _registry(ctx) as registry:
        registry.revoke_key(key, now_ms())
    typer.echo(f"{key} revoked")
