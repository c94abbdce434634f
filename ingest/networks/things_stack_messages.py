"""The messages of The Things Stack v3, as far as they are read; names as in its JSON.

Source: https://github.com/TheThingsNetwork/lorawan-stack/tree/v3.32/api/ttn/lorawan/v3 (messages, metadata).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from .radio import Counter, Level, Port, SpreadingFactor


class Present(Struct, gc=False):
    """An object of which only its presence matters; what is in it (keys!) is not read."""


class Application(Struct, gc=False):
    """The application of a device."""

    application_id: str = ""


class Ids(Struct, gc=False):
    """Who sent it; a field mask or the storage integration may leave parts out."""

    device_id: str = ""
    application_ids: Application | None = None
    dev_eui: str | None = None
    dev_addr: str | None = None


class GatewayIds(Struct, gc=False):
    """A gateway's name and EUI."""

    gateway_id: str = ""
    eui: str = ""


class PacketBroker(Struct, gc=False):
    """Whose gateway it was; `gateway_ids` then says only `packetbroker`."""

    forwarder_gateway_eui: str = ""
    forwarder_gateway_id: str = ""


class RxMetadata(Struct, gc=False):
    """One reception by one antenna."""

    gateway_ids: GatewayIds | None = None
    packet_broker: PacketBroker | None = None
    rssi: Level | None = None
    channel_rssi: Level | None = None
    snr: Level | None = None
    gps_time: str | None = None
    time: str | None = None


class Lora(Struct, gc=False):
    """LoRa modulation."""

    spreading_factor: SpreadingFactor = 0


class DataRate(Struct, gc=False):
    """One of the three."""

    lora: Lora | None = None
    fsk: Present | None = None
    lrfhss: Present | None = None


class TxSettings(Struct, gc=False):
    """How it was sent."""

    data_rate: DataRate | None = None


class Up(Struct, gc=False):
    """An uplink or, once per measurement, its normalized copy."""

    session_key_id: str | None = None
    f_port: Port | None = None
    f_cnt: Counter | None = None
    frm_payload: str | None = None
    normalized_payload: msgspec.Raw = msgspec.Raw()
    rx_metadata: list[RxMetadata] | None = None
    settings: TxSettings | None = None
    received_at: str | None = None
    app_s_key: Present | None = None


class Join(Struct, gc=False):
    """A device has joined."""

    session_key_id: str | None = None


class Down(Struct, gc=False):
    """A downlink, without its counter while it is queued."""

    session_key_id: str | None = None
    f_port: Port | None = None
    f_cnt: Counter | None = None
    frm_payload: str | None = None


class Error(Struct, gc=False):
    """Why a downlink failed."""

    namespace: str = ""
    name: str = ""
    message_format: str = ""


class Failed(Struct, gc=False):
    """A downlink that failed."""

    downlink: Down | None = None
    error: Error | None = None


class Invalidated(Struct, gc=False):
    """Downlinks that a new session made void."""

    downlinks: list[Down] | None = None


class Message(Struct, gc=False):
    """Any message: one of the kinds after `simulated` is there."""

    end_device_ids: Ids | None = None
    correlation_ids: list[str] | None = None
    received_at: str | None = None
    simulated: bool = False
    uplink_message: Up | None = None
    uplink_normalized: Up | None = None
    join_accept: Join | None = None
    downlink_queued: Down | None = None
    downlink_sent: Down | None = None
    downlink_ack: Down | None = None
    downlink_nack: Down | None = None
    downlink_failed: Failed | None = None
    downlink_queue_invalidated: Invalidated | None = None
    location_solved: Present | None = None
    service_data: Present | None = None
