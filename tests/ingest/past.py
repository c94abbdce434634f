"""A small city with a past in its store: two bins, a tree, and what their devices said."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.insights.directory import Directory
from ingest.insights.run import Insights
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Asset, Device, Field, Organisation, Point, Series
from sinks.ports import Reader, Row, Selection, Store
from sinks.registry.store import SqlRegistry
from sinks.storage import Storage

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = int(datetime(2026, 7, 1, 12, 0, tzinfo=UTC).timestamp() * 1000)
SENSOR, SPARE, PROBE = "24e124713d090011", "24e124713d090012", "a840410001861042"
BIN = Asset("of-bin-001", "offenbach", "bin", "Marktplatz 1", 50.10545, 8.76438, {"fraction": "residual"})
LONELY = Asset("of-bin-002", "offenbach", "bin", "Hafen 2", 50.11, 8.75)
TREE = Asset("of-tree-001", "offenbach", "tree", "Linde", 50.10431, 8.75973, {"planted": 2025.0, "soil": "loam"})
MOUNT = {"empty_mm": 1100.0, "full_mm": 100.0}
MODELS = {SENSOR: "milesight_em400_mud", SPARE: "milesight_em400_mud", PROBE: "dragino_lse01"}


@dataclass
class City:
    """An open store and registry."""

    storage: Storage
    registry: SqlRegistry
    store: Store
    reader: Reader

    def insights(self) -> Insights:
        return Insights(self.reader, self.store, Directory(self.registry))

    def level(self, at_ms: int, level_pct: float | None, **more: Field) -> None:
        """One frame of the first bin."""
        fields: dict[str, Field] = {"quality": 1, "gateways": 2, "snr_db": -3.0, "rssi_dbm": -108.0}
        fields |= {"spreading_factor": 9, "battery_v": 3.5} | (
            {"level_pct": level_pct} if level_pct is not None else {}
        )
        self.write("bin_level", BIN, SENSOR, at_ms, fields | more)

    def soil(self, at_ms: int, vwc: float, celsius: float = 15.0, depth: str = "30", **more: Field) -> None:
        """One frame of the tree's probe."""
        nfk = 100 * (vwc - 0.14) / 0.14
        fields: dict[str, Field] = {"quality": 1, "gateways": 1, "soil_temperature_c": celsius}
        fields |= {"soil_vwc": vwc, "soil_nfk_pct": nfk}
        self.write("soil", TREE, PROBE, at_ms, fields | more, depth)

    def write(
        self, measurement: str, asset: Asset, device: str, at_ms: int, fields: dict[str, Field], depth: str = ""
    ) -> None:
        series = Series(measurement, "offenbach", asset.id, device, MODELS[device], depth)
        assert not self.store.write([Point(series, at_ms, fields)]).rejected

    def rows(self, measurement: str) -> Sequence[Row]:
        return self.reader.rows(Selection(measurement, 0, NOW + 400 * DAY))

    def newest(self, measurement: str, asset: str = "") -> dict[str, Any]:
        """Fields of the one newest row of an asset or device."""
        found = [row for row in self.rows(measurement) if asset in {row.tags["asset_id"], row.tags["device_id"]}]
        return dict(max(found, key=lambda row: row.time_ms).fields)

    def happened(self, *codes: str) -> list[tuple[str, int]]:
        """(Code, time) of the events."""
        found = [(str(row.fields["code"]), row.time_ms) for row in self.rows("asset_event")]
        return [event for event in found if not codes or event[0] in codes]


def built(storage: Storage, held: ExitStack) -> City:
    """The city, its devices installed in May; the second bin has none, and the spare lies in a drawer."""
    registry = held.enter_context(closing(storage.open_registry()))
    registry.add_organisation(Organisation("offenbach", "Offenbach"))
    for eui, model in MODELS.items():
        registry.add_device(Device(eui, "offenbach", model))
    for asset in (BIN, LONELY, TREE):
        registry.add_asset(asset)
    registry.install(SENSOR, BIN.id, NOW - 60 * DAY, MOUNT)
    registry.install(PROBE, TREE.id, NOW - 60 * DAY, {"depth_cm": 30.0})
    store = held.enter_context(closing(storage.open_store()))
    city = City(storage, registry, store, held.enter_context(closing(storage.open_reader())))
    assert set(MEASUREMENTS) >= {"bin_state", "asset_event"}
    return city
