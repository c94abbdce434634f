"""The benchmark counts right: what is confirmed is counted in the store, and a lost message fails the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench import load, peer, report, run
from bench.city import register
from bench.load import CannotMeasure, Confirmed, Load
from bench.machine import Use
from bench.ours import Ours
from bench.rig import Measured, Rig, checked
from bench.scenarios import Plan, Run, our_rig, steady
from sinks.ports import Selection
from tests.servers import influxdb, mosquitto

DEVICES = 20
PLAYED = Measured(
    Load("things_stack", DEVICES, 300),
    Confirmed(sent=300, confirmed=300, seconds=0.1, cpu_s=0.01, most_behind=0, bytes=2200),
    stored=300,
    rate=1500.0,
    seconds=0.2,
    measured=300,
    use=Use(
        {"receive": 0.01, "process": 0.02, "broker": 0.003}, {"receive": 60.0, "process": 70.0, "broker": 8.0}, 0.25
    ),
    latencies_ms=[9.0, 4.0, 5.0],
    faults="",
)


def silent(_done: int, _total: int) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return Plan(load.build(tmp_path_factory.mktemp("generator")), DEVICES, 1.0, (), lambda _: silent)


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.server("mosquitto")),
        pytest.param("influxdb", marks=pytest.mark.server("mosquitto", "influxdb")),
    ]
)
def rig(request: pytest.FixtureRequest, plan: Plan) -> Iterator[Rig]:
    if request.param == "embedded":
        with our_rig(plan, DEVICES, None, idle_s=5) as found:
            yield found
        return
    with influxdb.running() as server, our_rig(plan, DEVICES, server, idle_s=5) as found:
        yield found


def test_every_confirmed_message_of_both_networks_is_counted_in_the_store(rig: Rig) -> None:
    for network in ("things_stack", "chirpstack"):
        measured = checked(rig.live(rig.load(network, DEVICES, 300), silent))
        assert (measured.confirmed.confirmed, measured.stored) == (300, 300)
        assert set(measured.use.cpu_s) >= {"receive", "process", "broker"}


def test_every_probe_of_a_steady_run_is_found_and_timed(rig: Rig, plan: Plan) -> None:
    timed = steady(plan, rig, "things_stack", 200).measured
    assert timed.load.probes == len(timed.latencies_ms) == 25
    assert min(timed.latencies_ms) >= 0


def test_a_backlog_is_counted_too(rig: Rig) -> None:
    assert checked(rig.drain(rig.load("chirpstack", DEVICES, 400), silent)).stored == 400


@pytest.mark.server("mosquitto")
def test_the_decoders_read_the_frames_that_the_generator_makes(plan: Plan) -> None:
    with our_rig(plan, DEVICES, None) as rig:
        checked(rig.live(rig.load("chirpstack", DEVICES, 100), silent))
        assert isinstance(rig.pipeline, Ours)
        storage = rig.pipeline.storage
        with closing(storage.open_reader()) as reader:
            levels = reader.rows(Selection("bin_level", 0, 4_000_000_000_000))
    assert len(levels) > 100
    assert {row.tags["model"] for row in levels} == {"milesight_em400_mud", "dragino_ldds75"}
    assert {row.fields["distance_mm"] for row in levels} <= set(range(1000, 3000))
    assert {row.fields["temperature_c"] for row in levels} <= {n / 10 for n in range(100, 300)}


@pytest.mark.server("mosquitto")
def test_messages_that_a_broker_drops_after_confirming_them_fail_the_run(plan: Plan, tmp_path: Path) -> None:
    narrow = "listener 1883\nallow_anonymous true\nmax_inflight_messages 20\nmax_queued_messages 50\n"
    with mosquitto.running(narrow) as broker, closing(Ours(tmp_path, broker.port, None)) as ours:
        register(ours.storage, DEVICES)
        ours.start()
        rig = Rig(plan.program, (broker.process, broker.port), ours, idle_s=3)
        rig.knock("things_stack", DEVICES)
        measured = rig.drain(rig.load("things_stack", DEVICES, 600), silent)
    assert 0 < measured.stored < 600
    with pytest.raises(CannotMeasure, match=f"{600 - measured.stored} messages are lost: 600 confirmed"):
        checked(measured)


def test_a_row_too_many_fails_the_run() -> None:
    with pytest.raises(CannotMeasure, match="2 rows are too many"):
        checked(replace(PLAYED, stored=302))


def test_a_record_says_what_a_message_cost() -> None:
    told = report.record(Run("smartcity → embedded", "flat out", 0, PLAYED, ceiling=30_000.0))
    assert told["cpu_us"] == {"receive": 33.3, "process": 66.7, "broker": 10.0}
    assert told["pipeline_cpu_us"] == 100.0
    assert (told["per_s"], told["of_ceiling"], told["p50_ms"], told["p99_ms"]) == (1500, 0.05, 5.0, 9.0)


def test_a_percentile_is_one_of_the_values() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert [report.percentile(hundred, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert report.percentile([], 0.5) is None


def test_the_numbers_are_written_with_the_machine(tmp_path: Path) -> None:
    report.write(tmp_path / "bench.json", {"cpu": "2 x"}, {}, [Run("ours", "flat out", 0, PLAYED)])
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["machine"] == {"cpu": "2 x"}
    assert written["runs"][0]["lost"] == 0


def test_without_go_the_peer_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer, "_PROGRAM", tmp_path / "telegraf")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotMeasure, match="Go is missing"):
        peer.program()


def test_a_missing_server_is_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mosquitto, "version", lambda: None)
    assert run.main(["stores", "--store", "embedded"]) == 1
    assert capsys.readouterr().err == "bench: Mosquitto is missing; `make servers` gets it\n"
