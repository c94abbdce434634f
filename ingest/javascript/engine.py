"""The parent of the worker: starts it, asks it, kills it when it does not answer, and starts it anew.

One worker for all codecs, one call at a time: the engine's limit of time counts the processor time of its process.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import subprocess
import sys
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import msgspec

from decoders import Code

from .settings import CodecError

WALL_S: Final = 2.0
"""The limits inside the engine stop a call after 0.25 s of processor time; who takes longer than this is killed."""

START_S: Final = 30.0
MOST_STOPS: Final = 3
REST_S: Final = 60.0
"""A codec that was stopped three times in a row costs everybody's time: it rests so long before it is tried again."""

_LONGEST: Final = 4 * 65_536 + 1_024
_CHILD: Final = Path(__file__).with_name("child.py")
_PACKAGE: Final = "quickjs-ng"
_STOPPED: Final = {
    "T": (Code.JS_TIMEOUT, "the codec was stopped after 0.25 s; one frame takes 0.01 ms as a rule"),
    "M": (Code.JS_MEMORY, "the codec was stopped: it wants more than 32 MB"),
}


class NoEngine(CodecError):
    """JavaScript cannot be run here; the text says what to install."""


class Answer(NamedTuple):
    """What became of a call: the codec's result as JSON, or the code of why there is none, and one sentence."""

    code: Code | None
    text: str


class Script(NamedTuple):
    """A codec's text under a name that changes with it."""

    key: str
    text: str


def script(text: str) -> Script:
    """This text, named by its hash."""
    return Script(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), text)


def engine_folder() -> str:
    """Where the engine is installed. Raises `NoEngine` when it is missing, or when another package lies over it.

    Five packages bring a module `quickjs`; the one that was installed last wins. Not all of them stop what must stop.
    """
    try:
        found = distribution(_PACKAGE)
    except PackageNotFoundError:
        raise NoEngine(f"JavaScript codecs need {_PACKAGE}: pip install 'open-smartcity-sensors[js]'") from None
    if not all(_is_as_recorded(found, name) for name in ("quickjs/__init__.py", "_quickjs.abi3.so")):
        raise NoEngine(
            f"another package lies over {_PACKAGE}: uninstall quickjs, quickjs-py, python-quickjs-ng and"
            f" quickjs-bindings, then pip install --force-reinstall {_PACKAGE}"
        )
    return str(found.locate_file(""))


def _is_as_recorded(package: Distribution, name: str) -> bool:
    record = next((file for file in package.files or () if file.as_posix() == name), None)
    if record is None or record.hash is None:
        return True  # another form of it, as on another system: nothing to compare
    try:
        content = Path(record.locate()).read_bytes()
    except OSError:
        return False
    made = base64.urlsafe_b64encode(hashlib.new(record.hash.mode, content).digest())
    return made.rstrip(b"=").decode() == record.hash.value


class Engine:
    """Runs codecs in a worker process of its own. May be used by several threads; `close` ends the worker."""

    def __init__(self) -> None:
        self._folder = engine_folder()
        self._lock = Lock()
        self._worker: _Worker | None = None
        self._stops: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}

    def run(self, codec: Script, asked: str) -> Answer:
        """What the codec says to one frame, `asked` as prelude.js describes it; after 4 s at the latest."""
        with self._lock:
            if self._rests_until.get(codec.key, 0.0) > time.monotonic():
                return Answer(Code.JS_TIMEOUT, "the codec was stopped three times in a row: it rests for a minute")
            answer = self._ask(codec, asked)
            self._count(codec.key, answer)
            return answer

    def close(self) -> None:
        """End the worker; another call would start it again."""
        with self._lock:
            self._end()

    def _ask(self, codec: Script, asked: str) -> Answer:
        """Somebody else may have killed the worker, which is no fault of the codec: it is asked twice."""
        why = ""
        for _ in range(2):
            try:
                if self._worker is None:
                    self._worker = _Worker(self._folder)
                return _answer(self._worker.ask(codec, asked))
            except TimeoutError:
                self._end()
                return Answer(Code.JS_TIMEOUT, "the codec did not answer within 2 s and was killed")
            except OSError as error:
                self._end()
                why = str(error)
        return Answer(Code.JS_ERROR, f"asked twice: {why}")

    def _count(self, key: str, answer: Answer) -> None:
        if answer.code not in {Code.JS_TIMEOUT, Code.JS_MEMORY}:
            self._stops.pop(key, None)
            return
        self._end()  # an engine that ran into its limits is not used again
        self._stops[key] = self._stops.get(key, 0) + 1
        if self._stops[key] >= MOST_STOPS:
            self._rests_until[key] = time.monotonic() + REST_S

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


def _answer(said: str) -> Answer:
    mark, rest = said[:1], said[1:]
    if mark == "=":
        return Answer(None, rest)
    if mark in _STOPPED:
        return Answer(*_STOPPED[mark])
    return Answer(Code.JS_OUTPUT if mark == "?" else Code.JS_ERROR, printable(_text(rest)))


def _text(json: str) -> str:
    try:
        return msgspec.json.decode(json, type=str)
    except (msgspec.DecodeError, UnicodeError):
        return "an error that cannot be shown"


def printable(text: str) -> str:
    """Text from a codec as it may stand in a terminal: one line, bounded, no control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:300]).split())


class _Worker:
    """One child process. Every method raises `TimeoutError`, or `OSError` when the child has ended."""

    def __init__(self, folder: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 our own file, by our own interpreter
                [sys.executable, "-I", str(_CHILD), folder],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"TZ": "UTC"},
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us
            )
        self._known: set[str] = set()
        try:
            self._receive(time.monotonic() + START_S)
        except OSError:
            self.kill()
            raise OSError(f"the worker does not start: try {sys.executable} -I {_CHILD}") from None

    def ask(self, codec: Script, asked: str) -> str:
        """The text with which it answers; see child.py."""
        deadline = time.monotonic() + WALL_S
        if codec.key not in self._known:
            self._send(f"K{codec.key}\0{codec.text}", deadline)
            self._known.add(codec.key)
        self._send(f"R{codec.key}\0{asked}", deadline)
        return self._receive(deadline)

    def kill(self) -> None:
        """End it whatever it does, and take its place in the table of processes away."""
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def _send(self, text: str, deadline: float) -> None:
        body = text.encode("utf-8", "replace")
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        self._socket.sendall(len(body).to_bytes(4, "big") + body)

    def _receive(self, deadline: float) -> str:
        size = int.from_bytes(self._exactly(4, deadline), "big")
        if size > _LONGEST:
            raise OSError("the worker says more than it may")
        return self._exactly(size, deadline).decode("utf-8", "replace")

    def _exactly(self, size: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            part = self._socket.recv(size - len(parts))
            if not part:
                raise OSError("the worker has ended")
            parts += part
        return bytes(parts)
