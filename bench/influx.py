"""What the benchmark asks InfluxDB beside its own readers: exact counts, and the server's own counter of points."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

from tests.servers.influxdb import Influxdb


def count(server: Influxdb, measurement: str, field: str) -> int:
    """Number of rows with this field."""
    rows = _query(server, f'SELECT count("{field}") FROM "{measurement}"')  # noqa: S608 our own names
    return int(rows[0][1]) if rows else 0


def times(server: Influxdb, measurement: str, field: str, device: str, after_ms: int) -> list[int]:
    """Times in Unix milliseconds of a device's rows after a time."""
    condition = f"\"device_id\" = '{device}' AND time > {(after_ms + 1) * 1_000_000 - 1}"
    rows = _query(server, f'SELECT "{field}" FROM "{measurement}" WHERE {condition}')  # noqa: S608 our own names
    return [int(row[0]) for row in rows]


def points_taken(server: Influxdb) -> int:
    """Points that the server has written since its start, repeats included."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as answer:  # noqa: S310 our own loopback address
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("storage_writer_ok_points_sum"))


def _query(server: Influxdb, text: str) -> list[Any]:
    query = urllib.parse.urlencode({"db": server.bucket, "epoch": "ms", "q": text})
    request = urllib.request.Request(  # noqa: S310 our own loopback address
        f"{server.url}/query?{query}", headers={"Authorization": f"Token {server.read_token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 as above
        result = json.load(answer)["results"][0]
    return result["series"][0]["values"] if "series" in result else []
