"""Plain JSON from home-made devices and platforms, by a mapping that the operator declares.

A mapping says where in the message the device, the time and each quantity stand, and in which unit; see `json_path` for
the paths. Numbers in text are read; true, NaN and other text are no numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sinks.model import Envelope

from .clock import choose, epoch, parse
from .contract import Network
from .identity import content_key
from .json_path import MISSING, Path, compile_path, number, take
from .model import Gateway, Outcome, TimeSource, Uplink
from .refusal import Code, Refused, read
from .units import check_quantity, conversion

_JSON: Final = msgspec.json.Decoder(Any)
_EUI: Final = re.compile(r"[0-9a-f]{16}")


class ValueMapping(BaseModel):
    """Where one quantity stands: `number * scale + offset` is a value in `unit`, which becomes the quantity's unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    unit: str
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)

    @field_validator("path")
    @classmethod
    def _path_is_one(cls, path: str) -> str:
        compile_path(path)
        return path


class MappingSettings(BaseModel):
    """How to read one kind of plain JSON message.

    Its name in the settings is the network that its source declares. `device`: path of the device's id; 16 hex
    digits are taken as a DevEUI. `time`: path of an RFC 3339 text, or of seconds or milliseconds since 1970 (told
    apart by size); without it the arrival counts. `timezone`: IANA zone of times without offset. `values`:
    quantity key to its place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str
    time: str | None = None
    timezone: str | None = None
    model: str | None = None
    f_cnt: str | None = None
    rssi: str | None = None
    snr: str | None = None
    values: Mapping[str, ValueMapping] = Field(min_length=1)

    @field_validator("device", "time", "model", "f_cnt", "rssi", "snr")
    @classmethod
    def _paths_are_ones(cls, path: str | None) -> str | None:
        if path is not None:
            compile_path(path)
        return path

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"time zone {name!r} is not known; write one like Europe/Berlin") from error
        return name

    @field_validator("values")
    @classmethod
    def _quantities_and_units_fit(cls, values: Mapping[str, ValueMapping]) -> Mapping[str, ValueMapping]:
        for key, place in values.items():
            conversion(check_quantity(key), place.unit)
        return values


class Place(NamedTuple):
    """Where a quantity stands, and how the number there becomes its own unit."""

    path: Path
    factor: float
    offset: float

    def read(self, raw: Any) -> float | None:
        """The value in the quantity's own unit; None of what is no number."""
        said = number(raw)
        value = said * self.factor + self.offset if said is not None else None
        return round(value, 9) if value is not None and math.isfinite(value) else None


class Plan(NamedTuple):
    """A mapping, made ready for the messages."""

    key: str
    paths: dict[str, Path]
    values: dict[str, Place]
    zone: ZoneInfo | None


def network(key: str, settings: MappingSettings) -> Network:
    """The network of one mapping, under its name in the settings."""
    plan = ready(key, settings)
    return Network(key, partial(_matches, plan), partial(_unwrap, plan))


def ready(key: str, settings: MappingSettings) -> Plan:
    """The mapping under its name in the settings, with its paths and units made ready."""
    paths = {}
    for name in ("device", "time", "model", "f_cnt", "rssi", "snr"):
        text = getattr(settings, name)
        if text is not None:
            paths[name] = compile_path(text)
    values = {key: _value(key, place) for key, place in settings.values.items()}
    return Plan(key, paths, values, ZoneInfo(settings.timezone) if settings.timezone else None)


def _value(key: str, place: ValueMapping) -> Place:
    factor, offset = conversion(key, place.unit)
    return Place(compile_path(place.path), place.scale * factor, place.offset * factor + offset)


def _matches(plan: Plan, topic: str, value: Any) -> bool:
    """A device and at least one mapped value are there."""
    levels = topic.split("/")
    return take(plan.paths["device"], value, levels) is not MISSING and any(
        take(place.path, value, levels) is not MISSING for place in plan.values.values()
    )


def _unwrap(plan: Plan, envelope: Envelope) -> list[Uplink]:
    body = read(_JSON, envelope.body)
    levels = (envelope.topic or "").split("/")
    found = {name: take(path, body, levels) for name, path in plan.paths.items()}
    device = _device(found["device"])
    dev_eui = device if _EUI.fullmatch(device) else None
    decoded, refused = _decoded(plan, body, levels, device)
    times = [(_time(found.get("time"), plan.zone), TimeSource.APPLICATION)]
    received, source, flags = choose(times, envelope)
    if found.get("time", MISSING) not in (MISSING, None) and times[0][0] is None:
        flags = (*flags, "time_unreadable")
    f_cnt = number(found.get("f_cnt"))
    rssi, snr = number(found.get("rssi")), number(found.get("snr"))
    model = found.get("model")
    return [
        Uplink(
            plan.key,
            Outcome.DATA,
            dev_eui,
            None if dev_eui else f"{plan.key}/{device}",
            f_cnt=int(f_cnt) if f_cnt is not None and 0 <= f_cnt < 2**32 else None,
            received_ns=received,
            time_source=source,
            gateways=(Gateway("", rssi, snr),) if rssi is not None or snr is not None else (),
            best_rssi=rssi,
            best_snr=snr,
            dedup_key=content_key(plan.key, device, f_cnt, received, sorted(decoded.items())),
            flags=flags,
            reason=f"unwrap/{Code.BAD_NUMBER}: no number at {', '.join(refused)}." if refused else None,
            decoded=decoded,
            model=model if isinstance(model, str) else None,
        )
    ]


def _device(value: Any) -> str:
    """The id as text: an EUI in lower case without separators, anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= 128 or not value.isprintable():
        raise Refused(Code.NO_DEVICE, "The mapped path of the device holds no text of 1 to 128 characters.")
    plain = value.lower().replace("-", "").replace(":", "")
    return plain if _EUI.fullmatch(plain) else value


def _decoded(plan: Plan, body: Any, levels: list[str], device: str) -> tuple[dict[str, float | None], list[str]]:
    """The values by quantity, None where null or no number stands, and the quantities that were refused."""
    decoded: dict[str, float | None] = {}
    refused = []
    for key, place in plan.values.items():
        raw = take(place.path, body, levels)
        if raw is MISSING:
            continue
        decoded[key] = place.read(raw)
        if decoded[key] is None and raw is not None:
            refused.append(key)
    if not decoded:
        raise Refused(Code.NO_VALUE, f"None of the mapped values is in it: {', '.join(plan.values)}.", device)
    if len(refused) == len(decoded):
        raise Refused(Code.BAD_NUMBER, f"No mapped value is a number: {', '.join(refused)}.", device)
    return decoded, refused


def _time(value: Any, zone: ZoneInfo | None) -> int | None:
    """Unix nanoseconds of a text or of a number since 1970."""
    if isinstance(value, str) and (ns := parse(value, zone)) is not None:
        return ns
    return epoch(number(value))
