from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.clock import parse
from ingest.networks.model import Outcome, TimeSource, Uplink
from ingest.unwrap import unwrap
from sinks.model import Envelope

EUI = "24e124713e000301"
TIME = "2026-11-25T00:12:46.882+01:00"
ARRIVED = parse("2026-11-24T23:12:47Z") or 0


def row(lrrid: str = "0A0B0C01", **fields: Any) -> dict[str, Any]:
    return {"Lrrid": lrrid, "Chain": 0, "LrrRSSI": -80.0, "LrrSNR": 7.0} | fields


def document(**up: Any) -> dict[str, Any]:
    body = {
        "Time": TIME,
        "DevEUI": EUI.upper(),
        "DevAddr": "05CB0AE8",
        "FPort": 85,
        "FCntUp": 8,
        "MType": 2,
        "payload_hex": "017501",
        "SpFact": 7,
        "Lrcid": "00000206",
        "Late": 0,
        "Lrrs": {"Lrr": [row()]},
        **up,
    }
    return {key: value for key, value in body.items() if value is not None}


def opened(value: Any, kind: str | None = "DevEUI_uplink", topic: str | None = None, arrived: int = ARRIVED) -> Uplink:
    body = json.dumps({kind: value} if kind else value).encode()
    (uplink,) = unwrap(Envelope("test", "thingpark", topic, body, arrived))
    return uplink


def xml(inner: str, before: str = "", root: str = "DevEUI_uplink") -> Uplink:
    body = f'{before}<{root} xmlns="http://uri.actility.com/lora">{inner}</{root}>'.encode()
    (uplink,) = unwrap(Envelope("test", None, None, body, ARRIVED))
    return uplink


@pytest.mark.parametrize(
    ("up", "found"),
    [
        ({"FCntUp": 0}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"FCntUp": "0", "FPort": "85"}, (85, 0, b"\x01\x75\x01", Outcome.DATA)),
        ({"FCntUp": None}, (85, None, b"\x01\x75\x01", Outcome.DATA)),
        ({"FCntUp": 1174.0}, (85, 1174, b"\x01\x75\x01", Outcome.DATA)),
        ({"FPort": None, "payload_hex": None}, (None, 8, None, Outcome.NO_PAYLOAD)),
        ({"FPort": 0, "payload_hex": "0307"}, (0, 8, b"\x03\x07", Outcome.NO_PAYLOAD)),
        ({"payload_hex": ""}, (85, 8, b"", Outcome.NO_PAYLOAD)),
    ],
)
def test_a_missing_number_is_unknown_and_a_frame_of_mac_commands_has_no_payload(
    up: dict[str, Any], found: tuple[Any, ...]
) -> None:
    uplink = opened(document(**up))
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.outcome) == found


def test_a_document_without_its_wrapper_is_read_the_same() -> None:
    assert opened(document(), None) == opened(document())


def test_proximus_writes_the_same_in_another_spelling_once_for_every_value() -> None:
    frame = {
        "DevEUI": EUI.upper(),
        "DevAddr": "158205C6",
        "FPort": "6",
        "Fcntup": "0",
        "Lrcid": "00000239",
        "Lrrrssi": "-54.000000",
        "Lrrsnr": "2.000000",
        "Spfact": "11",
        "Lrrid": "0A0B0C01",
        "timestamp": "1795561966",
        "margin": "",
        "payload": "017501",
    }
    found = [
        unwrap(Envelope("test", None, None, json.dumps(frame | value).encode(), ARRIVED))[0]
        for value in ({"container": "0x0301", "value": "12.45"}, {"container": "0x0302", "value": "60"})
    ]
    uplink = found[0]
    assert (uplink.network, uplink.f_port, uplink.f_cnt, uplink.payload) == ("thingpark", 6, 0, b"\x01\x75\x01")
    assert (uplink.best_rssi, uplink.best_snr, uplink.spreading_factor, len(uplink.gateways)) == (-54, 2, 11, 1)
    assert uplink.received_ns == parse("2026-11-24T23:12:46Z")
    assert found[1].dedup_key == uplink.dedup_key


def test_a_local_time_is_taken_to_utc_with_its_date() -> None:
    uplink = opened(document())
    assert (uplink.received_ns, uplink.time_source) == (parse("2026-11-24T23:12:46.882Z"), TimeSource.NETWORK)


def test_a_frame_that_its_gateway_queued_is_late_and_keeps_its_time_however_old() -> None:
    uplink = opened(document(Late="1", Time="2026-11-20T00:00:00+01:00"))
    assert (uplink.received_ns, uplink.flags) == (parse("2026-11-19T23:00:00Z"), ("late",))
    assert opened(document(Late=1)).flags == ("late",)


def test_the_best_gateway_is_found_here_for_the_one_at_the_top_may_be_the_strongest_instead() -> None:
    rows = {"Lrr": [row(LrrSNR="-2.5", LrrRSSI="-70"), row("0A0B0C02", LrrRSSI=-99, LrrSNR=4), row(LrrSNR=1)]}
    uplink = opened(document(Lrrs=rows, Lrrid="0A0B0C01", LrrRSSI=-70, LrrSNR=-2.5))
    assert [(gateway.id, gateway.snr) for gateway in uplink.gateways] == [("0A0B0C02", 4), ("0A0B0C01", 1)]
    assert (uplink.best_rssi, uplink.best_snr) == (-70, 4)


