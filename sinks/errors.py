"""Errors by what the caller does next.

SinkError
├── Unavailable    wait, then try again (carries the seconds, when the other side named them)
├── Refused        the request can never succeed as it is: settings, rights; stop and say so
└── Invalid        the input is wrong: tell its author where
"""

from __future__ import annotations


class SinkError(Exception):
    """Anything a store reports. The text is one sentence for an operator and never holds a secret."""


class Unavailable(SinkError):
    """The other side cannot answer now; nothing was decided. `retry_after`: seconds, None when it named none."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(SinkError):
    """The other side will never take this as it is: unknown bucket, missing right, wrong token."""


class Invalid(SinkError):
    """What was handed in breaks a rule; the text names the rule."""
