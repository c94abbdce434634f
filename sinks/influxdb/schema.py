"""All names of the data model, once: measurements, tags, fields and their types.

One frame, one row: what was measured at a bin (`bin_level`) or a tree (`soil`), with the device's own condition and the
radio link of the frame that said so. A frame or event of a device in which nothing was measured is a row of
`device_status`. A row more costs a time-series server about as much as ten numbers, a text as much as five: three rows
a frame were 160 µs of an InfluxDB 2.9, one with three texts 100, one with one text 70. So a text that would say the
same in nearly every row is left out there. Frames with readings of several depths or times have a row for each;
condition and link stand in the one of the reception.

What needs history (emptied, need of water, silent) is derived from those rows and stored beside them, and so is what
the pipeline says of itself; both are written again and again under the same time, which is the same row.

Tags are few, bounded and stable; every number is a float (a device that sends 80 today and 80.5 tomorrow must not
conflict), counters are integers, flags booleans, codes strings. Time in milliseconds. The embedded store keeps the same
model, a table per measurement. Changing a name or a type is a migration.
"""

from __future__ import annotations

from typing import Final

from sinks.model import Field

TAGS: Final = ("tenant", "asset_id", "device_id", "model", "depth_cm", "name")
"""Of every measurement; a tag that does not apply is left out of the line and is "" in a `Series`.

`name`: what in the pipeline is meant, a sink, a source or a reason; only in `PIPELINE`.
"""

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
LINK: Final[dict[str, type[Field]]] = {
    "rssi_dbm": float,
    "snr_db": float,
    "spreading_factor": int,
    "gateways": int,
    "f_cnt": int,
    "f_port": int,
    "gateway": str,  # the one with the best SNR; rssi_dbm and snr_db are its
    "time_source": str,  # whose clock the row's time is; absent: the network server's
}
"""What the radio link of a frame says."""
_EVERY_FRAME: Final = _EVERY_ROW | CONDITION | LINK

FRAMES: Final[dict[str, dict[str, type[Field]]]] = {
    "bin_level": _EVERY_FRAME
    | _PLACE
    | dict.fromkeys(
        (
            "distance_mm", "depth_mm", "pressure_kpa", "fill_reported_pct", "level_pct", "volume_l", "echo_quality",
            "samples", "tilted", "tilt_deg", "temperature_c", "humidity_pct", "water_ec_us_cm",
        ),
        float,
    ),
    "soil": _EVERY_FRAME
    | _PLACE
    | dict.fromkeys(
        (
            "soil_moisture_pct", "soil_vwc", "soil_tension_kpa", "soil_nfk_pct", "soil_temperature_c", "soil_ec_us_cm",
            "soil_permittivity", "soil_moisture_raw", "soil_ec_raw", "soil_moisture_index", "soil_salinity_index",
            "soil_ph", "soil_n_mg_kg", "soil_p_mg_kg", "soil_k_mg_kg", "leaf_moisture_pct", "leaf_temperature_c",
            "temperature_c", "humidity_pct",
        ),
        float,
    ),
    "device_status": _EVERY_FRAME,
    "event": {"code": str, "text": str, "offset": int},
}  # fmt: skip
"""What frames said, by measurement."""

INSIGHTS: Final[dict[str, dict[str, type[Field]]]] = {
    "bin_state": _PLACE
    | {
        "level_pct": float,  # median of the newest good readings
        "state": str,  # ok, due_soon, due, overfull, unknown
        "state_code": int,  # 0, 1, 2, 3, 9
        "fill_rate_pct_d": float,
        "hours_to_due": float,  # until the threshold, 0 when it is reached
        "since_emptied_h": float,
        "age_s": float,  # of the newest reading
        "quality": int,
        "method": str,  # how the rate was found, e.g. "shrunk n=5"
    },
    "tree_state": _PLACE
    | {
        "need": float,  # 0..100, 100 is urgent
        "state": str,  # ok, plan, water_now, unknown
        "state_code": int,  # 0, 1, 2, 9
        "soil_nfk_pct": float,  # weighted over the depths
        "soil_tension_kpa": float,
        "soil_temperature_c": float,
        "days_to_critical": float,  # if it does not rain
        "litres": float,  # that one watering should bring
        "since_watered_d": float,
        "frozen": bool,
        "settling": bool,  # the probe was installed lately
        "age_s": float,
        "quality": int,
        "method": str,  # what the need rests on: nfk, tension
    },
    "asset_event": {
        "code": str,  # emptied, partly_emptied, watered, installed, swapped, removed
        "before": float,  # level_pct or soil_vwc around the event
        "after": float,
        "uncertainty_s": float,  # it happened at most so long before the row's time
        "quality": int,
        "text": str,
    },
    "device_health": {
        "age_s": float,  # since the newest frame
        "interval_s": float,  # its usual one
        "state": str,  # online, late, silent
        "state_code": int,  # 0, 1, 2
        "received": int,  # frames of the last 24 h
        "missing": int,  # by its counter
        "loss_pct": float,
        "headroom_db": float,  # median SNR above the floor of SF12
        "link_margin_db": float,  # median SNR above the floor of the spreading factor in use
        "snr_db": float,
        "rssi_dbm": float,
        "spreading_factor": float,
        "gateways": float,
        "battery_v": float,
        "battery_pct": float,
    },
}  # fmt: skip
"""What is derived from the history of an asset or a device. States stand at the beginning of their hour."""

PIPELINE: Final[dict[str, dict[str, type[Field]]]] = {
    "pipeline": {  # name: the sink
        "received": int,
        "stored": int,
        "duplicates": int,
        "dead_letters": int,
        "expired": int,
        "in_flight": int,
        "missing": int,  # of which nobody knows what became; 0 when the books add up
        "balanced": bool,
        "backlog": int,
        "oldest_s": float,  # how long the oldest message in flight has waited
        "settled_age_s": float,  # since the sink last settled anything
        "open_letters": int,
        "unknown_devices": int,
        "missing_frames": int,
    },
    "pipeline_source": {"messages": int, "last_message_age_s": float, "alarms": int, "text": str},  # name: the source
    "dead_letters": {"open": int},  # name: the reason; model: of the device, when it is known
    "dead_letter": {"letter": int, "detail": str},  # name: the reason; device_id as far as it is known
}
"""What the pipeline says of itself, once a minute."""

MEASUREMENTS: Final = FRAMES | INSIGHTS | PIPELINE
"""Measurement to field to type."""
