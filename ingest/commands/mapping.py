"""`map`: a plain JSON mapping tried on a message, before it stands in the settings."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from ingest.networks.model import Outcome, Uplink
from ingest.networks.plain_json import MappingSettings
from ingest.networks.trial import Step, trial
from ingest.unwrap import MAX_BODY, envelope_of_line
from sinks.commands.output import Json, show
from sinks.errors import Refused
from sinks.model import Envelope

from .given import Given

_OWN: Final = "NAME"
"""Of a mapping that is in no settings yet; it stands before the device's id where that is no DevEUI."""


def add_to(app: typer.Typer) -> None:
    """Put this command into the application."""
    app.command(
        "map", epilog="Example: smartcity map --try message.json --device id --time ts --value distance_mm=level:cm"
    )(map_)


def map_(
    ctx: typer.Context,
    tried: Annotated[str, typer.Option("--try", help="File with one message; - for standard input.")] = "",
    mapping: Annotated[str, typer.Option(help="Name of a mapping in the settings.")] = "",
    device: Annotated[str, typer.Option(help="Or a mapping of its own: path of the device's id.")] = "",
    when: Annotated[str, typer.Option("--time", help="Path of the time.")] = "",
    timezone: Annotated[str, typer.Option(help="Zone of times without an offset, e.g. Europe/Berlin.")] = "",
    value: Annotated[
        list[str] | None, typer.Option(help="QUANTITY=PATH:UNIT, e.g. distance_mm=data[0].level:cm; repeat it.")
    ] = None,
    topic: Annotated[str, typer.Option(help="MQTT topic of the message, for paths like $topic[1].")] = "",
    as_json: Json = False,
) -> None:
    """Try a plain JSON mapping on a message: what is read, in which unit, and what to mend. Nothing is kept.

    Without --try the mappings of the settings are listed. --device and --value are a mapping that stands in no settings
    yet; once it reads all of the message, the lines for the settings are printed.
    """
    given: Given = ctx.obj.settings
    if not tried:
        _list(given, as_json=as_json)
        return
    own = _own(device, when, timezone, value or []) if device or value else None
    name, settings = (_OWN, own) if own is not None else _declared(given, mapping)
    uplink, steps = trial(name, settings, _message(tried, topic))
    _tell(uplink, steps, as_json=as_json)
    if uplink.outcome is Outcome.DEAD_LETTER:
        raise typer.Exit(1)
    if own is not None and not as_json and not any(step.note for step in steps if step.reads in own.values):
        typer.echo("\nin the settings:\n\n" + _written(own))


def _list(given: Given, *, as_json: bool) -> None:
    rows = [
        {"mapping": name, "reads": quantity, "path": place.path, "unit": place.unit, "device": settings.device}
        for name, settings in given.mappings.items()
        for quantity, place in settings.values.items()
    ]
    show(rows, ("mapping", "reads", "path", "unit", "device"), as_json=as_json)
    if not rows and not as_json:
        typer.echo("no mapping is in the settings; try one with --try FILE --device PATH --value QUANTITY=PATH:UNIT")


def _declared(given: Given, mapping: str) -> tuple[str, MappingSettings]:
    known = ", ".join(given.mappings) or "none"
    if not mapping:
        raise typer.BadParameter(f"name a --mapping of the settings ({known}), or give --device and --value")
    if mapping not in given.mappings:
        raise typer.BadParameter(f"there is no mapping {mapping!r} in the settings; there is {known}")
    return mapping, given.mappings[mapping]


def _own(device: str, when: str, timezone: str, values: Sequence[str]) -> MappingSettings:
    said = {"device": device, "time": when or None, "timezone": timezone or None}
    try:
        return MappingSettings.model_validate(said | {"values": dict(map(_place, values))})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in found["loc"])
        raise typer.BadParameter(f"{where}: {found['msg'].removeprefix('Value error, ')}") from error


def _place(text: str) -> tuple[str, dict[str, str]]:
    quantity, given, place = text.partition("=")
    path, unit_given, unit = place.rpartition(":")
    if not (given and unit_given):
        raise typer.BadParameter(f"{text!r} is no QUANTITY=PATH:UNIT, e.g. distance_mm=data[0].level:cm")
    return quantity, {"path": path, "unit": unit}


def _message(tried: str, topic: str) -> Envelope:
    """A bare message, or a line as `unwrap` takes it, which may bring its topic and arrival."""
    try:
        body = sys.stdin.buffer.read(MAX_BODY + 1) if tried == "-" else Path(tried).read_bytes()
    except OSError as error:
        raise Refused(f"{tried} cannot be read: {error.strerror}") from error
    if len(body) > MAX_BODY:
        raise Refused(f"{tried} is longer than {MAX_BODY} bytes, which no message is")
    found = envelope_of_line(body.strip())
    if found is None:
        return Envelope("try", None, topic, body.strip(), time.time_ns())
    return Envelope("try", None, topic or found.topic, found.body, found.arrived_ns or time.time_ns())


def _tell(uplink: Uplink, steps: Sequence[Step], *, as_json: bool) -> None:
    rows = [step._asdict() for step in steps]
    if as_json:
        said: dict[str, Any] = {"outcome": uplink.outcome.value, "reason": uplink.reason, "steps": rows}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    if rows:
        show(rows, ("reads", "path", "found", "value", "unit", "note"), as_json=False)
    if uplink.outcome is Outcome.DEAD_LETTER:
        typer.echo(f"nothing is stored: {uplink.reason}")
    else:
        typer.echo(f"{len(uplink.decoded or {})} values of {uplink.dev_eui or uplink.device_key} would be stored")


def _written(settings: MappingSettings) -> str:
    """As TOML. JSON's texts are TOML's."""
    known = {key: getattr(settings, key) for key in ("device", "time", "timezone")}
    return "\n".join(
        [
            f"[mappings.{_OWN}]",
            *(f"{key} = {_quoted(said)}" for key, said in known.items() if said is not None),
            "",
            f"[mappings.{_OWN}.values]",
            *(
                f"{quantity} = {{ path = {_quoted(place.path)}, unit = {_quoted(place.unit)} }}"
                for quantity, place in settings.values.items()
            ),
        ]
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
