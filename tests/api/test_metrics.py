"""Numbers for Prometheus and the pipeline's accounting."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.settings import ApiSettings
from api.telemetry import METRICS
from sinks.ledger import SqliteLedger
from tests.api.client import Client
from tests.api.memory import MemoryReader, MemoryRegistry

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(client: Client) -> Samples:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_the_pipelines_books_are_metrics(client: Client) -> None:
    found = samples(client)
    assert found["smartcity_messages_total", (("outcome", "stored"), ("sink", "embedded"))] == 7
    assert found["smartcity_frames_total", (("kind", "join"), ("sink", "embedded"))] == 1
    assert found["smartcity_dead_letters", (("reason", "observe/unknown_device"),)] == 1
    assert found["smartcity_sink_cursor", (("sink", "embedded"),)] == 10
    assert found["smartcity_received_total", (("sink", "embedded"),)] == 12
    assert found["smartcity_in_flight", (("sink", "embedded"),)] == 2
    assert found["smartcity_books_balanced", (("sink", "embedded"),)] == 1
    assert found["smartcity_missing_frames_total", (("sink", "embedded"),)] == 5
    assert found["smartcity_found_frames_total", (("sink", "embedded"),)] == 2
    assert found["smartcity_open_gaps", (("sink", "embedded"),)] == 1
    assert found["smartcity_journal_messages", ()] == 12
    assert found["smartcity_journal_bytes", ()] > 0
    assert found["smartcity_journal_trimmed_total", ()] == 0
    assert 0 <= found["smartcity_oldest_waiting_seconds", (("sink", "embedded"),)] < 120
    assert found["smartcity_source_events_total", (("code", "message"), ("source", "main"))] == 12
    assert found["smartcity_source_alarm", (("code", "silent"), ("source", "main"))] == 1
    assert found["smartcity_source_alarm", (("code", "message"), ("source", "main"))] == 0
    assert found["smartcity_source_last_message_seconds", (("source", "main"),)] == 2
    assert found["smartcity_ledger_up", ()] == 1


def test_requests_are_counted_by_template_and_not_by_path(client: Client) -> None:
    for station in ("of-bin-1", "of-bin-2", "none"):
        client.get(f"/api/v1/stations/{station}")
    client.get("/nothing/at/all")
    found = samples(client)
    one_station = "/api/v1/stations/{station_id}"
    for route, status, number in ((one_station, "200", 2), (one_station, "404", 1), ("unknown", "404", 1)):
        labels = (("method", "GET"), ("route", route), ("status", status))
        assert found["smartcity_api_requests_total", labels] == number
    assert not [key for key in found if "of-bin" in repr(key)]


def test_a_wild_method_makes_no_new_series(client: Client) -> None:
    for number in range(5):
        client.request(f"WILD{number}", "/api/v1/health")
    found = samples(client)
    other = (("method", "other"), ("route", "/api/v1/health"), ("status", "405"))
    assert found["smartcity_api_requests_total", other] == 5
    assert not [key for key in found if "WILD" in repr(key)]


def test_books_that_cannot_be_read_are_told_and_the_rest_goes_on(client: Client, ledger: SqliteLedger) -> None:
    ledger.close()
    found = samples(client)
    assert found["smartcity_ledger_up", ()] == 0
    assert found["smartcity_api_stream_clients", ()] == 0


def test_every_metric_of_the_table_is_given_and_no_other(client: Client) -> None:
    client.get("/api/v1/health")
    families = text_string_to_metric_families(client.get("/metrics").text)
    kinds = {family.name: family.type for family in families if not family.name.endswith("_created")}
    assert kinds == {metric.name.removesuffix("_total"): metric.kind for metric in METRICS}


def test_the_status_is_what_a_terminal_polls(client: Client) -> None:
    status = client.get("/api/v1/status").json()
    waited = status["sinks"]["embedded"]["oldest_waiting_s"]
    assert 0 <= waited < 120
    assert status == {
        "sinks": {
            "embedded": {
                "received": 12,
                "in_flight": 2,
                "oldest_waiting_s": waited,
                "balanced": True,
                "cursor": 10,
                "counts": {"stored": 7, "duplicate": 2, "dead_letter": 1},
                "frames": {"decoded": 7, "join": 1},
                "missing_frames": 5,
                "found_frames": 2,
                "open_gaps": 1,
            }
        },
        "sources": {
            "main": {
                "message": {
                    "count": 12,
                    "first": "1970-01-01T00:00:01.000Z",
                    "last": "1970-01-01T00:00:02.000Z",
                    "alarm": False,
                },
                "silent": {
                    "count": 1,
                    "first": "1970-01-01T00:00:03.000Z",
                    "last": "1970-01-01T00:00:03.000Z",
                    "alarm": True,
                },
            }
        },
        "dead_letters": {"observe/unknown_device": 1},
        "stations": 4,
    }


def test_without_books_the_api_still_answers(
    settings: ApiSettings, reader: MemoryReader, registry: MemoryRegistry
) -> None:
    client = Client(create_app(settings, reader, registry, None))
    assert client.get("/api/v1/status").json() == {"sinks": {}, "sources": {}, "dead_letters": {}, "stations": 4}
    assert client.get("/api/v1/ready").json()["parts"] == ["store", "registry"]
    assert "smartcity_ledger_up" not in client.get("/metrics").text
