"""Dragino GroPoint Air: profile of soil moisture and temperature (GroPoint Profile), LoRaWAN. fPort 2 only.

    0-1   battery, mV, lower 12 bits
    2     number of segments of the probe, a digit as text: "2" (32) to "8" (38)
    3-    soil temperatures, signed, 0.1 °C, as many as the probe has
          then moistures, 0.1 %, one for each segment; or 7fff alone: the moisture could not be read

    segments       2   3   4   5   6   7   8
    temperatures   4   6   7   9  11  12  13

A probe without temperatures sends moistures only. That is how a frame cut short looks too, so it is read only when the
parameter `temperatures` is false.

Firmware 1.0 sends no 7fff in place of the moistures; the vendor's decoder for it takes the first temperatures of such
a frame for moistures. A single 7fff is a sensor that could not be read.

Each segment is a reading of its own, channels "1" to "8", and so is each place with a temperature, channels "t1" to
"t13", both from the top; the battery is in the first.

Sources: Dragino GroPoint Air user manual, 2.3 "Uplink Payload"; vendor decoders V1.0.0 and V1.1; a frame in akenza's
tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import unpack_from
from typing import Final

from decoders.families.dragino import DATA
from decoders.frame import Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decoded, Decoder, Issue, Kind, Params, Reading, refuse

_TEMPERATURES: Final = {2: 4, 3: 6, 4: 7, 5: 9, 6: 11, 7: 12, 8: 13}
_HEAD: Final = 3
_UNREAD: Final = 0x7FFF


def _data(payload: bytes, params: Params) -> Decoded:
    if len(payload) < _HEAD:
        return refuse_length(payload, _HEAD)
    segments = payload[2] - ord("0")
    temperatures = _TEMPERATURES.get(segments)
    if temperatures is None:
        return refuse(Code.UNKNOWN_VARIANT, payload, f"probe {payload[2]:02x} is not 32 to 38", payload[2])
    if params.get("temperatures") is False:
        temperatures = 0
    count, odd = divmod(len(payload) - _HEAD, 2)
    words = unpack_from(f">{count}h", payload, _HEAD)
    moistures = words[temperatures:]
    if odd or (len(moistures) != segments and moistures != (_UNREAD,)):
        return _refuse(payload, segments, temperatures)
    return _profile(moistures, words[:temperatures], (int.from_bytes(payload[:2]) & 0x0FFF) / 1000)


def _refuse(payload: bytes, segments: int, temperatures: int) -> Decoded:
    if temperatures and len(payload) == _HEAD + 2 * segments:
        detail = "moistures only; if the probe measures no temperatures, its profile must say temperatures = false"
        return refuse(Code.MISSING_PARAMETER, payload, detail, len(payload))
    return refuse_length(payload, _HEAD + 2 * (segments + temperatures))


def _profile(moistures: Sequence[int], temperatures: Sequence[int], battery: float) -> Decoded:
    issues: list[Issue] = []
    every = _values("", "soil_moisture_pct", [word & 0xFFFF for word in moistures], issues)
    every += _values("t", "soil_temperature_c", temperatures, issues)
    every[0][1]["battery_v"] = battery
    for _, values in every:
        check_limits(values, issues)
    readings = tuple([Reading(values, None, name) for name, values in every])
    return assemble(Kind.TELEMETRY, readings, {}, issues=issues)


def _values(prefix: str, key: str, words: Sequence[int], issues: list[Issue]) -> list[tuple[str, Values]]:
    unread = [f"{prefix}{place}" for place, word in enumerate(words, 1) if word == _UNREAD]
    issues += [Issue(Code.SENSOR_FAULT, key, _UNREAD, f"{name} could not be read") for name in unread]
    return [(f"{prefix}{place}", {key: None if word == _UNREAD else word / 10}) for place, word in enumerate(words, 1)]


DECODER: Final = Decoder(
    key="dragino_gropoint_air",
    vendor="Dragino",
    models=("GroPoint Air",),
    kind="soil",
    ports=(DATA,),
    quantities=("soil_moisture_pct", "soil_temperature_c", "battery_v"),
    document="Dragino GroPoint Air user manual, section 2.3 Uplink Payload",
    decode=by_port({DATA: _data}),
    aliases=("GroPoint-Air", "GroPointAir", "gro_point_air"),
    params=("temperatures",),
)
