"""The vocabulary: every quantity that a decoder, a derivation or the API may name.

A decoder names a quantity; this table knows its unit, its meaning and its physical limits. Limits are physical (a
value outside cannot be true anywhere); what is plausible at one place is a quality flag, not a limit.

Units are UCUM codes (https://ucum.org). Definition URIs are QUDT quantity kinds where one exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_QUDT: Final = "http://qudt.org/vocab/quantitykind/"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One entry of the vocabulary.

    `unit`: UCUM code, "1" for dimensionless numbers. `low`, `high`: physical limits in that unit, inclusive.
    `subject`: "asset" for what is said of the bin or tree, "device" for the sensor's own condition, "link" for radio.
    """

    key: str
    unit: str
    en: str
    de: str
    low: float
    high: float
    definition: str
    subject: str = "asset"


def _table(*entries: Quantity) -> dict[str, Quantity]:
    return {entry.key: entry for entry in entries}


QUANTITIES: Final = _table(
    # Levels. Distance runs away from the sensor, so a small distance is a full bin.
    Quantity("distance_mm", "mm", "Distance from the sensor to the surface", "Abstand vom Sensor zur Oberfläche", -10_000, 100_000, _QUDT + "Distance"),
    Quantity("depth_mm", "mm", "Depth of the liquid above the sensor; a probe in air may say a little less than 0", "Wassertiefe über dem Sensor; eine Sonde an der Luft sagt auch etwas weniger als 0", -1_000, 1_000_000, _QUDT + "Depth"),
    Quantity("pressure_kpa", "kPa", "Pressure of the liquid against that of the air", "Druck der Flüssigkeit gegen den der Luft", -200, 100_000, _QUDT + "GaugePressure"),
    Quantity("water_ec_us_cm", "uS/cm", "Electrical conductivity of the water", "Elektrische Leitfähigkeit des Wassers", 0, 200_000, _QUDT + "ElectricConductivity"),
    Quantity("fill_reported_pct", "%", "Fill level as computed by the device", "Füllstand nach Rechnung des Geräts", 0, 100, _QUDT + "DimensionlessRatio"),
    Quantity("level_pct", "%", "Fill level, 0 is empty", "Füllstand, 0 ist leer", -10, 115, _QUDT + "DimensionlessRatio"),
    Quantity("volume_l", "L", "Filled volume", "Gefülltes Volumen", 0, 1_000_000, _QUDT + "Volume"),
    Quantity("echo_quality", "1", "Strength or reliability of the echo", "Stärke oder Güte des Echos", -1_000_000, 1_000_000, _QUDT + "DimensionlessRatio"),
    Quantity("samples", "1", "Number of valid samples behind the value", "Anzahl gültiger Messungen hinter dem Wert", 0, 65_535, _QUDT + "Count"),
    Quantity("tilted", "1", "Tilted beyond the device's limit: 1 yes, 0 no", "Über die Grenze des Geräts gekippt: 1 ja, 0 nein", 0, 1, _QUDT + "Dimensionless"),
    Quantity("tilt_deg", "deg", "Tilt against the vertical", "Neigung gegen die Senkrechte", -180, 180, _QUDT + "PlaneAngle"),
    Quantity("temperature_c", "Cel", "Temperature at the device", "Temperatur am Gerät", -60, 150, _QUDT + "CelsiusTemperature"),
    Quantity("humidity_pct", "%", "Relative humidity at the device", "Relative Luftfeuchte am Gerät", 0, 100, _QUDT + "RelativeHumidity"),
    # Soil. Water content (how much water) and tension (how hard it is to get) are never mixed.
    Quantity("soil_moisture_pct", "%", "Volumetric water content in percent", "Volumetrischer Wassergehalt in Prozent", -20, 100, _QUDT + "VolumeFraction"),
    Quantity("soil_vwc", "m3/m3", "Volumetric water content", "Volumetrischer Wassergehalt", -0.7, 1.0, _QUDT + "VolumeFraction"),
    Quantity("soil_tension_kpa", "kPa", "Soil water tension, positive is drier", "Saugspannung, größer ist trockener", 0, 10_000, _QUDT + "Pressure"),
    Quantity("soil_nfk_pct", "%", "Share of the usable field capacity", "Anteil der nutzbaren Feldkapazität", -200, 500, _QUDT + "DimensionlessRatio"),
    Quantity("soil_temperature_c", "Cel", "Soil temperature", "Bodentemperatur", -60, 100, _QUDT + "CelsiusTemperature"),
    Quantity("soil_ec_us_cm", "uS/cm", "Electrical conductivity of the soil", "Elektrische Leitfähigkeit des Bodens", 0, 100_000, _QUDT + "ElectricConductivity"),
    Quantity("soil_permittivity", "1", "Dielectric permittivity of the soil", "Dielektrizitätszahl des Bodens", 0, 200, _QUDT + "PermittivityRatio"),
    Quantity("soil_moisture_raw", "1", "Raw count of the moisture probe", "Rohwert der Feuchtesonde", 0, 65_535, _QUDT + "Dimensionless"),
    Quantity("soil_ec_raw", "1", "Raw count of the conductivity probe", "Rohwert der Leitfähigkeitssonde", 0, 65_535, _QUDT + "Dimensionless"),
    Quantity("soil_moisture_index", "1", "Moisture on the scale of the probe, neither a share of volume nor calibrated", "Feuchte auf der Skala der Sonde, weder Volumenanteil noch kalibriert", -10, 200, _QUDT + "Dimensionless"),
    Quantity("soil_salinity_index", "1", "Ions in the soil on the scale of the probe", "Ionen im Boden auf der Skala der Sonde", -1_000, 100_000, _QUDT + "Dimensionless"),
    Quantity("soil_ph", "1", "Acidity of the soil, pH", "Säuregrad des Bodens, pH", 0, 14, _QUDT + "Acidity"),
    Quantity("soil_n_mg_kg", "mg/kg", "Nitrogen in the soil", "Stickstoff im Boden", 0, 100_000, _QUDT + "MassRatio"),
    Quantity("soil_p_mg_kg", "mg/kg", "Phosphorus in the soil", "Phosphor im Boden", 0, 100_000, _QUDT + "MassRatio"),
    Quantity("soil_k_mg_kg", "mg/kg", "Potassium in the soil", "Kalium im Boden", 0, 100_000, _QUDT + "MassRatio"),
    Quantity("leaf_moisture_pct", "%", "Moisture on the leaf", "Feuchte auf dem Blatt", 0, 100, _QUDT + "DimensionlessRatio"),
    Quantity("leaf_temperature_c", "Cel", "Temperature of the leaf", "Temperatur des Blatts", -60, 100, _QUDT + "CelsiusTemperature"),
    # The device's own condition.
    Quantity("battery_v", "V", "Battery voltage", "Batteriespannung", 0, 60, _QUDT + "Voltage", "device"),
    Quantity("battery_pct", "%", "Battery charge", "Batterieladung", 0, 100, _QUDT + "DimensionlessRatio", "device"),
    # Radio.
    Quantity("rssi_dbm", "dB[mW]", "Received signal strength at the best gateway", "Empfangsstärke am besten Gateway", -200, 50, _QUDT + "SignalStrength", "link"),
    Quantity("snr_db", "dB", "Signal-to-noise ratio at the best gateway", "Signal-Rausch-Abstand am besten Gateway", -60, 60, _QUDT + "SignalStrength", "link"),
)  # fmt: skip
"""Key to quantity. Adding one is one line here; renaming one is a migration."""
