"""What holds for every decoder that is found, whatever it decodes."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from math import isfinite
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders import QUANTITIES, Code, Decoded, Decoder, Kind, all_decoders
from decoders.devices import load
from tests.decoders.vectors import FOLDER, Vector, vectors

DECODERS = list(all_decoders().values())
EVERY = pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.key)
EVERY_VECTOR = pytest.mark.parametrize("vector", vectors(), ids=str)
PROGRAM = Path(FOLDER).parent
RANDOM_FRAMES = int(os.environ.get("SMARTCITY_RANDOM_FRAMES", "20000"))
"""For all decoders together; a night takes a million."""


def _values(decoded: Decoded) -> Iterator[tuple[str, float | None]]:
    for reading in decoded.readings:
        yield from reading.values.items()


def _assert_sound(decoder: Decoder, decoded: Decoded) -> None:
    for key, value in _values(decoded):
        assert key in decoder.quantities
        if value is None:
            assert key in {issue.field for issue in decoded.issues}
            continue
        assert isinstance(value, float)
        assert isfinite(value)
        assert QUANTITIES[key].low <= value <= QUANTITIES[key].high
    if decoded.kind is Kind.ERROR:
        assert not decoded.readings
        assert len(decoded.issues) == 1
    if decoded.unparsed:
        assert any(issue.field is None for issue in decoded.issues)
    if decoded.kind in {Kind.STATUS, Kind.CONFIG}:
        assert not decoded.readings


def test_the_decoders_found_are_the_files_in_the_folder() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert set(load()) == files


def test_every_decoder_has_vectors_and_every_vector_a_decoder() -> None:
    assert {vector.key for vector in vectors()} == set(all_decoders())


@EVERY
def test_the_key_is_the_name_of_the_file(decoder: Decoder) -> None:
    assert import_module(f"decoders.devices.{decoder.key}").DECODER is decoder


@EVERY
def test_the_file_draws_its_wire_map_and_names_the_manual(decoder: Decoder) -> None:
    text = import_module(f"decoders.devices.{decoder.key}").__doc__ or ""
    assert "Sources: " in text
    assert decoder.document


@EVERY
def test_there_is_a_good_and_a_refusing_vector(decoder: Decoder) -> None:
    refusing = [vector.refuses for vector in vectors() if vector.key == decoder.key]
    assert any(refusing)
    assert not all(refusing)


@EVERY
def test_declared_quantities_are_those_of_the_vectors(decoder: Decoder) -> None:
    mine = [vector for vector in vectors() if vector.key == decoder.key]
    produced = {key for vector in mine for key, value in _values(vector.decode()) if value is not None}
    assert produced == set(decoder.quantities)


@EVERY
def test_declared_parameters_are_those_of_the_vectors(decoder: Decoder) -> None:
    used = {name for vector in vectors() if vector.key == decoder.key for name in vector.params}
    assert used == set(decoder.params)


@EVERY
def test_every_declared_port_is_read_by_a_vector(decoder: Decoder) -> None:
    read = {vector.f_port for vector in vectors() if vector.key == decoder.key and not vector.refuses}
    assert read == set(decoder.ports)


def test_no_two_decoders_share_a_name() -> None:
    names = [name.casefold() for decoder in DECODERS for name in (decoder.key, *decoder.models, *decoder.aliases)]
    assert len(names) == len(set(names))


@EVERY_VECTOR
def test_what_a_vector_says_is_sound(vector: Vector) -> None:
    _assert_sound(vector.decoder, vector.decode())


@EVERY_VECTOR
def test_a_frame_cut_short_says_nothing_that_the_whole_frame_does_not(vector: Vector) -> None:
    whole = vector.decode()
    said = {*_values(whole), *whole.status.items()}
    for length in range(len(vector.payload)):
        cut = vector.decoder.decode(vector.payload[:length], vector.f_port, vector.params)
        _assert_sound(vector.decoder, cut)
        if not vector.refuses:
            assert {(key, value) for key, value in _values(cut) if value is not None} <= said


@EVERY
def test_an_empty_frame_is_refused_on_every_port_that_is_read(decoder: Decoder) -> None:
    assert {decoder.decode(b"", port, {}).issues[0].code for port in decoder.ports} == {Code.EMPTY}


@EVERY
def test_a_frame_on_a_foreign_port_is_refused(decoder: Decoder) -> None:
    good = next(vector for vector in vectors() if vector.key == decoder.key and not vector.refuses)
    for port in set(range(256)) - set(decoder.ports):
        decoded = decoder.decode(good.payload, port, {})
        assert (decoded.kind, decoded.readings, decoded.issues[0].code) == (Kind.ERROR, (), Code.WRONG_PORT)
        assert decoded.unparsed == good.payload


@EVERY
def test_the_same_frame_says_the_same_twice(decoder: Decoder) -> None:
    mine = [vector for vector in vectors() if vector.key == decoder.key]
    assert [vector.decode() for vector in mine] == [vector.decode() for vector in mine]


@EVERY
def test_random_bytes_give_sound_answers(decoder: Decoder) -> None:
    chance = Random(decoder.key)  # noqa: S311 -- the same frames on every run, nothing secret
    for _ in range(RANDOM_FRAMES // len(DECODERS)):
        port = chance.choice((*decoder.ports, chance.randrange(256)))
        _assert_sound(decoder, decoder.decode(chance.randbytes(chance.randrange(65)), port, {}))


@settings(deadline=None)
@given(data=st.data())
def test_frames_near_known_ones_give_sound_answers(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(vectors()))
    at = data.draw(st.integers(0, len(vector.payload)))
    inserted, dropped = data.draw(st.binary(max_size=4)), data.draw(st.integers(0, 4))
    params = data.draw(
        st.dictionaries(
            st.sampled_from([*vector.decoder.params, "other"]),
            st.floats() | st.text(max_size=5) | st.booleans() | st.integers(),
        )
    )
    payload = vector.payload[:at] + inserted + vector.payload[at + dropped :]
    _assert_sound(vector.decoder, vector.decoder.decode(payload, vector.f_port, params))


@pytest.mark.parametrize("path", sorted(PROGRAM.rglob("*.py")), ids=lambda path: path.stem)
def test_a_decoder_imports_only_decoders_and_the_standard_library(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add((node.module or "").split(".")[0])
    assert imported <= {"decoders", *sys.stdlib_module_names}
