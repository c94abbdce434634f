"""Every known payload says what its source says it does."""

from __future__ import annotations

import pytest

from tests.decoders.vectors import FORM, SOURCES, Vector, vectors

EVERY = pytest.mark.parametrize("vector", vectors(), ids=str)


@EVERY
def test_a_vector_is_of_the_described_form_and_names_its_source(vector: Vector) -> None:
    assert vector.names <= FORM
    assert vector.source in SOURCES
    assert vector.title
    assert vector.where


@EVERY
def test_the_kind_is_as_stated(vector: Vector) -> None:
    assert vector.decode().kind.value == vector.kind


@EVERY
def test_the_readings_are_as_stated(vector: Vector) -> None:
    found = [
        {"values": dict(reading.values), "time_ms": reading.time_ms, "channel": reading.channel}
        for reading in vector.decode().readings
    ]
    expected = [{**reading, "values": pytest.approx(reading["values"], abs=1e-6)} for reading in vector.readings]
    assert found == expected


@EVERY
def test_the_status_holds_what_is_stated(vector: Vector) -> None:
    status = vector.decode().status
    assert {key: status.get(key) for key in vector.status} == dict(vector.status)


@EVERY
def test_the_events_are_as_stated(vector: Vector) -> None:
    assert [event.code for event in vector.decode().events] == vector.events


@EVERY
def test_the_issues_are_as_stated(vector: Vector) -> None:
    found = [f"{issue.code.value} {issue.field or ''}".strip() for issue in vector.decode().issues]
    assert sorted(found) == sorted(vector.issues)


@pytest.mark.parametrize("vector", [v for v in vectors() if v.refuses], ids=str)
def test_a_refusal_names_the_bytes_it_did_not_read_and_gives_nothing_else(vector: Vector) -> None:
    decoded = vector.decode()
    assert vector.payload.endswith(decoded.unparsed)
    assert decoded.unparsed or not vector.payload
    assert (decoded.readings, decoded.events, dict(decoded.status)) == ((), (), {})
