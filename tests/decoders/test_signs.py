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
    ("R718X", 6, "0134012401012c{0}320a", "temperature_c", "big", 10, 0),
    ("R900PB02", 22, "03010701240003{0}01010000", "soil_temperature_c", "big", 100, 0),
    ("R72632A01", 6, "010910480dac{0}04b000", "soil_temperature_c", "big", 100, 0),
    ("R72632A01", 6, "01090c48{0}03e8ffff00", "temperature_c", "big", 100, 0),
    ("KIWI", 10, "0b67{0}", "temperature_c", "big", 10, 0),
    ("KIWI", 10, "0367{0}", "soil_temperature_c", "big", 10, 0),
    ("dnt-LW-DIS", 10, "9c06{0}", "temperature_c", "big", 10, 0),
    ("dnt-LW-DIS", 10, "9c0201{0}", "temperature_c", "big", 10, 0),
    ("ELV-LW-INT1", 10, "8900030300{0}", "soil_temperature_c", "big", 10, 0),
    ("Filling Degree Sensor", 1, "0e007800{0}114d", "temperature_c", "big", 100, 0),
    ("Soil Moisture Sensor", 1, "0c28{0}043f", "temperature_c", "big", 100, 0),
    ("VEGAPULS Air 41", 1, "083fa31f152d24{0}2009", "temperature_c", "big", 10, 0),
    ("VEGAPULS Air 41", 1, "02003fa31f152d24{0}09", "temperature_c", "big", 10, 0),
    ("ax-opto", 100, "c900" + "c800" * 9 + "0000{0}cb0a", "temperature_c", "little", 10, 0),
    ("YO Distance", 1, "022800000d0001{0}", "temperature_c", "big", 10, 0),
    ("LoRaSoil", 152, "{0}22a86408a0019b06cb00000000000000000205", "soil_temperature_c", "big", 100, 0),
    ("LoRaSoil", 152, "10f722a86408a0019b06cb00000000000000000205{0}03f60a", "temperature_c", "big", 100, 0),
    ("PM-IO-5-SM", 1, "016300340001{0}0000", "soil_temperature_c", "big", 100, 0),
    ("AgroSense Soil Monitor", 1, "000123010163{0}01c20041000dbba0", "soil_temperature_c", "big", 10, 0),
    ("SSM30", 2, "01{0}157c2787ff05dc", "temperature_c", "big", 100, 0),
    ("Oskar v2", 2, "ac0d{0}01cd010000e60a2369", "temperature_c", "little", 10, 0),
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
