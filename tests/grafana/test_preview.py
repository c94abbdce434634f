"""Pictures of the boards: each drawn from a real InfluxDB, seeded and empty; what Grafana would write and colour."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from grafana.__main__ import BOARDS
from grafana.preview.answers import Line, Row, lines, merged, table
from grafana.preview.ask import answered, asking
from grafana.preview.expand import as_regex, choose, expanded, step
from grafana.preview.look import colour, look, measured, text
from grafana.preview.picture import KINDS, LABEL, picture
from grafana.preview.plots import _states, _tick, _with_gaps
from grafana.technical import LANGUAGES, Language
from grafana.verify import Window
from sinks.influxdb.write import InfluxStore
from tests.door import ROOT, Said, environment
from tests.grafana.seed import NOW, fleet_and_pipeline, town
from tests.servers import influxdb
from tests.servers.influxdb import Influxdb

REAL = pytest.mark.server("influxdb")
EACH = pytest.mark.parametrize(("name", "language"), [(name, language) for name in BOARDS for language in LANGUAGES])
HOUR = 3_600_000
WEEK = Window(NOW - 7 * 24 * HOUR, NOW)


@pytest.fixture(scope="module")
def server() -> Iterator[Influxdb]:
    with influxdb.running() as running:
        yield running


@pytest.fixture(scope="module")
def seeded(server: Influxdb) -> Influxdb:
    bucket = server.fresh_bucket()
    with closing(InfluxStore(bucket.writer)) as store:
        assert store.write([*town(), *fleet_and_pipeline()]).rejected == ()
    return bucket


def drawn(bucket: Influxdb, name: str, language: Language = "de", **wanted: list[str]) -> Figure:
    with asking(bucket.reader) as ask:
        return picture(answered(BOARDS[name](language).to_json(), NOW, wanted, ask))


def written(figure: Figure) -> set[str]:
    return {found.get_text() for found in figure.findobj(Text)}


@REAL
@EACH
def test_a_picture_has_the_title_of_every_panel_and_says_what_it_is(
    seeded: Influxdb, name: str, language: Language
) -> None:
    said = written(drawn(seeded, name, language))
    assert {panel.title for panel in BOARDS[name](language).panels} <= said
    assert LABEL in said


@REAL
@EACH
def test_an_empty_store_is_drawn_with_what_each_panel_says_of_nothing(
    server: Influxdb, name: str, language: Language
) -> None:
    said = {" ".join(line.split()) for line in written(drawn(server.fresh_bucket(), name, language))}
    assert {panel.title for panel in BOARDS[name](language).panels} <= said
    first = BOARDS[name](language).panels[0].no_value.split()[0]
    assert any(line.startswith(first) for line in said)


@REAL
def test_values_words_and_units_stand_in_the_picture(seeded: Influxdb) -> None:
    assert {"of-half", "fällig", "überfüllt", "97%", "3 day"} <= written(drawn(seeded, "bins"))


@REAL
def test_a_choice_narrows_the_picture(seeded: Influxdb) -> None:
    said = written(drawn(seeded, "bins", city=["giessen"]))
    assert "gi-over" in said
    assert "of-half" not in said


@REAL
def test_where_one_is_to_be_chosen_it_is_the_first_as_in_grafana(seeded: Influxdb) -> None:
    assert any(line.startswith("Stadt: *   ·   Behälter: gi-bare") for line in written(drawn(seeded, "bin")))


@REAL
def test_the_command_draws_into_the_folder_that_is_named(seeded: Influxdb, tmp_path: Path) -> None:
    said = preview(tmp_path, "--board", "bins", "--language", "en", "--until", "2026-05-28T20:45:00", bucket=seeded)
    assert (said.code, said.err) == (0, "")
    with Image.open(tmp_path / "bins-en.png") as image:
        assert image.format == "PNG"
        assert image.width > 1000


@REAL
def test_a_server_that_is_away_is_one_sentence(seeded: Influxdb, tmp_path: Path) -> None:
    away = {"SMARTCITY_STORE__INFLUXDB__URL": "http://127.0.0.1:9"}
    said = preview(tmp_path, "--board", "bins", bucket=seeded, **away)
    assert (said.code, said.out) == (1, "")
    assert said.err == "grafana.preview: InfluxDB at http://127.0.0.1:9 cannot be reached (NewConnectionError)\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--board", "bens"], 2, "there is no board bens"),
        (["--choose", "offenbach"], 2, "--choose is VARIABLE=VALUE"),
        (["--board", "bins"], 1, "InfluxDB needs a token to read: set store.influxdb.read_token_file"),
    ],
)
def test_a_mistake_says_what_to_do(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    said = preview(tmp_path, *arguments)
    assert said.code == code
    assert words in said.err


@REAL
def test_a_variable_that_the_board_does_not_have_is_named_with_those_that_it_has(
    seeded: Influxdb, tmp_path: Path
) -> None:
    said = preview(tmp_path, "--board", "fleet", "--choose", "town=x", bucket=seeded)
    assert said.code == 1
    assert said.err == "grafana.preview: this board has no variable town; it has city\n"


@REAL
def test_a_folder_that_cannot_be_written_is_one_sentence(seeded: Influxdb, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = preview(tmp_path / "file", "--board", "pipeline", bucket=seeded)
    assert said.code == 1
    assert said.err.endswith("cannot be written (File exists): choose another folder with --out\n")


def test_without_matplotlib_the_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    blocked = "import sys; sys.modules['matplotlib'] = None; sys.argv = ['preview', '--board', 'bins'];"
    start = "from grafana.preview.__main__ import main; main()"
    given = environment(tmp_path) | {"SMARTCITY_STORE__INFLUXDB__READ_TOKEN": "none"}
    said = ran("-c", blocked + start, env=given)
    assert said.code == 1
    assert said.err == "grafana.preview: matplotlib is missing: pip install 'open-smartcity-sensors[preview]'\n"


def test_every_kind_of_panel_has_its_drawing() -> None:
    used = {panel.kind for board in BOARDS.values() for language in LANGUAGES for panel in board(language).panels}
    assert used <= set(KINDS)


def test_the_committed_pictures_are_small() -> None:
    files = sorted((ROOT / "docs" / "boards").glob("*.png"))
    assert {f"{name}-de" for name in BOARDS} <= {file.stem for file in files}
    assert [file.name for file in files if file.stat().st_size > 150_000] == []


def preview(out: Path, *arguments: str, bucket: Influxdb | None = None, **more: str) -> Said:
    where = {
        "SMARTCITY_STORE__INFLUXDB__URL": bucket.url,
        "SMARTCITY_STORE__INFLUXDB__ORG": bucket.org,
        "SMARTCITY_STORE__INFLUXDB__BUCKET": bucket.bucket,
        "SMARTCITY_STORE__INFLUXDB__READ_TOKEN": bucket.read_token,
    } if bucket else {}  # fmt: skip
    given = environment(out, **(where | more))
    return ran("-m", "grafana.preview", *arguments, "--out", str(out), env=given)


def ran(*arguments: str, env: Mapping[str, str]) -> Said:
    done = subprocess.run(
        [sys.executable, *arguments], env=dict(env), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "said"),
    [
        (97.0, "percent", None, "97%"),
        (12.345, "percent", None, "12.3%"),
        (97.4, "percent", 0, "97%"),
        (0.0, "h", None, "0 hour"),
        (60.0, "h", 0, "2 day"),
        (900.0, "s", None, "15 min"),
        (90_000.0, "s", None, "1.04 day"),
        (0.12, "none", 2, "0.12"),
        (700.0, "lengthmm", None, "700 mm"),
        (1450.0, "lengthmm", None, "1.45 m"),
        (26_336, "locale", None, "26,336"),
        (1_780_001_100_000, "dateTimeAsLocal", None, "2026-05-28 22:45:00"),
        (3.0, "furlong", None, "3 furlong"),
    ],
)
def test_a_number_is_written_as_grafana_does(value: float, unit: str, decimals: int | None, said: str) -> None:
    assert measured(value, unit, decimals) == said


def options(*overrides: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    steps = [{"color": "blue", "value": None}, {"color": "orange", "value": 80.0}, {"color": "red", "value": 95.0}]
    field = {"unit": "percent", "noValue": "nothing", "thresholds": {"steps": steps}} | defaults
    return {"fieldConfig": {"defaults": field, "overrides": list(overrides)}}


@pytest.mark.parametrize(("value", "expected"), [(79.9, "blue"), (80, "orange"), (99.0, "red"), (None, "blue")])
def test_a_value_has_the_colour_of_the_highest_step_that_it_has_reached(value: float | None, expected: str) -> None:
    assert colour(look(options(), "Level"), value) == expected


def test_a_word_goes_before_the_number_and_its_colour_before_the_step() -> None:
    words = [{"type": "value", "options": {"2": {"text": "due", "color": "violet"}, "true": {"text": "yes"}}}]
    found = look(options(mappings=words), "State")
    assert [text(found, value) for value in (2, 2.0, True, False, None)] == ["due", "due", "yes", "false", "nothing"]
    assert colour(found, 2) == "violet"


def test_an_override_counts_for_its_series_and_the_last_one_wins() -> None:
    every = {"matcher": {"id": "byRegexp", "options": "/.*/"}, "properties": [{"id": "noValue", "value": "–"}]}  # noqa: RUF001
    one = {"matcher": {"id": "byName", "options": "Age"}, "properties": [{"id": "unit", "value": "s"}]}
    assert text(look(options(every, one), "Age"), 5.0) == "5 s"
    assert text(look(options(every, one), "Level"), 5.0) == "5%"
    assert text(look(options(every, one), "Level"), None) == "–"  # noqa: RUF001


def test_a_gap_longer_than_the_panel_spans_stays_open() -> None:
    line = Line("x", (0, HOUR, 2 * HOUR, 9 * HOUR), (1.0, None, 2.0, 3.0))
    assert [value for _, value in _with_gaps(line, 3 * HOUR)] == pytest.approx(
        [1.0, 2.0, float("nan"), 3.0], nan_ok=True
    )


@pytest.mark.parametrize(
    ("value", "unit", "said"), [(2.5, "dB", "2.5 dB"), (20.0, "percent", "20%"), (1200.0, "lengthmm", "1.20 m")]
)
def test_two_places_of_an_axis_never_read_alike(value: float, unit: str, said: str) -> None:
    assert _tick(value, {"unit": unit}) == said


def test_states_of_one_kind_in_a_row_are_one_bar_and_nothing_known_is_none() -> None:
    line = Line("x", (0, 1, 2, 3, 4), (0.0, 0.0, None, 2.0, 0.0))
    assert list(_states(line, 9)) == [(0, 2, 0.0), (3, 4, 2.0), (4, 9, 0.0)]


@pytest.mark.parametrize(
    ("alias", "names"),
    [
        ("$col $tag_depth_cm cm", ["Mean 30 cm", "Max 30 cm"]),
        ("Battery", ["Battery", "Battery"]),
        ("", ["soil.Mean {depth_cm: 30}", "soil.Max {depth_cm: 30}"]),
    ],
)
def test_an_alias_names_the_lines(alias: str, names: list[str]) -> None:
    series = {"name": "soil", "tags": {"depth_cm": "30"}, "columns": ["time", "Mean", "Max"], "values": [[0, 1, 2]]}
    assert [line.name for line in lines({"targets": [{"alias": alias}]}, [[series]])] == names


def test_rows_that_share_all_that_every_table_has_become_one() -> None:
    first: list[Row] = [{"id": "a", "state": 1}, {"id": "b", "state": 2}]
    second: list[Row] = [{"id": "b", "level": 70.0}]
    assert merged([first, [], second]) == [{"id": "a", "state": 1}, {"id": "b", "state": 2, "level": 70.0}]


def test_a_table_is_renamed_sorted_and_cut() -> None:
    panel = {
        "transformations": [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"indexByName": {"id": 0, "n": 1}, "renameByName": {"id": "Id", "n": "N"}}},
            {"id": "limit", "options": {"limitField": 2}},
        ],
        "options": {"sortBy": [{"displayName": "N", "desc": True}]},
    }
    series = {"name": "m", "columns": ["time", "id", "n"], "values": [[0, "a", 1], [1, "b", None], [2, "c", 3]]}
    assert table(panel, [[series]]).rows == (("c", 3), ("a", 1))


def test_the_step_is_the_shortest_that_fits_and_never_below_the_panel_s_own() -> None:
    assert step(Window(0, 6 * HOUR), "1m", 1440) == "1m"
    assert step(WEEK, "1h", 1440) == "1h"
    assert step(WEEK, "", 700) == "15m"
    assert step(Window(0, 10_000 * 24 * HOUR), "", 10) == "1d"


def test_a_query_has_nothing_left_to_expand() -> None:
    query = "x WHERE $timeFilter AND time >= ${__to}ms - 2h AND a =~ /^${bin:regex}$/ GROUP BY time($__interval)"
    assert expanded(query, {"bin": "a|b"}, Window(1, 2), "5m") == (
        "x WHERE time >= 1ms and time <= 2ms AND time >= 2ms - 2h AND a =~ /^a|b$/ GROUP BY time(5m)"
    )


def test_what_is_chosen_is_escaped_and_several_are_alternatives() -> None:
    assert as_regex(["of-soon.1"]) == r"of-soon\.1"
    assert as_regex(["a", "b/c"]) == r"(a|b\/c)"


def test_variables_stand_as_they_do_when_a_board_is_opened() -> None:
    board = BOARDS["bins"]("de").to_json()
    assert choose(board, {"city": ["giessen"]}, WEEK, lambda _: []) | {"api": ""} == {
        "city": "giessen", "bin": ".*", "tour": "24", "api": "",
    }  # fmt: skip
