"""Devices that nobody registered: which decoders fit their frames, and how they get in."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import decoders
import smartcity
from decoders import Kind
from ingest.adopt import SAMPLE, Waiting, best, collect, fits
from ingest.networks.model import Outcome, Uplink
from ingest.unwrap import unwrap
from sinks.model import DeadLetter
from sinks.storage import Storage
from tests.decoders.vectors import Vector, vectors
from tests.door import Said, environment
from tests.ingest.house import BIN_EUI, chirpstack, envelope

TELEMETRY = "01755c0367340104824408050001"
REFUSED = "aabb"
SIBLINGS = ["milesight_em400_mud", "milesight_em400_tld", "milesight_em400_udl", "milesight_em410_rdl"]
SOIL_EUI, SOIL = "a84041000181d99a", "0d0c000008a408e5007b00"


def letter(offset: int, body: bytes, device: str = BIN_EUI, part: int = 0) -> DeadLetter:
    return DeadLetter("embedded", offset, part, "observe/unknown_device", "", envelope(body), device, offset)


def named(body: bytes, **info: str) -> bytes:
    message = json.loads(body)
    message["deviceInfo"] |= info
    return json.dumps(message).encode()


def waiting(*bodies: bytes) -> Waiting:
    return collect([letter(n, body) for n, body in enumerate(bodies, 1)], unwrap)[BIN_EUI]


def sampled(*frames: tuple[int, bytes]) -> Waiting:
    uplinks = [Uplink("x", Outcome.DATA, f_port=port, payload=payload) for port, payload in frames]
    return Waiting("d", 0, 0, len(frames), uplinks)


def examples() -> Iterator[tuple[str, Waiting]]:
    """Of each decoder the frames of its vectors that it reads without a parameter."""
    for key, found in groupby(vectors(), lambda vector: vector.key):
        yield (
            key,
            sampled(*((one.f_port, one.payload) for one in found if one.payload and not one.params and is_read(one))),
        )


def is_read(vector: Vector) -> bool:
    return vector.decode().kind not in (Kind.ERROR, Kind.UNKNOWN)


def test_nine_of_ten_decoders_fit_their_own_example_frames_best() -> None:
    first = [key in {fit.model for fit in best(fits(sample))} for key, sample in examples() if sample.sample]
    assert sum(first) / len(first) > 0.9


def test_siblings_with_one_wire_format_fit_equally_well() -> None:
    found = fits(waiting(chirpstack()))
    equal = [fit for fit in best(found) if fit.said == found[0].said]
    assert [fit.model for fit in equal] == SIBLINGS


def test_the_name_of_the_device_profile_tells_siblings_apart() -> None:
    (fit,) = best(fits(waiting(named(chirpstack(), deviceProfileName="Milesight EM400-UDL"))))
    assert (fit.model, fit.named_by) == ("milesight_em400_udl", "device profile")


def test_a_name_does_not_help_a_decoder_that_reads_nothing() -> None:
    models = [fit.model for fit in fits(waiting(named(chirpstack(), deviceProfileName="LSE01")))]
    assert "dragino_lse01" not in models


def test_a_codec_of_the_settings_is_asked_like_all_decoders() -> None:
    own = replace(decoders.all_decoders()["milesight_em400_mud"], key="our_bins")
    assert "our_bins" in [fit.model for fit in best(fits(waiting(chirpstack()), [own]))]


def test_frames_that_no_decoder_reads_have_no_fit() -> None:
    assert fits(sampled((223, b"\xfe"))) == []


def test_however_much_waits_a_sample_from_beginning_to_end_is_looked_at() -> None:
    calls = 0

    def counted(message: Any) -> list[Uplink]:
        nonlocal calls
        calls += 1
        return unwrap(message)

    bodies = [chirpstack(f_cnt=n, frame_id=str(n)) for n in range(5_000)]
    found = collect((letter(n, body) for n, body in enumerate(bodies, 1)), counted)[BIN_EUI]
    counters = [uplink.f_cnt or 0 for uplink in found.sample]
    assert (found.messages, len(found.sample) <= SAMPLE, calls < 300) == (5_000, True, True)
    assert (counters[0], counters[-1] > 4_500) == (0, True)


def test_a_letter_whose_message_has_fewer_frames_today_is_counted_and_passed_over() -> None:
    found = collect([letter(1, chirpstack(), part=3)], unwrap)[BIN_EUI]
    assert (found.messages, found.sample, fits(found)) == (1, [], [])


def test_a_join_is_a_message_but_no_frame() -> None:
    join = json.loads(chirpstack())
    for key in ("data", "fPort", "fCnt", "rxInfo", "txInfo"):
        del join[key]
    found = waiting(json.dumps(join).encode(), chirpstack())
    assert (found.messages, len(found.sample)) == (2, 1)


# The command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A town in which three frames of a bin and one of a tree wait."""
    bodies = [
        chirpstack(f_cnt=n, frame_id=str(n), time=f"2026-05-28T2{n}:26:40+00:00", payload=payload)
        for n, payload in enumerate([TELEMETRY, TELEMETRY, REFUSED])
    ]
    bodies.append(chirpstack(SOIL_EUI, SOIL, 2, frame_id="soil"))
    (tmp_path / "messages.ndjson").write_bytes(b"".join(body + b"\n" for body in bodies))
    done("organisations add offenbach Offenbach", tmp_path)
    done("assets add of-bin-1 --kind bin --organisation offenbach --name Markt --lat 50.1 --lon 8.7", tmp_path)
    done(f"ingest --file {tmp_path / 'messages.ndjson'}", tmp_path)
    return tmp_path


