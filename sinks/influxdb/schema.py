"""All names of the data model, once: measurements, tags, fields and their types.

One frame, one row: what was measured at a bin (`bin_level`) or a tree (`soil`), with the device's own condition and the
radio link of the frame that said so. A frame or event of a device in which nothing was measured is a row of
`device_status`. A row more costs a time-series server about as much as ten numbers, a text as much as five: three rows
a frame were 160 µs of an InfluxDB 2.9, one with three texts 100, one with one text 70. So a text that would say the
same in nearly every row is left out there. Frames with readings of several depths or times have a row for each;
condition and link stand in the one of the reception.

Tags are few, bounded and stable; every number is a float (a device that sends 80 today and 80.5 tomorrow must not
conflict), counters are integers, flags booleans, codes strings. Time in milliseconds. The embedded store keeps the same
model, a table per measurement. Changing a name or a type is a migration.
"""

from __future__ import annotations

from typing import Final

from sinks.model import Field

TAGS: Final = ("tenant", "asset_id", "device_id", "model", "depth_cm")
"""Of every measurement; a tag that does not apply is left out of the line and is "" in a `Series`."""

_EVERY_ROW: Final[dict[str, type[Field]]] = {
    "quality": int,  # worst QARTOD flag of the row
    "quality_codes": str,  # "distance_mm=9:no_echo level_pct=3:below_empty"; absent when all is good
    "decoder": str,  # "<key>/<revision>" of the code that read the frame; absent: the first revision for `model`
    "offset": int,  # where the message stands in the journal
}
_PLACE: Final[dict[str, type[Field]]] = {"lat": float, "lon": float}
CONDITION: Final[dict[str, type[Field]]] = {
    "battery_v": float,
    "battery_pct": float,
    "margin_db": float,
    "firmware": str,
    "external_power": bool,
}
"""What a device says of itself."""
_LINK: Final[dict[str, type[Field]]] = {
    "rssi_dbm": float,
    "snr_db": float,
    "spreading_factor": int,
    "gateways": int,
    "f_cnt": int,
    "f_port": int,
    "gateway": str,  # the one with the best SNR; rssi_dbm and snr_db are its
    "time_source": str,  # whose clock the row's time is; absent: the network server's
}
_EVERY_FRAME: Final = _EVERY_ROW | CONDITION | _LINK

MEASUREMENTS: Final[dict[str, dict[str, type[Field]]]] = {
    "bin_level": _EVERY_FRAME
    | _PLACE
    | dict.fromkeys(
        (
            "distance_mm", "depth_mm", "fill_reported_pct", "level_pct", "volume_l", "echo_quality", "samples",
            "tilted", "tilt_deg", "temperature_c",
        ),
        float,
    ),
    "soil": _EVERY_FRAME
    | _PLACE
    | dict.fromkeys(
        (
            "soil_moisture_pct", "soil_vwc", "soil_tension_kpa", "soil_nfk_pct", "soil_temperature_c", "soil_ec_us_cm",
            "soil_permittivity", "soil_moisture_raw", "soil_ec_raw", "temperature_c",
        ),
        float,
    ),
    "device_status": _EVERY_FRAME | {"age_s": float},
    "event": {"code": str, "text": str, "offset": int},
}  # fmt: skip
"""Measurement to field to type."""
