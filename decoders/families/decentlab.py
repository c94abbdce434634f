"""Decentlab, fPort 1, big endian: a head of 5 bytes, then words of 16 bit in blocks.

    0     protocol version, 2
    1-2   device id
    3-4   flags: bit n set, block n is present
    5-    the words of the present blocks, in order

The number of words of each block is fixed by the model. The last block of every model is one word, the battery in mV.
A frame with only that block is normal: nothing is connected. A flag that the model does not have means another model.

Sources: datasheets of the models at decentlab.com; github.com/decentlab/decentlab-decoders (MIT), all models alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from decoders.frame import Status, Values, assemble, by_port, check_limits, refuse_length
from decoders.model import Code, Decode, Decoded, Event, Issue, Kind, Params, Reading, refuse

PORT: Final = 1
_VERSION: Final = 2
_HEAD: Final = Struct(">BHH")


class Said:
    """What the blocks of a frame have said so far; `params` is what the device's profile says.

    `channels`: name and values of each of several sensors, e.g. of a profile of depths, beside `values` of the device.
    """

    __slots__ = ("channels", "events", "issues", "params", "status", "values")

    def __init__(self, params: Params, status: Status) -> None:
        self.params = params
        self.status = status
        self.values: Values = {}
        self.channels: list[tuple[str, Values]] = []
        self.events: list[Event] = []
        self.issues: list[Issue] = []


ReadBlock = Callable[[Sequence[int], Said], None]
"""Puts what the words of one block say into what the frame says."""


@dataclass(frozen=True, slots=True)
class Block:
    """`words`: how many words of 16 bit the block has."""

    words: int
    read: ReadBlock


@dataclass(frozen=True, slots=True)
class _Layout:
    """One set of flags: how long the frame is, and the words where each present block begins and ends."""

    length: int
    unpack: Struct
    parts: tuple[tuple[int, int, ReadBlock], ...]


def _battery(words: Sequence[int], said: Said) -> None:
    said.values["battery_v"] = words[0] / 1000


def _layout(flags: int, blocks: Sequence[Block]) -> _Layout:
    parts, at = [], 0
    for bit, block in enumerate(blocks):
        if flags >> bit & 1:
            parts.append((at, at + block.words, block.read))
            at += block.words
    return _Layout(_HEAD.size + 2 * at, Struct(f">{at}H"), tuple(parts))


def reader(*blocks: Block) -> Decode:
    """The decode function of a model with these blocks in the order of their flags, the battery's block left out."""
    every = (*blocks, Block(1, _battery))
    layouts = [_layout(flags, every) for flags in range(1 << len(every))]

    def read(payload: bytes, params: Params) -> Decoded:
        if len(payload) < _HEAD.size:
            return refuse_length(payload, _HEAD.size)
        version, device_id, flags = _HEAD.unpack_from(payload)
        if version != _VERSION or flags >= len(layouts):
            return refuse(Code.UNKNOWN_VARIANT, payload, f"protocol {version}, flags {flags:04x}", payload[:5].hex())
        layout = layouts[flags]
        if len(payload) != layout.length:
            return refuse_length(payload, layout.length)
        return _read_blocks(payload, layout, Said(params, {"device_id": device_id}))

    return by_port({PORT: read})


def _read_blocks(payload: bytes, layout: _Layout, said: Said) -> Decoded:
    words = layout.unpack.unpack_from(payload, _HEAD.size)
    for start, end, read in layout.parts:
        read(words[start:end], said)
    readings = _readings(said)
    if not readings:
        return Decoded(Kind.STATUS, status=said.status)
    return assemble(Kind.TELEMETRY, readings, said.status, tuple(said.events), said.issues)


def _readings(said: Said) -> tuple[Reading, ...]:
    """One reading, or one for each channel; then what is of the device, its battery, is in the first."""
    if not said.channels:
        check_limits(said.values, said.issues)
        return (Reading(said.values),) if said.values else ()
    said.channels[0][1].update(said.values)
    for _, values in said.channels:
        check_limits(values, said.issues)
    return tuple([Reading(values, None, name) for name, values in said.channels])


def parameter(said: Said, name: str, low: float, high: float) -> float | None:
    """A number that only the device's profile knows, e.g. its ordered range; None when it says none in the limits."""
    value = said.params.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    return None
