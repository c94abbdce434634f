"""What a chain of items has said so far, of vendors whose frames are type and value, one behind the other."""

from __future__ import annotations

from decoders.frame import Status, Values
from decoders.model import Issue


class Found:
    """One per frame. `every` ends with the values that are being filled."""

    __slots__ = ("every", "issues", "status", "values")

    def __init__(self) -> None:
        self.values: Values = {}
        self.every = [self.values]
        self.status: Status = {}
        self.issues: list[Issue] = []

    def put(self, key: str, value: float | None) -> None:
        """Take a value; another one for the same quantity begins the next reading."""
        if self.values.setdefault(key, value) != value:
            self.values = {key: value}
            self.every.append(self.values)
