"""Stored rows to published observations. Only quantities of the asset leave the house: no device, gateway or offset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from decoders.quantities import QUANTITIES
from sinks.errors import Invalid
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Field, Quality
from sinks.ports import Row
from sinks.quality import parse_codes

from .answers import Observation, QualityWord
from .times import rfc3339

MEASUREMENT_OF_KIND: Final = {"bin": "bin_level", "tree": "soil"}
"""Kind of asset to the measurement that holds its observations."""

_OF_ASSETS: Final = {key for key, quantity in QUANTITIES.items() if quantity.subject == "asset"}

PUBLISHED: Final = {
    measurement: tuple(QUANTITIES[name] for name in MEASUREMENTS[measurement] if name in _OF_ASSETS)
    for measurement in MEASUREMENT_OF_KIND.values()
}
"""Measurement to the quantities that an answer may name."""

_WORDS: Final[dict[Quality, QualityWord]] = {
    Quality.GOOD: "good",
    Quality.NOT_EVALUATED: "not_evaluated",
    Quality.SUSPECT: "suspect",
    Quality.FAIL: "fail",
    Quality.MISSING: "missing",
}

Codes = dict[str, tuple[Quality, str]]


def observations(row: Row) -> Iterator[Observation]:
    """Every published value of a row, and every value that it says is missing, in the order of the schema."""
    codes, otherwise = _flags(row)
    depth = row.tags.get("depth_cm", "")
    time = rfc3339(row.time_ms)
    for quantity in PUBLISHED.get(row.measurement, ()):
        value = _number(row.fields.get(quantity.key))
        flag, reason = codes.get(quantity.key, otherwise)
        if value is None and flag is not Quality.MISSING:
            continue
        yield Observation(
            time=time,
            quantity=quantity.key,
            value=value,
            unit=quantity.unit,
            quality=_WORDS[flag],
            reason=reason or None,
            depth_cm=float(depth) if depth else None,
        )


def usable(observation: Observation) -> bool:
    """Whether a statement may rest on this value."""
    return observation.value is not None and observation.quality not in ("fail", "missing")


def key(observation: Observation) -> str:
    """Name of the value among the latest of its station."""
    depth = observation.depth_cm
    return observation.quantity if depth is None else f"{observation.quantity}@{depth:g}"


def _flags(row: Row) -> tuple[Codes, tuple[Quality, str]]:
    """Flags by quantity, and the flag of every quantity that is not named.

    Where the codes cannot be read, the row's own flag holds for each of its values: a doubt is not lost.
    """
    try:
        codes = parse_codes(str(row.fields.get("quality_codes", "")))
    except Invalid:
        return {}, (_row_flag(row), "unreadable_codes")
    return codes, (Quality.GOOD if codes else _row_flag(row), "")


def _row_flag(row: Row) -> Quality:
    return Quality(int(row.fields.get("quality", Quality.NOT_EVALUATED)))


def _number(value: Field | None) -> float | None:
    return None if value is None else float(value)
