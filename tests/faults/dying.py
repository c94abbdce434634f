"""`smartcity`, killed at one point of the way: what a power cut does, there and nowhere else.

    python dying.py sinks.journal:SqliteJournal.append before 3 ingest

ends it by SIGKILL before the third call of that method begins; with `after` when the third call has returned. A call
that found nothing (an empty list) does not count, so the first `read` after which it can die has read something.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import wraps
from importlib import import_module
from itertools import count
from typing import Any

import smartcity


def mortal(method: Any, moment: str, last: int) -> Any:
    """The method, of which no more than `last` calls are begun or come back."""
    numbers = count(1)  # one step is atomic, also between threads

    @wraps(method)
    def until_then(*arguments: Any, **named: Any) -> Any:
        if moment == "before" and next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = method(*arguments, **named)
        if moment == "after" and answer != [] and next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return until_then


if __name__ == "__main__":
    point, moment, last, *arguments = sys.argv[1:]
    module, _, path = point.partition(":")
    owner, _, name = path.partition(".")
    cls = getattr(import_module(module), owner)
    setattr(cls, name, mortal(getattr(cls, name), moment, int(last)))
    sys.argv = ["smartcity", *arguments]
    smartcity.main()
