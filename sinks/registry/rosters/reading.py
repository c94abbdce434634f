"""A network server's export as a list of devices, whichever of its forms it has.

The Things Stack v3: taken are ids.dev_eui, ids.device_id, name, description, version_ids, locations (`user` first)
    objects, one after another   devices.json of ttn-lw-migrate, `ttn-lw-cli end-devices get`; a line each or indented
    an array                     `ttn-lw-cli end-devices list --name --description --version-ids --locations`
    {"end_devices": [...]}       GET /api/v3/applications/{id}/devices?field_mask=name,version_ids,locations
    CSV                          id;dev_eui;join_eui;name;...;brand_id;model_id;... as its own import has it
    Source: thethingsindustries.com/docs, adding devices in bulk, JSON and CSV file reference; lorawan-stack v3.36,
    api/ttn/lorawan/v3/end_device.proto.
ChirpStack v4 and v3: taken are devEui (devEUI), name, description, deviceProfileName
    {"result": [...]}            GET /api/devices?limit=...; several pages one after another too
    {"device": {...}}            GET /api/devices/{dev_eui}, which names the profile by its id only
    CSV                          dev_eui, name, device_profile_name of somebody's query; ChirpStack itself exports none
    Source: github.com/chirpstack/chirpstack, api/proto/api/device.proto.

All else is passed over: session, mac_state, root_keys, app_key, variables and the like become no value here, and no
error quotes the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from sinks.errors import Invalid
from sinks.registry.exchange.lines import ROWS_MAX
from sinks.registry.exchange.sheet import text_of

from .listed import Listed

_Said = TypeVar("_Said")
Server = Literal["things-stack", "chirpstack"]
BYTES_MAX: Final = 64 * 1024 * 1024
"""An export with all fields of a device has some kilobytes for each."""
_TOP: Final = re.compile(rb"^\{", re.MULTILINE)
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_DELIMITERS: Final = ";,\t"
_ONE: Final = msgspec.json.Decoder(Raw)
_MANY: Final = msgspec.json.Decoder(list[Raw])


class _Ids(Struct):
    dev_eui: str | None = None
    device_id: str | None = None


class _Version(Struct):
    brand_id: str | None = None
    model_id: str | None = None


class _Location(Struct):
    latitude: float = 0.0
    longitude: float = 0.0


class _EndDevice(Struct):
    ids: _Ids | None = None
    name: str | None = None
    description: str | None = None
    version_ids: _Version | None = None
    locations: dict[str, _Location] | None = None
    end_devices: list[Raw] | None = None


class _Item(Struct, rename="camel"):
    dev_eui: str | None = None
    dev_eui_of_v3: str | None = field(name="devEUI", default=None)
    name: str | None = None
    description: str | None = None
    device_profile_name: str | None = None
    device: Raw = Raw()
    result: list[Raw] | None = None


_END_DEVICE: Final = msgspec.json.Decoder(_EndDevice)
_ITEM: Final = msgspec.json.Decoder(_Item)


def read(content: bytes, server: Server) -> list[Listed]:
    """Every device of the file, in its order. Raises `Invalid`, naming the line, for what cannot be read."""
    if len(content) > BYTES_MAX:
        raise Invalid(f"a list of devices has at most {BYTES_MAX // 1024 // 1024} MiB; split the file")
    opening = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not opening:
        raise Invalid("the file is empty")
    found: list[Listed] = []
    for listed in _json(content, server) if opening in {b"{", b"["} else _sheet(text_of(content)):
        found.append(listed)
        if len(found) > ROWS_MAX:
            raise Invalid(f"a list has at most {ROWS_MAX} devices, this one has more; split the file")
    return found


def _json(content: bytes, server: Server) -> Iterator[Listed]:
    take = _end_devices if server == "things-stack" else _items
    for line, document in _documents(content.removeprefix(b"\xef\xbb\xbf")):
        yield from take(line, document)


def _documents(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each value of the file, those of an array one by one, with the line where it begins."""
    if content.lstrip().startswith(b"["):
        yield from _each(1, content, _decode(_MANY.decode, content, 1))
        return
    starts = [0] if _is_whole(content) else [found.start() for found in _TOP.finditer(content)] or [0]
    line = 1 + content.count(b"\n", 0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        yield line, content[start:end]
        line += content.count(b"\n", start, end)


def _is_whole(content: bytes) -> bool:
    """Whether it is one value, and not several one after another."""
    try:
        _ONE.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _each(line: int, content: bytes, parts: Sequence[Raw]) -> Iterator[tuple[int, bytes]]:
    at = 0
    for part in map(bytes, parts):
        begin = content.index(part, at)
        line += content.count(b"\n", at, begin)
        at = begin
        yield line, part


def _end_devices(line: int, document: bytes) -> Iterator[Listed]:
    said = _decode(_END_DEVICE.decode, document, line)
    if said.end_devices is None:
        yield _end_device(line, said)
        return
    for at, part in _each(line, document, said.end_devices):
        yield _end_device(at, _decode(_END_DEVICE.decode, part, at))


def _end_device(line: int, said: _EndDevice) -> Listed:
    if said.ids is None:
        raise Invalid(f"line {line} is no device of The Things Stack: it has no ids")
    version, places = said.version_ids or _Version(), said.locations or {}
    place = places.get("user") or next(iter(places.values()), None)
    return Listed(
        line,
        said.ids.dev_eui or "",
        said.name or said.description or said.ids.device_id or "",
        _model(version.brand_id, version.model_id),
        place.latitude if place else None,
        place.longitude if place else None,
    )


def _items(line: int, document: bytes) -> Iterator[Listed]:
    said = _decode(_ITEM.decode, document, line)
    parts = [said.device] if bytes(said.device) else said.result
    if parts is None:
        yield _item(line, said)
        return
    for at, part in _each(line, document, parts):
        yield _item(at, _decode(_ITEM.decode, part, at))


def _item(line: int, said: _Item) -> Listed:
    dev_eui = said.dev_eui or said.dev_eui_of_v3
    if not dev_eui:
        raise Invalid(f"line {line} is no device of ChirpStack: it has no devEui")
    return Listed(line, dev_eui, said.name or said.description or "", _texts(said.device_profile_name))


def _model(brand: str | None, model: str | None) -> tuple[str, ...]:
    """Its id alone, and with its brand's, as decoders are called."""
    return _texts(model, f"{brand or ''} {model}") if model else ()


def _texts(*texts: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text and text.strip()))


