"""Decagon 5TM and 5TE, the soil probes of the Decentlab DL-5TM and DL-5TE.

    word 0   permittivity, 0.02
    word 1   soil temperature, 0.1 °C, plus 400

With e = permittivity, as the probe's maker gives it: volumetric water content 4.3e-6 e³ - 5.5e-4 e² + 2.92e-2 e - 0.053
m³/m³ (Topp), slightly negative in air. It is not a percentage.

Sources: Decagon 5TM and 5TE manuals, "Calibration"; datasheets of both Decentlab models, section "Payload".
"""

from __future__ import annotations

from decoders.frame import Values


def five_t(permittivity: int, temperature: int, values: Values) -> None:
    """What words 0 and 1 say."""
    e = permittivity / 50
    values["soil_permittivity"] = e
    values["soil_vwc"] = round(((4.3e-6 * e - 5.5e-4) * e + 2.92e-2) * e - 0.053, 12)
    values["soil_temperature_c"] = (temperature - 400) / 10
