"""Temperatures below zero, in every field that can hold one."""

from __future__ import annotations

import pytest

from decoders import find

COLD = (-0.1, -10.0, -40.0)

FRAMES = [
    ("EM400-MUD", 85, "0367{0}", "temperature_c", "little", 10, 0),
    ("EM400-TLD", 85, "0367{0}", "temperature_c", "little", 10, 0),
    ("EM400-UDL", 85, "8367{0}01", "temperature_c", "little", 10, 0),
    ("LDDS75", 2, "0b450b0500{0}01", "temperature_c", "big", 10, 0),
    ("DDS75-LB", 2, "0b450b0500{0}01", "temperature_c", "big", 10, 0),
    ("DDS75-LB", 2, "1b4500000000000003e801{0}01", "temperature_c", "big", 10, 0),
    ("DDS75-LB", 3, "0ce403e8{0}416553f100", "temperature_c", "big", 10, 0),
    ("LSE01", 2, "0b45{0}05dc010500c810", "temperature_c", "big", 10, 0),
    ("LSE01", 2, "0b45000005dc{0}00c810", "soil_temperature_c", "big", 100, 0),
    ("SE01-LB", 3, "05dc{0}00c8016553f100", "soil_temperature_c", "big", 100, 0),
    ("DL-TRS12", 1, "0210d3000346be{0}00000c80", "soil_temperature_c", "big", 10, 32768),
]


@pytest.mark.parametrize("celsius", COLD)
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{frame[0]} {frame[2]}")
def test_below_zero_is_below_zero(frame: tuple[str, int, str, str, str, int, int], celsius: float) -> None:
    model, port, form, key, order, scale, offset = frame
    raw = (round(celsius * scale) + offset) & 0xFFFF
    text = raw.to_bytes(2, "little" if order == "little" else "big").hex()
    decoder = find(model)
    assert decoder is not None
    decoded = decoder.decode(bytes.fromhex(form.format(text)), port, {})
    assert decoded.readings[0].values[key] == celsius
