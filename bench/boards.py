"""How long each query of each board takes in a city with a year of data: `python -m bench.boards --share 0.1`."""

from __future__ import annotations

import argparse
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from grafana.__main__ import BOARDS
from sinks.influxdb.connection import call
from sinks.influxdb.lines import line
from sinks.model import Field, Point, Series
from tests.grafana.expand import View
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

BINS, TREES = 1_000, 500
NOW: Final = 1_780_001_100_000
HOUR: Final = 3_600_000
BAR_S: Final = 2.0
_BATCH: Final = 50_000
_RUNS: Final = 3


def main(arguments: Sequence[str]) -> int:
    """Seed, ask, print a table. Exit code 1: a board is slower than the bar."""
    parser = argparse.ArgumentParser(prog="python -m bench.boards", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of 1,000 bins and 500 trees")
    parser.add_argument("--days", type=int, default=365, help="of hourly rows")
    given = parser.parse_args(arguments)
    with influxdb.running() as server:
        began = time.monotonic()
        rows = seed(server, round(BINS * given.share), round(TREES * given.share), given.days)
        _say(f"{rows:,} rows in {time.monotonic() - began:.0f} s\n")
        slowest = [measure(server, name) for name in BOARDS]
    return int(max(slowest) > BAR_S)


def seed(server: Influxdb, bins: int, trees: int, days: int) -> int:
    """A year by the hour: frames and states of every bin and tree, health of every device. Gives the number of rows."""
    points, number = city(bins, trees, days), 0
    while batch := list(islice(points, _BATCH)):
        where = f"{server.url}/api/v2/write?org={server.org}&bucket={server.bucket}&precision=ms"
        request = urllib.request.Request(  # noqa: S310 our own loopback address
            where, b"\n".join(map(line, batch)), {"Authorization": f"Token {server.write_token}"}
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 as above
        number += len(batch)
    return number


def city(bins: int, trees: int, days: int) -> Iterator[Point]:
    """Rows in the order of time, as they come in a city."""
    this_hour = NOW - NOW % HOUR
    of_bins = [_series(kind, n) for n in range(bins) for kind in ("bin_level", "bin_state", "device_health")]
    of_trees = [_series(kind, n, tree=True) for n in range(trees) for kind in ("soil", "tree_state", "device_health")]
    events = [_series("asset_event", n) for n in range(bins)]
    for hour in range(days * 24 - 1, -1, -1):
        at_ms = this_hour - hour * HOUR
        for n, series in enumerate((*of_bins, *of_trees)):
            yield Point(series, at_ms, _fields(series.measurement, hour + n))
        for n, series in enumerate(events):
            if (hour + n) % 96 == 0:
                yield Point(
                    series, at_ms + 1, {"code": "emptied", "before": 80.0, "after": 4.0, "uncertainty_s": 900.0}
                )


def _series(kind: str, number: int, *, tree: bool = False) -> Series:
    name = f"{'tree' if tree else 'bin'}-{number:04}"
    return Series(kind, f"city-{number % 6}", name, f"eui-{name}", "em400", "30" if kind == "soil" else "")


def _fields(kind: str, n: int) -> dict[str, Field]:
    level = float(n % 96)
    place: dict[str, Field] = {"lat": 50.0 + n % 97 / 1000, "lon": 8.7 + n % 89 / 1000, "quality": 1, "age_s": 900.0}
    radio: dict[str, Field] = {"snr_db": 5.0, "spreading_factor": 8, "gateways": 2, "battery_pct": 90.0, "f_cnt": n}
    match kind:
        case "bin_level":
            return radio | {"quality": 1, "level_pct": level, "distance_mm": 1200 - 10 * level, "temperature_c": 12.0}
        case "bin_state":
            forecast: dict[str, Field] = {"fill_rate_pct_d": 24.0, "hours_to_due": 96 - level, "since_emptied_h": level}
            return place | forecast | {"level_pct": level, "state_code": int(level // 25)}
        case "soil":
            return radio | {"quality": 1, "soil_tension_kpa": level, "soil_temperature_c": 12.0}
        case "tree_state":
            need: dict[str, Field] = {"need": level, "days_to_critical": 4.0, "litres": 75.0, "soil_tension_kpa": level}
            return place | need | {"state_code": n % 3, "frozen": False, "settling": False}
    health: dict[str, Field] = {"state_code": n % 3, "age_s": 900.0, "received": 24, "loss_pct": 1.0}
    return health | {"headroom_db": 15.0, "battery_pct": 90.0}


def measure(server: Influxdb, name: str) -> float:
    """Print the time of each query of a board, the best of three. Gives their sum, as if asked one after another."""
    board = BOARDS[name]("de").to_json()
    chosen = {"tour": ["24"], "device": ["eui-bin-0001"]} | ({"bin": ["bin-0001"]} if name == "bin" else {})
    view = View(NOW, since=board["time"]["from"], interval="1h", chosen=chosen)
    total = 0.0
    for panel in board["panels"]:
        for target in panel["targets"]:
            took, size = _ask(server, view.expand(target["query"], board["templating"]["list"]))
            total += took
            _say(f"| {name} | {panel['title']} {target['refId']} | {took * 1000:.0f} | {size / 1000:.0f} |\n")
    _say(f"| **{name}** | all | **{total * 1000:.0f}** | |\n")
    return total


def _ask(server: Influxdb, text: str) -> tuple[float, int]:
    took = []
    for _ in range(_RUNS):
        with server.reader.open() as client, server.reader.errors():
            began = time.monotonic()
            found: Any = call(client, "POST", "/query", [("db", server.bucket), ("epoch", "ms"), ("q", text)])
            took.append(time.monotonic() - began)
    if "error" in found["results"][0]:
        raise ValueError(found["results"][0]["error"])
    return min(took), len(str(found))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
