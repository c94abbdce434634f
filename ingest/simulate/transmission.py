"""A frame on its way: who sent it in which session, and which gateways heard it how well."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, floor, hypot, log10, radians
from typing import Final

from .chance import between, draw, gauss, octets
from .frames import Frame
from .stations import Station

CHANNELS_HZ: Final = (868_100_000, 868_300_000, 868_500_000)
BANDWIDTH_HZ: Final = 125_000
_LORAWAN_OVERHEAD: Final = 13  # header 7, counter and options in it, port 1, MIC 4, MAC header 1
_DEMODULATES_DB: Final = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
_METRES_PER_DEGREE: Final = 111_320


@dataclass(frozen=True, slots=True)
class Gateway:
    """`gps`: whether it knows the time by itself. `altitude_m` None: nobody told the network server where it stands."""

    name: str
    eui: str
    lat: float
    lon: float
    altitude_m: int | None
    gps: bool


GATEWAYS: Final = {
    "offenbach": (
        Gateway("of-gw-rathaus", "7276ff0039030a11", 50.1053, 8.7660, 160, gps=True),
        Gateway("of-gw-klinikum", "a84041ffff1f8020", 50.0935, 8.7690, None, gps=False),
        Gateway("of-gw-hafen", "7276ff002e0607cc", 50.1105, 8.7530, 118, gps=True),
    ),
    "giessen": (
        Gateway("gi-gw-stadtkirche", "0016c001f1500001", 50.5857, 8.6745, 210, gps=True),
        Gateway("gi-gw-bahnhof", "0016c001f1500002", 50.5797, 8.6631, 172, gps=False),
        Gateway("gi-gw-schwanenteich", "a84041ffff200003", 50.5896, 8.6850, None, gps=False),
    ),
}


@dataclass(frozen=True, slots=True)
class Reception:
    """One gateway's row. `rssi` in dBm, `snr` in dB."""

    gateway: Gateway
    rssi: int
    snr: float


@dataclass(frozen=True, slots=True)
class Transmission:
    """One frame of a device, or, with `frame` None, the join that begins its session.

    `session`: number of the session; `f_cnt`: counter in it. `at_ns`: when the network server had it, Unix ns.
    """

    seed: int
    station: Station
    session: int
    f_cnt: int
    at_ns: int
    frame: Frame | None
    spreading_factor: int
    receptions: tuple[Reception, ...]

    def octets(self, size: int, *what: object) -> bytes:
        """Bytes for the identifiers of this frame."""
        return octets(size, self.seed, self.station.device.dev_eui, self.session, self.f_cnt, self.frame is None, *what)

    @property
    def dev_addr(self) -> str:
        """Another one for each session; 8 hex digits of the private range."""
        return (b"\x00" + octets(3, "dev_addr", self.station.device.dev_eui, self.session)).hex()

    @property
    def frequency_hz(self) -> int:
        """One of the three channels that every European device knows."""
        return CHANNELS_HZ[self.octets(1, "channel")[0] % len(CHANNELS_HZ)]

    @property
    def airtime_us(self) -> int:
        """Time on air in microseconds, by the formula of the SX1276 data sheet, 4.1.1.7."""
        size = _LORAWAN_OVERHEAD + (len(self.frame.payload) if self.frame else 0)
        factor = self.spreading_factor
        optimised = 1 if factor >= 11 else 0
        symbols = 8 + max(0, ceil((8 * size - 4 * factor + 44) / (4 * (factor - 2 * optimised)))) * 5
        return floor((symbols + 12.25) * (1 << factor) * 1_000_000 / BANDWIDTH_HZ)


def heard(seed: int, station: Station, slot: int) -> tuple[int, tuple[Reception, ...]]:
    """Spreading factor, and the gateways that hear this frame: at least one, in no particular order."""
    rows = [_reception(seed, station, slot, gateway) for gateway in GATEWAYS[station.device.organisation]]
    best = max(rows, key=lambda row: row.snr)
    factor = next((sf for sf, limit in _DEMODULATES_DB.items() if best.snr >= limit + 6), 12)
    audible = [row for row in rows if row is best or row.snr > _DEMODULATES_DB[factor]]
    eui = station.device.dev_eui
    return factor, tuple(sorted(audible, key=lambda row: draw(seed, eui, "order", slot, row.gateway.eui)))


def _reception(seed: int, station: Station, slot: int, gateway: Gateway) -> Reception:
    """Level by distance (exponent 3.6, as in streets), by how the sensor sits in its bin, and by luck."""
    eui = station.device.dev_eui
    north_m = (station.asset.lat - gateway.lat) * _METRES_PER_DEGREE
    east_m = (station.asset.lon - gateway.lon) * _METRES_PER_DEGREE * cos(radians(gateway.lat))
    distance_m = max(20.0, hypot(north_m, east_m))
    seat_db = between(2, 34, "seat", eui, gateway.eui)
    rssi = -28 - 36 * log10(distance_m / 10) - seat_db + gauss(0, 2.5, seed, eui, gateway.eui, "fading", slot)
    snr = min(10.0, rssi + 117) + gauss(0, 1.2, seed, eui, gateway.eui, "noise", slot)
    return Reception(gateway, max(-137, round(rssi)), max(-20.0, round(snr * 4) / 4))
