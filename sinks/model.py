"""What we keep: messages without secrets, who measures what where, what was observed, and what could not be read.

What is made for every message is a `Struct`, which costs a quarter of a frozen dataclass; the rest are dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from msgspec import Struct

Field = float | int | bool | str
"""A value in a stored row. Its type is fixed for ever by `sinks.influxdb.schema`."""


class Envelope(Struct, frozen=True, gc=False):
    """A message as it arrived.

    `source`: name of the source in the settings. `network`: format declared for that source, None to detect it.
    `topic`: MQTT topic or URL path with query. `body`: the bytes; in a journal without secrets (`sinks.redact`),
    otherwise untouched. `arrived_ns`: our clock, Unix nanoseconds.
    `flags`: how it came: retained, redelivered, backfill, replay.
    """

    source: str
    network: str | None
    topic: str | None
    body: bytes
    arrived_ns: int
    flags: tuple[str, ...] = ()


class Entry(Struct, frozen=True, gc=False):
    """An envelope in the journal, at its offset. Offsets rise and are never reused."""

    offset: int
    envelope: Envelope


class Quality(IntEnum):
    """Flag of one value, as in QARTOD (IOOS, 2020): the worst flag of a row is the row's flag."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Series(Struct, frozen=True, gc=False, cache_hash=True):
    """The stable identity of a sequence of rows: measurement and tags. Hashable, one object per series is enough.

    `tenant`: organisation id. `asset_id`: what is watched, "" while the device is not installed. `device_id`:
    DevEUI or device key.
    `depth_cm`: soil only, "" elsewhere. `name`: of a sink, source or reason, where the pipeline speaks of itself.
    """

    measurement: str
    tenant: str
    asset_id: str
    device_id: str
    model: str = ""
    depth_cm: str = ""
    name: str = ""


class Point(Struct, frozen=True, gc=False):
    """All that one series says at one instant: one row in a store.

    The same series and time always mean the same row: writing it again replaces it. `time_ms`: Unix milliseconds.
    `fields`: names and types of `sinks.influxdb.schema`; absent is unknown, never zero.
    """

    series: Series
    time_ms: int
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one value of it, that could not be stored, and why.

    `reason`: `<step>/<code>`, e.g. `unwrap/not_json`, `decode/wrong_port`, `observe/unknown_device`,
    `write/field_type`.
    `detail`: one sentence for people. `offset`, `part`: the envelope in the journal and which frame of it; together
    with `sink`
    they identify the letter, so that doing the work again does not double it.
    """

    sink: str
    offset: int
    part: int
    reason: str
    detail: str
    envelope: Envelope
    device: str | None = None
    id: int | None = None
    created_ms: int | None = None
    replayed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time from which something is missing: frames of a device, or what a source should have sent.

    `device`: "" for a gap of the source itself. `why`: counter, session_lost, silent. `from_ms`, `to_ms`: the last
    sign before it and the first after it, Unix milliseconds. `missing`: frames, by the device's counter; 0 is unknown.
    `found`: how many of them came late, or in a back-fill. `state`: open, filled, given_up. `first`: counter of the
    first missing frame.
    """

    source: str
    device: str
    why: str
    from_ms: int
    to_ms: int
    missing: int = 0
    found: int = 0
    state: str = "open"
    first: int = 0


@dataclass(frozen=True, slots=True)
class GapNotes:
    """What a batch says about gaps. `gaps`: new ones, and those that have changed. `counts`: frames missing, found.

    `backfilled`: frames that came in a back-fill, by source and minute (Unix milliseconds / 60,000) of their time.
    `states`: what was last seen of each device, for whoever goes on after us, as numbered pieces of which a later one
    counts; pieces before `keep_from` may go.
    """

    gaps: Sequence[Gap] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    backfilled: Mapping[tuple[str, int], int] = field(default_factory=dict)
    number: int = 0
    keep_from: int = 0
    states: bytes = b""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A city or another owner of devices; the tenant of everything below."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Device:
    """The thing with a DevEUI. `model`: key of its decoder. `params`: what its frames do not carry."""

    dev_eui: str
    organisation: str
    model: str
    name: str = ""
    params: Mapping[str, float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asset:
    """The bin or tree that is watched. It keeps its history when the device is swapped.

    `id`: stable and public. `kind`: "bin" or "tree". `lat`, `lon`: WGS 84 degrees. `properties`: of its kind, e.g.
    `capacity_l`,
    `fraction` of a bin; `species`, `planted` (year), `soil` (texture), `field_capacity`, `wilting_point` (m³/m³) of
    a tree.
    """

    id: str
    organisation: str
    kind: str
    name: str
    lat: float
    lon: float
    properties: Mapping[str, float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Installation:
    """A device on an asset for a time: `from_ms` included, `to_ms` excluded, None is still there.

    `mount`: how it was mounted, e.g. `empty_mm`, `full_mm`, `dead_mm`, `offset_mm`, `tilt_deg` in a bin, `depth_cm`
    in soil.
    """

    dev_eui: str
    asset_id: str
    from_ms: int
    to_ms: int | None = None
    mount: Mapping[str, float | str | bool] = field(default_factory=dict)
