from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.networks.model import Gateway
from ingest.networks.radio import Heard, Row, heard, spreading_factor

levels = st.none() | st.floats(min_value=-200, max_value=50)
rows = st.lists(st.tuples(st.sampled_from("abc"), levels, levels), max_size=8)


@pytest.mark.parametrize(
    ("given_rows", "best"),
    [
        ([("a", -50.0, 1.0), ("b", -90.0, 2.0)], "b"),
        ([("a", -90.0, 2.0), ("b", -50.0, 2.0)], "b"),
        ([("b", -50.0, 2.0), ("a", -50.0, 2.0)], "a"),
        ([("a", -50.0, None), ("b", -90.0, -20.0)], "b"),
        ([("a", None, None), ("b", -120.0, None)], "b"),
    ],
    ids=["higher SNR", "then higher RSSI", "then id", "unknown SNR is worst", "unknown RSSI is worst"],
)
def test_the_best_gateway_stands_first(given_rows: list[Row], best: str) -> None:
    assert heard(given_rows).gateways[0].id == best


def test_two_antennas_are_one_gateway_with_its_better_row() -> None:
    assert heard([("a", -88.0, 4.0), ("a", -94.0, 6.5)]).gateways == (Gateway("a", -94.0, 6.5),)


def test_the_best_values_are_each_taken_over_all_rows() -> None:
    found = heard([("a", -88.0, 4.0), ("a", -94.0, 6.5), ("b", -100.0, 1.5)])
    assert (found.best_rssi, found.best_snr) == (-88.0, 6.5)


def test_a_frame_without_rows_was_heard_by_nobody() -> None:
    assert heard([]) == Heard((), None, None)


@given(rows)
def test_each_gateway_stands_once_and_the_best_values_are_the_highest(given_rows: list[Row]) -> None:
    found = heard(given_rows)
    assert sorted(gateway.id for gateway in found.gateways) == sorted({row[0] for row in given_rows})
    assert found.best_rssi == max((row[1] for row in given_rows if row[1] is not None), default=None)
    assert found.best_snr == max((row[2] for row in given_rows if row[2] is not None), default=None)


@given(rows)
def test_the_order_of_the_rows_does_not_matter(given_rows: list[Row]) -> None:
    assert heard(given_rows) == heard(given_rows[::-1])


@pytest.mark.parametrize(
    ("data_rate", "found"),
    [
        ("SF7BW125", 7),
        ("SF12 BW125 4/5", 12),
        (" SF 9BW125", 9),
        ("50000", None),
        ("SF13BW125", None),
        ("SF125", None),
        ("", None),
        (None, None),
    ],
)
def test_a_spreading_factor_is_read_from_the_data_rates_of_lora_alone(data_rate: str | None, found: int | None) -> None:
    assert spreading_factor(data_rate) == found
