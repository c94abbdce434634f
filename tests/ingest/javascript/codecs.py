"""Codecs for the tests: every kind of harm that a script can try, with the reason by which it is known afterwards."""

from __future__ import annotations

import base64

import msgspec

GOOD = """
function decodeUplink(input) {
  var b = input.bytes;
  return { data: { level: { mm: (b[0] << 8) | b[1] }, bat: b[2] / 100, t: b[3] } };
}
"""
"""Two bytes of distance, one of the battery in 10 mV, one of temperature."""

HOSTILE = {
    "a loop when it is loaded": ("while (true) {}", "js_timeout"),
    "a loop": ("function decodeUplink() { while (true) {} }", "js_timeout"),
    "a loop that catches its own end": (
        "function decodeUplink() { while (true) { try { while (true) {} } catch (e) {} } }",
        "js_timeout",
    ),
    "a regular expression without end": (
        'function decodeUplink() { return { data: { level: /^(a+)+$/.test("a".repeat(40) + "b") } }; }',
        "js_timeout",
    ),
    "a growing list": ("function decodeUplink() { var a = []; while (true) a.push(a.length); }", "js_memory"),
    "a growing list that catches its own end": (
        'function decodeUplink() { var a = []; while (true) { try { a.push("x" + a.length); } catch (e) {} } }',
        "js_timeout",
    ),
    "a doubling text": ('function decodeUplink() { var s = "x"; while (true) s += s; }', "js_memory"),
    "a buffer of 2 GB": ("function decodeUplink() { return new ArrayBuffer(2147483648); }", "js_memory"),
    "a list of 200 million": ("function decodeUplink() { return new Array(2e8).fill(1).length; }", "js_memory"),
    "a sort of 3 million": (
        "function decodeUplink() { return Array.from({ length: 3e6 }, Math.random).sort().length; }",
        "js_memory",
    ),
    "a call of itself": ("function decodeUplink() { return decodeUplink(); }", "js_error"),
    "a loop in the result": (
        "function decodeUplink() { return { data: { get level() { while (true) {} } } }; }",
        "js_timeout",
    ),
    "a loop in the error": ("function decodeUplink() { throw { toString() { while (true) {} } }; }", "js_timeout"),
    "a loop in an error when it is loaded": ("throw { toString() { while (true) {} } };", "js_timeout"),
    "a loop in what all objects share": (
        """
        Object.prototype.toJSON = function () { while (true) {} };
        function decodeUplink() { return { data: { level: [1] } }; }
        """,
        "js_timeout",
    ),
    "promises without end": (
        "function again() { return Promise.resolve().then(again); } async function decodeUplink() { return again(); }",
        "js_output",
    ),
    "a result without end": (
        'function decodeUplink() { return { data: { level: "x".repeat(1e6) } }; }',
        "js_output",
    ),
    "a result that holds itself": ("function decodeUplink() { var a = {}; a.a = a; return { data: a }; }", "js_output"),
    "a result of 10,000 boxes": (
        "function decodeUplink() { var a = 1; for (var i = 0; i < 1e4; i++) a = [a]; return { data: { level: a } }; }",
        "js_output",
    ),
    "no number": ("function decodeUplink() { return { data: { level: { mm: 0 / 0 } } }; }", "js_output"),
    "infinity": ("function decodeUplink() { return { data: { level: { mm: 1 / 0 } } }; }", "js_output"),
    "a big integer": ("function decodeUplink() { return { data: { level: { mm: 1n } } }; }", "js_output"),
    "text for a number": ('function decodeUplink() { return { data: { level: { mm: "1200" } } }; }', "js_output"),
    "true for a number": ("function decodeUplink() { return { data: { level: { mm: true } } }; }", "js_output"),
    "a list for a number": ("function decodeUplink() { return { data: { level: { mm: [1200] } } }; }", "js_output"),
    "nothing but a negative battery": ("function decodeUplink() { return { data: { bat: -5 } }; }", "js_output"),
    "no data": ("function decodeUplink() { return {}; }", "js_output"),
    "a list for its data": ("function decodeUplink() { return { data: [1, 2] }; }", "js_output"),
    "nothing": ("function decodeUplink() { return null; }", "js_output"),
    "an error": ('function decodeUplink() { throw new Error("no such frame"); }', "js_error"),
    "errors": ('function decodeUplink() { return { data: { bat: 3 }, errors: ["unknown port"] }; }', "js_error"),
    "an error that is none": ("function decodeUplink() { throw undefined; }", "js_error"),
    "half a letter": ('function decodeUplink() { throw new Error("\\ud800"); }', "js_error"),
    "no function": ("var decodeUplink = 5;", "js_error"),
    "no script": ("function decodeUplink( {", "js_error"),
    "a module of Node": (
        'var fs = require("fs"); function decodeUplink() { return { data: { bat: 3 } }; }',
        "js_error",
    ),
}
"""What it does: the script, and the code by which its frame is refused."""


def asked(payload: bytes = bytes([4, 176, 250, 20]), f_port: int = 2, *, normalize: bool = False) -> str:
    """One frame as a codec is asked."""
    return msgspec.json.encode(
        {"bytes": list(payload), "fPort": f_port, "time": 1_780_000_000_000, "normalize": normalize}
    ).decode()


def in_base64(payload: bytes) -> str:
    """As network servers send it."""
    return base64.b64encode(payload).decode()
