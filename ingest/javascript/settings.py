"""What is declared of a codec: where its script is, which ports it reads, and what in its result is which quantity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from ingest.networks.json_path import TOPIC, compile_path
from ingest.networks.plain_json import ValueMapping
from ingest.networks.units import check_quantity, conversion


class CodecError(Exception):
    """A codec cannot be used; the text says which, why, and what to mend."""


class CodecValue(ValueMapping):
    """Where a quantity stands in the codec's data, and in which unit.

    `text`: the codec writes the number as text, perhaps with its unit behind it; without it text is refused. `none`:
    numbers that say that there is no value, e.g. 65535.
    """

    text: bool = False
    none: tuple[FiniteFloat, ...] = ()


Values = Mapping[str, CodecValue]
"""Quantity key to its place."""


class CodecSettings(BaseModel):
    """One codec; its name in the settings is the model by which devices are registered.

    `file`: the script. Or `repository`: a copy of the public device repository (lorawan-devices), and `model`:
    `vendor/model` in it. `ports`: fPorts that are read, all others are refused; `lengths`: the same for
    the number of bytes, where it is known. `values`: without any, the codec's own
    `normalizeUplink` is asked, whose schema is known. `channels`: the same for several probes, by depth or name.
    `each`: path of a list of readings, in which the other paths then begin; `time`: of the time of a reading, as RFC
    3339 or as seconds or milliseconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = None
    repository: Path | None = None
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w.-]*$")] | None = None
    ports: tuple[Annotated[int, Field(ge=1, le=223)], ...] = Field(min_length=1)
    lengths: frozenset[Annotated[int, Field(ge=1, le=1_024)]] = frozenset()
    values: Values = {}
    channels: Mapping[Annotated[str, Field(min_length=1, max_length=32)], Values] = {}
    each: str | None = None
    time: str | None = None

    @model_validator(mode="after")
    def _script_is_said_once(self) -> CodecSettings:
        if (self.file is None) == (self.repository is None) or (self.repository is None) != (self.model is None):
            raise ValueError('write file = "….js", or repository = "…" and model = "vendor/model"')
        if (self.each or self.time or self.channels) and not (self.values or self.channels):
            raise ValueError("each and time are of declared values; the codec's own normalizeUplink knows them itself")
        return self

    @field_validator("each", "time")
    @classmethod
    def _paths_are_ones(cls, path: str | None) -> str | None:
        if path is not None:
            compile_path(path)
        return path

    @field_validator("values")
    @classmethod
    def _quantities_and_units_fit(cls, values: Values) -> Values:
        return fitting(values)

    @field_validator("channels")
    @classmethod
    def _channels_fit(cls, channels: Mapping[str, Values]) -> Mapping[str, Values]:
        return {channel: fitting(values) for channel, values in channels.items()}


def fitting(values: Values) -> Values:
    """The same values. Raises `ValueError` for a quantity or unit that is not known, and for a path into a topic."""
    for key, place in values.items():
        conversion(check_quantity(key), place.unit)
        if place.path.startswith(TOPIC):
            raise ValueError(f"{place.path!r}: a codec is not told the topic")
    return values
