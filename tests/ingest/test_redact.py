from __future__ import annotations

import json
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.keep import Keeper
from ingest.networks.model import Outcome
from ingest.redact import without_secrets
from ingest.unwrap import unwrap
from sinks.journal import SqliteJournal
from sinks.model import Envelope

KEY = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
URL = f"https://lora.example/down/{KEY}"


def kept(body: bytes, topic: str | None = None) -> Envelope:
    return without_secrets(Envelope("test", None, topic, body, 1))


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (f'{{"AppSKey": "{KEY}", "FPort": "2"}}', '{"AppSKey": "***", "FPort": "2"}'),
        (f'{{"app_s_key":{{"key":"{KEY}","kek_label":"l"}},"f_port":1}}', '{"app_s_key":{},"f_port":1}'),
        (f'{{"joinServerContext":{{"appSKey":{{"aesKey":"{KEY}"}}}}}}', '{"joinServerContext":{"appSKey":{}}}'),
        (f'{{"nwkSKey":"{KEY}","fNwkSIntKey":"{KEY}"}}', '{"nwkSKey":"***","fNwkSIntKey":"***"}'),
        (f'{{"f_nwk_s_int_key":{{"key":"{KEY}"}}}}', '{"f_nwk_s_int_key":{}}'),
        (f'{{"appkey":"{KEY}","AppKey" : "{KEY}"}}', '{"appkey":"***","AppKey" : "***"}'),
        (f'{{"downlink_url":"{URL}","x":1}}', '{"downlink_url":"***","x":1}'),
        (f'{{"downlinkUrl":"{URL}","downlinkURL":"{URL}"}}', '{"downlinkUrl":"***","downlinkURL":"***"}'),
        (f'{{"uplink_token":"{KEY}","AppSKey":"a\\"{KEY}"}}', '{"uplink_token":"***","AppSKey":"***"}'),
        (f"<u><AppSKey>{KEY}</AppSKey></u>", "<u><AppSKey>***</AppSKey></u>"),
    ],
)
def test_a_key_goes_and_its_name_stays(body: str, left: str) -> None:
    assert kept(body.encode()).body.decode() == left


@pytest.mark.parametrize(
    "body",
    [
        b'{"session_key_id":"AaIP","devEUI":"24e124713b490001"}',
        b'{"key":"distance","keyword":"bin","url":"https://city.example"}',
        b'{"AppSKey":null}',
        b"\x0a\x24AppSKey\x00\xff",
        b"Online",
        b'{"AppSKey":"cut',
    ],
)
def test_what_is_no_secret_stays_as_it_came(body: bytes) -> None:
    envelope = Envelope("test", None, "a/b", body, 1)
    assert without_secrets(envelope) is envelope


@pytest.mark.parametrize(
    ("topic", "left"),
    [
        (f"/hooks/tts?token={KEY}&event=up", "/hooks/tts?token=***&event=up"),
        (f"/hooks/tp?LrnDevEui=1&Token={KEY}", "/hooks/tp?LrnDevEui=1&Token=***"),
        ("/hooks/cs?event=up", "/hooks/cs?event=up"),
        ("tele/tank=7/SENSOR", "tele/tank=7/SENSOR"),
    ],
)
def test_a_token_in_the_senders_address_goes(topic: str, left: str) -> None:
    assert kept(b"{}", topic).topic == left


@given(st.binary(max_size=200))
def test_any_bytes_can_be_kept(body: bytes) -> None:
    assert isinstance(kept(body).body, bytes)


@given(st.recursive(st.none() | st.text(max_size=9) | st.integers(), lambda x: st.dictionaries(st.text(max_size=9), x)))
def test_json_stays_json(inner: object) -> None:
    body = json.dumps({"AppSKey": KEY, "rest": inner, "app_s_key": {"key": KEY}}).encode()
    assert json.loads(kept(body).body) == {"AppSKey": "***", "rest": inner, "app_s_key": {}}


def test_that_there_was_a_key_can_still_be_told() -> None:
    ids = {"dev_eui": "24E124713B490001"}
    body = {"end_device_ids": ids, "uplink_message": {"f_port": 1, "frm_payload": "AXUB", "app_s_key": {"key": KEY}}}
    (uplink,) = unwrap(kept(json.dumps(body).encode()))
    assert (uplink.outcome, (uplink.reason or "")[:16]) == (Outcome.DEAD_LETTER, "unwrap/encrypted")


def test_no_key_gets_into_the_journal(tmp_path: Path) -> None:
    journal, stop = SqliteJournal(tmp_path / "journal.db"), Event()
    keeper = Keeper(journal, [])
    message = Envelope("test", None, f"/in?token={KEY}", json.dumps({"AppSKey": KEY}).encode(), 1)
    keeper.offer([message], stop.set, Event())
    keeper.run(stop)
    journal.close()
    assert stop.is_set()
    assert not [file for file in tmp_path.iterdir() if KEY.encode() in file.read_bytes()]
