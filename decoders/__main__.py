"""`python -m decoders`: the table of devices for the README."""

from __future__ import annotations

import sys

from .batch import devices_table

sys.stdout.write(devices_table() + "\n")
