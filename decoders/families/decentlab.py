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
from decoders.model import Code, Decode, Decoded, Issue, Kind, Params, Reading, refuse

ReadBlock = Callable[[Sequence[int], Values, list[Issue]], None]
"""Puts what the words of one block say into the values; what they do not say into the issues."""

PORT: Final = 1
_VERSION: Final = 2
_HEAD: Final = Struct(">BHH")


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


def _battery(words: Sequence[int], values: Values, _issues: list[Issue]) -> None:
    values["battery_v"] = words[0] / 1000


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

    def read(payload: bytes, _params: Params) -> Decoded:
        if len(payload) < _HEAD.size:
            return refuse_length(payload, _HEAD.size)
        version, device_id, flags = _HEAD.unpack_from(payload)
        if version != _VERSION or flags >= len(layouts):
            return refuse(Code.UNKNOWN_VARIANT, payload, f"protocol {version}, flags {flags:04x}", payload[:5].hex())
        layout = layouts[flags]
        if len(payload) != layout.length:
            return refuse_length(payload, layout.length)
        return _read_blocks(payload, layout, {"device_id": device_id})

    return by_port({PORT: read})


def _read_blocks(payload: bytes, layout: _Layout, status: Status) -> Decoded:
    words = layout.unpack.unpack_from(payload, _HEAD.size)
    values: Values = {}
    issues: list[Issue] = []
    for start, end, read in layout.parts:
        read(words[start:end], values, issues)
    if not values:
        return Decoded(Kind.STATUS, status=status)
    check_limits(values, issues)
    return assemble(Kind.TELEMETRY, (Reading(values),), status, issues=issues)
