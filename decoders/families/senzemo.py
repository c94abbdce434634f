"""Senzemo Senstick with an analog soil probe: from its voltage to water content.

    volumetric water content, %    2.8432 V³ - 9.1993 V² + 20.2553 V - 4.1882, for mineral soils; not below 0

44 to 2876 mV are what the probe can say; a voltage below 20 mV is no probe, one above 3000 mV a broken one.

Sources: Senzemo "LoRaWAN protocol manual Senstick SSM40" HW 4.0 FW 1.0 and "Senstick SSM30" HW 3.0 FW 1.0.
"""

from __future__ import annotations

from typing import Final

from decoders.frame import Values
from decoders.model import Code, Issue

_NO_PROBE_BELOW, _BROKEN_ABOVE = 20, 3000
QUANTITIES: Final = ("soil_moisture_pct", "soil_moisture_raw")


def moisture(millivolt: int, values: Values, issues: list[Issue]) -> None:
    """Put the water content and the voltage itself into the values."""
    values["soil_moisture_raw"] = float(millivolt)
    if _NO_PROBE_BELOW <= millivolt <= _BROKEN_ABOVE:
        volt = millivolt / 1000
        values["soil_moisture_pct"] = max(0.0, ((2.8432 * volt - 9.1993) * volt + 20.2553) * volt - 4.1882)
        return
    code = Code.NOT_CONNECTED if millivolt < _NO_PROBE_BELOW else Code.SENSOR_FAULT
    values["soil_moisture_pct"] = None
    issues.append(Issue(code, "soil_moisture_pct", millivolt, "a voltage that no probe gives"))
