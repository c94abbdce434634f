from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.sqlite import insert, placeholders


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_300))
def test_any_number_of_rows_is_inserted_once_and_in_order(number: int) -> None:
    rows = [(f"row {n}", n) for n in range(number)]
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, n INTEGER)")
        insert(db, "INSERT INTO t (name, n) VALUES {}", rows)
        assert db.execute("SELECT name, n FROM t ORDER BY id").fetchall() == rows


def test_few_statements_serve_every_number_of_rows() -> None:
    texts = {marks for number in range(1_000) for marks, _ in placeholders([(1, 2)] * number)}
    assert len(texts) == 5
