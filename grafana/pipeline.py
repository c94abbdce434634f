"""The board of the pipeline: do the books add up, how far behind is it, what could not be delivered, who is silent."""

from __future__ import annotations

from typing import Final

from .dashboard import Dashboard, Panel, Query
from .influxql import newest_of_each
from .technical import (
    BAD,
    CALM,
    LANGUAGES,
    PLAIN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    limited,
    lines,
    mapped,
    rising,
    table,
    tile,
    to_device,
    uid,
)
from .technical_influxql import aggregate, newest_number, newest_rows, open_by_model, over_time
from .wall import API, heads

UID: Final = "smartcity-pipeline"
BOOKS, BACKLOG, LETTERS, SOURCES = "Bilanz", "Rückstand", "Unzustellbare nach Grund", "Quellen"
"""German titles of panels to which alarms lead."""
_OTHERS: Final = (("smartcity-fleet", "Geräte", "Devices"), ("smartcity-bins", "Behälter", "Bins"))
_SINK: Final = ("name",)


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    return Dashboard(
        uid=uid(UID, language),
        title=say("Pipeline", "Pipeline (English)"),
        description=say(
            "Was aus jeder Nachricht wurde, wie weit die Pipeline zurück ist und was sie nicht zustellen konnte.",
            "What became of every message, how far the pipeline is behind, and what it could not deliver.",
        ),
        panels=(*_books(say), *_now(say), *_flow(say), *_letters(say, language), _sources(say)),
        choices=(API,),
        links=heads(say, language, *_OTHERS),
        since="now-6h",
        refresh="30s",
    )


def _nothing(say: Say) -> str:
    return say("keine Zeilen: läuft `smartcity ingest derive`?", "no rows: does `smartcity ingest derive` run?")


def _books(say: Say) -> tuple[Panel, ...]:
    """Received = stored + duplicates + dead letters + expired + in flight, and what is left over."""
    parts = (
        (
            "received",
            say("Empfangen =", "Received ="),
            say("Nachrichten seit Beginn.", "Messages since the beginning."),
        ),
        ("stored", say("gespeichert", "stored"), say("Im Speicher angekommen.", "They are in the store.")),
        ("duplicates", say("+ doppelt", "+ duplicates"), say("Waren schon da.", "They were there before.")),
        (
            "dead_letters",
            say("+ unzustellbar", "+ dead letters"),
            say("Mit Grund aufgehoben.", "Kept with their reason."),
        ),
        ("expired", say("+ verfallen", "+ expired"), say("Vor der Verarbeitung verfallen.", "Gone before their turn.")),
        ("in_flight", say("+ unterwegs", "+ in flight"), say("Noch nicht abgeschlossen.", "Not settled yet.")),
    )
    tail = say(
        " Die Summe der fünf Kacheln rechts ist die linke.", " The five tiles to the right add up to the left one."
    )
    tiles = [
        tile(Said(title, text + tail, _nothing(say)), newest_number("pipeline", name, _SINK), "locale", PLAIN)
        for name, title, text in parts
    ]
    said = Said(
        say(BOOKS, "Books"),
        say("Geht die Rechnung je Senke auf? Sonst: Nachrichten, von denen niemand weiß, was aus ihnen wurde.",
            "Do the books of each sink add up? Else: messages of which nobody knows what became."),
        _nothing(say),
    )  # fmt: skip
    wrong = ((None, BAD), (0.0, CALM), (1.0, BAD))
    mapping = mapped({0: (say("geht auf", "adds up"), CALM)})
    return (*tiles, tile(said, newest_number("pipeline", "missing", _SINK), "locale", wrong, mapping))


def _now(say: Say) -> tuple[Panel, ...]:
    oldest = Said(
        say("Älteste wartende Nachricht", "Oldest message waiting"),
        say("Wie lange die älteste Nachricht je Senke wartet.", "How long the oldest message of each sink has waited."),
        _nothing(say),
    )
    settled = Said(
        say("Zuletzt abgeschlossen vor", "Last settled"),
        say("Zeit, seit eine Senke zuletzt etwas abschloss; ohne neue Nachrichten steigt sie.",
            "Since a sink last settled anything; without new messages it rises."),
        say("noch nichts abgeschlossen", "nothing settled yet"),
    )  # fmt: skip
    letters = Said(
        say("Unzustellbare offen", "Dead letters open"),
        say("Nachrichten, die jemand ansehen muss.", "Messages that somebody has to look at."),
        _nothing(say),
    )
    strangers = Said(
        say("Von unbekannten Geräten", "Of unknown devices"),
        say("Unzustellbar, weil das Gerät im Verzeichnis fehlt.", "Undeliverable: the registry lacks the device."),
        _nothing(say),
    )
    lost = Said(
        say("Nie angekommen", "Never arrived"),
        say(
            "Frames, die laut Zähler der Geräte gesendet wurden und fehlen.", "Frames that were sent by their counters."
        ),
        _nothing(say),
    )
    return (
        tile(oldest, newest_number("pipeline", "oldest_s", _SINK), "s", rising(60, 600)),
        tile(settled, newest_number("pipeline", "settled_age_s", _SINK), "s", rising(300, 900)),
        tile(letters, newest_number("pipeline", "open_letters"), "locale", rising(1, 100)),
        tile(strangers, newest_number("pipeline", "unknown_devices"), "locale", rising(1, 100)),
        tile(lost, newest_number("pipeline", "missing_frames"), "locale", PLAIN),
    )


