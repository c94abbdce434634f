from __future__ import annotations

from pathlib import Path

import pytest

from sinks.storage import Storage
from tests.sinks.gaps_contract import GapsContract, gaps

__all__ = ["gaps"]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(data=tmp_path)


class TestLocal(GapsContract):
    """In the ledger's file."""
