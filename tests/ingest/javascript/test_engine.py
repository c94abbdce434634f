"""The worker: whatever a script does, it ends soon, with a reason, and harms no other."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from decoders import Code
from ingest.javascript import engine as module
from ingest.javascript.engine import Answer, Engine, NoEngine, engine_folder, printable, script
from tests.ingest.javascript.codecs import GOOD, HOSTILE, asked

BOUND_S = 2 * module.WALL_S + 2
LEVEL = {"data": {"level": {"mm": 1200}, "bat": 2.5, "t": 20}}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with closing(Engine()) as running:
        yield running


def said(answer: Answer) -> Any:
    assert answer.code is None, answer
    return json.loads(answer.text)


def run(engine: Engine, text: str, **how: Any) -> Any:
    return said(engine.run(script(text), asked(**how)))


STOPPED = {
    what: (text, code)
    for what, (text, code) in HOSTILE.items()
    if code in {"js_timeout", "js_memory"} or "without end" in what or "itself" in what or "boxes" in what
}


@pytest.mark.parametrize("what", STOPPED)
def test_whatever_a_script_does_ends_soon_and_the_next_frame_of_another_is_read(engine: Engine, what: str) -> None:
    text, code = STOPPED[what]
    begin = time.monotonic()
    answer = engine.run(script(text), asked())
    assert time.monotonic() - begin < BOUND_S
    if what != "promises without end":  # nobody waits for a promise: an object without data
        assert answer.code in {code, Code.JS_TIMEOUT}  # on a slow machine time is over before memory is
        assert answer.text
    assert run(engine, GOOD) == LEVEL


@pytest.mark.parametrize(
    "text",
    [
        "const decodeUplink = (i) => ({ data: { port: i.fPort, bytes: i.bytes.length } });",
        "function Decode(fPort, bytes, variables) { return { port: fPort, bytes: bytes.length }; }",
        "function Decoder(bytes, port) { return { port: port, bytes: bytes.length }; }",
        """
        function Decoder() { return {}; }
        function Decode() { return {}; }
        let decodeUplink = function (i) { return { data: { port: i.fPort, bytes: i.bytes.length } }; };
        """,
    ],
    ids=["decodeUplink", "Decode", "Decoder", "the newest of three"],
)
def test_every_form_of_a_codec_is_called_as_it_is_written(engine: Engine, text: str) -> None:
    assert run(engine, text) == {"data": {"port": 2, "bytes": 4}}


def test_a_codec_may_be_careless_with_its_variables(engine: Engine) -> None:
    assert run(engine, "function Decoder(b) { x = b[0]; return { x: x }; }") == {"data": {"x": 4}}


def test_bytes_are_a_true_list_and_the_time_a_true_date(engine: Engine) -> None:
    text = """
    function decodeUplink(i) {
      return { data: { list: Array.isArray(i.bytes), date: i.recvTime instanceof Date, at: i.recvTime } };
    }"""
    assert run(engine, text)["data"] == {"list": True, "date": True, "at": "2026-05-28T20:26:40.000Z"}


def test_the_clock_stands_at_the_time_of_reception(engine: Engine) -> None:
    text = """
    function Decoder() {
      return { now: Date.now(), made: new Date(), given: new Date(2020, 0, 1), hour: new Date().getHours() };
    }"""
    assert run(engine, text)["data"] == {
        "now": 1_780_000_000_000,
        "made": "2026-05-28T20:26:40.000Z",
        "given": "2020-01-01T00:00:00.000Z",
        "hour": 20,
    }


def test_a_codec_finds_a_console_and_a_small_buffer(engine: Engine) -> None:
    text = """
    function Decoder(bytes) {
      console.log("seen by nobody");
      var b = Buffer.from(bytes);
      return {
        hex: b.toString("hex"), be: b.readUInt16BE(0), le: b.readInt16LE(1), part: b.slice(2).readUInt8(0),
        back: Buffer.from("0102ff", "hex").readInt8(2), text: Buffer.from("é").toString(),
        base: Buffer.from("AQI=", "base64").length, again: b.toString("base64"), own: Buffer.isBuffer(b),
        float: Buffer.from("3fc00000", "hex").readFloatBE(0),
      };
    }"""
    assert run(engine, text)["data"] == {
        "hex": "04b0fa14",
        "be": 1200,
        "le": -1360,
        "part": 250,
        "back": -1,
        "text": "é",
        "base": 2,
        "again": "BLD6FA==",
        "own": True,
        "float": 1.5,
    }


def test_a_codec_finds_no_way_out(engine: Engine) -> None:
    text = """
    function Decoder() {
      var names = ["require", "process", "std", "os", "fetch", "XMLHttpRequest", "setTimeout", "Worker", "python"];
      return { found: names.filter(function (name) { return typeof globalThis[name] !== "undefined"; }) };
    }"""
    assert run(engine, text)["data"] == {"found": []}


def test_the_normalizer_is_given_what_the_decoder_said(engine: Engine) -> None:
    text = GOOD + "function normalizeUplink(i) { return { data: { battery: i.data.bat } }; }"
    assert run(engine, text, normalize=True)["normalized"] == {"battery": 2.5}
    assert "normalized" not in run(engine, text)


def test_a_codec_that_fills_its_memory_frame_by_frame_is_loaded_anew_and_answers(engine: Engine) -> None:
    text = script(
        "var kept = []; function Decoder(b) { kept.push(new Array(2e5).fill(b[0])); return { n: kept.length }; }"
    )
    counts = [said(engine.run(text, asked()))["data"]["n"] for _ in range(60)]
    assert counts.count(1) > 1


def test_one_script_does_not_see_what_another_left_behind(engine: Engine) -> None:
    run(engine, "function Decoder() { Array.prototype.push = null; globalThis.left = 1; return {}; }")
    assert run(engine, "function Decoder() { var a = []; a.push(1); return { left: typeof left }; }") == {
        "data": {"left": "undefined"}
    }


def test_a_worker_that_somebody_kills_costs_no_frame() -> None:
    with closing(Engine()) as engine:
        run(engine, GOOD)
        assert engine._worker is not None
        os.kill(engine._worker._process.pid, signal.SIGKILL)
        assert run(engine, GOOD) == LEVEL


def test_a_codec_that_is_stopped_three_times_in_a_row_rests_and_nobody_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = script("function Decoder(b) { if (b[0]) while (true) {} return { ok: 1 }; }")
    with closing(Engine()) as engine:
        for _ in range(module.MOST_STOPS):
            assert engine.run(text, asked()).code is Code.JS_TIMEOUT
        begin = time.monotonic()
        assert "rests" in engine.run(text, asked()).text
        assert time.monotonic() - begin < 0.1
        assert run(engine, GOOD) == LEVEL
        monkeypatch.setattr(time, "monotonic", lambda: begin + module.REST_S + 1)
        assert said(engine.run(text, asked(bytes(4)))) == {"data": {"ok": 1}}


def test_two_stops_between_good_frames_are_no_reason_to_rest(engine: Engine) -> None:
    text = script("function Decoder(b) { if (b[0]) while (true) {} return { ok: 1 }; }")
    for _ in range(2):
        assert engine.run(text, asked()).code is Code.JS_TIMEOUT
        assert engine.run(text, asked(bytes(4))).code is None


def test_several_threads_may_ask_at_once(engine: Engine) -> None:
    def ask(n: int) -> Any:
        return run(engine, f"function Decoder(b) {{ return {{ n: {n % 5} }}; }}")["data"]["n"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(40))) == [n % 5 for n in range(40)]


def test_more_codecs_than_are_kept_ready_are_all_answered(engine: Engine) -> None:
    texts = [f"function Decoder() {{ return {{ n: {n} }}; }}" for n in range(40)]
    assert [run(engine, text)["data"]["n"] for text in texts + texts] == [*range(40), *range(40)]


def test_the_worker_has_no_environment_and_may_open_nothing() -> None:
    with closing(Engine()) as engine:
        run(engine, GOOD)
        assert engine._worker is not None
        process = Path(f"/proc/{engine._worker._process.pid}")
        assert (process / "environ").read_bytes() == b"TZ=UTC\0"
        limits = (process / "limits").read_text()
        assert {
            line.split()[-3] for line in limits.splitlines() if line.startswith(("Max open files", "Max core"))
        } == {"0"}


def test_a_closed_engine_leaves_no_process_behind() -> None:
    with closing(Engine()) as engine:
        run(engine, GOOD)
        assert engine._worker is not None
        pid = engine._worker._process.pid
    assert not Path(f"/proc/{pid}").exists()


def test_what_a_script_says_cannot_move_a_terminal() -> None:
    assert printable("a\x1b[31m\nb\u202e" + "c" * 400).startswith("a [31m b c")
    assert len(printable("c" * 400)) == 300


def test_without_the_engine_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "quickjs-of-nobody")
    with pytest.raises(NoEngine, match=r"pip install 'open-smartcity-sensors\[js\]'"):
        engine_folder()


def test_another_package_over_the_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As quickjs-py, which puts its own files where ours were: what the record of ours says is not there."""
    assert Path(engine_folder(), "quickjs").is_dir()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"import something_else")
    with pytest.raises(NoEngine, match="another package lies over"):
        engine_folder()


def test_a_worker_that_does_not_start_costs_the_frame_and_says_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Engine()) as engine:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        answer = engine.run(script(GOOD), asked())
        assert (answer.code, "does not start" in answer.text) == (Code.JS_ERROR, True)
        monkeypatch.undo()
        assert run(engine, GOOD) == LEVEL


def test_a_worker_ends_when_its_parent_has_gone(engine: Engine) -> None:
    run(engine, GOOD)
    assert engine._worker is not None
    process = engine._worker._process
    engine._worker._socket.shutdown(socket.SHUT_WR)
    assert process.wait(5) == 0
    assert run(engine, GOOD) == LEVEL
