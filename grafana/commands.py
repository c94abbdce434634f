"""`grafana`: a running Grafana, asked whether it can show what is provisioned."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer

from .verify import Finding, Window, verify

_FAILED: Final = 1
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])")

grafana = typer.Typer(no_args_is_help=True, help="Grafana: its boards and alert rules, tried.")


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
    """Grafana: its boards and alert rules, tried."""


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
    from .api import Access, Refused, connect  # noqa: PLC0415 the way to Grafana is only needed here

    window = _window(since, time.time_ns() // 1_000_000)
    given: Given = ctx.obj.settings.grafana
    auth = given.auth()
    if auth is None:
        raise Refused("nobody to ask as: set grafana.token_file, or grafana.user and grafana.password_file")
    ca_file = str(given.ca_file) if given.ca_file else None
    findings = verify(connect(Access(given.url, auth, given.timeout_s, ca_file)), window)
    verdicts = _as_json(findings) if as_json else _as_lines(findings)
    if verdicts["error"]:
        raise typer.Exit(_FAILED)


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
