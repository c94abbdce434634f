"""The vocabulary: keys, units, limits."""

from __future__ import annotations

import re

import pytest

from decoders import QUANTITIES, Quantity

UCUM = re.compile(r"1|%|deg|Cel|dB\[mW\]|(k|m|u|c)?(m|V|L|Pa|S|g)[23]?(/(k|m|c)?(m|L|g)[23]?)?|dB")

EVERY = pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda quantity: quantity.key)


@EVERY
def test_a_unit_is_a_ucum_code(quantity: Quantity) -> None:
    assert UCUM.fullmatch(quantity.unit)


@EVERY
def test_a_quantity_is_found_by_its_own_key(quantity: Quantity) -> None:
    assert QUANTITIES[quantity.key] is quantity


@EVERY
def test_the_limits_leave_room(quantity: Quantity) -> None:
    assert quantity.low < quantity.high


@EVERY
def test_a_quantity_is_named_in_both_languages_and_defined(quantity: Quantity) -> None:
    assert quantity.en
    assert quantity.de
    assert quantity.definition.startswith("http")


@EVERY
def test_a_quantity_belongs_to_asset_device_or_link(quantity: Quantity) -> None:
    assert quantity.subject in {"asset", "device", "link"}
