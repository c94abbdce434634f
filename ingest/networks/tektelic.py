"""TEKTELIC's network server with its pass-through converter: integrations of version 1 (`payloadMetaData`) and 2.

Source: https://wiki.tektelic.com/Kona-Core-Network-Server/Data-Converters/ (Pass-Through Converter v2, Decoder v2).
Zeros are written; a missing number is unknown. Version 1 has no time of the server, and its gateways mostly none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import epoch, parse
from .contract import Network
from .frame import Frame, uplink
from .identity import eui, gateway_id
from .model import TimeSource, Uplink
from .radio import Counter, Level, Port, SpreadingFactor, eu868_spreading_factor
from .refusal import Code, Refused, hex_bytes, read

KEY: Final = "tektelic"


class _DataRate(Struct, gc=False, rename="camel"):
    spread_factor: SpreadingFactor = 0


class _RxInfo(Struct, gc=False, rename="camel"):
    rssi: Level | None = None
    snr: Level | None = msgspec.field(default=None, name="loRaSNR")
    time: str | None = None
    mac: str = ""
    data_rate: _DataRate | None = None


class _Gateway(Struct, gc=False, rename="camel"):
    mac: str = ""
    rx_info: _RxInfo | None = None


class _Device(Struct, gc=False):
    dev_eui: str | None = msgspec.field(default=None, name="deviceEUI")


class _First(Struct, gc=False, rename="camel"):
    """`payloadMetaData` of version 1."""

    device_meta_data: _Device | None = None
    gateway_meta_data_list: list[_Gateway] | None = None
    fport: Port | None = None
    fcount: Counter | None = None


class _Reception(Struct, gc=False, rename="camel"):
    gw_eui: str = ""
    rssi: Level | None = None
    snr: Level | None = None


class _Second(Struct, gc=False, rename="camel"):
    """`tektelicMetadata` of version 2."""

    device_eui: str | None = None
    dev_addr: str | None = None
    f_port: Port | None = None
    f_cnt_up: Counter | None = None
    recv_time: float | None = None
    data_rate: int | None = None
    frequency: float | None = msgspec.field(default=None, name="uLFreq")
    gateway_rx_info: list[_Reception] | None = None


class _Message(Struct, gc=False):
    """Either version; what the converter gives is in `payload` or `data`."""

    first: _First | None = msgspec.field(default=None, name="payloadMetaData")
    second: _Second | None = msgspec.field(default=None, name="tektelicMetadata")
    payload: dict[str, Any] | None = None
    data: dict[str, Any] | None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message, strict=False)
_BYTES: Final = msgspec.json.Decoder(list[int])


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 the keys say it
    """The metadata of either version."""
    return isinstance(value, dict) and ("payloadMetaData" in value or "tektelicMetadata" in value)


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frame of a message. Raises `Refused`."""
    message = read(_MESSAGE, envelope.body)
    frame = _second(message.second) if message.second is not None else _first(message.first or _First())
    try:
        frame.payload = _payload((message.payload if message.data is None else message.data) or {})
    except Refused as refused:
        refused.device = frame.dev_eui
        raise
    return [uplink(KEY, frame, envelope)]


def _first(said: _First) -> Frame:
    receptions = [(row.mac, row.rx_info or _RxInfo()) for row in said.gateway_meta_data_list or ()]
    rates = [row.data_rate.spread_factor for _, row in receptions if row.data_rate is not None]
    return Frame(
        dev_eui=_device(said.device_meta_data.dev_eui if said.device_meta_data is not None else None),
        f_port=said.fport,
        f_cnt=said.fcount,
        times=[(parse(row.time), TimeSource.GATEWAY) for _, row in receptions],
        rows=[(gateway_id(mac or row.mac), row.rssi, row.snr) for mac, row in receptions],
        spreading_factor=(rates[0] or None) if rates else None,
    )


def _second(said: _Second) -> Frame:
    return Frame(
        dev_eui=_device(said.device_eui),
        f_port=said.f_port,
        f_cnt=said.f_cnt_up,
        times=[(epoch(said.recv_time), TimeSource.NETWORK)],
        rows=[(gateway_id(row.gw_eui), row.rssi, row.snr) for row in said.gateway_rx_info or ()],
        spreading_factor=eu868_spreading_factor(said.data_rate, said.frequency),
        session=said.dev_addr,
    )


def _device(said: str | None) -> str:
    if not said:
        raise Refused(Code.NO_DEVICE, "The metadata names no device EUI; let the converter return the metadata whole.")
    return eui(said)


def _payload(converted: dict[str, Any]) -> bytes:
    """The bytes as the pass-through converter gives them; some write a list into a text, or hexadecimal digits."""
    said = converted.get("bytes")
    if isinstance(said, str) and said.startswith("["):
        said = _numbers(said)
    if isinstance(said, list):
        return _byte_values(said)
    if isinstance(digits := converted.get("payload_hex"), str):
        return hex_bytes(digits)
    if converted:
        raise Refused(
            Code.BAD_PAYLOAD,
            "There are no bytes in it, only values read by TEKTELIC: give the integration the pass-through converter, "
            "or declare a plain JSON mapping.",
        )
    return b""


def _numbers(text: str) -> list[int]:
    try:
        return _BYTES.decode(text.encode())
    except (ValueError, RecursionError) as error:
        raise Refused(Code.BAD_PAYLOAD, f"The bytes are no list of numbers: {error}.") from error


def _byte_values(numbers: Sequence[Any]) -> bytes:
    """Bytes of Java are signed."""
    if not all(type(number) is int and -128 <= number <= 255 for number in numbers):
        raise Refused(Code.BAD_PAYLOAD, "The bytes are no list of numbers from 0 to 255.")
    return bytes(number & 0xFF for number in numbers)


NETWORK: Final = Network(KEY, matches, unwrap)
