"""KPN Things: SenML (RFC 8428) from its flows, with the decoder "Raw LoRa payload", plain or extended.

Source: https://docs.kpnthings.com/dm/concepts/senml (changes of 2022-12-13) and
https://docs.kpnthings.com/kpn-things/components/devices/device-types. Base values count for the records behind them;
the first record may be the base alone or hold a value too. All numbers are floats; a missing one is unknown. Of the
gateways only the best one's levels are told, without its name.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from sinks.model import Envelope

from .clock import epoch
from .contract import Network
from .frame import Frame, event, uplink
from .identity import eui
from .model import Outcome, TimeSource, Uplink
from .parts import dead_letter
from .radio import Counter, Level, Port, Row, SpreadingFactor
from .refusal import Code, Refused, hex_bytes, read

KEY: Final = "kpn_senml"


class _Record(Struct, gc=False):
    bn: str | None = None
    bt: float | None = None
    n: str = ""
    t: float = 0.0
    v: float | None = None
    vs: str | None = None


class _Link(Struct, gc=False):
    """What "extended" adds of the radio, as ThingPark names it."""

    payload: str | None = None
    port: Port | None = None
    f_cnt: Counter | None = msgspec.field(default=None, name="FCntUp")
    rssi: Level | None = msgspec.field(default=None, name="LrrRSSI")
    snr: Level | None = msgspec.field(default=None, name="LrrSNR")
    spreading_factor: SpreadingFactor | None = msgspec.field(default=None, name="SpFact")
    origin: str | None = msgspec.field(default=None, name="timeOrigin")


class _Pack(NamedTuple):
    """All values of one device at one time, by name."""

    device: str
    time: float | None
    values: dict[str, float | str]


_RECORDS: Final = msgspec.json.Decoder(list[_Record] | dict[str, Any])
_URN: Final = re.compile(r"urn:dev:([A-Za-z0-9]+):([^:]+):?")
_LOCATION: Final = frozenset({"locOrigin", "locMethod", "locTime"})


def matches(topic: str, value: Any) -> bool:  # noqa: ARG001 topics and paths are free
    """A list of SenML records whose first has a base name."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "bn" in value[0]


def unwrap(envelope: Envelope) -> list[Uplink]:
    """The frames of a message: one, or one for each device and time in it. Raises `Refused`."""
    records = read(_RECORDS, envelope.body)
    if isinstance(records, dict):
        raise Refused(Code.BAD_FIELD, "SenML is a list of records, and this is one object.")
    packs = _packs(records)
    if len(packs) == 1:
        return [_unwrap(packs[0], envelope)]
    found = []
    for pack in packs:
        try:
            found.append(_unwrap(pack, envelope))
        except Refused as refused:
            found.append(dead_letter(envelope, refused))
    if not found:
        raise Refused(Code.EMPTY, "There is no SenML record with a value in it.")
    return found


def _packs(records: list[_Record]) -> list[_Pack]:
    """The records by device and time, in order; a value that comes again begins a new pack."""
    packs: list[_Pack] = []
    name, time = "", None
    for record in records:
        name = name if record.bn is None else record.bn
        time = time if record.bt is None else record.bt
        device, _, key = (name + record.n).rpartition(":")
        value = record.v if record.vs is None else record.vs
        if value is None or not key:
            continue
        when = record.t + (time or 0.0) if time is not None or record.t else None
        pack = packs[-1] if packs else None
        if pack is None or pack.device != device or pack.time != when or key in pack.values:
            pack = _Pack(device, when, {})
            packs.append(pack)
        pack.values[key] = value
    return packs


def _unwrap(pack: _Pack, envelope: Envelope) -> Uplink:
    dev_eui, device_key = _identify(pack.device)
    try:
        return _frame(pack, Frame(dev_eui=dev_eui, device_key=device_key), envelope)
    except Refused as refused:
        refused.device = dev_eui or device_key
        raise


def _identify(device: str) -> tuple[str | None, str | None]:
    urn = _URN.fullmatch(device)
    if urn is None:
        raise Refused(Code.NO_DEVICE, "The base name is no urn:dev:DEVEUI:...: or urn:dev:DVNUUID:...:.")
    kind, name = urn.groups()
    if kind.upper() == "DEVEUI":
        return eui(name), None
    return None, f"{KEY}/{name[:64]}"


def _frame(pack: _Pack, frame: Frame, envelope: Envelope) -> Uplink:
    link = _link(pack.values)
    clock = TimeSource.NETWORK if link.origin in {None, "NETWORK"} else TimeSource.APPLICATION
    frame.times = [(epoch(pack.time), clock)]
    if link.payload is None and link.port is None:
        if _LOCATION.isdisjoint(pack.values):
            raise Refused(
                Code.NO_VALUE,
                "There is no payload in it, only values read by KPN: add the decoder Raw LoRa payload to the flow, or "
                "declare a plain JSON mapping.",
            )
        return event(KEY, Outcome.LOCATION, frame, envelope)
    frame.f_port, frame.f_cnt = link.port, link.f_cnt
    frame.payload = hex_bytes(link.payload) if link.payload else b""
    frame.rows = _rows(link)
    frame.spreading_factor = link.spreading_factor or None
    return uplink(KEY, frame, envelope)


def _link(values: dict[str, float | str]) -> _Link:
    try:
        return msgspec.convert(values, _Link, strict=False)
    except msgspec.ValidationError as error:
        code = Code.BAD_PAYLOAD if "$.payload" in str(error) else Code.BAD_NUMBER
        raise Refused(code, f"A value has the wrong type or range: {error}.") from error


def _rows(link: _Link) -> list[Row]:
    return [("", link.rssi, link.snr)] if link.rssi is not None or link.snr is not None else []


NETWORK: Final = Network(KEY, matches, unwrap)
