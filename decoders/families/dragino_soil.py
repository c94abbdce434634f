"""Dragino's soil sensors with one probe: LSE01 and its -LB and -LS successor SE01.

fPort 2, 11 bytes:

    0-1   battery, see `families.dragino`
    2-3   external DS18B20, signed, 0.1 °C
    4-5   volumetric water content, 0.01 %
    6-7   soil temperature, signed, 0.01 °C
    8-9   conductivity, µS/cm
    10    bit 7: raw mode; bit 4: the probe was found (0 in old firmware); bits 0-3: sent because of the interrupt pin

In raw mode the words are instead: 4-5 dielectric constant, 0.1; 6-7 moisture count; 8-9 conductivity count.

The vendor's manual and code subtract ffff, not 10000, from a negative soil temperature, so their values are 0.01 °C too
warm (ff7e printed as -1.29 °C); it is two's complement: -1.30 °C.

Firmware before 1.2 knows no raw mode and may set bit 7 all the same (the catalogue's only LSE01 frame does: 9 in the
upper nibble, 24.59 °C soil beside 24.1 °C DS18B20). Nothing wet has a dielectric constant above 100, water has 88, so
a frame that would claim more is read as measured values.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import INTERRUPT, battery_v, ds18b20_c
from decoders.frame import Status, Values, assemble, check_limits
from decoders.model import Decoded, Issue, Kind, Reading

LENGTH: Final = 11
_FRAME: Final = Struct(">HhHHHB")
_RECORD: Final = Struct(">HhH")
_HIGHEST_DIELECTRIC: Final = 1000  # times 0.1


def soil_frame(payload: bytes, status: Status) -> Decoded:
    """A frame of fPort 2 whose first 11 bytes are laid out as above; `status` is what the bytes behind them say."""
    battery, external, first, second, third, flags = _FRAME.unpack_from(payload)
    issues: list[Issue] = []
    if flags & 0x80 and first <= _HIGHEST_DIELECTRIC:
        values = counted(first, second, third)
    else:
        values = measured(first, second - (second >> 15 << 16), third)
    values["temperature_c"] = ds18b20_c(external, issues)
    values["battery_v"] = battery_v(battery)
    check_limits(values, issues)
    status["probe_found"] = bool(flags & 0x10)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, INTERRUPT if flags & 0x0F else (), issues)


def soil_record(payload: bytes, at: int, _issues: list[Issue]) -> Values:
    """A stored record of fPort 3: moisture, temperature, conductivity, flags (1), time (4).

    The vendor's code masks the conductivity to 12 bits and divides it by 10, unlike for the live frame of the same
    sensor; the manual says that records are laid out as live frames are, so µS/cm it is.
    """
    return measured(*_RECORD.unpack_from(payload, at))


def counted(dielectric: int, moisture: int, conductivity: int) -> Values:
    """The three words of a probe in raw mode."""
    return {
        "soil_permittivity": dielectric / 10,
        "soil_moisture_raw": float(moisture),
        "soil_ec_raw": float(conductivity),
    }


def measured(moisture: int, temperature: int, conductivity: int) -> Values:
    """The three words of a probe; the temperature is signed."""
    return {
        "soil_moisture_pct": moisture / 100,
        "soil_temperature_c": temperature / 100,
        "soil_ec_us_cm": float(conductivity),
    }
