"""`grafana`: a running Grafana, asked whether it can show what is provisioned, and given what each city has there."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from .verify import Finding, Window, verify

if TYPE_CHECKING:  # the way to Grafana is only needed once a command runs
    from .api import Grafana
    from .marks import Kept
    from .sync import Step

_FAILED: Final = 1
_MOST: Final = 2000
"""Differences in one run: a Grafana on SQLite takes a tenth of a second for each."""
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PAST: Final = {"add": "added", "change": "changed", "remove": "removed"}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])")

grafana = typer.Typer(no_args_is_help=True, help="Grafana: its boards and rules tried, and what each city has there.")


class Given(Protocol):
    """The part of the settings that this room is handed."""

    url: str
    ca_file: Path | None
    timeout_s: float

    def auth(self) -> str | tuple[str, str] | None:
        """A token, or user and password; None when the settings name neither."""


def add_to(app: typer.Typer) -> None:
    """Put these commands into the application."""
    app.add_typer(grafana, name="grafana")


@grafana.callback()
def room() -> None:
    """Grafana: its boards and rules tried, and what each city has there."""


@grafana.command("verify", epilog="Example: smartcity grafana verify --since 7d")
def verify_boards(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(help="How far back panels are asked: minutes, hours or days, 30m, 24h, 7d.")
    ] = "24h",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Ask a running Grafana every query of every provisioned panel and alert rule.

    Exit code 1 when one fails; a panel without data is none.
    """
    window = _window(since, time.time_ns() // 1_000_000)
    findings = verify(_connected(ctx), window)
    verdicts = _as_json(findings) if as_json else _as_lines(findings)
    if verdicts["error"]:
        raise typer.Exit(_FAILED)


@grafana.command("boards", epilog="Example: smartcity grafana boards /var/lib/grafana/dashboards")
def write_boards(
    ctx: typer.Context, folder: Annotated[Path, typer.Argument(help="Where Grafana takes them from.")]
) -> None:
    """Write all boards, German and English, with links to the open data at `base_url` of the settings of the API."""
    from .__main__ import write_boards as write  # noqa: PLC0415 only here are they made
    from .api import Refused  # noqa: PLC0415 as above

    address = _api(ctx)
    try:
        files = list(write(folder, address))
    except OSError as error:
        raise Refused(f"{error.filename} cannot be written: {error.strerror}") from error
    typer.echo(f"{len(files)} boards in {folder}, with links to {address}")


@grafana.command("sync", epilog="Example: smartcity grafana sync --since 7d --dry-run")
def sync_cities(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(help="How far back annotations are compared: minutes, hours or days, 30m, 24h, 30d.")
    ] = "30d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Give each city of the registry its team, folder and boards in Grafana, and annotations of what happened there.

    Bins that were emptied, trees that were watered, sensors that were installed or swapped. Only differences are
    written, so a second run changes nothing. Exit code 1 when Grafana refuses one.
    """
    from .api import Refused  # noqa: PLC0415 the way to Grafana is only needed once a command runs
    from .marks import cities  # noqa: PLC0415
    from .sync import steps  # noqa: PLC0415

    window = _window(since, time.time_ns() // 1_000_000)
    running, kept = _connected(ctx), _kept(ctx)
    known = cities(kept, window.from_ms, window.to_ms)
    if not known:
        raise Refused("the registry has no city: `smartcity organisations add` takes one in")
    with _administering():
        apply = _would if dry_run else _done
        changes = islice(
            (one for city in known for one in _changes(steps(running, city, window, _api(ctx)), apply)), _MOST
        )
        outcomes = _changes_as_json(changes) if as_json else _changes_as_lines(changes)
    if outcomes.total() == _MOST:
        typer.echo(f"stopped after {_MOST} changes: the same call goes on", err=True)
    if outcomes["error"]:
        raise typer.Exit(_FAILED)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one difference. `outcome`: added, changed, removed, to add, to change, to remove, error."""

    what: str
    which: str
    outcome: str
    text: str


def _changes(steps: Iterable[Step], apply: Callable[[Step], Change]) -> Iterator[Change]:
    """Of one city; without its folder there is no more to do for it."""
    for step in steps:
        change = apply(step)
        yield change
        if step.what == "folder" and change.outcome == "error":
            return


def _would(step: Step) -> Change:
    return Change(step.what, step.which, f"to {step.action}", "")


def _done(step: Step) -> Change:
    from .sync import attempt  # noqa: PLC0415 as above

    said = attempt(step)
    return Change(step.what, step.which, "error" if said else _PAST[step.action], said)


def _api(ctx: typer.Context) -> str:
    """Where a browser reaches the open data."""
    from .wall import API  # noqa: PLC0415 as above

    address: str = ctx.obj.settings.api.base_url or API.value
    return address


def _connected(ctx: typer.Context) -> Grafana:
    from .api import Access, Refused, connect  # noqa: PLC0415 as above

    given: Given = ctx.obj.settings.grafana
    auth = given.auth()
    if auth is None:
        raise Refused("nobody to ask as: set grafana.token_file, or grafana.user and grafana.password_file")
    ca_file = str(given.ca_file) if given.ca_file else None
    return connect(Access(given.url, auth, given.timeout_s, ca_file))


def _kept(ctx: typer.Context) -> Kept:
    kept: Kept = ctx.obj.settings.storage
    return kept


@contextmanager
def _administering() -> Iterator[None]:
    """What Grafana forbids is told with the role that it takes."""
    from .api import FORBIDDEN, Refused  # noqa: PLC0415 as above

    try:
        yield
    except Refused as error:
        if error.status != FORBIDDEN:
            raise
        raise Refused(f"{error}: folders, teams and permissions take the role Admin in Grafana", FORBIDDEN) from error


def _window(since: str, now_ms: int) -> Window:
    found = _SPAN.fullmatch(since)
    if not found:
        raise typer.BadParameter("--since is a number of minutes, hours or days: 30m, 24h, 7d")
    return Window(now_ms - int(found[1]) * _UNIT_MS[found[2]], now_ms)


def _as_json(findings: Iterable[Finding]) -> Counter[str]:
    told = list(findings)
    typer.echo(json.dumps([asdict(finding) for finding in told], ensure_ascii=False, indent=1))
    return Counter(finding.verdict for finding in told)


def _as_lines(findings: Iterator[Finding]) -> Counter[str]:
    """Each as it is found: a large Grafana takes a while."""
    verdicts: Counter[str] = Counter()
    for finding in findings:
        verdicts[finding.verdict] += 1
        typer.echo(f"{finding.where} | {finding.what} | {finding.verdict} | {' '.join(finding.text.split())}")
    typer.echo(f"{verdicts['ok']} ok, {verdicts['no data']} without data, {verdicts['error']} errors")
    return verdicts


def _changes_as_json(changes: Iterable[Change]) -> Counter[str]:
    told = list(changes)
    typer.echo(json.dumps([asdict(change) for change in told], ensure_ascii=False, indent=1))
    return Counter(change.outcome for change in told)


def _changes_as_lines(changes: Iterable[Change]) -> Counter[str]:
    """Each as it is done: the first run takes a while."""
    outcomes: Counter[str] = Counter()
    for change in changes:
        outcomes[change.outcome] += 1
        typer.echo(" | ".join(part for part in (change.what, change.which, change.outcome, change.text) if part))
    typer.echo(", ".join(f"{number} {outcome}" for outcome, number in outcomes.items()) or "all is as it should be")
    return outcomes
