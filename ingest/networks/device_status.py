"""What a device says of its battery and its link in LoRaWAN's DevStatusAns.

Source: LoRaWAN 1.0.4, 5.5: battery 0 is external power, 1 to 254 empty to full, 255 "not able to measure".
"""

from __future__ import annotations

Status = dict[str, float | str | bool]


def device_status(battery: int | None, margin_db: float | None) -> Status:
    """As `Uplink.status` holds it; a battery of 0 or 255 is no level."""
    status: Status = {} if margin_db is None else {"margin_db": margin_db}
    if battery is not None:
        status["external_power"] = battery == 0
        if 1 <= battery <= 254:
            status["battery_pct"] = round(battery / 2.54, 2)
    return status
