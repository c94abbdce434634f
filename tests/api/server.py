"""The app behind a real uvicorn on a free port, for what only shows there: streams and stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from fastapi import FastAPI

from api.serve import Server, listen
from api.settings import ApiSettings


@dataclass
class Running:
    """A server that answers at `address`."""

    address: str
    server: Server
    thread: Thread

    def stop(self, within_s: float = 3) -> None:
        self.server.should_exit = True
        self.thread.join(within_s)
        assert not self.thread.is_alive(), f"the server has not stopped within {within_s} s"


@contextmanager
def running(app: FastAPI, settings: ApiSettings) -> Iterator[Running]:
    listening = listen(settings.model_copy(update={"port": 0}))
    server = Server(app, settings)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    started = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", server, thread)
    try:
        until(lambda: server.started)
        yield started
    finally:
        started.stop()
        listening.close()


def until(holds: Callable[[], object], within_s: float = 10) -> None:
    """Wait for something to hold, by asking again and again until a deadline."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"did not come true within {within_s} s"
        time.sleep(0.02)
