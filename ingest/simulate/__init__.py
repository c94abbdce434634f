"""A simulated fleet: real frames of real devices, in a city that lives by itself. See the README beside this file."""

from __future__ import annotations

from .mischief import Kind, Message, plan
from .publish import run, write_jsonl
from .registration import register
from .stations import Fleet, Station, fleet

__all__ = ["Fleet", "Kind", "Message", "Station", "fleet", "plan", "register", "run", "write_jsonl"]
