"""All names of the data model, once: measurements, tags, fields and their types.

Wide rows, one measurement per kind of observation; tags are few, bounded and stable; every number is a float (a
device that
sends 80 today and 80.5 tomorrow must not conflict), counters are integers, flags booleans, codes strings. Time in
milliseconds.
The embedded store keeps the same model, a table per measurement. Changing a name or a type is a migration.
"""

from __future__ import annotations

from typing import Final

from sinks.model import Field

TAGS: Final = ("tenant", "asset_id", "device_id", "model", "depth_cm")
"""Of every measurement; a tag that does not apply is left out of the line and is "" in a `Series`."""

_EVERY_ROW: Final[dict[str, type[Field]]] = {
    "quality": int,  # worst QARTOD flag of the row
    "quality_codes": str,  # "distance_mm=9:no_echo level_pct=3:below_empty"; absent when all is good
    "decoder": str,  # "<key>/<revision>" of the code that read the frame
    "offset": int,  # where the message stands in the journal
}
_PLACE: Final[dict[str, type[Field]]] = {"lat": float, "lon": float}

MEASUREMENTS: Final[dict[str, dict[str, type[Field]]]] = {
    "bin_level": _EVERY_ROW
    | _PLACE
    | dict.fromkeys(
        (
            "distance_mm", "depth_mm", "fill_reported_pct", "level_pct", "volume_l", "echo_quality", "samples",
            "tilted", "tilt_deg", "temperature_c",
        ),
        float,
    ),
    "soil": _EVERY_ROW
    | _PLACE
    | dict.fromkeys(
        (
            "soil_moisture_pct", "soil_vwc", "soil_tension_kpa", "soil_nfk_pct", "soil_temperature_c", "soil_ec_us_cm",
            "soil_permittivity", "soil_moisture_raw", "soil_ec_raw", "temperature_c",
        ),
        float,
    ),
    "device_status": _EVERY_ROW
    | dict.fromkeys(("battery_v", "battery_pct", "margin_db", "age_s"), float)
    | {"firmware": str, "external_power": bool},
    "link_quality": {
        "rssi_dbm": float,
        "snr_db": float,
        "spreading_factor": int,
        "gateways": int,
        "f_cnt": int,
        "f_port": int,
        "gateway": str,
        "time_source": str,
        "offset": int,
    },
    "event": {"code": str, "text": str, "offset": int},
}  # fmt: skip
"""Measurement to field to type."""
