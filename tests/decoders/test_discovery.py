"""A new device is a new file in the folder and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from decoders import devices
from decoders.devices import load

FILE = """
from decoders.frame import by_port
from decoders.model import Decoder

DECODER = Decoder("acme_one", "Acme", ("ONE",), "level", (1,), (), "none", by_port({}))
"""


def test_a_file_put_into_the_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_one.py").write_text(FILE, "utf-8")
    monkeypatch.setattr(devices, "__path__", [*devices.__path__, str(tmp_path)])
    try:
        found = load()
    finally:
        sys.modules.pop("decoders.devices.acme_one", None)
    assert found["acme_one"].models == ("ONE",)


def test_decoders_are_in_the_order_of_their_keys() -> None:
    assert list(load()) == sorted(load())
