"""The device list of a network server, as its own API or command line exports it: read, and proposed to the registry.

A list says which devices there are, what they are called and often their model. It does not say what they watch: assets
and installations come from `sinks.registry.exchange`.
"""

from __future__ import annotations

from .proposal import Line, Verdict, apply, propose, to_fill_in
from .reading import BYTES_MAX, Server, read

__all__ = ["BYTES_MAX", "Line", "Server", "Verdict", "apply", "propose", "read", "to_fill_in"]