def test_a_gateway_at_the_top_counts_where_the_list_has_no_room_for_it() -> None:
    uplink = opened(document(Lrrid="0A0B0C09", LrrRSSI=-60, LrrSNR=9))
    assert [gateway.id for gateway in uplink.gateways] == ["0A0B0C09", "0A0B0C01"]


def test_signal_values_that_are_not_said_are_unknown() -> None:
    uplink = opened(document(Lrrs={"Lrr": {"Lrrid": "0A0B0C01"}}))
    assert (len(uplink.gateways), uplink.best_rssi, uplink.best_snr) == (1, None, None)


@pytest.mark.parametrize("up", [{"MType": "0"}, {"MType": None, "rawJoinRequest": "00"}, {"MType": 6}])
def test_a_join_request_under_an_uplinks_name_is_a_join(up: dict[str, Any]) -> None:
    uplink = opened(document(FPort=None, FCntUp=None, payload_hex=None, **up))
    assert (uplink.outcome, uplink.f_cnt, uplink.payload) == (Outcome.JOIN, None, None)


@pytest.mark.parametrize(
    ("battery", "margin", "status"),
    [
        ("254", "7", {"external_power": False, "margin_db": 7, "battery_pct": 100.0}),
        (1, -32, {"external_power": False, "margin_db": -32, "battery_pct": 0.39}),
        ("0", "0", {"external_power": True, "margin_db": 0}),
        (255, None, {"external_power": False}),
        ("", "", {}),
    ],
)
def test_a_device_status_is_battery_and_margin(battery: Any, margin: Any, status: dict[str, Any]) -> None:
    said = {"DevEUI": EUI, "Time": TIME, "Type": "devstatusans", "Var1": battery, "Var2": margin}
    uplink = opened(said, "DevEUI_notification")
    assert (uplink.outcome, uplink.status) == (Outcome.STATUS, status)


@pytest.mark.parametrize(
    ("kind", "fields", "outcome", "reason"),
    [
        ("DevEUI_notification", {"Type": "join"}, Outcome.JOIN, None),
        ("DevEUI_notification", {"Type": "reset", "Var1": "admin_reset"}, Outcome.LOG, "reset: admin_reset"),
        ("DevEUI_downlink", {"FPort": 1, "payload_hex": "00"}, Outcome.QUEUED, None),
        ("DevEUI_downlink_Sent", {"DeliveryStatus": "1"}, Outcome.SENT, None),
        (
            "DevEUI_downlink_Sent",
            {"DeliveryStatus": 0, "DeliveryFailedCause1": "B0", "DeliveryFailedCause2": "DA"},
            Outcome.FAILED,
            "not sent: causes B0 DA  in RX1, RX2, ping slot",
        ),
        ("DevEUI_downlink_Rejected", {"DownlinkRejectionCause": "used"}, Outcome.FAILED, "rejected: used"),
        (
            "DevEUI_multicast_summary",
            {"TransmissionStatus": "ABORTED", "LrrCnt": 93, "LrrSuccessCnt": 86},
            Outcome.LOG,
            "multicast ABORTED: 86 of 93 gateways",
        ),
        ("DevEUI_location", {"DevLocTime": TIME}, Outcome.LOCATION, None),
        ("DevEUI_alarm", {"ID": 4, "State": 1}, Outcome.ALARM, "alarm 4 has state 1"),
    ],
)
@pytest.mark.parametrize("topic", [None, f"POST /in?LrnDevEui={EUI.upper()}&LrnFPort=1"])
def test_other_documents_are_told_apart(
    kind: str, fields: dict[str, Any], outcome: Outcome, reason: str | None, topic: str | None
) -> None:
    device = {} if topic else {"DevEUI": EUI}
    uplink = opened({"Time": TIME, "FCntUp": 5, **device, **fields}, kind, topic)
    assert (uplink.outcome, uplink.reason, uplink.dev_eui) == (outcome, reason, EUI)
    assert (uplink.f_cnt, uplink.f_port, uplink.payload) == (None, None, None)


