from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sinks.model import Envelope
from sinks.redact import stripped, without_secrets

KEY = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
URL = f"https://lora.example/down/{KEY}"
NAMES = (
    *("AppSKey", "appSKey", "app_s_key", "appskey", "AppKey", "appKey", "app_key", "NwkKey", "nwkKey", "nwk_key"),
    *("NwkSKey", "nwkSKey", "nwk_s_key", "FNwkSIntKey", "fNwkSIntKey", "f_nwk_s_int_key", "SNwkSIntKey"),
    *("s_nwk_s_int_key", "NwkSEncKey", "nwkSEncKey", "nwk_s_enc_key", "uplink_token", "downlink_url", "downlinkUrl"),
    *("downlinkURL", "X-Downlink-Apikey", "X-Downlink-Push", "x-downlink-replace"),
)
ELEMENTS = [name for name in NAMES if name != "uplink_token" and not name.lower().startswith("x-")]


def left(body: str) -> str:
    return stripped(body.encode(), "").decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_text_by_the_name_of_a_secret_becomes_asterisks(name: str) -> None:
    assert left(f'{{"{name}": "{KEY}", "f_port" : 2}}') == f'{{"{name}": "***", "f_port" : 2}}'


@pytest.mark.parametrize("name", NAMES)
def test_an_object_by_the_name_of_a_secret_becomes_empty(name: str) -> None:
    assert left(f'[{{"{name}":{{"key":"{KEY}","kek_label":"a}}b"}},"f_port":1}}]') == f'[{{"{name}":{{}},"f_port":1}}]'


@pytest.mark.parametrize("name", ELEMENTS)
def test_an_element_by_the_name_of_a_secret_becomes_asterisks(name: str) -> None:
    document = f"<?xml version='1.0'?><u xmlns='x'><{name}>@</{name}><FPort>2</FPort></u>"
    assert left(document.replace("@", KEY)) == document.replace("@", "***")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f'{{"AppSKey":"a\\"{KEY}\\\\","x":"{KEY}"}}', f'{{"AppSKey":"***","x":"{KEY}"}}'),
        (
            f' \n[{{"uplink_token":"{KEY}"}},{{"uplink_token" : "{KEY}"}}]',
            ' \n[{"uplink_token":"***"},{"uplink_token" : "***"}]',
        ),
        (f'\ufeff{{"downlink_url":"{URL}"}}', '\ufeff{"downlink_url":"***"}'),
        (
            f'{{"joinServerContext":{{"sessionKeyId":"7","appSKey":{{"aesKey":"{KEY}"}}}}}}',
            '{"joinServerContext":{"sessionKeyId":"7","appSKey":{}}}',
        ),
        (
            f'{{"DevEUI_notification":{{"Type":"join","Var1":"{KEY}","Var2":""}}}}',
            '{"DevEUI_notification":{"Type":"join","Var1":"***","Var2":""}}',
        ),
        (
            f"<n:DevEUI_notification><Var1>{KEY}</Var1></n:DevEUI_notification>",
            "<n:DevEUI_notification><Var1>***</Var1></n:DevEUI_notification>",
        ),
        (f'<u><x:AppSKey type="hex">{KEY}</x:AppSKey></u>', '<u><x:AppSKey type="hex">***</x:AppSKey></u>'),
        (f"<u><AppSKey><![CDATA[{KEY}]]></AppSKey></u>", "<u><AppSKey>***</AppSKey></u>"),
        (f"<u><AppSKey><key>{KEY}</key></AppSKey></u>", "<u><AppSKey>***</AppSKey></u>"),
        (f'{{"AppSKey":"{KEY}', '{"AppSKey":"***"'),
        (f'{{"AppSKey":"{KEY}\\', '{"AppSKey":"***"'),
        (f'{{"app_s_key":{{"key":"{KEY}', '{"app_s_key":{}'),
        (f"<u><AppSKey>{KEY}", "<u><AppSKey>***"),
    ],
)
def test_a_secret_goes_however_it_is_written(body: str, kept: str) -> None:
    assert left(body) == kept


@pytest.mark.parametrize(
    "body",
    [
        '{"session_key_id":"AaIP","devEUI":"24e124713b490001"}',
        '{"key":"distance","keyword":"bin","monkey":"a","url":"https://city.example","token":"a"}',
        '{"AppSKey":null,"app_s_key":"","NwkSKey":7,"downlink_url":null,"uplink_token":""}',
        '{"DevEUI_notification":{"Type":"devstatusans","Var1":"153","Var2":"7"}}',
        '{"DevEUI_uplink":{"Var1":"0011223344"}}',
        '{"name":"say \\"AppSKey\\":\\"a\\"","is":"AppSKey","a":["uplink_token","downlink_url"]}',
        "<u><AppSKey></AppSKey><AppSKey/><FPort>2</FPort></u>",
        "<DevEUI_notification><Var1>153</Var1></DevEUI_notification>",
        "\x0a\x24AppSKey\x00",
        "AppSKey=1",
        "Online",
        "",
    ],
)
def test_what_is_no_secret_stays_as_it_came(body: str) -> None:
    envelope = Envelope("test", None, "a/b", body.encode(), 1)
    assert without_secrets(envelope) == envelope


def test_a_message_without_secrets_is_not_copied() -> None:
    envelope = Envelope("test", None, "a/b", b'{"data":"AQ==","keys":["a"]}', 1)
    assert without_secrets(envelope) is envelope


