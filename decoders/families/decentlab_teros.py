"""Meter TEROS 11 and 12, the soil probes of the Decentlab DL-TRS11 and DL-TRS12.

    word 0   raw count of the probe, times 10
    word 1   soil temperature, 0.1 °C, plus 32768
    word 2   TEROS 12 only: bulk electrical conductivity, µS/cm

With r = word 0 / 10, as the probe's maker gives them for mineral soil:
    permittivity             (2.887e-9 r³ - 2.080e-5 r² + 5.276e-2 r - 43.39)²
    volumetric water content 3.879e-4 r - 0.6956 m³/m³, slightly negative in air. It is not a percentage.

Sources: Meter TEROS 11/12 manual, "Calibration"; datasheets of both Decentlab models, section "Payload".
"""

from __future__ import annotations

from decoders.frame import Values


def teros(count: int, temperature: int, values: Values) -> None:
    """What words 0 and 1 say."""
    r = count / 10
    root = ((2.887e-9 * r - 2.080e-5) * r + 5.276e-2) * r - 43.39
    values["soil_permittivity"] = round(root * root, 9)
    values["soil_vwc"] = (3879 * count - 69_560_000) / 100_000_000  # whole numbers: one rounding only
    values["soil_temperature_c"] = (temperature - 32768) / 10