def test_no_key_and_no_url_for_downlinks_leaves_a_document() -> None:
    key = "0123456789abcdef0123456789abcdef"
    said = {"DevEUI": EUI, "Time": TIME, "Type": "join", "Var1": key}
    for uplink in (
        opened(said, "DevEUI_notification"),
        opened(document(AppSKey=key, downlinkUrl=f"https://example.org/{key}")),
        opened(document(AppSKey={"key": key}, payload_hex=None)),
    ):
        assert key not in repr(uplink)


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (document(DevEUI=None), "DevEUI_uplink", "unwrap/no_device"),
        (document(DevEUI="not an eui"), "DevEUI_uplink", "unwrap/bad_eui"),
        (document(payload_hex="0175 01"), "DevEUI_uplink", "unwrap/bad_payload"),
        (document(payload_hex="AXUB"), "DevEUI_uplink", "unwrap/bad_payload"),
        (document(payload_hex=17501), "DevEUI_uplink", "unwrap/bad_payload"),
        (document(FPort="x"), "DevEUI_uplink", "unwrap/bad_number"),
        (document(FCntUp=True), "DevEUI_uplink", "unwrap/bad_number"),
        (document(Lrrs=5), "DevEUI_uplink", "unwrap/bad_field"),
        (document(AppSKey="0123456789abcdef"), "DevEUI_uplink", "unwrap/encrypted"),
        ({"DevEUI": EUI, "Type": "devstatusans", "Var1": "300"}, "DevEUI_notification", "unwrap/bad_number"),
        ({"DevEUI": EUI, "Type": "reboot"}, "DevEUI_notification", "unwrap/unknown_event"),
        ({"DevEUI": EUI}, "DevEUI_reboot", "unwrap/unknown_event"),
        ({"LrrID": "0A0B0C01"}, "BS_alarm", "unwrap/no_device"),
        ({"messageType": "HEARTBEAT"}, None, "unwrap/unknown_event"),
        (5, "DevEUI_uplink", "unwrap/no_device"),
    ],
)
def test_what_gives_no_frame_is_a_dead_letter_with_its_reason(value: Any, kind: str | None, reason: str) -> None:
    uplink = opened(value, kind)
    assert (uplink.outcome, (uplink.reason or "").partition(": ")[0]) == (Outcome.DEAD_LETTER, reason)


def test_a_dead_letter_names_its_device_where_it_can() -> None:
    assert opened(document(FPort="x")).dev_eui == EUI
    assert opened(document(DevEUI=None, FPort="x"), topic=f"/in?LrnDevEui={EUI.upper()}").dev_eui == EUI


def test_xml_gives_what_json_gives() -> None:
    top = "".join(f"<{key}>{value}</{key}>" for key, value in document().items() if key != "Lrrs")
    rows = "".join(f"<{key}>{value}</{key}>" for key, value in row().items())
    for head in ("", '<?xml version="1.0" encoding="UTF-8"?>\n', "\ufeff\n", '<?xml version="1.0" encoding="x-y"?>'):
        uplink = xml(f"{top}<Lrrs><Lrr>{rows}</Lrr></Lrrs>", head)
        assert uplink == opened(document())


def test_several_gateways_in_xml_are_several() -> None:
    rows = "".join(f"<Lrr><Lrrid>0A0B0C0{n}</Lrrid><LrrSNR>{n}</LrrSNR></Lrr>" for n in (1, 2, 3))
    assert len(xml(f"<DevEUI>{EUI}</DevEUI><Lrrs>{rows}</Lrrs>").gateways) == 3


def test_xml_with_a_prefix_for_its_names_is_read() -> None:
    body = b'<l:DevEUI_uplink xmlns:l="http://uri.actility.com/lora"><l:DevEUI>%s</l:DevEUI></l:DevEUI_uplink>'
    (uplink,) = unwrap(Envelope("test", None, None, body % EUI.encode(), ARRIVED))
    assert (uplink.network, uplink.dev_eui) == ("thingpark", EUI)


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY z SYSTEM "file:///etc/hostname">]>'
DTD = '<!DOCTYPE DevEUI_uplink SYSTEM "http://127.0.0.1:9/x.dtd">'


@pytest.mark.parametrize("before", [BOMB, OUTSIDE, DTD], ids=["bomb", "file", "address"])
def test_xml_with_a_document_type_is_refused_before_anything_in_it_is_read(before: str) -> None:
    uplink = xml(f"<DevEUI>{EUI}</DevEUI><payload_hex>&z;</payload_hex>", before)
    assert (uplink.outcome, uplink.reason) == (
        Outcome.DEAD_LETTER,
        "unwrap/not_xml: The XML has a document type; those are not read, for they can hold entities.",
    )


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<DevEUI>", "unwrap/not_xml"),
        ("&z;", "unwrap/not_xml"),
        ("<a>" * 20 + "</a>" * 20, "unwrap/too_deep"),
        ("\x00", "unwrap/not_xml"),
        (f"<DevEUI>{EUI}</DevEUI><FPort>x</FPort>", "unwrap/bad_number"),
        ("", "unwrap/no_device"),
    ],
)
def test_xml_that_is_none_says_so(inner: str, reason: str) -> None:
    assert (xml(inner).reason or "").partition(": ")[0] == reason


@given(st.text(max_size=200), st.binary(max_size=50))
def test_any_text_within_a_document_gives_a_frame_or_a_reason(inner: str, noise: bytes) -> None:
    for body in (f"<DevEUI_uplink>{inner}</DevEUI_uplink>".encode("utf-8", "replace"), b"<DevEUI_uplink>" + noise):
        (uplink,) = unwrap(Envelope("test", None, None, body, ARRIVED))
        assert uplink.outcome is Outcome.DEAD_LETTER
