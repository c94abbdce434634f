"""An installation for each module of this room, as `deploy/init` leaves it."""

from __future__ import annotations

import pytest

from tests.deploy.native import Installation


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("city"))
