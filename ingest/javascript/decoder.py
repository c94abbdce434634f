"""A codec as a decoder like all others: `decode(payload, f_port, params)`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from decoders import Code, Decoded, Decoder
from decoders.frame import by_port
from decoders.model import RECEIVED_MS, Params, refuse

from .engine import Engine, Script, printable, script
from .mapping import NoResult, Plan, plan, read
from .repository import definition
from .settings import CodecError, CodecSettings

LONGEST_SCRIPT: Final = 1 << 20
"""The longest of the public repository has 321 KB."""

_LONGEST_PAYLOAD: Final = 1_024


@contextmanager
def opened(codecs: Mapping[str, CodecSettings]) -> Iterator[dict[str, Decoder]]:
    """The decoders of these codecs by name; their worker ends with the block. Raises `CodecError`."""
    if not codecs:
        yield {}
        return
    with closing(Engine()) as engine:
        yield {name: decoder(name, settings, engine) for name, settings in codecs.items()}


def decoder(name: str, settings: CodecSettings, engine: Engine) -> Decoder:
    """The decoder of one codec. Its revision is a number made of script and declaration: it changes with both."""
    file = script_file(settings)
    codec = _Codec(engine, script(script_text(file)), plan(settings), settings.lengths)
    said = settings.model_dump_json(exclude={"file", "repository", "model"})
    revision = int(hashlib.sha256(f"{codec.script.key} {said}".encode()).hexdigest()[:7], 16) + 2
    return Decoder(
        name,
        "own codec",
        (name,),
        "soil" if any(key.startswith("soil_") for key in codec.plan.quantities) else "level",
        settings.ports,
        codec.plan.quantities,
        str(file),
        by_port({port: partial(_read, codec, port) for port in settings.ports}),
        params=(RECEIVED_MS,),
        revision=revision,
    )


def script_file(settings: CodecSettings) -> Path:
    """Where the script is. Raises `CodecError`."""
    if settings.file is not None:
        return settings.file
    if settings.repository is None or settings.model is None:
        raise CodecError("a codec without file and without repository and model")
    return definition(settings.repository, settings.model).script


def script_text(file: Path) -> str:
    """The script. Raises `CodecError`."""
    try:
        size = file.stat().st_size
        if size > LONGEST_SCRIPT:
            raise CodecError(f"{file} has {size} bytes: a codec has at most {LONGEST_SCRIPT}")
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise CodecError(f"the codec {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CodecError(f"the codec {file} is no text in UTF-8: {error}") from error


def asked(payload: bytes, f_port: int, params: Params, *, normalize: bool) -> str:
    """A frame as prelude.js takes it. Without a time of reception its clock stands at 1970."""
    received = params.get(RECEIVED_MS, 0)
    time_ms = 0 if isinstance(received, str) else received
    frame = {"bytes": list(payload), "fPort": f_port, "time": time_ms, "normalize": normalize}
    return msgspec.json.encode(frame).decode()


class _Codec(NamedTuple):
    engine: Engine
    script: Script
    plan: Plan
    lengths: frozenset[int]


def _read(codec: _Codec, f_port: int, payload: bytes, params: Params) -> Decoded:
    if len(payload) > _LONGEST_PAYLOAD:
        return refuse(Code.WRONG_LENGTH, payload, f"more than {_LONGEST_PAYLOAD} bytes", len(payload))
    if codec.lengths and len(payload) not in codec.lengths:
        known = ", ".join(map(str, sorted(codec.lengths)))
        return refuse(Code.WRONG_LENGTH, payload, f"{len(payload)} bytes where {known} are declared", len(payload))
    try:
        return read(codec.plan, _result(codec, asked(payload, f_port, params, normalize=codec.plan.is_normalized)))
    except NoResult as problem:
        return refuse(problem.code, payload, printable(str(problem)))


def _result(codec: _Codec, frame: str) -> Any:
    answer = codec.engine.run(codec.script, frame)
    if answer.code is not None:
        raise NoResult(answer.text, answer.code)
    try:
        return msgspec.json.decode(answer.text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NoResult(f"its result cannot be read: {error}") from error
