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
    ("EM410-RDL", 85, "0367{0}", "temperature_c", "little", 10, 0),
    ("LDS12-LB", 2, "0d5c{0}0b1801b1001e01", "temperature_c", "big", 10, 0),
    ("DDS75-3-LB", 2, "0ce4{0}03e803e803e810", "temperature_c", "big", 10, 0),
    ("MDS120-LB", 2, "0b450b0500{0}01", "temperature_c", "big", 10, 0),
    ("SE02-LB", 2, "0ce400fa11c6{0}01180fa008ca00fa10", "soil_temperature_c", "big", 100, 0),
    ("SE02-LB", 3, "11c6{0}01180fa008ca00fa406553f100", "soil_temperature_c", "big", 100, 0),
    ("SE0X-LB", 2, "0ce400fa081194{0}05dc", "soil_temperature_c", "big", 100, 0),
    ("LSPH01", 2, "0d2300000254{0}000001", "soil_temperature_c", "big", 10, 0),
    ("LLMS01", 2, "0d2300000254{0}000001", "leaf_temperature_c", "big", 10, 0),
    ("LSNPK01", 2, "0e55{0}62086760e43cc6", "temperature_c", "big", 10, 0),
    ("NSE01", 0, "f86778705021331700840cfd1b01000bb8{0}006400466553f100", "soil_temperature_c", "big", 100, 0),
    ("DL-RAD", 1, "02586b0003074c{0}8a8c00000b93", "temperature_c", "big", 100, 32768),
    ("DL-CTD10", 1, "0207d900039088{0}006400000c60", "temperature_c", "big", 10, 32768),
    ("DL-TRS11", 1, "0210d50003463f{0}0c79", "soil_temperature_c", "big", 10, 32768),
    ("DL-TRS21", 1, "02019200030075{0}0c25", "soil_temperature_c", "big", 10, 32768),
    ("DL-5TM", 1, "02023b00030037{0}0c60", "soil_temperature_c", "big", 10, 400),
    ("DL-5TE", 1, "02031c00030037{0}00000c60", "soil_temperature_c", "big", 10, 400),
    ("DL-GS3", 1, "02036300030099{0}00010c60", "soil_temperature_c", "big", 10, 32768),
    ("ELT-2", 5, "01{0}0e03e8", "temperature_c", "big", 10, 0),
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
