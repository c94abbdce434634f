from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ingest import pipeline
from ingest.pipeline import Fate, process
from ingest.places import Places
from ingest.unwrap import unwrap
from sinks.model import Entry
from tests.ingest.house import BIN_EUI, NOW_MS, SPARE_EUI, TREE_EUI, Towns, chirpstack, entries, town


def fates(found: Sequence[Entry], seen: dict[str, int] | None = None, towns: Towns | None = None) -> list[Fate]:
    memory = seen or {}
    return process(
        found, unwrap, Places(towns or town()), lambda keys: {key: memory[key] for key in keys if key in memory}
    )


def only(found: Sequence[Entry], seen: dict[str, int] | None = None) -> Fate:
    (fate,) = fates(found, seen)
    return fate


def reason(body: bytes) -> str:
    fate = only(entries(body))
    assert fate.outcome == "dead_letter"
    return fate.letters[0].reason


def test_a_frame_of_an_installed_device_becomes_points_of_its_asset() -> None:
    fate = only(entries(chirpstack()))
    assert (fate.outcome, fate.label) == ("stored", "decoded")
    (level,) = fate.points
    assert level.series.measurement == "bin_level"
    assert (level.series.asset_id, level.series.tenant) == ("of-bin-1", "offenbach")
    assert level.fields["distance_mm"] == 2116.0
    assert level.fields["level_pct"] == 44.2


def test_the_same_message_again_is_a_duplicate() -> None:
    first = only(entries(chirpstack()))
    again = only(entries(chirpstack(), first=2), dict(first.keys))
    assert (again.outcome, again.label) == ("duplicate", "duplicate_delivery")


def test_the_same_message_twice_in_one_batch_is_stored_once() -> None:
    assert [f.outcome for f in fates(entries(chirpstack(), chirpstack()))] == ["stored", "duplicate"]


def test_a_retransmission_under_a_new_server_id_is_a_duplicate_within_half_an_hour() -> None:
    later = chirpstack(frame_id="7f0c6f6e-0000-4000-8000-000000000002", time="2026-05-28T20:50:00+00:00")
    assert [(f.outcome, f.label) for f in fates(entries(chirpstack(), later))] == [
        ("stored", "decoded"),
        ("duplicate", "duplicate_radio"),
    ]


def test_the_same_counter_an_hour_later_is_a_new_frame() -> None:
    later = chirpstack(frame_id="7f0c6f6e-0000-4000-8000-000000000002", time="2026-05-28T21:26:41+00:00")
    assert [f.outcome for f in fates(entries(chirpstack(), later))] == ["stored", "stored"]


def test_a_restarted_counter_with_another_payload_is_a_new_frame() -> None:
    other = chirpstack(frame_id="7f0c6f6e-0000-4000-8000-000000000002", payload="01755c0367340104824508050001")
    assert [f.outcome for f in fates(entries(chirpstack(), other))] == ["stored", "stored"]


def test_an_unknown_device_waits_as_a_dead_letter_with_its_name() -> None:
    fate = only(entries(chirpstack(eui="ffffffffffffffff")))
    (letter,) = fate.letters
    assert letter.reason == "observe/unknown_device"
    assert letter.device == "ffffffffffffffff"
    assert fate.keys == {}


def test_what_is_no_json_is_a_dead_letter_of_the_first_step() -> None:
    assert reason(b"not json").startswith("unwrap/")


def test_a_wrong_port_is_a_dead_letter_of_the_decoder() -> None:
    assert reason(chirpstack(f_port=9)) == "decode/wrong_port"


def test_a_device_whose_model_nobody_decodes_is_a_dead_letter() -> None:
    towns = town()
    place = towns.places[0]
    device = type(place.device)(place.device.dev_eui, "offenbach", "acme_9000")
    towns.places[0] = type(place)(device, place.asset, place.installation)
    (fate,) = fates(entries(chirpstack()), towns=towns)
    assert fate.letters[0].reason == "decode/unknown_model"


def test_a_bad_message_harms_no_other_one() -> None:
    found = fates(entries(chirpstack(), b"\xff\xfe", chirpstack(f_cnt=8, frame_id="x", payload="017501")))
    assert [f.outcome for f in found] == ["stored", "dead_letter", "stored"]


def test_a_defect_of_ours_becomes_a_dead_letter_too() -> None:
    def broken(name: str) -> None:
        raise ZeroDivisionError(name)

    (fate,) = process(entries(chirpstack()), unwrap, Places(town(), broken), lambda _: {})
    (letter,) = fate.letters
    assert letter.reason == "pipeline/defect"
    assert "ZeroDivisionError" in letter.detail


