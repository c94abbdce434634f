"""Ours: `smartcity ingest receive` and `process` as the real commands, into the embedded store or into InfluxDB."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from sinks.ports import Selection, series_key
from sinks.storage import InfluxSettings, Storage, StoreSettings
from tests.servers.influxdb import Influxdb
from tests.servers.process import Process

from . import influx
from .city import dev_eui
from .load import Network

HALVES = ("receive", "process")
_PAGE = 50_000
_FOREVER_MS = 4_000_000_000_000


class Ours:
    """A `Pipeline`. Every message makes one row of `bin_level`."""

    def __init__(self, data: Path, port: int, server: Influxdb | None) -> None:
        """`port`: of the broker. `server`: the InfluxDB to write to, None for the embedded store."""
        self.storage = Storage(data=data, store=_store(server))
        self.name = f"smartcity → {self.storage.store.kind}"
        self._server = server
        command = [sys.executable, "-m", "smartcity", "ingest"]
        self._halves = {half: Process([*command, half], data, self._is_ready) for half in HALVES}
        for half in self._halves.values():
            half.environment = _environment(self.storage, port)
        self._ledger = self.storage.open_ledger()
        self._reader = self.storage.open_reader()

    @property
    def log(self) -> str:
        return self._halves["process"].log  # both write into one file

    def start(self) -> None:
        for half in self._halves.values():
            half.start()

    def stop(self) -> None:
        for half in self._halves.values():
            half.stop(grace=60)

    def close(self) -> None:
        """End everything that was started or opened here."""
        self.stop()
        self._ledger.close()
        self._reader.close()

    def pids(self) -> Mapping[str, int]:
        store = {} if self._server is None else {"store": self._server.process.pid}
        return {name: half.pid for name, half in self._halves.items()} | store

    def taken(self) -> int:
        return sum(self._ledger.counts(self.storage.store.kind).values())

    def stored(self) -> int:
        if self._server is not None:
            return influx.count(self._server, "bin_level", "f_cnt")
        with closing(self.storage.open_reader()) as reader:
            selection, after, total = Selection("bin_level", 0, _FOREVER_MS), None, 0
            while rows := reader.rows(selection, after, _PAGE):
                total += len(rows)
                after = (rows[-1].time_ms, series_key(rows[-1].tags))
        return total

    def probe_times(self, network: Network, probe: int, after_ms: int) -> list[int]:
        selection = Selection("bin_level", after_ms + 1, _FOREVER_MS, device_id=dev_eui(network, probe))
        return [row.time_ms for row in self._reader.rows(selection)]

    def faults(self) -> str:
        counts = self._ledger.counts(self.storage.store.kind)
        known = [f"{n} {outcome}" for outcome, n in counts.items() if n and outcome != "stored"]
        return ", ".join(known + [f"{n} {reason}" for reason, n in self._ledger.dead_letter_counts().items()])

    def _is_ready(self) -> bool:
        """Books and journal are open. Whether the broker has our subscription shows in the first message."""
        return (self.storage.data / "journal.db").exists()


def _store(server: Influxdb | None) -> StoreSettings:
    if server is None:
        return StoreSettings()
    write, read = SecretStr(server.write_token), SecretStr(server.read_token)
    at = InfluxSettings(url=server.url, org=server.org, bucket=server.bucket, write_token=write, read_token=read)
    return StoreSettings(kind="influxdb", influxdb=at)


def _environment(storage: Storage, port: int) -> dict[str, str]:
    """Nobody's own settings, but these; the tokens go by the environment, which other users cannot read."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SMARTCITY_")}
    influxdb = storage.store.influxdb
    chosen = {
        "SMARTCITY_DATA": str(storage.data),
        "SMARTCITY_MQTT__MAIN__PORT": str(port),
        "SMARTCITY_STORE__KIND": storage.store.kind,
        "SMARTCITY_STORE__INFLUXDB__URL": influxdb.url,
        "SMARTCITY_STORE__INFLUXDB__ORG": influxdb.org,
        "SMARTCITY_STORE__INFLUXDB__BUCKET": influxdb.bucket,
    }
    if influxdb.write_token is not None:
        chosen["SMARTCITY_STORE__INFLUXDB__WRITE_TOKEN"] = influxdb.write_token.get_secret_value()
    return clean | chosen
