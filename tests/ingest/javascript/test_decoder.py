"""A codec behaves as any decoder; and whatever it does to a frame ends as a dead letter of that frame alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

import decoders
from decoders import Code, Decoded, Decoder, Kind
from decoders.model import RECEIVED_MS
from ingest.javascript.decoder import decoder, opened
from ingest.javascript.engine import Engine
from ingest.javascript.settings import CodecError, CodecSettings
from ingest.pipeline import process
from ingest.places import Places
from ingest.unwrap import unwrap
from sinks.model import Device
from sinks.ports import Place
from tests.ingest.house import BIN, BIN_EUI, TREE_EUI, chirpstack, entries, town
from tests.ingest.javascript.codecs import GOOD, HOSTILE, in_base64

VALUES = {
    "distance_mm": {"path": "level.mm", "unit": "mm"},
    "battery_v": {"path": "bat", "unit": "V"},
    "temperature_c": {"path": "t", "unit": "°C"},
}
FRAME = bytes([4, 176, 250, 20])
NEXT_EUI = "0000000000000009"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with closing(Engine()) as running:
        yield running


def made(folder: Path, text: str, engine: Engine, **said: Any) -> Decoder:
    file = folder / "acme.js"
    file.write_text(text)
    return decoder("acme", CodecSettings.model_validate({"file": file, "ports": [2], "values": VALUES, **said}), engine)


def test_a_codec_says_what_is_declared_of_it(tmp_path: Path, engine: Engine) -> None:
    acme = made(tmp_path, GOOD, engine)
    found = acme.decode(FRAME, 2, {})
    assert dict(found.readings[0].values) == {"distance_mm": 1200.0, "battery_v": 2.5, "temperature_c": 20.0}
    assert (found.kind, found.status, found.issues) == (Kind.TELEMETRY, {"battery_v": 2.5}, ())
    assert (acme.kind, acme.ports, acme.quantities) == ("level", (2,), tuple(VALUES))


def test_a_frame_on_a_foreign_port_and_an_empty_one_never_reach_the_codec(tmp_path: Path, engine: Engine) -> None:
    acme = made(tmp_path, "function Decoder() { return { bat: 3 }; }", engine)
    assert acme.decode(FRAME, 3, {}).issues[0].code is Code.WRONG_PORT
    assert acme.decode(b"", 2, {}).issues[0].code is Code.EMPTY
    assert acme.decode(bytes(1_025), 2, {}).issues[0].code is Code.WRONG_LENGTH


def test_a_frame_of_another_length_than_declared_is_refused(tmp_path: Path, engine: Engine) -> None:
    acme = made(tmp_path, GOOD, engine, lengths=[4])
    assert acme.decode(FRAME, 2, {}).kind is Kind.TELEMETRY
    assert acme.decode(FRAME + FRAME, 2, {}).issues[0].code is Code.WRONG_LENGTH


def test_a_codec_with_a_normalizer_needs_no_declared_values(tmp_path: Path, engine: Engine) -> None:
    text = "function normalizeUplink(i) { return { data: { soil: { depth: 30, moisture: i.data.t } } }; }"
    found = made(tmp_path, GOOD + text, engine, values={}).decode(FRAME, 2, {})
    assert [(r.channel, dict(r.values)) for r in found.readings] == [("30", {"soil_moisture_pct": 20.0})]


def test_without_declared_values_and_without_a_normalizer_it_is_said_what_is_missing(
    tmp_path: Path, engine: Engine
) -> None:
    (issue,) = made(tmp_path, GOOD, engine, values={}).decode(FRAME, 2, {}).issues
    assert "normalizeUplink" in issue.detail


def test_the_revision_changes_with_the_script_and_with_what_is_declared(tmp_path: Path, engine: Engine) -> None:
    one, same = made(tmp_path, GOOD, engine), made(tmp_path, GOOD, engine)
    other, declared = made(tmp_path, GOOD + " ", engine), made(tmp_path, GOOD, engine, ports=[2, 3])
    assert one.revision == same.revision
    assert len({one.revision, other.revision, declared.revision, 1}) == 4


def test_random_frames_give_sound_answers(tmp_path: Path, engine: Engine) -> None:
    acme, chance = made(tmp_path, GOOD, engine), Random(7)  # noqa: S311 the same frames on every run
    for _ in range(300):
        found = acme.decode(chance.randbytes(chance.randrange(8)), 2, {})
        assert found.kind in {Kind.TELEMETRY, Kind.ERROR}
        assert (found.kind is Kind.ERROR) == (not found.readings)


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_a_codec_does_is_a_dead_letter_with_its_reason_and_harms_no_other_frame(
    what: str, tmp_path: Path, engine: Engine
) -> None:
    text, code = HOSTILE[what]
    models = {"hostile": made(tmp_path, text, engine), "good": made(tmp_path, GOOD, engine)}
    (hostile, native, good) = through(models)
    assert hostile.outcome == "dead_letter"
    (letter,) = hostile.letters
    assert letter.reason in {f"decode/{code}", "decode/js_timeout" if code == "js_memory" else ""}
    assert letter.detail
    assert letter.detail.isprintable()
    assert [native.outcome, good.outcome] == ["stored", "stored"]
    assert good.points[0].fields["distance_mm"] == 1200.0


def through(models: dict[str, Decoder]) -> list[Any]:
    """One frame each of a device with a hostile codec, with a decoder of ours, with a good codec, on the real way."""
    towns = town()
    first = towns.places[0]
    towns.places[0] = replace(first, device=replace(first.device, model="hostile"))
    towns.places.append(Place(Device(NEXT_EUI, "offenbach", "good"), replace(BIN, id="of-bin-9"), None))
    found = entries(
        message(BIN_EUI, "a"),
        chirpstack(eui=TREE_EUI, payload="0d0c000008a408e5007b00", f_port=2),
        message(NEXT_EUI, "b"),
    )
    return process(found, unwrap, Places(towns, lambda name: models.get(name) or decoders.find(name)), lambda _: {})


def message(eui: str, frame_id: str) -> bytes:
    body = json.loads(chirpstack(eui=eui, f_port=2, frame_id=frame_id))
    return json.dumps(body | {"data": in_base64(FRAME)}).encode()


def test_a_codec_is_told_when_the_frame_was_received(tmp_path: Path, engine: Engine) -> None:
    text = "function decodeUplink(i) { return { data: { t: i.recvTime.getMinutes(), bat: 3, level: { mm: 100 } } }; }"
    acme = made(tmp_path, text, engine)
    stored = through({"hostile": acme, "good": acme})[0]
    assert stored.points[0].fields["temperature_c"] == 26.0
    assert stored.points[0].fields["decoder"] == f"acme/{acme.revision}"
    assert acme.decode(FRAME, 2, {RECEIVED_MS: 0}).readings[0].values["temperature_c"] == 0.0


def test_opened_codecs_are_decoders_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "acme.js").write_text(GOOD)
    settings = CodecSettings.model_validate({"file": tmp_path / "acme.js", "ports": [2], "values": VALUES})
    with opened({"acme": settings}) as found:
        said: Decoded = found["acme"].decode(FRAME, 2, {})
    assert said.kind is Kind.TELEMETRY
    with opened({}) as none:
        assert none == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), (b"\xff\xfe", "no text in UTF-8"), (b" " * ((1 << 20) + 1), "at most")],
)
def test_a_script_that_cannot_be_used_is_named_at_the_start(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "acme.js"
    if content is not None:
        file.write_bytes(content)
    settings = CodecSettings.model_validate({"file": file, "ports": [2], "values": VALUES})
    with pytest.raises(CodecError, match=why), opened({"acme": settings}):
        pass
