"""Quality flags as text: what is written is what is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.errors import Invalid
from sinks.model import Quality
from sinks.quality import format_codes, parse_codes

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=20)
bad_flags = st.sampled_from([flag for flag in Quality if flag != Quality.GOOD])


def test_a_code_names_quantity_flag_and_reason() -> None:
    codes = {"level_pct": (Quality.SUSPECT, "below_empty"), "distance_mm": (Quality.MISSING, "no_echo")}
    assert format_codes(codes) == "distance_mm=9:no_echo level_pct=3:below_empty"


def test_a_good_value_needs_no_code() -> None:
    assert format_codes({"level_pct": (Quality.GOOD, "")}) == ""


def test_no_text_names_no_value() -> None:
    assert parse_codes("") == {}


@given(st.dictionaries(words, st.tuples(bad_flags, words)))
def test_what_is_written_is_read_back(codes: dict[str, tuple[Quality, str]]) -> None:
    assert parse_codes(format_codes(codes)) == codes


@pytest.mark.parametrize("text", ["level_pct", "level_pct=3", "level_pct=3:", "=3:x", "level_pct=x:y", "Level=3:x"])
def test_an_item_out_of_shape_is_invalid_and_named(text: str) -> None:
    with pytest.raises(Invalid, match="is no quality code"):
        parse_codes("distance_mm=9:no_echo " + text)


def test_an_unknown_flag_is_invalid() -> None:
    with pytest.raises(Invalid, match="flag"):
        parse_codes("level_pct=7:odd")


@pytest.mark.parametrize(("quantity", "code"), [("level pct", "x"), ("level_pct", "two words"), ("level_pct", "")])
def test_a_name_that_could_not_be_read_back_is_not_written(quantity: str, code: str) -> None:
    with pytest.raises(Invalid, match="only a-z"):
        format_codes({quantity: (Quality.FAIL, code)})
