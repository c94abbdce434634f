"""The worker: runs codecs, one call at a time, until its parent closes the socket or kills it.

Started as a file of its own (`python -I child.py FOLDER`, with an empty environment): it imports the engine out of
FOLDER and nothing of ours, so that a codec that got out of the engine would find no secret, no file it could open and
no other program to start. Descriptor 0 is the socket. Each message on it is a length (4 bytes, big endian) and a text:

    to the child     K<key> NUL <script>     keep this script
                     R<key> NUL <json>       run it, see prelude.js
    from the child   +                       ready
                     =<json>                 what the codec said
                     ?<json>                 its result is none, and why
                     !<json>                 it threw
                     T, M                    it was stopped by the limit of time, of memory
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

SOCKET: Final = 0
MEMORY_BYTES: Final = 32 << 20
STACK_BYTES: Final = 512 << 10
CPU_S: Final = 0.25
"""Of loading a script, and of each call. A usual call takes 0.01 ms."""

WALL_S: Final = 5
"""When the parent, who waits less, is not there any more to kill us."""

CONTEXTS: Final = 16
PROCESS_BYTES: Final = 1 << 30

_MEMORY_ERRORS: Final = ("InternalError: out of memory", "InternalError: string too long", "RangeError: invalid array")


class Codec:
    """One script with its context, which is made anew after every failure."""

    def __init__(self, engine: Any, prelude: str, script: str) -> None:
        self._engine, self._prelude, self._script = engine, prelude, script
        self._call: Any = None

    def answer(self, asked: str) -> str:
        """What it says to a frame. A failure may be of what earlier frames left behind: then a fresh one is asked."""
        used = self._call is not None
        said = self._once(asked)
        return self._once(asked) if used and said[0] != "=" else said

    def rest(self) -> None:
        """Give its memory back; the next call loads it again."""
        self._call = None

    def _once(self, asked: str) -> str:
        begin = time.process_time()
        try:
            if self._call is None:
                self._call = self._loaded()
            said = self._call(asked)
        except Exception as error:  # noqa: BLE001 the engine's own, and what it makes of text that is none
            self.rest()
            first, *rest = str(error).splitlines() or ["null"]
            where = next((line.strip() for line in rest), "")
            return _limited(f'!"{_plain(f"{first} {where}")}"', first, time.process_time() - begin)
        if not isinstance(said, str) or said[:1] != "=":
            self.rest()
        if not isinstance(said, str):
            return '?"no text"'
        return said if said[:1] == "=" else _limited(said, said[2:-1], time.process_time() - begin)

    def _loaded(self) -> Any:
        context = self._engine.Context()
        context.set_memory_limit(MEMORY_BYTES)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(CPU_S)
        call = context.eval(self._prelude)
        context.eval(self._script)
        return call


def _limited(said: str, error: str, cpu_s: float) -> str:
    """An answer that tells of an error; of a limit, when that was the cause."""
    if "InternalError: interrupted" in error or cpu_s >= CPU_S:
        return "T"
    if error == "null" or any(known in error for known in _MEMORY_ERRORS):  # for an error there was no memory left
        return "M"
    return said


def _plain(text: str) -> str:
    """Without what would have to be escaped in JSON."""
    return "".join(letter if letter.isprintable() and letter not in '"\\' else " " for letter in text)[:300].strip()


def serve(engine: Any, prelude: str) -> None:
    """Answer until the parent has gone."""
    codecs: dict[str, Codec] = {}
    _send("+")
    while (message := _receive()) is not None:
        order, (key, _, text) = message[0], message[1:].partition("\0")
        if order == "K":
            codecs[key] = Codec(engine, prelude, text)
            continue
        signal.alarm(WALL_S)
        codecs[key] = codec = codecs.pop(key)  # last used stands last
        said = codec.answer(text)
        for idle in list(codecs.values())[:-CONTEXTS]:
            idle.rest()
        signal.alarm(0)
        _send(said)


def _send(text: str) -> None:
    body = text.encode("utf-8", "replace")
    whole = len(body).to_bytes(4, "big") + body
    while whole:
        whole = whole[os.write(SOCKET, whole) :]


def _receive() -> str | None:
    head = _exactly(4)
    body = _exactly(int.from_bytes(head, "big")) if head else None
    return body.decode("utf-8") if body else None


def _exactly(size: int) -> bytes | None:
    parts = b""
    while len(parts) < size:
        part = os.read(SOCKET, size - len(parts))
        if not part:
            return None
        parts += part
    return parts


def main(folder: str) -> None:
    """Load the engine, give up all that is not needed, and serve."""
    sys.path.insert(0, folder)
    import quickjs  # noqa: PLC0415 only here: the parent reads this file's name alone

    prelude = Path(__file__).with_name("prelude.js").read_text("utf-8")
    for kind, most in (
        (resource.RLIMIT_AS, PROCESS_BYTES),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (most, most))
    serve(quickjs, prelude)


if __name__ == "__main__":
    main(sys.argv[1])
