from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.names import names


def test_chirpstack_says_profile_and_device() -> None:
    body = json.dumps({"deviceInfo": {"deviceProfileName": "EM400-MUD", "deviceName": "Eimer 4", "devEui": "00"}})
    assert names(body.encode()) == {"device profile": "EM400-MUD", "device name": "Eimer 4"}


def test_chirpstack_3_says_them_at_the_top() -> None:
    assert names(b'{"deviceName":"Eimer 4","deviceProfileName":"EM400"}') == {
        "device profile": "EM400",
        "device name": "Eimer 4",
    }


def test_the_things_stack_says_brand_model_and_id() -> None:
    body = {
        "end_device_ids": {"device_id": "eimer-4"},
        "uplink_message": {"version_ids": {"brand_id": "milesight-iot", "model_id": "em400-mud", "band_id": "EU"}},
    }
    assert names(json.dumps(body).encode()) == {
        "version_ids": "milesight-iot em400-mud",
        "device name": "eimer-4",
    }


def test_other_shapes_under_the_same_names_say_nothing() -> None:
    assert names(b'{"deviceInfo":[1],"deviceName":3}') == {}


@given(st.binary())
def test_any_bytes_say_names_or_nothing(body: bytes) -> None:
    assert all(names(body).values())
