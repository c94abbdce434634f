"""What every time-series store promises, whichever it is. A test class of each store inherits this one.

The subclass gives `backend`: how to open its store and reader, how to make it unavailable, and how to bring it back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from sinks.errors import Invalid, Unavailable
from sinks.influxdb.schema import MEASUREMENTS
from sinks.model import Field, Point, Series
from sinks.ports import Reader, Row, Selection, Store, series_key


def _wednesday_noon() -> int:
    """Noon of the last Wednesday before yesterday: some hours around it lie in one shard of any length up to a week."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    while day.isoweekday() != 3:
        day -= timedelta(days=1)
    return round(datetime.combine(day, time(12), UTC).timestamp() * 1000)


NOW = _wednesday_noon()
HOUR = 3_600_000
SERIES = Series("bin_level", "offenbach", "bin-1", "24e124713b501234", "em400-mud")


@dataclass(frozen=True, slots=True)
class Backend:
    """`unavailable`: while it is entered, the store cannot be reached. `restart`: of the server or file behind it."""

    store: Callable[[], Store]
    reader: Callable[[], Reader]
    unavailable: Callable[[], AbstractContextManager[None]]
    restart: Callable[[], None]


def point(minutes_ago: float = 0, series: Series = SERIES, **fields: Field) -> Point:
    return Point(series, NOW - round(minutes_ago * 60_000), fields or {"level_pct": 40.5})


def bin_series(number: int) -> Series:
    return Series("bin_level", "offenbach", f"bin-{number}", f"24e1247{number:09d}", "em400-mud")


def everything(measurement: str = "bin_level", **where: str) -> Selection:
    return Selection(measurement, NOW - 400 * 24 * HOUR, NOW + HOUR, **where)


def pages(reader: Reader, selection: Selection, limit: int) -> Iterator[list[Row]]:
    after: tuple[int, str] | None = None
    while page := reader.rows(selection, after, limit):
        yield page
        after = page[-1].time_ms, series_key(page[-1].tags)


def as_rows(points: Sequence[Point]) -> list[tuple[int, str, dict[str, Field]]]:
    tags = ("tenant", "asset_id", "device_id", "model", "depth_cm", "name")
    keyed = [(p.time_ms, "\x1f".join(getattr(p.series, tag) for tag in tags), dict(p.fields)) for p in points]
    return sorted(keyed, key=lambda row: row[:2])


def plain(rows: Sequence[Row]) -> list[tuple[int, str, dict[str, Field]]]:
    return [(row.time_ms, series_key(row.tags), dict(row.fields)) for row in rows]


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    opened = backend.store()
    yield opened
    opened.close()


@pytest.fixture
def reader(backend: Backend, store: Store) -> Iterator[Reader]:
    store.write([])
    opened = backend.reader()
    yield opened
    opened.close()


