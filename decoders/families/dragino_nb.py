"""Dragino's NB-IoT nodes: what they send over UDP, MQTT or CoAP, big endian.

    0-7    an f and the 15 digits of the IMEI
    8      model            9   firmware: 84 is 132, 1.3.2
    10-11  battery, mV
    12     signal of the mobile network, 0 to 31, 99 unknown
    13     mode             14  not 0: sent because of the interrupt pin
    15-    records: what the model measures, then Unix seconds (4): the current one first, then stored ones

These nodes know no fPort; a frame that came without one is given fPort 0, some collectors say 2. Both are read.

Sources: Dragino NDDS75 and NSE01 user manuals, 2.4 "Uplink Payload"; vendor decoders of both; frames in akenza's tests.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from decoders.families.dragino import INTERRUPT, ReadRecord
from decoders.frame import Status, Values, assemble, by_port, check_limits, device_time_ms
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

PORTS: Final = (0, 2)
_HEAD: Final = Struct(">8sBBHBBB")
_TIME: Final = 4
_NO_SIGNAL: Final = 99


def reader(size: int, read: ReadRecord) -> Decode:
    """The decode function of a model whose records have `size` bytes before their time."""
    step = size + _TIME

    def decode(payload: bytes, _params: Params) -> Decoded:
        behind = len(payload) - _HEAD.size
        if behind < step or behind % step:
            code = Code.TOO_SHORT if behind < step else Code.WRONG_LENGTH
            detail = f"{len(payload)} bytes are not a head of {_HEAD.size} and records of {step}"
            return refuse(code, payload, detail, len(payload))
        number, _, firmware, battery, signal, mode, interrupt = _HEAD.unpack_from(payload)
        if number[0] >> 4 != 0x0F:
            return refuse(Code.UNKNOWN_VARIANT, payload, "the frame does not begin with an f and an IMEI", number.hex())
        status: Status = {"imei": number.hex()[1:], "firmware": _firmware(firmware), "mode": mode}
        if signal != _NO_SIGNAL:
            status["csq"] = signal
        issues: list[Issue] = []
        every = [(at, read(payload, at, issues)) for at in range(_HEAD.size, len(payload), step)]
        every[0][1]["battery_v"] = battery / 1000
        readings = tuple([_reading(payload, at + size, values, issues) for at, values in every])
        return assemble(Kind.TELEMETRY, readings, status, INTERRUPT if interrupt else (), issues)

    return by_port(dict.fromkeys(PORTS, decode))


def _firmware(number: int) -> str:
    return f"{number // 100}.{number // 10 % 10}.{number % 10}"


def _reading(payload: bytes, at: int, values: Values, issues: list[Issue]) -> Reading:
    check_limits(values, issues)
    return Reading(values, device_time_ms(int.from_bytes(payload[at : at + _TIME]), issues))
