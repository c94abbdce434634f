"""Which gateways heard a frame, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

from .model import Gateway

# Wide enough for the 42 dBm of simulated frames, narrow enough to refuse NaN, Infinity and nonsense.
Level = Annotated[float, Meta(ge=-1000, le=1000)]
Port = Annotated[int, Meta(ge=0, le=255)]
Counter = Annotated[int, Meta(ge=0, le=2**32 - 1)]
SpreadingFactor = Annotated[int, Meta(ge=0, le=12)]


class Row(NamedTuple):
    """One reception by one antenna: gateway id, RSSI in dBm, SNR in dB; None is unknown."""

    gateway: str
    rssi: float | None
    snr: float | None


def _rank(row: Row | Gateway) -> tuple[float, float]:
    return (-9999.0 if row.snr is None else row.snr, -9999.0 if row.rssi is None else row.rssi)


def distinct(rows: Sequence[Row]) -> tuple[Gateway, ...]:
    """The gateways, each once with its best row, best first: highest SNR, then highest RSSI, then id.

    Two antennas, a redelivery, or a direct and a brokered copy are several rows of one gateway.
    """
    if len(rows) == 1:
        return (Gateway(*rows[0]),)
    best: dict[str, Row] = {}
    for row in rows:
        held = best.get(row.gateway)
        if held is None or _rank(row) > _rank(held):
            best[row.gateway] = row
    by_id = sorted(best.values())
    return tuple(Gateway(*row) for row in sorted(by_id, key=_rank, reverse=True))


def strongest(values: Sequence[float | None]) -> float | None:
    """The highest known value, None when none is known."""
    return max((value for value in values if value is not None), default=None)