class StoreContract:
    """Inherit it in a class whose module has a fixture `backend` and imports the fixtures `store` and `reader`."""

    def test_nothing_is_missing_to_write(self, store: Store) -> None:
        assert store.check() == []

    def test_checking_writes_nothing(self, store: Store, reader: Reader) -> None:
        store.check()
        assert [row for measurement in MEASUREMENTS for row in reader.rows(everything(measurement))] == []

    def test_what_is_written_is_read_back(self, store: Store, reader: Reader) -> None:
        fields: dict[str, Field] = {"level_pct": 40.5, "quality": 1, "decoder": "milesight_em400/1", "offset": 7}
        assert store.write([Point(SERIES, NOW, fields)]).accepted == 1
        (row,) = reader.rows(everything())
        assert (row.measurement, row.time_ms, row.fields) == ("bin_level", NOW, fields)
        assert row.tags == {
            "tenant": "offenbach",
            "asset_id": "bin-1",
            "device_id": "24e124713b501234",
            "model": "em400-mud",
            "depth_cm": "",
            "name": "",
        }

    @pytest.mark.parametrize("measurement", MEASUREMENTS)
    def test_every_field_of_the_data_model_keeps_value_and_type(
        self, measurement: str, store: Store, reader: Reader
    ) -> None:
        samples: dict[type[Field], Field] = {float: 80.0, int: 2**40, bool: True, str: "ü"}
        fields = {name: samples[kind] for name, kind in MEASUREMENTS[measurement].items()}
        store.write([Point(Series(measurement, "o", "a", "d", "m", "10"), NOW, fields)])
        (row,) = reader.rows(everything(measurement))
        assert row.fields == fields
        assert {name: type(value) for name, value in row.fields.items()} == MEASUREMENTS[measurement]

    def test_one_bad_point_of_many_is_rejected_and_the_others_are_stored(self, store: Store, reader: Reader) -> None:
        good = [point(n) for n in range(1, 10)]
        bad = Point(SERIES, 1_000_000_000, {"level_pct": 1.0})
        written = store.write([*good[:5], bad, *good[5:]])
        assert written.accepted == 9
        assert [(item.point, item.code, item.field) for item in written.rejected] == [(bad, "time_range", None)]
        assert plain(reader.rows(everything())) == as_rows(good)

    def test_one_bad_field_is_rejected_and_the_rest_of_its_row_is_stored(self, store: Store, reader: Reader) -> None:
        written = store.write([point(level_pct=float("nan"), distance_mm=900.0)])
        assert [(item.code, item.field) for item in written.rejected] == [("not_finite", "level_pct")]
        assert written.accepted == 1
        assert reader.rows(everything())[0].fields == {"distance_mm": 900.0}

    def test_a_row_without_one_good_field_is_rejected_as_a_whole(self, store: Store, reader: Reader) -> None:
        written = store.write([point(level_pct=float("nan"), distance_mm="near")])
        assert (written.accepted, [item.field for item in written.rejected]) == (0, [None])
        assert reader.rows(everything()) == []

    def test_an_empty_batch_is_no_work(self, store: Store) -> None:
        written = store.write([])
        assert (written.accepted, written.rejected) == (0, ())

    def test_a_store_that_cannot_be_reached_says_so_and_takes_the_same_later(
        self, backend: Backend, store: Store, reader: Reader
    ) -> None:
        store.write([point(5)])
        points = [point(n, level_pct=float(n)) for n in range(5)]
        with backend.unavailable():
            with pytest.raises(Unavailable):
                store.write(points)
            assert len(store.check()) == 1
        assert store.write(points).accepted == 5
        assert len(reader.rows(everything())) == 6

    def test_the_same_points_again_change_nothing(self, store: Store, reader: Reader) -> None:
        points = [point(n, level_pct=float(n), offset=n) for n in range(20)]
        store.write(points)
        assert store.write(points[::-1]).accepted == 20
        assert plain(reader.rows(everything())) == as_rows(points)

    def test_a_second_row_at_the_same_time_adds_its_fields_and_its_values_win(
        self, store: Store, reader: Reader
    ) -> None:
        store.write([point(level_pct=40.0, distance_mm=900.0)])
        store.write([point(level_pct=41.0, volume_l=300.0)])
        assert reader.rows(everything())[0].fields == {"level_pct": 41.0, "distance_mm": 900.0, "volume_l": 300.0}

    def test_the_last_of_two_rows_in_one_batch_wins(self, store: Store, reader: Reader) -> None:
        store.write([point(level_pct=40.0), point(level_pct=41.0)])
        assert reader.rows(everything())[0].fields == {"level_pct": 41.0}

    def test_a_restart_keeps_everything(self, backend: Backend, store: Store) -> None:
        points = [point(n, series=bin_series(n % 3), level_pct=float(n)) for n in range(50)]
        store.write(points)
        store.close()
        backend.restart()
        again, reader = backend.store(), backend.reader()
        assert plain(reader.rows(everything())) == as_rows(points)
        assert again.write([point(60)]).accepted == 1
        again.close()
        reader.close()

    def test_closing_twice_is_closing_once(self, backend: Backend, store: Store) -> None:
        store.write([])
        reader = backend.reader()
        for _ in range(2):
            store.close()
            reader.close()

    @pytest.mark.parametrize(
        "text",
        [
            "Mülltonne Gießen 🗑️",
            'quote " and \\ backslash',
            "comma, equals = space",
            "end\\\\",
            "'; DROP TABLE series; --",
            "$tenant /.*/ %s {x}",
            " leading and trailing ",
            "日本語\u00a0čeština",
        ],
    )
    def test_any_text_comes_back_as_it_was(self, text: str, store: Store, reader: Reader) -> None:
        tag = text.rstrip("\\")
        series = Series("event", tag, tag, tag, tag, tag, tag)
        assert store.write([point(series=series, code="tilt", text=text)]).rejected == ()
        (row,) = reader.rows(everything("event", tenant=tag, asset_id=tag, device_id=tag))
        assert row.fields == {"code": "tilt", "text": text}
        assert set(row.tags.values()) == {tag}

    def test_latest_goes_by_the_time_of_the_row_and_not_of_its_arrival(self, store: Store, reader: Reader) -> None:
        for minutes_ago in (30, 10, 20):
            store.write([point(minutes_ago, level_pct=float(minutes_ago))])
        assert [row.fields["level_pct"] for row in reader.latest(everything())] == [10.0]

    def test_latest_gives_one_row_of_every_series_in_order(self, store: Store, reader: Reader) -> None:
        store.write([point(n + age, bin_series(n), level_pct=float(n)) for n in range(9, -1, -1) for age in (0, 60)])
        rows = reader.latest(everything())
        assert [(row.tags["asset_id"], row.time_ms) for row in rows] == [
            (f"bin-{n}", NOW - n * 60_000) for n in range(10)
        ]

    def test_latest_keeps_to_its_time_range(self, store: Store, reader: Reader) -> None:
        store.write([point(minutes_ago, level_pct=float(minutes_ago)) for minutes_ago in (0, 10, 20, 5000)])
        upto = Selection("bin_level", NOW - 60 * 60_000, NOW)
        assert [row.fields["level_pct"] for row in reader.latest(upto)] == [10.0]
        between = Selection("bin_level", NOW - 9 * 60_000, NOW)
        assert reader.latest(between) == []

    def test_latest_of_a_device_that_moved_has_a_row_for_each_place(self, store: Store, reader: Reader) -> None:
        moved = Series("bin_level", "offenbach", "bin-2", SERIES.device_id, SERIES.model)
        store.write([point(60), point(0, series=moved)])
        assert len(reader.latest(everything(device_id=SERIES.device_id))) == 2
        assert len(reader.latest(everything(asset_id="bin-2"))) == 1

    def test_rows_are_from_a_time_included_to_a_time_excluded(self, store: Store, reader: Reader) -> None:
        store.write([point(n) for n in range(5)])
        found = reader.rows(Selection("bin_level", NOW - 3 * 60_000, NOW))
        assert [row.time_ms for row in found] == [NOW - n * 60_000 for n in (3, 2, 1)]

    def test_a_selection_of_nothing_is_empty(self, store: Store, reader: Reader) -> None:
        store.write([point()])
        empty = [
            everything(tenant="gießen"),
            everything(asset_id="bin-9"),
            everything("soil"),
            Selection("bin_level", NOW, NOW),
            Selection("bin_level", NOW + 1, NOW),
            Selection("bin_level", 2**63, 2**64),
            Selection("bin_level", -(2**64), 0),
        ]
        assert [reader.rows(selection) + reader.latest(selection) for selection in empty] == [[]] * len(empty)
        assert len(reader.rows(Selection("bin_level", -(2**64), 2**64))) == 1

    @pytest.mark.parametrize("limit", [0, -1, 10**9])
    def test_a_page_has_a_bounded_size(self, limit: int, reader: Reader) -> None:
        with pytest.raises(Invalid, match="limit"):
            reader.rows(everything(), None, limit)

    def test_an_unknown_measurement_is_refused(self, reader: Reader) -> None:
        for ask in (reader.rows, reader.latest):
            with pytest.raises(Invalid, match="weather"):
                ask(everything("weather"))

    @pytest.mark.parametrize("seed", range(6))
    def test_pages_are_complete_and_without_doubles_when_many_rows_share_a_time(
        self, seed: int, store: Store, reader: Reader
    ) -> None:
        chance = random.Random(seed)  # noqa: S311  # nothing secret: the same rows each time
        times = [NOW - chance.randrange(4000) * HOUR // chance.choice((1, 1000)) for _ in range(12)]
        cells = {(chance.choice(times), chance.randrange(12)) for _ in range(90)}
        points = [Point(bin_series(n), time_ms, {"level_pct": float(n)}) for time_ms, n in cells]
        store.write(chance.sample(points, len(points)))
        for where in ({}, {"tenant": "offenbach"}, {"asset_id": "bin-3"}):
            expected = [p for p in points if p.series.asset_id == where.get("asset_id", p.series.asset_id)]
            for limit in (1, 2, 7, 90, 91):
                got = [row for page in pages(reader, everything(**where), limit) for row in page]
                assert plain(got) == as_rows(expected)

    def test_a_page_goes_on_behind_a_row_that_is_no_longer_in_the_selection(self, store: Store, reader: Reader) -> None:
        store.write([point(n) for n in range(5)])
        for after, count in (
            ((0, "x"), 5),
            ((NOW - 90_000, ""), 2),
            ((NOW + 1, ""), 0),
            ((2**70, ""), 0),
            ((-5, ""), 5),
        ):
            assert len(reader.rows(everything(), after)) == count

    def test_more_rows_than_a_request_holds_are_all_stored_and_read(self, store: Store, reader: Reader) -> None:
        points = [Point(bin_series(n % 50), NOW - n // 50, {"level_pct": float(n)}) for n in range(12_345)]
        assert store.write(points).accepted == len(points)
        assert plain(reader.rows(everything(), None, 100_000)) == as_rows(points)