@pytest.mark.parametrize(
    ("topic", "kept"),
    [
        (f"/hooks/tts?token={KEY}&event=up", "/hooks/tts?token=***&event=up"),
        (f"/hooks/tp?LrnDevEui=1&Token={KEY}", "/hooks/tp?LrnDevEui=1&Token=***"),
        ("/hooks/cs?event=up", "/hooks/cs?event=up"),
        ("tele/tank=7/SENSOR", "tele/tank=7/SENSOR"),
        (None, None),
    ],
)
def test_a_token_in_the_senders_address_goes(topic: str | None, kept: str | None) -> None:
    assert without_secrets(Envelope("test", None, topic, b"{}", 1)).topic == kept


IDENTITY = b"\x0a\x24" + b"7f0c6f6e-0000-4000-8000-00000000000z"
CONTEXT = b"\x0a\x02id\x12\x12\x12\x10" + bytes.fromhex(KEY)


def field(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


@pytest.mark.parametrize(
    ("topic", "tag"),
    [("application/1/device/2/event/up", 0x7A), ("/hooks/c?event=up", 0x7A), ("/hooks/c?event=join&a=b", 0x32)],
)
def test_the_join_servers_context_goes_out_of_protobuf(topic: str, tag: int) -> None:
    before = IDENTITY + b"\x38\xac\x02" + field(0x22, b"zzzz") + b"\x45abcd\x49abcdefgh"
    body = before + field(tag, CONTEXT) + field(0x82, b"")
    assert stripped(body, topic) == before + bytes([tag, 0]) + field(0x82, b"")


@pytest.mark.parametrize("end", [1, 5, 20])
def test_a_protobuf_that_ends_within_the_context_loses_the_key_and_stays_broken(end: int) -> None:
    body = (IDENTITY + field(0x7A, CONTEXT))[:-end]
    assert stripped(body, "a/event/up") == IDENTITY + bytes([0x7A, len(CONTEXT)])


@pytest.mark.parametrize("rest", [b"\x7b", b"\xff" * 4_000 + b"z", b"\x08", b"\x10\x00" * 4_000 + field(0x7A, b"a")])
def test_what_is_no_protobuf_after_all_stays_as_it_came(rest: bytes) -> None:
    assert stripped(IDENTITY + rest, "a/event/up") == IDENTITY + rest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(("key", "Var1", *NAMES)), inner, max_size=4)
    ),
)
FLAT = st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers() | st.lists(st.text(max_size=3)))


def expected(value: Any, name: str = "") -> Any:
    """The same without secrets. An object within the object of a key is no form that any server sends."""
    if isinstance(value, str) and value and name in NAMES:
        return "***"
    if isinstance(value, dict):
        inner = {key: expected(one, key) for key, one in value.items()}
        return {} if name in NAMES and not _objects(value) else inner
    return [expected(one) for one in value] if isinstance(value, list) else value


def _objects(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(one, dict) or _objects(one) for one in inner)


SPACED, COMPACT = (", ", ": "), (",", ":")


@given(
    st.dictionaries(st.text(max_size=5) | st.sampled_from(NAMES), JSON | FLAT),
    st.sampled_from([None, 1]),
    st.sampled_from([SPACED, COMPACT]),
)
@example({"AppSKey": {"a": '{"'}, "x": "}"}, None, SPACED)
@example({"uplink_token": "a", "x": [{"uplink_token": "b"}, {"uplink_token": ""}, {"uplink_token": {}}]}, None, COMPACT)
@example({"x": [{"uplink_token": "a"}, {"uplink_token": '"'}, {"uplink_token": {"y": "z"}}]}, None, COMPACT)
def test_json_stays_json_of_the_same_meaning(
    value: dict[str, Any], indent: int | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=bool(indent))
    body = text.encode("utf-8", "surrogatepass")
    assert json.loads(stripped(body, "")) == expected(value)


PIECES = (
    *(b'"AppSKey"', b'"uplink_token"', b"ownlink_url", b":", b'"', b"\\", b"{", b"}", b" ", b"x" * 36, b"\xff"),
    *(b"<AppSKey>", b"</AppSKey>", b"<", b">", b"_notification", b'"Var1":"', b"0011223344", b"<Var1>", b"\x0a\x24z"),
)


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join),
    st.sampled_from(["", "a/event/up"]),
)
def test_what_was_stripped_once_stays(body: bytes, topic: str) -> None:
    once = stripped(body, topic)
    assert stripped(once, topic) == once


HUGE = 2_000_000


def filled(piece: bytes, opening: bytes = b"{") -> bytes:
    return opening + piece * (HUGE // len(piece))


@pytest.mark.parametrize(
    "body",
    [
        filled(b'"AppSKey":{'),
        filled(b'"AppSKey":"'),
        filled(b'"AppSKey" '),
        filled(b'"AppSKey":{"a","b",'),
        filled(b'"AppSKey":{}'),
        filled(b'"'),
        filled(b'"downlink_url":{"'),
        filled(b'uplink_token":"\\'),
        filled(b"\\", b'{"AppSKey":"'),
        filled(b" ", b'{"AppSKey"'),
        filled(b"f_nwk_s_", b'{"appskey""'),
        filled(b'"Var1":"00112233', b'{"DevEUI_notification":'),
        filled(b"<AppSKey>", b"<u>"),
        filled(b"<AppSKey><![CDATA[", b"<u>"),
        filled(b"</AppSKey ", b"<AppSKey>"),
        filled(b"<a:", b"<AppSKey "),
        filled(b"a", b"<AppSKey></"),
        filled(b"\x08\x00", IDENTITY + b"\x22\x01z"),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_no_body_takes_longer_than_its_length(body: bytes, timed: Callable[[Callable[[], object]], float]) -> None:
    assert timed(lambda: stripped(body, "a/event/up")) < 1.0


@pytest.fixture
def timed() -> Callable[[Callable[[], object]], float]:
    """Seconds of this process's own time, so that others on the machine do not count."""

    def measure(call: Callable[[], object]) -> float:
        began = time.process_time()
        call()
        return time.process_time() - began

    return measure
