"""The shapes of all answers. OpenAPI is made from them; a field with a default may be absent."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

QualityWord = Literal["good", "not_evaluated", "suspect", "fail", "missing"]
StateWord = Literal["ok", "soon", "full", "dry", "critical", "unknown"]
Property = float | str | bool
Time = Annotated[str, Meta(description="RFC 3339 in UTC, milliseconds.", extra_json_schema={"format": "date-time"})]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all shapes have in common: immutable, named fields, defaults left out of the JSON."""


class Observation(Answer, frozen=True, kw_only=True):
    """One value of one quantity at one time; `value` is null when there is none, and `reason` says why."""

    time: Time
    quantity: Annotated[str, Meta(description="A key of /quantities.")]
    value: float | None
    unit: Annotated[str, Meta(description="UCUM code.")]
    quality: Annotated[QualityWord, Meta(description="QARTOD flag of this value.")]
    reason: Annotated[str | None, Meta(description="Code that says why the quality is not good.")] = None
    depth_cm: Annotated[float | None, Meta(description="Depth below ground, soil only.")] = None


Latest = Annotated[
    dict[str, Observation],
    Meta(description="Newest observation by quantity; soil quantities by `<quantity>@<depth_cm>`."),
]


class Location(Answer, frozen=True, kw_only=True):
    """WGS 84 degrees."""

    lat: float
    lon: float


class Condition(Answer, frozen=True, kw_only=True):
    """How a station is now: its newest values and what follows from them."""

    id: Annotated[str, Meta(description="Stable and public.")]
    state: Annotated[StateWord, Meta(description="Bins: ok, soon, full. Trees: ok, dry, critical. Silent: unknown.")]
    stale: Annotated[bool, Meta(description="True when nothing came for longer than the operator's limit.")]
    last_seen: Time | None
    age_s: Annotated[int | None, Meta(description="Seconds since last_seen, when this answer was made.")]
    latest: Latest


class Station(Condition, frozen=True, kw_only=True):
    """A bin or tree that is watched, with its newest values."""

    name: str
    kind: Annotated[str, Meta(description="bin or tree")]
    organisation: Annotated[str, Meta(description="Id of the city or other owner.")]
    organisation_name: str
    location: Location
    properties: dict[str, Property]


class Licence(Answer, frozen=True, kw_only=True):
    """Terms of use."""

    name: str
    url: str


class About(Answer, frozen=True, kw_only=True):
    """Who publishes this, under which terms, and as of when."""

    as_of: Time
    licence: Licence
    publisher: str = ""
    attribution: str = ""


class Stations(Answer, frozen=True, kw_only=True):
    """A page of stations, ordered by id."""

    meta: About
    items: list[Station]
    next: Annotated[str | None, Meta(description="Address of the next page; absent on the last.")] = None


class Conditions(Answer, frozen=True, kw_only=True):
    """A page of latest values, ordered by station id."""

    meta: About
    items: list[Condition]
    next: Annotated[str | None, Meta(description="Address of the next page; absent on the last.")] = None


class Observations(Answer, frozen=True, kw_only=True):
    """A page of observations of one station, ordered by time."""

    meta: About
    station: str
    items: list[Observation]
    next: Annotated[str | None, Meta(description="Address of the next page; absent on the last.")] = None


class Quantity(Answer, frozen=True, kw_only=True):
    """An entry of the vocabulary."""

    key: str
    unit: Annotated[str, Meta(description="UCUM code, 1 for dimensionless numbers.")]
    en: str
    de: str
    low: Annotated[float, Meta(description="Physical limit, inclusive.")]
    high: Annotated[float, Meta(description="Physical limit, inclusive.")]
    definition: Annotated[str, Meta(description="URI of the quantity kind.")]


class Quantities(Answer, frozen=True, kw_only=True):
    """Every quantity that an answer may name."""

    items: list[Quantity]


class Point(Answer, frozen=True, kw_only=True, tag_field="type", tag="Point"):
    """GeoJSON point: longitude first."""

    coordinates: tuple[float, float]


class Feature(Answer, frozen=True, kw_only=True, tag_field="type", tag="Feature"):
    """GeoJSON feature: `properties` holds the station flat, each newest usable value by its key in `latest`."""

    id: str
    geometry: Point
    properties: dict[str, Property | None]


class FeatureCollection(Answer, frozen=True, kw_only=True, tag_field="type", tag="FeatureCollection"):
    """All stations as GeoJSON (RFC 7946)."""

    meta: About
    features: list[Feature]


class Health(Answer, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"]


class Ready(Answer, frozen=True, kw_only=True):
    """Everything that answers are made from can be reached."""

    status: Literal["ready"]
    parts: list[str]


class SinkAccount(Answer, frozen=True, kw_only=True):
    """One sink's books: received = the sum of counts + in_flight, or `balanced` is false; frames by what they were."""

    received: Annotated[int, Meta(description="Messages kept since the beginning.")]
    in_flight: Annotated[int, Meta(description="Messages kept and not settled yet.")]
    oldest_waiting_s: Annotated[float, Meta(description="Seconds that the oldest of them has waited.")]
    balanced: Annotated[bool, Meta(description="Whether every message is accounted for.")]
    cursor: int
    counts: Annotated[dict[str, int], Meta(description="stored, duplicate, dead_letter, expired")]
    frames: dict[str, int]
    missing_frames: Annotated[int, Meta(description="Frames that did not come, by the devices' counters.")]
    found_frames: Annotated[int, Meta(description="How many of those came late or in a back-fill.")]
    open_gaps: Annotated[int, Meta(description="Gaps of devices and sources that may be filled yet.")]


class SourceRecord(Answer, frozen=True, kw_only=True):
    """What happened at a source, of one kind, so far."""

    count: int
    first: str
    last: str
    alarm: Annotated[bool, Meta(description="Whether somebody should look after it.")]


class Status(Answer, frozen=True, kw_only=True):
    """The pipeline's accounting: sinks, events of each source by code, open dead letters by reason, stations."""

    sinks: dict[str, SinkAccount]
    sources: dict[str, dict[str, SourceRecord]]
    dead_letters: dict[str, int]
    stations: int


class Fault(Answer, frozen=True, kw_only=True):
    """One wrong parameter."""

    parameter: str
    message: str


class Problem(Answer, frozen=True, kw_only=True):
    """The one shape of every error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description="Stable word for programs.")]
    errors: Annotated[list[Fault], Meta(description="Wrong parameters, when there are any.")] = []
