"""The board of the bins for the wall: which are due, which will be before the next tour, which are silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .dashboard import Annotation, Choice, Dashboard, Options, Panel, Query, Step
from .influxql import SILENT_AFTER_S, Chosen, values_of
from .technical import (
    BAD,
    CALM,
    GAUGE,
    LANGUAGES,
    LATE,
    PLAIN,
    UNKNOWN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    marks,
    table,
)
from .technical import tile as plain_tile
from .technical import uid as in_language
from .wall import API, SOON, city_map, count, heads, in_order, leads_to, line, quality, state_column

UID: Final = "smartcity-bins"
LIST: Final = "Behälter nach Füllstand"
"""German title of the panel to which alarms lead."""
LEVEL_STEPS: Final[tuple[Step, ...]] = ((None, CALM), (80.0, LATE), (95.0, BAD))
CHOSEN: Final = Chosen("bin")
_COLOURS: Final = {0: CALM, 1: SOON, 2: LATE, 3: BAD, 9: UNKNOWN}
_OTHERS: Final = (
    ("smartcity-bin", "Ein Behälter", "One bin"),
    ("smartcity-trees", "Bäume", "Trees"),
    ("smartcity-fleet", "Geräte", "Devices"),
)


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    return Dashboard(
        uid=in_language(UID, language),
        title=say("Behälter", "Bins"),
        description=say(
            "Füllstände der Behälter: was fällig ist, was es bis zur nächsten Tour wird, wer schweigt.",
            "Fill levels of bins: what is due, what will be before the next tour, who is silent.",
        ),
        panels=(*_counts(say), _map(say, language), _list(say, language), _history(say), *_emptied(say)),
        choices=(
            *choices(say),
            Options("tour", say("Stunden bis zur Tour", "Hours until the tour"), ("24", "48", "72")),
            API,
        ),
        annotations=emptied_marks(say),
        links=heads(say, language, *_OTHERS),
    )


def choices(say: Say) -> tuple[Choice, Choice]:
    """City and bin."""
    return (
        Choice("city", say("Stadt", "City"), values_of("bin_state", "tenant")),
        Choice("bin", say("Behälter", "Bin"), values_of("bin_state", "asset_id", within="tenant")),
    )


def emptied_marks(say: Say) -> tuple[Annotation, ...]:
    """On the time axis."""
    return (marks(say("Geleert", "Emptied"), CHOSEN.marks("emptied"), CALM),)


def nothing(say: Say) -> str:
    """What to check when there is nothing at all."""
    return say("keine Daten: läuft `smartcity ingest derive`? Stadt, Behälter und Zeitraum prüfen",
               "no data: does `smartcity ingest derive` run? Check city, bin and time")  # fmt: skip


def _counts(say: Say) -> tuple[Panel, ...]:
    told = (
        (say("Fällig", "Due"), say("Die Schwelle ist erreicht: leeren.", "The threshold is reached: to be emptied."),
         "state_code", "v = 2", LATE),
        (say("Fällig bis zur Tour", "Due before the tour"),
         say("Noch nicht fällig, aber nach ihrer Füllrate vor der nächsten Tour.",
             "Not due yet, but by their rate before the next tour."),
         "hours_to_due", "v > 0 AND v <= ${tour:regex}", SOON),
        (say("Überfüllt", "Overfull"), say("Voll oder darüber: sofort leeren.", "Full or more: to be emptied at once."),
         "state_code", "v = 3", BAD),
        (say("Stumm", "Silent"), say("Seit 24 Stunden ohne Meldung, oder noch nie gehört.",
                                     "Nothing heard for 24 hours, or never."),
         "age_s", f"v >= {SILENT_AFTER_S}", UNKNOWN),
    )  # fmt: skip
    return tuple(
        count(Said(title, text, nothing(say)), CHOSEN.number("bin_state", name, condition), colour)
        for title, text, name, condition, colour in told
    )


def state(say: Say) -> Column:
    """Of a bin in a word and a colour."""
    words = {
        0: say("ok", "ok"),
        1: say("bald", "soon"),
        2: say("fällig", "due"),
        3: say("überfüllt", "overfull"),
        9: say("? unbekannt", "? unknown"),
    }
    return state_column(say("Zustand", "State"), words, _COLOURS)


def _columns(say: Say, language: Language) -> dict[str, Column]:
    level = (("min", 0), ("max", 100), GAUGE, coloured(LEVEL_STEPS)[0])
    return {
        "asset_id": Column(say("Behälter", "Bin"), more=leads_to(say, language, "smartcity-bin", "bin")),
        "tenant": Column(say("Stadt", "City")),
        "state_code": state(say),
        "level_pct": Column(say("Füllstand", "Level"), "percent", level),
        "fill_rate_pct_d": Column(say("Füllrate je Tag", "Rate a day"), "percent"),
        "hours_to_due": Column(say("Fällig in", "Due in"), "h"),
        "since_emptied_h": Column(say("Geleert vor", "Emptied before"), "h"),
        "age_s": Column(say("Gehört vor", "Heard before"), "s", coloured(((None, CALM), (86_400, LATE)))),
        "quality": Column(say("Güte", "Quality"), more=(("mappings", quality(say)),)),
    }


def _map(say: Say, language: Language) -> Panel:
    said = Said(
        say("Karte", "Map"),
        say("Farbe und Wort sagen den Zustand; ein Klick zeigt mehr. Grau: unbekannt.",
            "Colour and word say the state; a click shows more. Grey: not known."),
        nothing(say),
    )  # fmt: skip
    columns = _columns(say, language) | {
        "lat": Column(say("Breite", "Latitude")),
        "lon": Column(say("Länge", "Longitude")),
    }
    always, perhaps = ("state_code", "lat", "lon"), ("level_pct", "hours_to_due", "age_s")
    shown = {name: column for name, column in columns.items() if name in ("asset_id", "tenant", *always, *perhaps)}
    return city_map(said, CHOSEN.present("bin_state", always, perhaps), columns["state_code"], shown)


def _list(say: Say, language: Language) -> Panel:
    said = Said(
        say(LIST, "Bins by level"),
        say("Die vollsten zuerst, bei gleichem Stand die schnellsten. Was unbekannt ist, ist nicht null.",
            "The fullest first, among equals the fastest. What is not known is not zero."),
        nothing(say),
    )  # fmt: skip
    columns = _columns(say, language)
    always = ("state_code", "quality")
    perhaps = tuple(name for name in columns if name not in ("asset_id", "tenant", *always))
    found = table(said, CHOSEN.present("bin_state", always, perhaps), columns, columns["level_pct"].title)
    found = in_order(found, (columns["level_pct"].title, True), (columns["fill_rate_pct_d"].title, True))
    return replace(found, size=(12, 14), defaults={"decimals": 0, "custom": {"align": "auto", "filterable": True}})


def _history(say: Say) -> Panel:
    said = Said(
        say("Füllstand im Verlauf", "Level over time"),
        say("Aller gewählten Behälter: Mittel, das vollste Zehntel beginnt bei, der vollste. Der einzelne: Klick.",
            "Of all bins chosen: mean, where the fullest tenth begins, the fullest. A single one: click on it."),
        nothing(say),
    )  # fmt: skip
    # one function a query: InfluxDB takes ten times as long for three in one
    told = (
        (say("Mittel", "Mean"), 'mean("level_pct")'),
        (say("Vollstes Zehntel ab", "Fullest tenth from"), 'percentile("level_pct", 90)'),
        (say("Vollster", "Fullest"), 'max("level_pct")'),
    )
    queries = tuple(Query(CHOSEN.over_time("bin_state", what), "time_series", title) for title, what in told)
    return line(said, queries, "percent", LEVEL_STEPS, 24)


def _emptied(say: Say) -> tuple[Panel, ...]:
    none = say("keine Leerung im Zeitraum erkannt", "no emptying found in this time")
    today = Said(
        say("Heute geleert", "Emptied today"),
        say("Erkannte Leerungen am letzten Tag des Zeitraums.", "Emptyings found on the last day of this time."),
        none,
    )
    mean = Said(
        say("Füllstand bei Leerung", "Level at emptying"),
        say("Mittel im Zeitraum. Feste Touren leeren bei rund 60 %: weit darunter wird zu früh geleert.",
            "Mean of this time. Fixed tours empty at some 60 %: far below means too early."),
        none,
    )  # fmt: skip
    rows = Said(
        say("Letzte Leerungen", "Last emptyings"),
        say("Auch solche, die nicht ganz leerten; höchstens hundert.", "Also such that left something; at most 100."),
        none,
    )
    number = plain_tile(today, CHOSEN.events_a_day("emptied"), "none", PLAIN)
    level = plain_tile(mean, CHOSEN.mean_before("emptied"), "percent", PLAIN)
    return (
        replace(number, size=(4, 5), defaults={"decimals": 0, "min": 0}),
        replace(level, size=(4, 5), defaults={"decimals": 0, "min": 0, "max": 100}),
        replace(events(say, rows), size=(16, 8)),
    )


def events(say: Say, said: Said) -> Panel:
    """The newest emptyings."""
    words = {"emptied": say("geleert", "emptied"), "partly_emptied": say("nicht ganz geleert", "not wholly emptied")}
    options = {code: {"text": word, "index": n} for n, (code, word) in enumerate(words.items())}
    percent = (("min", 0), ("max", 100))
    columns = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "asset_id": Column(say("Behälter", "Bin")),
        "code": Column(say("Ereignis", "Event"), more=(("mappings", [{"type": "value", "options": options}]),)),
        "before": Column(say("Vorher", "Before"), "percent", percent),
        "after": Column(say("Nachher", "After"), "percent", percent),
        "uncertainty_s": Column(say("Spätestens seit", "At most before"), "s"),
    }
    return table(said, (CHOSEN.event_rows(*words),), columns, columns["Time"].title, 8)
