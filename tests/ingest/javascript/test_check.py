"""What `codec check` finds: every vice of a public codec has its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.doctor import Finding
from ingest.javascript.check import Subject, check
from ingest.javascript.engine import Engine, script
from ingest.javascript.mapping import NORMALIZED, plan
from ingest.javascript.repository import Example
from ingest.javascript.settings import CodecSettings
from tests.ingest.javascript.codecs import GOOD

FULL = Example("full", bytes([4, 176, 250, 20]), 2, {"data": {"level": {"mm": 1200}, "bat": 2.5, "t": 20}})
STRICT = """
function decodeUplink(input) {
  var b = input.bytes;
  if (input.fPort !== 2 || b.length !== 4) return { errors: ["not ours"] };
  return { data: { level: { mm: (b[0] << 8) | b[1] }, bat: b[2] / 100, t: b[3] } };
}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with closing(Engine()) as running:
        yield running


def found(engine: Engine, text: str, *examples: Example, **more: Any) -> list[Finding]:
    return list(check(Subject(engine, script(text), examples, **more)))


def said(findings: list[Finding], subject: str, verdict: str) -> str:
    return "\n".join(one.text for one in findings if (one.subject, one.verdict) == (subject, verdict))


def declared(**values: Any) -> Any:
    return plan(CodecSettings.model_validate({"file": Path("x.js"), "ports": [2], "values": values}))


def test_a_strict_codec_that_agrees_with_its_examples_has_nothing_against_it(engine: Engine) -> None:
    other = Example("another port", b"\1", 9, {"errors": ["unknown port"]})
    findings = found(engine, STRICT, FULL, other)
    assert {one.verdict for one in findings} == {"ok"}
    assert "2 of 2" in said(findings, "examples", "ok")
    assert "level.mm = 1200, bat = 2.5, t = 20" in said(findings, "values", "ok")
    assert "0 of 3 frames cut short are accepted" in said(findings, "cut short", "ok")
    assert "ports = [2]" in said(findings, "ports", "ok")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("function decodeUplink( {", "SyntaxError"),
        ("var x = 1;", "there is no function decodeUplink"),
        ("while (true) {}", "stopped"),
        (r"// a codec\nfunction decodeUplink(i) { }", r"two letters \n"),
    ],
)
def test_a_script_that_does_not_load_fails_with_its_reason(engine: Engine, text: str, why: str) -> None:
    findings = found(engine, text, FULL)
    assert {one.verdict for one in findings} == {"failed"}
    assert why in said(findings, "script", "failed")


def test_without_examples_it_is_said_that_nothing_was_run(engine: Engine) -> None:
    assert "--examples" in said(found(engine, GOOD), "examples", "warning")


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ({"data": {"level": {"mm": 1201}, "bat": 2.5, "t": 20}}, "data.level.mm is 1200 where 1201"),
        ({"data": {"level": {"mm": 1200}, "bat": 2.5}}, "data.t is 20 where nothing"),
        ({"data": {"level": {"mm": 1200}, "bat": 2.5, "t": 20, "u": [1]}}, "data.u[0] is nothing where 1"),
        ({"data": {"level": {"mm": True}, "bat": 2.5, "t": 20}}, "where True"),
        ({"errors": ["unknown port"]}, "an error is expected"),
    ],
)
def test_an_example_that_it_does_not_reproduce_is_shown(engine: Engine, expected: dict[str, Any], why: str) -> None:
    text = said(found(engine, GOOD, FULL._replace(expected=expected)), "examples", "failed")
    assert why in text
    assert "0 of 1 as written down" in text


def test_an_example_that_it_refuses_is_shown(engine: Engine) -> None:
    findings = found(engine, 'function decodeUplink() { throw new Error("broken"); }', FULL)
    assert "broken" in said(findings, "examples", "failed")


def test_a_normalized_example_is_compared_too(engine: Engine) -> None:
    text = GOOD + "function normalizeUplink(i) { return { data: [{ battery: i.data.bat }] }; }"
    wrong = FULL._replace(normalized=[{"battery": 2.6}])
    assert "normalized[0].battery is 2.5" in said(found(engine, text, wrong), "examples", "failed")
    right = found(engine, text, FULL._replace(normalized=[{"battery": 2.5}]), plan=NORMALIZED)
    assert "battery_v = 2.5" in said(right, "values", "ok")


def test_numbers_as_text_are_named_and_versions_are_not(engine: Engine) -> None:
    text = 'function decodeUplink() { return { data: { a: "3.6", b: "3.6V", c: "1.2.3", d: "on", e: "2026-01-01" } }; }'
    warned = said(found(engine, text, FULL), "values", "warning")
    assert "a = '3.6', b = '3.6V'" in warned
    assert not {"c =", "d =", "e ="} & {warned[n : n + 3] for n in range(len(warned))}


def test_frames_cut_short_are_shown_with_what_they_would_say(engine: Engine) -> None:
    text = "function decodeUplink(i) { var b = i.bytes; return { data: { mm: (b[0] << 8) | b[1] | (b[2] << 4) } }; }"
    findings = found(engine, text, Example("full", bytes([4, 176, 1]), 2, {"data": {"mm": 1200}}))
    assert "'full' cut to 1 of 3 bytes says mm = 1024" in said(findings, "cut short", "warning")
    assert "lengths = [3]" in said(findings, "cut short", "warning")
    assert "mm = 0" in said(findings, "no bytes", "warning")
    assert "cut short" not in {one.subject for one in found(engine, text, FULL, lengths=frozenset({4}))}


def test_a_port_that_it_reads_like_its_own_is_warned_of(engine: Engine) -> None:
    assert "fPort 199" in said(found(engine, GOOD, FULL), "ports", "warning")


def test_what_it_keeps_between_frames_is_found(engine: Engine) -> None:
    text = "var n = 0; function decodeUplink() { n += 1; return { data: { n: n } }; }"
    assert "after other frames" in said(found(engine, text, FULL), "memory", "warning")


def test_what_depends_on_the_clock_is_found(engine: Engine) -> None:
    text = "function decodeUplink() { return { data: { year: new Date().getFullYear() } }; }"
    assert "time of reception" in said(found(engine, text, FULL), "clock", "warning")


def test_of_a_declared_codec_the_quantities_are_shown_and_what_would_be_refused(engine: Engine) -> None:
    fits = declared(distance_mm={"path": "level.mm", "unit": "mm"}, battery_pct={"path": "pct", "unit": "%"})
    findings = found(engine, GOOD, FULL, plan=fits)
    assert "distance_mm = 1200.0" in said(findings, "values", "ok")
    assert "in no example: battery_pct" in said(findings, "values", "warning")
    misfit = declared(distance_mm={"path": "level", "unit": "mm"})
    assert "'full' would be refused: js_output" in said(found(engine, GOOD, FULL, plan=misfit), "values", "failed")


def test_a_codec_without_values_and_without_a_normalizer_fails(engine: Engine) -> None:
    assert "declare values" in said(found(engine, GOOD, FULL, plan=NORMALIZED), "values", "failed")


def test_a_codec_that_loops_is_checked_in_bounded_time(engine: Engine) -> None:
    findings = found(engine, "function decodeUplink() { while (true) {} }", *[FULL] * 20)
    assert "js_timeout" in said(findings, "examples", "failed")


def test_what_a_codec_says_cannot_move_a_terminal(engine: Engine) -> None:
    text = 'function decodeUplink() { return { data: { "\\u001b[31m": "\\u001b[2J" } }; }'
    assert all(one.text.isprintable() for one in found(engine, text, FULL._replace(title="\x1b[1m")))