def said(line: str, home: Path) -> Said:
    env = {name: value for name, value in environment(home / "data").items() if name.startswith("SMARTCITY_")}
    result = CliRunner().invoke(smartcity.app, shlex.split(line), env=env | {"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.output, "")


def done(line: str, home: Path) -> str:
    answer = said(line, home)
    assert answer.code == 0, answer.out
    return answer.out


def test_every_unknown_device_is_listed_with_the_models_that_fit(home: Path) -> None:
    bin_, tree = json.loads(done("devices adopt --json", home))
    assert (bin_["device"], bin_["messages"], bin_["networks"], bin_["ports"]) == (BIN_EUI, 3, ["chirpstack"], [85])
    assert bin_["first_heard"] == "2026-05-28T20:26:40Z"
    assert [one["model"] for one in bin_["models"]] == SIBLINGS
    assert all(one["is_best"] and one["same_values_as_best"] for one in bin_["models"])
    assert tree["device"] == SOIL_EUI
    assert "dragino_lse01" in [one["model"] for one in tree["models"]]


def test_the_table_has_a_line_for_each_model_and_says_what_the_frames_cannot_tell(home: Path) -> None:
    lines = [line for line in done("devices adopt", home).splitlines() if line.startswith(BIN_EUI)]
    assert len(lines) == 3
    assert "of 3 frames 2 read, 2 measured, 2 without doubt" in lines[0]
    assert "3 more fit as well, with the same values: see the label" in lines[0]


def test_one_device_is_asked_for_as_its_label_writes_it(home: Path) -> None:
    found = json.loads(done("devices adopt A8-40-41-00-01-81-D9-9A --json", home))
    assert [one["device"] for one in found] == [SOIL_EUI]


def test_a_limit_says_how_many_more_wait(home: Path) -> None:
    assert "1 more devices wait" in done("devices adopt --limit 1", home)


def test_adoption_registers_the_device_and_takes_its_frames_in(home: Path) -> None:
    out = done(f"devices adopt {BIN_EUI} --model EM400-MUD --organisation offenbach", home)
    assert "3 messages that waited for it are replayed" in out
    assert "it watches nothing yet" in out
    (home / "none.ndjson").write_text("")
    assert "2 stored" in done(f"ingest --file {home / 'none.ndjson'}", home)
    assert [one["device"] for one in json.loads(done("devices adopt --json", home))] == [SOIL_EUI]


def test_an_adopted_device_watches_its_asset_from_its_first_frame_on(home: Path) -> None:
    mount = "--mount empty_mm=3000 --mount full_mm=500"
    done(f"devices adopt {BIN_EUI} --model EM400-MUD --organisation offenbach --asset of-bin-1 {mount}", home)
    with closing(Storage(data=home / "data").open_registry()) as registry:
        (stood,) = registry.installations()
    assert (stood.asset_id, stood.mount) == ("of-bin-1", {"empty_mm": 3000.0, "full_mm": 500.0})
    assert datetime.fromtimestamp(stood.from_ms / 1000, UTC).isoformat() == "2026-05-28T20:26:40+00:00"


def test_a_dry_run_says_what_the_frames_would_become_and_changes_nothing(home: Path) -> None:
    line = f"devices adopt {BIN_EUI} --model EM400-MUD --organisation offenbach --asset of-bin-1 --dry-run"
    out = done(line, home)
    assert "distance_mm=2116.0" in out
    assert "1 dead_letter, 2 stored" in out
    assert "1 times decode/unknown_item" in out
    assert json.loads(done("devices list --json", home)) == []
    assert len(json.loads(done("devices adopt --json", home))) == 2


def test_a_dry_run_as_json_counts_outcomes(home: Path) -> None:
    line = f"devices adopt {BIN_EUI} --model EM400-MUD --organisation offenbach --dry-run --json"
    assert json.loads(done(line, home))["outcomes"] == {"stored": 2, "dead_letter": 1}


def test_a_device_of_which_nothing_waits_any_more_can_be_adopted_too(home: Path) -> None:
    out = done("devices adopt 24e124713b490077 --model EM400-MUD --organisation offenbach", home)
    assert "0 messages" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--model EM400-MUD --organisation giessen", "there is no organisation 'giessen'"),
        ("--model EM401-MUD --organisation offenbach", "there is no model 'EM401-MUD'; did you mean"),
        ("--model EM400-MUD --organisation offenbach --asset of-bin-2", "there is no asset 'of-bin-2'"),
    ],
)
@pytest.mark.parametrize("dry_run", ["", "--dry-run"])
def test_what_cannot_be_registered_is_told_and_nothing_is_replayed(
    options: str, says: str, dry_run: str, home: Path
) -> None:
    with pytest.raises(Exception, match=says):
        said(f"devices adopt {BIN_EUI} {options} {dry_run}", home)
    assert json.loads(done("devices list --json", home)) == []
    assert len(json.loads(done("devices adopt --json", home))) == 2


def test_registering_needs_a_device_and_an_owner(home: Path) -> None:
    answer = said("devices adopt --model EM400-MUD --organisation offenbach", home)
    assert (answer.code, "give its DevEUI" in answer.out) == (2, True)


def test_where_all_are_registered_nothing_waits(tmp_path: Path) -> None:
    assert "no device waits" in done("devices adopt", tmp_path)
