"""Device lists of network servers: every documented form, what becomes of each device, and keys that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.errors import Invalid
from sinks.model import Device, Installation, Organisation
from sinks.registry.exchange import plan
from sinks.registry.rosters import BYTES_MAX, Line, Server, Verdict, apply, propose, read, to_fill_in
from sinks.registry.rosters.listed import Listed
from sinks.registry.snapshot import Snapshot
from sinks.registry.store import SqlRegistry

FILES = Path(__file__).parent / "rosters"
KEY = "00112233445566778899AABBCCDDEEFF"
BIN, TREE = "24e124713b490001", "a84041000181f001"
MODELS = {"em400-mud": "milesight_em400_mud", "lse01": "dragino_lse01", "milesight_em400_mud": "milesight_em400_mud"}
OFFENBACH, GIESSEN = Organisation("offenbach", "Offenbach"), Organisation("giessen", "Gießen")


def server_of(name: str) -> Server:
    return "things-stack" if name.startswith("things") else "chirpstack"


def listed(name: str) -> list[Listed]:
    return read((FILES / name).read_bytes(), server_of(name))


def snapshot(*devices: Device, organisations: tuple[Organisation, ...] = (OFFENBACH,)) -> Snapshot:
    return Snapshot(1, organisations, devices)


def proposed(*found: Listed, there: tuple[Device, ...] = (), organisation: str = "", fallback: str = "") -> list[Line]:
    return propose(found, snapshot(*there), MODELS, organisation, fallback)


def one(**said: str) -> Listed:
    return Listed(7, said.get("dev_eui", BIN), said.get("name", "Eimer"), (said.get("model", "EM400-MUD"),))


# Reading


@pytest.mark.parametrize("name", sorted(file.name for file in FILES.iterdir()))
def test_every_form_gives_the_devices_with_their_names(name: str) -> None:
    first = listed(name)[0]
    assert (first.eui(), first.name) == (BIN, "Eimer Wilhelmsplatz")


@pytest.mark.parametrize("name", ["things_stack_api.json", "things_stack_stream.json", "things_stack_array.json"])
def test_the_things_stack_names_the_model_with_and_without_its_brand(name: str) -> None:
    assert listed(name)[0].models == ("em400-mud", "milesight-iot em400-mud")


def test_a_position_is_taken_where_there_is_one() -> None:
    placed, bare, *_ = listed("things_stack_api.json")
    assert [(found.lat, found.lon) for found in (placed, bare)] == [(50.1037, 8.7672), (None, None)]


def test_chirpstack_names_the_model_by_its_profile() -> None:
    assert [found.models for found in listed("chirpstack.json")] == [("Milesight EM400-MUD (EU868)",), ("LSE01",)]


def test_a_device_without_a_name_is_called_as_it_is_described_else_by_its_id() -> None:
    assert [found.name for found in listed("things_stack_api.json")][1:3] == ["Linde Seltersweg", "zaehler-1"]


def test_devices_of_one_answer_may_begin_their_lines() -> None:
    found = read(b'{"end_devices": [\n{"ids": {"dev_eui": "a"}},\n{"ids": {"dev_eui": "b"}}\n]}', "things-stack")
    assert [(one.line, one.dev_eui) for one in found] == [(2, "a"), (3, "b")]


def test_several_pages_in_one_file_are_one_list() -> None:
    page = (FILES / "chirpstack.json").read_bytes()
    assert [found.line for found in read(page + page, "chirpstack")] == [4, 15, 27, 38]


@pytest.mark.parametrize("name", sorted(file.name for file in FILES.iterdir()))
def test_a_key_in_the_file_becomes_no_value(name: str) -> None:
    assert KEY not in repr(listed(name))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b'{"ids": {"dev_eui": "a"}}\n{"ids": tru}\n', "line 2 is no JSON"),
        (b'{"ids": {"dev_eui": "a"}}\n{"ids": {}\n', "line 2 is no JSON"),
        (b'[{"ids": {}},\n {"ids": 7}]', "line 2: Expected `object | null`, got `int`"),
        (b'{"end_devices": [{"ids": {}},\n3]}', "line 2: Expected `object`"),
        (b'{"applications": []}', "line 1 is no device of The Things Stack"),
        (b"[" * 100_000, "line 1 is nested deeper"),
        (b"id;dev_eui\nx;24e124713b490001\na;b;c\n", "line 3 has 3 cells, the head 2"),
        (b"id;name\nx;y\n", "line 1 names no column dev_eui"),
        (b'id;dev_eui\nx;y\n"a', "line 3 is no CSV"),
        (b" " * (BYTES_MAX + 1), "at most 64 MiB"),
        (b"dev_eui\n" + b"1\n" * 20_001, "at most 20000 devices"),
    ],
)
def test_what_is_no_list_is_told_by_its_line(content: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says.replace("|", r"\|")):
        read(content, "things-stack")


def test_another_servers_list_is_told() -> None:
    with pytest.raises(Invalid, match="line 1 is no device of ChirpStack"):
        read((FILES / "things_stack_stream.json").read_bytes(), "chirpstack")


def outcome(content: bytes, server: Server) -> list[Listed] | str:
    try:
        return read(content, server)
    except Invalid as broken:
        return str(broken)


@given(st.one_of(st.binary(), st.text().map(str.encode), st.binary().map(lambda tail: b'{"ids":{"dev_eui":"' + tail)))
def test_any_bytes_are_a_list_or_a_sentence(content: bytes) -> None:
    assert outcome(content, "things-stack") is not None
    assert outcome(content, "chirpstack") is not None


@given(st.text(alphabet="0123456789abcdef;,\n\"{}[]:'x ", max_size=80))
def test_no_sentence_quotes_a_key(text: str) -> None:
    for content in (
        f'{{"ids":{{"dev_eui":"{KEY}{text}',
        f"dev_eui;app_key\n{KEY};{text}\n",
        f'[{{"ids":"{KEY}{text}"}}]',
    ):
        found = outcome(content.encode(), "things-stack")
        sentences = [found] if isinstance(found, str) else [shown(line) for line in proposed(*found)]
        assert not any(KEY in sentence for sentence in sentences)


# What becomes of each


def shown(line: Line) -> str:
    return f"{line.reason} {line.listed.dev_eui} {line.listed.name} {line.device}"


def test_a_new_device_is_added_with_its_model() -> None:
    (line,) = proposed(one())
    assert (line.verdict, line.device) == (Verdict.ADDED, Device(BIN, "offenbach", "milesight_em400_mud", "Eimer"))


def test_a_device_that_is_there_is_present() -> None:
    there = Device(BIN, "offenbach", "milesight_em400_mud", "Eimer", {"x": 1.0})
    (line,) = proposed(one(), there=(there,))
    assert (line.verdict, line.device) == (Verdict.PRESENT, there)


def test_another_name_is_taken_over_and_all_else_stays() -> None:
    there = Device(BIN, "offenbach", "milesight_em400_mud", "alt", {"x": 1.0})
    (line,) = proposed(one(), there=(there,))
    assert (line.verdict, line.reason) == (Verdict.CHANGED, "was called 'alt'")
    assert line.device == Device(BIN, "offenbach", "milesight_em400_mud", "Eimer", {"x": 1.0})


def test_another_model_is_told_and_not_taken_over() -> None:
    there = Device(BIN, "offenbach", "dragino_lse01", "Eimer")
    (line,) = proposed(one(), there=(there,))
    assert (line.verdict, line.device) == (Verdict.PRESENT, there)
    assert line.reason == "stays a dragino_lse01; the list says milesight_em400_mud"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (one(model="EM401-MUD"), "no decoder is called 'EM401-MUD'; did you mean em400-mud?"),
        (Listed(7, BIN), "the list does not say its model"),
        (one(dev_eui=""), "it has no DevEUI"),
        (one(dev_eui="24e124"), "a DevEUI has 16 hex digits"),
        (one(dev_eui="net/1"), "its DevEUI has not 16 hex digits"),
        (one(dev_eui="0" * 16), "no device's DevEUI"),
        (one(dev_eui=KEY), "as long as a key"),
        (one(dev_eui="-".join(KEY)), "as long as a key"),
        (one(name=f"Eimer {KEY}"), "32 hex digits, as keys have"),
        (one(name="=1+1"), "must not begin with"),
    ],
)
def test_what_cannot_be_registered_is_left_out_with_the_reason(found: Listed, reason: str) -> None:
    (line,) = proposed(found)
    assert (line.verdict, line.device) == (Verdict.LEFT_OUT, None)
    assert reason in line.reason
    assert KEY not in shown(line).replace("-", "")


def test_what_is_left_out_is_shown_with_its_eui_and_name() -> None:
    (line,) = proposed(one(model="EM401-MUD"))
    assert (line.listed.dev_eui, line.listed.name) == (BIN, "Eimer")


def test_a_model_that_the_list_does_not_name_may_be_given() -> None:
    lines = proposed(one(model="Profil 7"), one(dev_eui=TREE, model="LSE01"), fallback="EM400-MUD")
    assert [line.device.model for line in lines if line.device] == ["milesight_em400_mud", "dragino_lse01"]


def test_a_device_that_comes_twice_counts_once() -> None:
    lines = proposed(one(), one(name="anders"))
    assert [(line.verdict, line.reason) for line in lines][1] == (Verdict.LEFT_OUT, "line 7 has the same DevEUI")


def test_a_device_of_another_owner_is_left_out() -> None:
    there = Device(BIN, "giessen", "milesight_em400_mud")
    (line,) = propose([one()], snapshot(there, organisations=(OFFENBACH, GIESSEN)), MODELS, "offenbach")
    assert (line.verdict, line.reason) == (Verdict.LEFT_OUT, "it belongs to giessen")


@pytest.mark.parametrize(
    ("organisations", "organisation", "fallback", "says"),
    [
        ((OFFENBACH, GIESSEN), "", "", "--organisation; there is offenbach, giessen"),
        ((), "", "", "there is none yet"),
        ((OFFENBACH,), "offenbch", "", "did you mean offenbach"),
        ((OFFENBACH,), "", "EM401-MUD", "there is no model 'EM401-MUD'; did you mean em400-mud"),
    ],
)
def test_an_owner_or_a_model_that_is_not_known_is_told(
    organisations: tuple[Organisation, ...], organisation: str, fallback: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        propose([one()], snapshot(organisations=organisations), MODELS, organisation, fallback)


def test_the_same_list_again_changes_nothing(registry: SqlRegistry) -> None:
    registry.add_organisation(OFFENBACH)
    found = listed("things_stack_api.json")
    before = registry.snapshot()
    apply(propose(found, before, MODELS, ""), registry, before.revision)
    after = registry.snapshot()
    assert [device.dev_eui for device in after.devices] == [BIN, TREE]

    again = propose(found, after, MODELS, "")
    assert [line.verdict for line in again] == [Verdict.PRESENT, Verdict.PRESENT, Verdict.LEFT_OUT, Verdict.LEFT_OUT]
    apply(again, registry, after.revision)
    assert registry.snapshot().devices == after.devices


def test_the_sheet_to_fill_in_is_one_that_can_be_imported() -> None:
    lines = propose(listed("things_stack_api.json"), snapshot(), MODELS, "")
    head, row, *_ = to_fill_in(lines).decode("utf-8-sig").splitlines()
    said = dict(zip(head.split(";"), row.split(";"), strict=True))
    assert (said["lat"], said["lon"], said["asset_id"]) == ("50,103700", "8,767200", "")

    said |= {"asset_id": "of-bin-1", "kind": "bin", "name": "Wilhelmsplatz", "from": "2026-03-01"}
    filled = plan(f"{head}\n{';'.join(said.values())}\n".encode(), "csv", snapshot(), set(MODELS.values()))
    assert filled.problems == ()
    assert isinstance(filled.steps[-1].record, Installation)
