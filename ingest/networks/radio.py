"""Which gateways heard a frame, and how well."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from .model import Gateway

# Wide enough for the 42 dBm of simulated frames, narrow enough to refuse NaN, Infinity and nonsense.
Level = Annotated[float, Meta(ge=-1000, le=1000)]
Port = Annotated[int, Meta(ge=0, le=255)]
Counter = Annotated[int, Meta(ge=0, le=2**32 - 1)]
SpreadingFactor = Annotated[int, Meta(ge=0, le=12)]
_DATA_RATE: Final = re.compile(r"\s*SF ?(\d{1,2})(?!\d)")

Row = tuple[str, float | None, float | None]
"""One reception by one antenna: gateway id, RSSI in dBm, SNR in dB; None is unknown."""


class Heard(Struct, frozen=True, gc=False):
    """Where a frame was received: `Uplink.gateways`, `.best_rssi` and `.best_snr`."""

    gateways: tuple[Gateway, ...]
    best_rssi: float | None
    best_snr: float | None


def heard(rows: Sequence[Row]) -> Heard:
    """The gateways, each once with its best row, best first: highest SNR, then highest RSSI, then id.

    Two antennas, a redelivery, or a direct and a brokered copy are several rows of one gateway. The two best values
    are each taken over all rows.
    """
    if len(rows) == 1:
        gateway, rssi, snr = rows[0]
        return Heard((Gateway(gateway, rssi, snr),), rssi, snr)
    best: dict[str, Gateway] = {}
    strongest: float | None = None
    for gateway, rssi, snr in sorted(rows, key=_best_first):
        if gateway not in best:
            best[gateway] = Gateway(gateway, rssi, snr)
        if rssi is not None and (strongest is None or rssi > strongest):
            strongest = rssi
    gateways = tuple(best.values())
    return Heard(gateways, strongest, gateways[0].snr if gateways else None)


def _best_first(row: Row) -> tuple[float, float, str]:
    gateway, rssi, snr = row
    return (9999.0 if snr is None else -snr, 9999.0 if rssi is None else -rssi, gateway)


def spreading_factor(data_rate: str | None) -> int | None:
    """Of a data rate in words: 7 of "SF7BW125" or "SF7 BW125 4/5"; None for FSK, LR-FHSS and what is none."""
    match = _DATA_RATE.match(data_rate) if data_rate else None
    return int(match[1]) if match is not None and 5 <= int(match[1]) <= 12 else None


def eu868_spreading_factor(rate: int | None, frequency_hz: float | None) -> int | None:
    """Of the number of a data rate, which means another one in each region; None outside of Europe's 863 to 870 MHz."""
    if rate is None or frequency_hz is None or not 863e6 <= frequency_hz <= 870e6:
        return None
    return 12 - rate if 0 <= rate <= 5 else 7 if rate == 6 else None
