"""The board of one bin: what its sensor measured, how it hangs, when it was emptied."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .bins import CHOSEN, LEVEL_STEPS, choices, emptied_marks, events, nothing, state
from .dashboard import Dashboard, Panel, Query, Step
from .influxql import PRESENT, aggregate, field
from .technical import BAD, CALM, LANGUAGES, LATE, PLAIN, Language, Said, Say, falling, tile
from .technical import uid as in_language
from .wall import API, heads, line, second_axis

UID: Final = "smartcity-bin"
_HOT: Final[tuple[Step, ...]] = ((None, CALM), (45.0, LATE), (60.0, BAD))
_OTHERS: Final = (("smartcity-bins", "Alle Behälter", "All bins"), ("smartcity-fleet", "Geräte", "Devices"))


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    city, one = choices(say)
    rows = Said(
        say("Leerungen", "Emptyings"),
        say("Erkannt am Fall des Füllstands; höchstens hundert.", "Found by the fall of the level; at most 100."),
        say("keine Leerung im Zeitraum erkannt", "no emptying found in this time"),
    )
    return Dashboard(
        uid=in_language(UID, language),
        title=say("Ein Behälter", "One bin"),
        description=say(
            "Füllstand und Abstand, Neigung, Temperatur, Batterie und Funk eines Behälters.",
            "Level and distance, tilt, temperature, battery and radio of one bin.",
        ),
        panels=(*_now(say), _level(say), *_condition(say), events(say, rows)),
        choices=(city, replace(one, number="one"), API),
        annotations=emptied_marks(say),
        links=heads(say, language, *_OTHERS),
    )


def _now(say: Say) -> tuple[Panel, ...]:
    told = (
        (say("Zustand", "State"), say("Was nach der Füllung zu tun ist.", "What its filling asks for."),
         "state_code", "none", PLAIN),
        (say("Füllstand", "Level"), say("Median der neuesten guten Messungen.", "Median of the newest good readings."),
         "level_pct", "percent", LEVEL_STEPS),
        (say("Füllrate je Tag", "Rate a day"), say("Wie viel an einem Tag dazukommt.", "How much is added in a day."),
         "fill_rate_pct_d", "percent", PLAIN),
        (say("Fällig in", "Due in"), say("Bis zur Schwelle, geht es so weiter.", "Until the threshold at that rate."),
         "hours_to_due", "h", falling(24, 48)),
        (say("Geleert vor", "Emptied before"), say("Seit er ganz geleert wurde.", "Since it was wholly emptied."),
         "since_emptied_h", "h", PLAIN),
        (say("Gehört vor", "Heard before"), say("Alter der neuesten Messung.", "Age of the newest reading."),
         "age_s", "s", ((None, CALM), (86_400.0, LATE))),
    )  # fmt: skip
    return tuple(
        _tile(say, Said(title, text, nothing(say)), name, unit, steps) for title, text, name, unit, steps in told
    )


def _tile(say: Say, said: Said, name: str, unit: str, steps: tuple[Step, ...]) -> Panel:
    query = f'SELECT last({field("bin_state", name)}) FROM "bin_state" WHERE {CHOSEN.where(PRESENT)}'  # noqa: S608 ours
    words = dict(state(say).more)["mappings"]
    more = {"mappings": words} if name == "state_code" else {"min": 0, "max": 100} if name == "level_pct" else {}
    return replace(tile(said, query, unit, steps), defaults=more)


def _query(name: str, title: str, function: str = "mean") -> Query:
    return Query(CHOSEN.over_time("bin_level", aggregate(function, "bin_level", name, title)), "time_series", "$col")


def _level(say: Say) -> Panel:
    level, distance = say("Füllstand", "Level"), say("Abstand", "Distance")
    said = Said(
        say("Füllstand und Abstand", "Level and distance"),
        say("Rechts, was der Sensor misst. Laufen die beiden nicht gegenläufig, stimmt die Montage nicht.",
            "At the right what the sensor measures. Unless the two mirror each other, it is not mounted as entered."),
        nothing(say),
    )  # fmt: skip
    queries = (_query("level_pct", level), _query("distance_mm", distance))
    return second_axis(line(said, queries, "percent", LEVEL_STEPS, 24), distance, "lengthmm")


def _condition(say: Say) -> tuple[Panel, ...]:
    tilt, margin = say("Neigung", "Tilt"), say("Bestes Gateway", "Best gateway")
    told = (
        (tilt, say("Gekippt misst er gegen die Wand.", "Tilted it measures the wall."),
         (_query("tilt_deg", tilt, "max"),), "degree", ((None, CALM), (30.0, LATE))),
        (say("Temperatur", "Temperature"), say("Über 60 °C brennt es darin.", "Above 60 °C something burns inside."),
         (_query("temperature_c", say("Temperatur", "Temperature"), "max"),), "celsius", _HOT),
        (say("Batterie", "Battery"), say("Der niedrigste, den das Gerät sagt.", "The lowest that the device tells."),
         (_query("battery_pct", say("Batterie", "Battery"), "min"),), "percent", falling(20, 40)),
        (say("Batteriespannung", "Battery voltage"),
         say("Manche Geräte sagen nur die Spannung.", "Some devices tell nothing but the voltage."),
         (_query("battery_v", say("Spannung", "Voltage"), "min"),), "volt", falling(2.8, 3.3)),
        ("SNR", say("Je höher, desto sicherer; unter -15 dB fallen Meldungen aus.",
                    "The higher the safer; below -15 dB messages are lost."),
         (_query("snr_db", margin),), "dB", falling(-15, -10)),
        (say("Gateways", "Heard by gateways"), say("Wie viele eine Meldung hörten.", "How many heard a message."),
         (_query("gateways", "Gateways"),), "none", falling(1, 2)),
    )  # fmt: skip
    none = say("vom Gerät nicht gemeldet", "not told by the device")
    return tuple(line(Said(title, text, none), queries, unit, steps) for title, text, queries, unit, steps in told)