def _flow(say: Say) -> tuple[Panel, ...]:
    rate = Said(
        say("Nachrichten je Minute", "Messages per minute"),
        say("Zuwachs der Zähler; fängt ein Zähler neu an, zählt der Sprung zurück nicht.",
            "Increase of the counters; one that begins anew does not count as a fall."),
        _nothing(say),
    )  # fmt: skip
    backlog = Said(
        say(BACKLOG, "Backlog"),
        say("Nachrichten, die je Senke noch nicht abgeschlossen sind.", "Messages that each sink has not settled yet."),
        _nothing(say),
    )
    rates = tuple(
        Query(over_time("pipeline", f'non_negative_derivative({aggregate("max", "pipeline", name)}, 1m)', _SINK),
              "time_series", f"{text} $tag_name")
        for name, text in (("received", say("empfangen", "received")), ("stored", say("gespeichert", "stored")))
    )  # fmt: skip
    waiting = Query(over_time("pipeline", aggregate("max", "pipeline", "backlog"), _SINK), "time_series", "$tag_name")
    return lines(rate, rates, "cpm", PLAIN, "1m"), lines(backlog, (waiting,), "locale", PLAIN, "1m")


def _letters(say: Say, language: Language) -> tuple[Panel, ...]:
    none = say("keine: gut", "none: good")
    reason, model = Column(say("Grund", "Reason")), Column(say("Modell", "Model"))
    count = Column(say("Offen", "Open"), more=coloured(rising(1, 100)))
    by_reason = Said(
        say(LETTERS, "Dead letters by reason"),
        say("Offene je Grund und Modell; `smartcity dead-letters replay` schickt sie noch einmal.",
            "Open ones by reason and model; `smartcity dead-letters replay` sends them again."),
        none,
    )  # fmt: skip
    newest = Said(
        say("Die zehn neuesten", "The newest ten"),
        say(
            "Wann, warum, von welchem Gerät, und was genau nicht ging.", "When, why, of which device, and what failed."
        ),
        none,
    )
    decoder = Said(
        say("Nicht dekodierbar nach Modell", "Not decoded, by model"),
        say("Viele bei einem Modell: neue Firmware oder falsches Modell im Verzeichnis?",
            "Many of one model: new firmware, or a wrong model in the registry?"),
        none,
    )  # fmt: skip
    shown = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "name": reason,
        "device_id": Column(say("Gerät", "Device"), more=to_device(say, language)),
        "model": model,
        "letter": Column(say("Nummer", "Number")),
        "detail": Column(say("Einzelheit", "Detail")),
    }
    rows = newest_rows("dead_letter", ("letter", "detail"), ("name", "device_id", "model"), number=10)
    counts = newest_rows("dead_letters", ("open",), ("name", "model"))
    return (
        table(by_reason, (counts,), {"name": reason, "model": model, "open": count}, count.title),
        limited(table(newest, (rows,), shown, shown["Time"].title), 10),
        table(decoder, (open_by_model("decode"),), {"model": model, "n": count}, count.title, 6),
    )


def _sources(say: Say) -> Panel:
    said = Said(
        say(SOURCES, "Sources"),
        say("Woher Nachrichten kommen, wann zuletzt, und welche Alarme anstehen.",
            "Where messages come from, when the last came, and which alarms stand."),
        say("keine Quelle: ist eine eingerichtet?", "no source: is one set up?"),
    )  # fmt: skip
    age = Column(say("Letzte Nachricht vor", "Last message"), "s", coloured(rising(600, 1800)))
    columns = {
        "name": Column(say("Quelle", "Source")),
        "messages": Column(say("Nachrichten", "Messages"), "locale"),
        "last_message_age_s": age,
        "alarms": Column(say("Alarme", "Alarms"), more=coloured(rising(1, 2))),
        "text": Column(say("Alarm", "Alarm text")),
    }
    names = (("messages", "alarms"), ("last_message_age_s", "text"))
    rows = newest_of_each("pipeline_source", names, _SINK, ("$timeFilter", "$timeFilter"))
    return table(said, rows, columns, age.title, 7)
