"""InfluxDB 3, as far as a stand-in goes (see `three`): the contract, numbered refusals, fixed tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.errors import Refused
from sinks.influxdb.audit import reader_faults, version, writer_faults
from sinks.influxdb.connection import Tokens
from sinks.influxdb.dialect import written_out
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.schema import MEASUREMENTS, TAGS
from sinks.influxdb.setup import prepare
from sinks.influxdb.write import InfluxStore
from sinks.model import Series
from tests.sinks.contract import NOW, Backend, StoreContract, bin_series, everything, point, reader, store
from tests.sinks.three import TOKEN, Three, serving

__all__ = ["reader", "store"]

HELD = Tokens(TOKEN, TOKEN)


@pytest.fixture
def three() -> Iterator[Three]:
    it = Three()
    with serving(it):
        prepare(it.connection(), 0, HELD)
        yield it


@pytest.fixture
def backend(three: Three) -> Backend:
    @contextmanager
    def away() -> Iterator[None]:
        three.away = True
        yield
        three.away = False

    def restart() -> None:
        """What is on its disk stays, and that is all it has."""

    return Backend(lambda: InfluxStore(three.connection()), lambda: InfluxReader(three.connection()), away, restart)


class TestInfluxdb3(StoreContract):
    """All of the contract."""


def test_every_table_is_made_with_all_tags_and_types_and_twice_is_once() -> None:
    it = Three()
    with serving(it):
        for _ in range(2):
            prepare(it.connection(), 90, HELD)
    assert it.retention == {"city": "90d"}
    assert {name: table.fields for name, table in it.databases["city"].items()} == MEASUREMENTS
    assert {table.tags for table in it.databases["city"].values()} == {frozenset(TAGS)}


def test_without_a_token_that_works_the_database_is_made_and_the_operator_told() -> None:
    it = Three()
    with serving(it), pytest.raises(Refused, match="no tokens with fewer rights"):
        prepare(it.connection())
    assert "city" in it.databases


def test_the_check_finds_version_and_nothing_wrong(three: Three) -> None:
    assert version(three.connection()) == "3.10.1"
    assert writer_faults(three.connection()) == reader_faults(three.connection()) == []


def test_a_wrong_token_and_a_database_that_is_not_there_are_refused(three: Three) -> None:
    with closing(InfluxStore(replace(three.connection(), token="nobody"))) as store:  # noqa: S106
        assert ["does not know this token" in said for said in store.check()] == [True]
    with closing(InfluxReader(three.connection("nowhere"))) as reader, pytest.raises(Refused, match="nowhere"):
        reader.latest(everything())


def test_a_numbered_line_is_rejected_and_of_a_spoilt_type_only_the_field(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(InfluxStore(three.connection())) as store, closing(InfluxReader(three.connection())) as reader:
        three.databases["city"]["bin_level"].fields["distance_mm"] = int
        real = store._post
        monkeypatch.setattr(store, "_post", lambda body: real(body.replace(b"level_pct=7.0 ", b"level_pct= ")))
        points = [point(n, bin_series(n), level_pct=float(n)) for n in range(9)]
        spoilt = point(10, bin_series(10), level_pct=1.0, distance_mm=2.0)
        written = store.write([*points, spoilt])
        assert written.accepted == 9
        assert [(it.point.series.asset_id, it.code, it.field) for it in written.rejected] == [
            ("bin-7", "server", None),
            ("bin-10", "field_type", "distance_mm"),
        ]
        assert len(reader.latest(everything())) == 9


def test_more_refused_lines_than_an_answer_names_are_all_found(three: Three) -> None:
    three.databases["city"]["bin_level"].fields["level_pct"] = int
    points = [point(n, bin_series(n), level_pct=float(n)) for n in range(250)]
    with closing(InfluxStore(three.connection())) as store:
        written = store.write([*points, point(300, distance_mm=1.0)])
    assert (written.accepted, len(written.rejected)) == (1, 250)


def test_a_table_that_others_made_with_fewer_tags_refuses_ours_with_the_reason(three: Three) -> None:
    three.databases["city"]["soil"].tags = frozenset(TAGS) - {"depth_cm"}
    with closing(InfluxStore(three.connection())) as store:
        written = store.write([point(series=Series("soil", "o", "a", "d", "m", "30"), soil_vwc=0.1), point()])
    assert written.accepted == 1
    assert "tag set is immutable" in written.rejected[0].detail


def test_a_full_table_is_a_reason_and_no_outage(three: Three) -> None:
    three.limit = 10
    with closing(InfluxStore(three.connection())) as store:
        written = store.write([point()])
    assert [(it.code, "exceed" in it.detail) for it in written.rejected] == [("server", True)]


@given(st.text(), st.integers())
def test_no_value_that_is_written_into_a_query_ends_its_place(text: str, number: int) -> None:
    asked = written_out('SELECT "$a" FROM "m" WHERE "t" = $a AND time < $n LIMIT $n', {"a": text, "n": number})
    head, _, tail = asked.partition("= '")
    value, _, _ = tail.rpartition("' AND time")
    assert head == 'SELECT "$a" FROM "m" WHERE "t" '
    assert tail.endswith(f"' AND time < {number} LIMIT {number}")
    unescaped = value.replace("\\\\", "\0").replace("\\'", "\1").replace("\\n", "\n")
    assert "'" not in unescaped.replace("\1", "")
    if "\0" not in text and "\1" not in text:
        assert unescaped.replace("\0", "\\").replace("\1", "'") == text


def test_rows_are_whole_though_a_limit_counts_the_values_of_each_field(three: Three) -> None:
    with closing(InfluxStore(three.connection())) as store, closing(InfluxReader(three.connection())) as reader:
        store.write([point(n, level_pct=1.0) for n in range(50)])
        store.write([point(n, snr_db=2.0) for n in range(0, 50, 5)])
        page = reader.rows(everything(), None, 10)
        (newest,) = reader.latest(everything())
    assert [row.time_ms for row in page] == [NOW - n * 60_000 for n in range(49, 39, -1)]
    assert [("snr_db" in row.fields) for row in page] == [n % 5 == 0 for n in range(49, 39, -1)]
    assert newest.fields == {"level_pct": 1.0, "snr_db": 2.0}
