"""The events of ChirpStack v4, as far as they are read; names as in its protobuf schema, camel case in JSON.

Source: https://github.com/chirpstack/chirpstack/tree/master/api/proto (integration.proto, gw.proto).
"""

from __future__ import annotations

from msgspec import Struct

from .radio import Counter, Level, Port, SpreadingFactor


class Present(Struct, gc=False):
    """An object of which only its presence matters; what is in it (keys!) is not read."""


class DeviceInfo(Struct, gc=False, rename="camel"):
    """Who sent it."""

    dev_eui: str | None = None


class RxInfo(Struct, gc=False, rename="camel"):
    """One reception; `time` until v4.5, `gw_time` and `ns_time` since v4.6."""

    gateway_id: str = ""
    rssi: Level | None = None
    snr: Level | None = None
    ns_time: str | None = None
    gw_time: str | None = None
    time: str | None = None


class Lora(Struct, gc=False, rename="camel"):
    """LoRa modulation."""

    spreading_factor: SpreadingFactor = 0


class Modulation(Struct, gc=False, rename="camel"):
    """One of the three."""

    lora: Lora | None = None
    fsk: Present | None = None
    lr_fhss: Present | None = None


class TxInfo(Struct, gc=False):
    """How it was sent."""

    modulation: Modulation | None = None


class Event(Struct, gc=False, rename="camel"):
    """Any event of ChirpStack; which one it is stands in the topic. Field names as in its protobuf schema.

    Forks write the fields of all events with null, and some call `data` `payload`.
    """

    deduplication_id: str | None = None
    time: str | None = None
    device_info: DeviceInfo | None = None
    dev_addr: str | None = None
    f_cnt: Counter | None = None
    f_port: Port | None = None
    data: str | None = None
    payload: str | Present | None = None
    rx_info: list[RxInfo] | None = None
    tx_info: TxInfo | None = None
    join_server_context: Present | None = None
    margin: Level | None = None
    external_power_source: bool | None = False
    battery_level_unavailable: bool | None = False
    battery_level: Level | None = None
    queue_item_id: str | None = None
    acknowledged: bool | None = None
    f_cnt_down: Counter | None = None
    downlink_id: int | None = None
    gateway_id: str | None = None
    level: str | None = None
    code: str | None = None
    description: str | None = None
    location: Present | None = None
    integration_name: str | None = None