def _decode(decode: Callable[[bytes], _Said], content: bytes, line: int) -> _Said:
    try:
        return decode(content)
    except msgspec.ValidationError as error:
        raise Invalid(f"line {line}: {error}") from None
    except msgspec.DecodeError as error:
        at = _BYTE.search(str(error))  # it says none where the end is missing
        line += content.count(b"\n", 0, int(at[1]) if at else len(content.rstrip()))
        raise Invalid(f"line {line} is no JSON: {_BYTE.sub('', str(error)).strip()}") from None
    except UnicodeDecodeError:
        raise Invalid(f"what begins in line {line} is no UTF-8") from None
    except RecursionError:
        raise Invalid(f"line {line} is nested deeper than any export") from None


def _sheet(text: str) -> Iterator[Listed]:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True)
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if columns:
                    yield _row(line, columns, cells)
                else:
                    columns = _columns(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(f"line {line} is no CSV: {error}") from None


def _columns(cells: Sequence[str]) -> list[str]:
    columns = [re.sub(r"[\s_-]+", "", cell).casefold() for cell in cells]
    if "deveui" not in columns:
        raise Invalid("line 1 names no column dev_eui: is this a list of devices, and are its columns named?")
    return columns


def _row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Listed:
    if len(cells) != len(columns):
        raise Invalid(f"line {line} has {len(cells)} cells, the head {len(columns)}: quote what has a delimiter in it")
    said: Mapping[str, str] = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if name in _READ}
    get = said.get
    return Listed(
        line,
        get("deveui", ""),
        get("name") or get("description") or get("id") or "",
        (*_model(get("brandid"), get("modelid")), *_texts(get("deviceprofilename"))),
    )


_READ: Final = frozenset({"deveui", "name", "description", "id", "brandid", "modelid", "deviceprofilename"})
"""Columns that are read, without blanks, dashes and underscores; of all others no cell is kept."""
