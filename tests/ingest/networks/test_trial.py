from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.json_path import MISSING, compile_path, leaves, take
from ingest.networks.model import Outcome
from ingest.networks.plain_json import MappingSettings
from ingest.networks.trial import Step, trial
from sinks.model import Envelope

MESSAGE = {"id": "tank 7", "ts": 1795558320, "data": [{"level": 211.6, "bat": None}], "state": "ok"}


def tried(message: Any = MESSAGE, topic: str = "", **given: Any) -> tuple[Outcome, dict[str, Step]]:
    values = {"distance_mm": {"path": "data[0].level", "unit": "cm"}}
    settings = MappingSettings.model_validate({"device": "id", "time": "ts", "values": values} | given)
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    uplink, steps = trial("tanks", settings, Envelope("try", None, topic, body, 1_795_558_400_000_000_000))
    return uplink.outcome, {step.reads: step for step in steps}


def value(path: str, unit: str = "cm") -> dict[str, Any]:
    return {"distance_mm": {"path": path, "unit": unit}}


def test_every_step_says_what_stands_there_and_what_it_becomes() -> None:
    outcome, steps = tried()
    assert outcome is Outcome.DATA
    assert steps["device"] == Step("device", "id", '"tank 7"', "tanks/tank 7", "", "")
    assert steps["time"] == Step("time", "ts", "1795558320", "2026-11-24T22:12:00Z", "UTC", "")
    assert steps["distance_mm"] == Step("distance_mm", "data[0].level", "211.6 cm", "2116", "mm", "")


@pytest.mark.parametrize(
    ("given", "step", "note"),
    [
        ({"values": value("data[0].levl")}, "distance_mm", "nothing is there; the message has data[0].level"),
        ({"values": value("data[0].bat")}, "distance_mm", "no value"),
        ({"values": value("state")}, "distance_mm", "no number stands there"),
        ({"values": value("data[0].level", "m")}, "distance_mm", "outside of -10000 to 100000: is it in m?"),
        ({"device": "di"}, "device", "nothing is there; the message has id"),
        ({"device": "$topic[3]"}, "device", "give the message's --topic"),
        ({"time": "state"}, "time", "no time with an offset, nor a number since 1970"),
        ({"f_cnt": "state"}, "f_cnt", "no number stands there"),
        ({"model": "ts"}, "model", "no text stands there"),
    ],
)
def test_what_is_not_read_says_what_to_mend(given: dict[str, Any], step: str, note: str) -> None:
    _, steps = tried(**given)
    assert steps[step].note.startswith(note)


def test_a_level_that_the_topic_does_not_have_names_those_it_has() -> None:
    _, steps = tried(topic="city/tank7", device="$topic[3]")
    assert steps["device"].note == "the topic has only the levels city, tank7"


def test_what_is_not_json_has_no_steps() -> None:
    assert tried(b'{"level": NaN}') == (Outcome.DEAD_LETTER, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(json_values)
def test_every_leaf_is_found_by_its_path(body: Any) -> None:
    for path in leaves(body):
        assert take(compile_path(path), body, []) is not MISSING


def test_names_that_cannot_be_written_are_left_out() -> None:
    assert list(leaves({"a.b": {"c": [1, {"d": 2}]}, 'q"': 3, "": 4, "$topic": 5})) == [
        '["a.b"].c[0]',
        '["a.b"].c[1].d',
    ]


@given(json_values, st.text(max_size=10))
def test_any_json_can_be_tried(body: Any, topic: str) -> None:
    outcome, steps = tried(body, topic)
    assert outcome in {Outcome.DATA, Outcome.DEAD_LETTER}
    assert set(steps) == {"device", "time", "distance_mm"}
