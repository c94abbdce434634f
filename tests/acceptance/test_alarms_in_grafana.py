"""Alarms of a real Grafana reach a webhook: a fire at once and by night too, and a pipeline that says nothing."""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest

from sinks.influxdb.write import InfluxStore
from sinks.model import Point, Series
from tests.acceptance.grafana import Grafana, running
from tests.grafana.provisioned import raw
from tests.grafana.seed import MINUTE, fleet_and_pipeline, town
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb
from tests.servers.process import HOST, wait_for

pytestmark = [pytest.mark.server("influxdb"), pytest.mark.timeout(900)]

RULES: Final = {rule["uid"] for group in raw("alerting/rules.yaml")["groups"] for rule in group["rules"]}
FIRE, ABSENT = "Behälter heiß: Brand? · Bin hot: fire?", "Pipeline sagt nichts · Pipeline says nothing"


class Webhook:
    """Keeps what is posted to it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}/"
        self.messages: list[dict[str, Any]] = []

    def alerts(self, title: str) -> list[tuple[str, dict[str, Any]]]:
        """Who was told, and the alert."""
        return [
            (message["receiver"], alert)
            for message in self.messages
            for alert in message["alerts"]
            if alert["labels"]["alertname"] == title
        ]


@contextmanager
def listening() -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        hook = Webhook(server.server_port)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as found:
        yield found


def burning(server: Influxdb) -> Influxdb:
    """A town in which one bin is hot."""
    bucket, now_ms = server.fresh_bucket(), time.time_ns() // 1_000_000
    place = Series("bin_level", "offenbach", "of-half", "eui-of-half", "em400")
    hot = [Point(place, now_ms - n * MINUTE, {"temperature_c": 75.0, "quality": 1}) for n in range(30)]
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write([*town(now_ms), *fleet_and_pipeline(now_ms), *hot]).rejected == ()
    return bucket


def evaluated(grafana: Grafana) -> dict[str, str]:
    """Health of each rule that was evaluated, by its title."""
    asked = urllib.request.Request(f"{grafana.url}/api/prometheus/grafana/api/v1/rules")  # noqa: S310  # loopback
    asked.add_header("Authorization", f"Basic {b64encode(f'admin:{grafana.password}'.encode()).decode()}")
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310  # loopback
        groups = json.load(answer)["data"]["groups"]
    return {
        rule["name"]: rule["health"]
        for group in groups
        for rule in group["rules"]
        if not rule["lastEvaluation"].startswith("0001")
    }


def test_a_fire_rings_at_the_city_and_at_the_operator(server: Influxdb) -> None:
    with listening() as hook, running(burning(server), webhook=hook.url) as grafana:
        wait_for(lambda: len(hook.alerts(FIRE)) >= 2, 300, "the alarm of a hot bin at both webhooks")
        told = hook.alerts(FIRE)
        assert {receiver for receiver, _ in told} == {"smartcity-offenbach", "smartcity-operations"}
        assert {alert["labels"]["tenant"] for _, alert in told} == {"offenbach"}
        assert all("/d/smartcity-bin" in json.dumps(alert) for _, alert in told)
        wait_for(lambda: len(evaluated(grafana)) == len(RULES), 360, "an evaluation of every rule")
        assert set(evaluated(grafana).values()) == {"ok"}


def test_a_pipeline_that_says_nothing_rings_at_the_operator(server: Influxdb) -> None:
    with listening() as hook, running(server.fresh_bucket(), webhook=hook.url):
        wait_for(lambda: bool(hook.alerts(ABSENT)), 480, "the alarm of an absent pipeline")
        assert {receiver for receiver, _ in hook.alerts(ABSENT)} == {"smartcity-operations"}
        assert hook.alerts(FIRE) == []
