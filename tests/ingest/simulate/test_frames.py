from __future__ import annotations

import pytest

from decoders import Code, Decoded, Kind, all_decoders
from ingest.simulate.frames import ENCODERS, SENTINELS, encode
from ingest.simulate.life import values
from ingest.simulate.pace import Pace
from tests.ingest.simulate.city import FLEET, START_S, STATIONS

RESOLUTION = {
    "distance_mm": 0.5,
    "temperature_c": 0.05,
    "battery_pct": 0.5,
    "battery_v": 0.0005,
    "tilted": 0,
    "samples": 0,
    "soil_moisture_pct": 0.005,
    "soil_vwc": 0.00002,
    "soil_temperature_c": 0.05,
    "soil_ec_us_cm": 0.5,
}
"""Half of what one step of a quantity's coarsest encoding is."""

NOT_MEASURED = {"soil_permittivity", "soil_moisture_raw", "soil_ec_raw"}
"""Computed by a decoder from another value, or sent in raw mode only."""


def decode(model: str, given: dict[str, float]) -> Decoded:
    frame = encode(model, given)
    return all_decoders()[model].decode(frame.payload, frame.f_port, {})


def measured(slot: int) -> list[tuple[str, dict[str, float]]]:
    moment = Pace().moment(START_S + slot * 30)
    return [(s.device.model, values(FLEET.seed, s, moment, slot)) for s in STATIONS.values()]


def test_every_model_of_the_fleet_can_be_encoded() -> None:
    assert {station.device.model for station in STATIONS.values()} == set(ENCODERS)


@pytest.mark.parametrize("slot", range(0, 400, 25))
def test_the_decoder_reads_what_the_device_measured(slot: int) -> None:
    for model, given in measured(slot):
        found = decode(model, given)
        assert found.kind is Kind.TELEMETRY
        assert not found.issues
        (reading,) = found.readings
        assert set(all_decoders()[model].quantities) - NOT_MEASURED <= set(reading.values)
        for quantity in set(reading.values) - NOT_MEASURED:
            assert reading.values[quantity] == pytest.approx(given[quantity], abs=RESOLUTION[quantity] + 1e-9), quantity


@pytest.mark.parametrize("temperature", [-12.3, -0.1, 0.0, 38.4])
@pytest.mark.parametrize("model", sorted(ENCODERS))
def test_temperatures_keep_their_sign(model: str, temperature: float) -> None:
    (_, given) = next((m, v) for m, v in measured(0) if m == model)
    names = {"temperature_c", "soil_temperature_c"} & set(all_decoders()[model].quantities)
    (reading,) = decode(model, given | dict.fromkeys(names, temperature)).readings
    assert all(reading.values[name] == pytest.approx(temperature) for name in names)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("milesight_em400_mud", Code.OUT_OF_RANGE),
        ("milesight_em400_tld", Code.OUT_OF_RANGE),
        ("dragino_ldds75", Code.NOT_CONNECTED),
        ("decentlab_dl_mbx", Code.NO_SAMPLES),
    ],
)
def test_a_broken_sensor_sends_what_its_maker_sends_instead_of_a_distance(model: str, code: Code) -> None:
    (_, given) = next((m, v) for m, v in measured(0) if m == model)
    found = decode(model, given | dict(SENTINELS[model]))
    assert found.readings[0].values["distance_mm"] is None
    assert [(issue.field, issue.code) for issue in found.issues] == [("distance_mm", code)]
