from __future__ import annotations

import math
from dataclasses import replace

from ingest.site import series, site
from sinks.model import Series
from sinks.ports import Place
from tests.ingest.house import BIN_EUI, TREE_EUI, town

BIN, TREE, SPARE = town().places


def test_a_bin_s_site_knows_its_decoder_its_geometry_and_its_series() -> None:
    found = site(BIN)
    assert (found.decoder and found.decoder.key) == "milesight_em400_mud"
    assert found.geometry
    assert (found.geometry.empty, found.geometry.full) == (3000.0, 1000.0)
    assert found.series == Series("bin_level", "offenbach", "of-bin-1", BIN_EUI, "milesight_em400_mud")


def test_a_tree_s_site_knows_its_soil_and_its_depth() -> None:
    found = site(TREE)
    assert found.earth
    assert found.earth.origin == "texture"
    assert found.series == Series("soil", "giessen", "gi-tree-1", TREE_EUI, "dragino_lse01", "30")


def test_an_installation_counts_from_its_beginning_to_its_end() -> None:
    assert BIN.installation
    ended = replace(BIN, installation=replace(BIN.installation, from_ms=100, to_ms=200))
    assert [(one.from_ms, one.to_ms) for one in (site(BIN), site(ended))] == [(0, math.inf), (100, 200)]


def test_a_device_that_stands_nowhere_has_one_site_for_all_times() -> None:
    found = site(SPARE)
    assert (found.from_ms, found.to_ms, found.series) == (-math.inf, math.inf, None)
    assert series(SPARE, "device_status").asset_id == ""


def test_a_model_that_no_decoder_is_called_by_has_none() -> None:
    assert site(Place(replace(SPARE.device, model="nobody's"), None, None)).decoder is None