def test_a_device_that_is_not_installed_is_still_kept_under_its_own_name() -> None:
    fate = only(entries(chirpstack(eui=SPARE_EUI, payload="0210d3000346be813d0c60", f_port=1)))
    assert fate.outcome == "stored"
    assert {p.series.asset_id for p in fate.points} == {""}
    assert {p.series.device_id for p in fate.points} == {SPARE_EUI}


def test_soil_moisture_becomes_usable_water_with_the_depth_of_the_installation() -> None:
    fate = only(entries(chirpstack(eui=TREE_EUI, payload="0d0c000008a408e5007b00", f_port=2)))
    soil = next(point for point in fate.points if point.series.measurement == "soil")
    assert soil.series.depth_cm == "30"
    assert soil.fields["soil_moisture_pct"] == 22.12
    assert soil.fields["soil_vwc"] == 0.2212
    assert soil.fields["soil_nfk_pct"] == pytest.approx(58.0)


def test_a_join_is_kept_as_an_event_of_the_device() -> None:
    message = json.loads(chirpstack())
    for key in ("fCnt", "fPort", "data", "rxInfo", "txInfo", "adr", "dr", "confirmed"):
        del message[key]
    entry = entries(json.dumps(message).encode())[0]
    topic = f"application/a/device/{BIN_EUI}/event/join"
    joined = Entry(1, type(entry.envelope)("test", "chirpstack", topic, entry.envelope.body, entry.envelope.arrived_ns))
    fate = only([joined])
    assert (fate.outcome, fate.label) == ("stored", "join")
    assert [(p.series.measurement, p.fields["code"]) for p in fate.points] == [("event", "join")]


def stored_records(*epochs: int) -> bytes:
    """A Dragino DDS75-LB frame of stored records on fPort 3: distance 1000 mm at each of these times."""
    record = "0ce403e800fa40"
    return chirpstack(eui=SPARE_EUI, payload="".join(record + epoch.to_bytes(4).hex() for epoch in epochs), f_port=3)


def with_model(model: str) -> Towns:
    towns = town()
    spare = towns.places[2]
    towns.places[2] = replace(spare, device=replace(spare.device, model=model))
    return towns


def test_stored_records_are_rows_at_their_own_times() -> None:
    epochs = (NOW_MS // 1000 - 7200, NOW_MS // 1000 - 3600)
    (fate,) = fates(entries(stored_records(*epochs)), towns=with_model("dragino_dds75_lb"))
    times = [p.time_ms for p in fate.points if p.series.measurement == "bin_level"]
    assert times == [epoch * 1000 for epoch in epochs]
    assert fate.letters == ()


def test_a_stored_record_of_a_wrong_clock_is_a_letter_and_the_others_are_kept() -> None:
    epochs = (NOW_MS // 1000 - 3600, NOW_MS // 1000 - 365 * 86_400)
    (fate,) = fates(entries(stored_records(*epochs)), towns=with_model("dragino_dds75_lb"))
    assert [p.time_ms for p in fate.points if p.series.measurement == "bin_level"] == [epochs[0] * 1000]
    assert [letter.reason for letter in fate.letters] == ["observe/device_clock"]


TEKELEK = "10000000001a16aa001a17aa001a18aa001a19aa"
"""Four readings of a TEK 766, the newest and the three that were sent before."""


def test_what_is_sent_again_without_its_age_is_left_out_and_no_letter() -> None:
    message = chirpstack(eui=SPARE_EUI, payload=TEKELEK, f_port=16)
    (fate,) = fates(entries(message), towns=with_model("tekelek_tek766"))
    assert [p.time_ms for p in fate.points if p.series.measurement == "bin_level"] == [NOW_MS]
    assert fate.letters == ()


def test_what_is_sent_again_with_its_age_stands_at_its_own_time() -> None:
    message = chirpstack(eui=SPARE_EUI, payload=TEKELEK, f_port=16)
    towns = with_model("tekelek_tek766")
    towns.places[2] = replace(towns.places[2], device=replace(towns.places[2].device, params={"report_interval_h": 6}))
    (fate,) = fates(entries(message), towns=towns)
    times = [p.time_ms for p in fate.points if p.series.measurement == "bin_level"]
    assert times == [NOW_MS - hours * 3_600_000 for hours in (0, 6, 12, 18)]


def test_going_the_way_again_gives_the_same_points() -> None:
    assert only(entries(chirpstack())).points == only(entries(chirpstack())).points


def test_windows_are_those_that_a_year_of_real_messages_needs() -> None:
    assert pipeline.RETRANSMISSION_MS < 53 * 60 * 1000  # the shortest genuine reuse of a counter
