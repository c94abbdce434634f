"""`devices adopt`: devices that send and are not registered, what they may be, and how they get in."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from decoders import Decoder
from ingest import adopt as adopting
from ingest.adopt import REASON, Fit, Waiting
from ingest.pipeline import Fate, Unwrap, all_points
from ingest.places import Places
from ingest.site import Find
from sinks.commands.dead_letters import replay
from sinks.commands.output import Json, now_ms, show
from sinks.commands.registry import known_models, pairs
from sinks.model import DeadLetter, Device
from sinks.ports import Letters

from .given import Given, finder, unwrapper

if TYPE_CHECKING:
    from sinks.registry.store import SqlRegistry

_PAGE: Final = 5_000
_SHOWN: Final = 3
_TRIED: Final = 500
"""Messages whose fate a dry run shows, the newest."""
_ROWS: Final = 10
_COLUMNS: Final = ("device", "last_heard", "messages", "network", "ports", "model", "score", "why")


class _Undone(Exception):
    """Ends a dry run: nothing of its transaction is kept."""


@dataclass(frozen=True, slots=True)
class _Adoption:
    """A device with the asset that it watches from a time on, "" for none. `models`: keys of the decoders there are."""

    device: Device
    asset: str
    from_ms: int
    mount: Mapping[str, float | str | bool]
    models: Collection[str]

    def enter(self, registry: SqlRegistry) -> None:
        """Write it down. Raises `Invalid`, and then nothing is written."""
        with registry.transaction():
            registry.add_device(self.device, self.models)
            if self.asset:
                registry.install(self.device.dev_eui, self.asset, self.from_ms, self.mount)


def adopt(
    ctx: typer.Context,
    dev_eui: Annotated[str, typer.Argument(help="DevEUI, as on the label; all that wait when absent.")] = "",
    model: Annotated[str, typer.Option(help="Register it as this model; see `smartcity devices models`.")] = "",
    organisation: Annotated[str, typer.Option(help="Id of its owner.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="name=value that its frames do not carry.")] = None,
    asset: Annotated[str, typer.Option(help="Id of the bin or tree that it watches.")] = "",
    mount: Annotated[list[str] | None, typer.Option(help="name=value of how it is mounted.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="On the asset from this UTC time on; when absent, from its first frame on.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what its frames would become; change nothing.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many devices, those with most messages.")] = 50,
    as_json: Json = False,
) -> None:
    """List devices that send and are not registered, with the models that fit their frames best; or register one.

    Its frames wait as dead letters. With --model and --organisation the device is registered and they are taken in.
    """
    from sinks.registry.rules import eui  # noqa: PLC0415 SQLAlchemy takes most of a second

    given: Given = ctx.obj.settings
    dev_eui = eui(dev_eui) if dev_eui else ""
    unwrap = unwrapper(given)
    with closing(given.storage.open_letters()) as letters:
        waiting = adopting.collect(_letters(letters, dev_eui), unwrap)
        newest = deque(_letters(letters, dev_eui), _TRIED) if dry_run and model else ()
    if not model:
        with ExitStack() as held:
            find = finder(given, held)
            own = [decoder for name in given.codecs if (decoder := find(name)) is not None]
            _list(waiting, own, dev_eui, limit, as_json=as_json)
        return
    if not (dev_eui and organisation):
        raise typer.BadParameter("to register a device give its DevEUI, a --model and an --organisation")
    with ExitStack() as held:
        registry, find = held.enter_context(closing(given.storage.open_registry())), finder(given, held)
        decoder, models = find(model), frozenset(known_models(ctx).values())
        device = Device(dev_eui, organisation, decoder.key if decoder else model, name, pairs(param or []))
        adoption = _Adoption(device, asset, _from_ms(since, waiting.get(dev_eui)), pairs(mount or []), models)
        if dry_run:
            _tell_fates(adoption, _tried(registry, adoption, newest, unwrap, find), as_json=as_json)
            return
        adoption.enter(registry)
    _tell_adopted(adoption, replay(ctx, reason=REASON, device=dev_eui), as_json=as_json)


def _letters(letters: Letters, device: str) -> Iterator[DeadLetter]:
    """All that wait, page by page."""
    after = 0
    while page := letters.dead_letters(reason=REASON, device=device, after=after, limit=_PAGE):
        yield from page
        after = page[-1].id or 0


def _from_ms(since: datetime | None, waiting: Waiting | None) -> int:
    if since is not None:
        return round(since.replace(tzinfo=since.tzinfo or UTC).timestamp() * 1000)
    return now_ms() if waiting is None else waiting.first_ms


def _tried(
    registry: SqlRegistry, adoption: _Adoption, waiting: Iterable[DeadLetter], unwrap: Unwrap, find: Find
) -> list[Fate]:
    """What the frames would become. The registry checks everything, then forgets it."""
    fates: list[Fate] = []
    with suppress(_Undone), registry.transaction():
        adoption.enter(registry)
        fates = adopting.preview(waiting, unwrap, Places(registry, find), adoption.device.dev_eui)
        raise _Undone
    return fates


def _list(waiting: Mapping[str, Waiting], own: Sequence[Decoder], dev_eui: str, limit: int, *, as_json: bool) -> None:
    most = sorted(waiting.values(), key=lambda one: (-one.messages, one.device))[:limit]
    found = [(one, adopting.fits(one, own)) for one in most]
    if as_json:
        typer.echo(json.dumps([_described(one, fits) for one, fits in found], ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo(f"nothing of {dev_eui} waits" if dev_eui else "no device waits: all that send are registered")
        return
    shown = _ROWS if dev_eui else _SHOWN
    show([row for one, fits in found for row in _rows(one, fits[:shown], adopting.best(fits))], _COLUMNS, as_json=False)
    if len(waiting) > limit:
        typer.echo(f"{len(waiting) - limit} more devices wait; --limit shows more of them")
    typer.echo("register one: smartcity devices adopt DEV_EUI --model MODEL --organisation ORGANISATION --dry-run")


def _rows(one: Waiting, shown: Sequence[Fit], best: Sequence[Fit]) -> Iterator[dict[str, Any]]:
    row = {
        "device": one.device,
        "last_heard": _time(one.last_ms),
        "messages": one.messages,
        "network": " ".join(sorted(one.networks)),
        "ports": " ".join(map(str, one.ports)),
    }
    if not shown:
        yield row | {"model": "", "score": "", "why": _why_none(one)}
    for fit in shown:
        yield row | {"model": fit.model, "score": fit.score, "why": _why(fit, one.names, best)}


def _why_none(one: Waiting) -> str:
    if one.is_decoded:
        return "its source sends values, no bytes: any model of its kind will do"
    if not one.sample:
        return "no frame with a payload yet, only joins and the like"
    return "no decoder reads its frames; `smartcity devices models` lists those there are"


def _why(fit: Fit, names: Mapping[str, str], best: Sequence[Fit]) -> str:
    parts = [f"of {fit.frames} frames {fit.read} read, {fit.measured} measured, {fit.clean} without doubt"]
    if fit.issues:
        parts.append(", ".join(f"{n} times {code}" for code, n in sorted(fit.issues.items())))
    if fit.named_by:
        parts.append(f"named by its {fit.named_by} {names[fit.named_by][:60]!r}")
    if fit in best and len(best) > 1:
        same = "the same values" if all(other.said == fit.said for other in best) else "other values"
        parts.append(f"{len(best) - 1} more fit as well, with {same}: see the label")
    return "; ".join(parts)


def _described(one: Waiting, fits: Sequence[Fit]) -> dict[str, Any]:
    best = adopting.best(fits)
    return {
        "device": one.device,
        "first_heard": _time(one.first_ms),
        "last_heard": _time(one.last_ms),
        "messages": one.messages,
        "networks": sorted(one.networks),
        "ports": one.ports,
        "names": dict(one.names),
        "models": [_described_fit(fit, best) for fit in fits[: max(_SHOWN, len(best))]],
    }


def _described_fit(fit: Fit, best: Sequence[Fit]) -> dict[str, Any]:
    return {
        "model": fit.model,
        "score": fit.score,
        "frames": fit.frames,
        "read": fit.read,
        "measured": fit.measured,
        "clean": fit.clean,
        "issues": dict(fit.issues),
        "named_by": fit.named_by,
        "is_best": fit in best,
        "same_values_as_best": fit.said == best[0].said,
    }


def _tell_fates(adoption: _Adoption, fates: Sequence[Fate], *, as_json: bool) -> None:
    outcomes = Counter(fate.outcome for fate in fates)
    reasons = Counter(letter.reason for fate in fates for letter in fate.letters)
    rows = [
        {"time": _time(point.time_ms), "measurement": point.series.measurement, "asset": point.series.asset_id}
        | {"values": " ".join(f"{name}={value}" for name, value in point.fields.items() if name != "offset")}
        for point in list(all_points(fates))[-_ROWS:]
    ]
    if as_json:
        said = {"device": adoption.device.dev_eui, "model": adoption.device.model}
        typer.echo(
            json.dumps(said | {"outcomes": outcomes, "reasons": reasons, "newest": rows}, ensure_ascii=False, indent=1)
        )
        return
    if rows:
        show(rows, ("time", "measurement", "asset", "values"), as_json=False)
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items())) or "none"
    typer.echo(f"{adoption.device.dev_eui} would be {adoption.device.model}; its {len(fates)} newest frames: {counts}")
    for reason, n in sorted(reasons.items()):
        typer.echo(f"  {n} times {reason}")


def _tell_adopted(adoption: _Adoption, replayed: int, *, as_json: bool) -> None:
    device = adoption.device
    if as_json:
        said = {"device": device.dev_eui, "model": device.model, "asset": adoption.asset, "replayed": replayed}
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    typer.echo(f"{device.dev_eui} adopted as {device.model}; {replayed} messages that waited for it are replayed")
    if not adoption.asset:
        typer.echo(f"it watches nothing yet: smartcity devices install {device.dev_eui} ASSET --mount NAME=VALUE")


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
