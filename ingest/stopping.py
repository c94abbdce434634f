"""How a command that goes on running is told to end."""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType


def stopped_by_signals() -> Event:
    """An event that Ctrl-C and SIGTERM set, so that work ends in order instead of in the middle."""
    stop = Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop
