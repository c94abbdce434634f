"""The board of the trees: who needs water, how much, and what the probes in each depth say."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .dashboard import Choice, Dashboard, Panel, Query, Step
from .influxql import SILENT_AFTER_S, Chosen, aggregate, values_of
from .technical import (
    BAD,
    CALM,
    LANGUAGES,
    LATE,
    UNKNOWN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    falling,
    marks,
    rising,
    table,
)
from .technical import uid as in_language
from .wall import API, city_map, count, heads, in_order, leads_to, line, quality, state_column

UID: Final = "smartcity-trees"
LIST: Final = "Bäume nach Bedarf"
"""German title of the panel to which alarms lead."""
_CHOSEN: Final = Chosen("tree")
_COLOURS: Final = {0: CALM, 1: LATE, 2: BAD, 9: UNKNOWN}
_TENSION: Final[tuple[Step, ...]] = ((None, CALM), (32.0, LATE), (80.0, BAD))
_NFK: Final[tuple[Step, ...]] = ((None, BAD), (30.0, LATE), (50.0, CALM))
_VOLUME: Final = falling(5, 10)
_FROST: Final[tuple[Step, ...]] = ((None, UNKNOWN), (0.0, CALM))
_OTHERS: Final = (("smartcity-bins", "Behälter", "Bins"), ("smartcity-fleet", "Geräte", "Devices"))


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    return Dashboard(
        uid=in_language(UID, language),
        title=say("Bäume", "Trees"),
        description=say(
            "Wasserbedarf der Bäume und was die Sonden in jeder Tiefe messen.",
            "The trees' need of water and what the probes measure in each depth.",
        ),
        panels=(*_counts(say), _map(say, language), _list(say, language), *_soil(say), _watered(say)),
        choices=(
            Choice("city", say("Stadt", "City"), values_of("tree_state", "tenant")),
            Choice("tree", say("Baum", "Tree"), values_of("tree_state", "asset_id", within="tenant")),
            API,
        ),
        annotations=(marks(say("Gewässert", "Watered"), _CHOSEN.marks("watered"), CALM),),
        links=heads(say, language, *_OTHERS),
    )


def _nothing(say: Say) -> str:
    return say("keine Daten: läuft `smartcity ingest derive`? Stadt, Baum und Zeitraum prüfen",
               "no data: does `smartcity ingest derive` run? Check city, tree and time")  # fmt: skip


def _counts(say: Say) -> tuple[Panel, ...]:
    told = (
        (say("Jetzt wässern", "Water now"), say("Bedarf über 65 von 100.", "Need above 65 of 100."),
         "state_code", "v = 2", BAD),
        (say("Einplanen", "Plan"), say("Bedarf zwischen 35 und 65.", "Need between 35 and 65."),
         "state_code", "v = 1", LATE),
        (say("Unbekannt", "Not known"), say("Keine brauchbaren Werte, oder der Boden ist gefroren.",
                                            "No values that can be used, or the soil is frozen."),
         "state_code", "v = 9", UNKNOWN),
        (say("Stumm", "Silent"), say("Seit 24 Stunden ohne Meldung, oder noch nie gehört.",
                                     "Nothing heard for 24 hours, or never."),
         "age_s", f"v >= {SILENT_AFTER_S}", UNKNOWN),
    )  # fmt: skip
    return tuple(
        count(Said(title, text, _nothing(say)), _CHOSEN.number("tree_state", name, condition), colour)
        for title, text, name, condition, colour in told
    )


def _state(say: Say) -> Column:
    words = {
        0: say("ok", "ok"),
        1: say("einplanen", "plan"),
        2: say("wässern", "water"),
        9: say("? unbekannt", "? unknown"),
    }
    return state_column(say("Zustand", "State"), words, _COLOURS)


def _flag(say: Say, german: str, english: str) -> Column:
    """Yes stands out, no is quiet."""
    options = {"true": {"text": say("ja", "yes"), "color": LATE, "index": 0}, "false": {"text": "-", "index": 1}}
    return Column(say(german, english), more=(("mappings", [{"type": "value", "options": options}]),))


def _columns(say: Say, language: Language) -> dict[str, Column]:
    return {
        "asset_id": Column(say("Baum", "Tree"), more=leads_to(say, language, UID, "tree")),
        "tenant": Column(say("Stadt", "City")),
        "state_code": _state(say),
        "need": Column(say("Bedarf", "Need"), more=(("min", 0), ("max", 100), *coloured(rising(35, 65)))),
        "days_to_critical": Column(say("Kritisch in", "Critical in"), "d"),
        "litres": Column(say("Gabe", "Dose"), "litre"),
        "soil_tension_kpa": Column(say("Saugspannung", "Tension"), "pressurekpa", coloured(_TENSION)),
        "soil_nfk_pct": Column(say("Nutzbares Wasser", "Usable water"), "percent",
                               (("min", 0), ("max", 100), *coloured(_NFK))),
        "soil_temperature_c": Column(say("Bodentemperatur", "Soil temperature"), "celsius"),
        "since_watered_d": Column(say("Gewässert vor", "Watered before"), "d"),
        "frozen": _flag(say, "Gefroren", "Frozen"),
        "settling": _flag(say, "Setzt sich", "Settling"),
        "quality": Column(say("Güte", "Quality"), more=(("mappings", quality(say)),)),
        "age_s": Column(say("Gehört vor", "Heard before"), "s", coloured(((None, CALM), (86_400, LATE)))),
    }  # fmt: skip


def _map(say: Say, language: Language) -> Panel:
    said = Said(
        say("Karte", "Map"),
        say("Farbe und Wort sagen den Bedarf; ein Klick zeigt mehr. Grau: unbekannt.",
            "Colour and word say the need; a click shows more. Grey: not known."),
        _nothing(say),
    )  # fmt: skip
    columns = _columns(say, language) | {
        "lat": Column(say("Breite", "Latitude")),
        "lon": Column(say("Länge", "Longitude")),
    }
    always, perhaps = ("state_code", "lat", "lon"), ("need", "days_to_critical", "litres", "age_s")
    shown = {name: column for name, column in columns.items() if name in ("asset_id", "tenant", *always, *perhaps)}
    return city_map(said, _CHOSEN.present("tree_state", always, perhaps), columns["state_code"], shown)


def _list(say: Say, language: Language) -> Panel:
    said = Said(
        say(LIST, "Trees by need"),
        say("Der größte Bedarf zuerst. Kritisch und Gabe gelten, wenn es nicht regnet.",
            "The greatest need first. Critical and dose hold if it does not rain."),
        _nothing(say),
    )  # fmt: skip
    columns = _columns(say, language)
    always = ("state_code", "frozen", "settling", "quality")
    perhaps = tuple(name for name in columns if name not in ("asset_id", "tenant", *always))
    found = table(said, _CHOSEN.present("tree_state", always, perhaps), columns, columns["need"].title)
    found = in_order(found, (columns["need"].title, True), (columns["days_to_critical"].title, False))
    return replace(found, size=(12, 14), defaults={"decimals": 0, "custom": {"align": "auto", "filterable": True}})


def _soil(say: Say) -> tuple[Panel, ...]:
    """The two kinds of probe have a panel each: water content and tension are never one axis.

    Of many trees the mean and the worst of each depth, so that a city of 500 stays readable; of one, its own values.
    """
    none = say("keine Sonde dieser Art: Baum und Zeitraum prüfen", "no probe of this kind: check tree and time")
    told = (
        ("soil_tension_kpa", "max", say("Saugspannung nach Tiefe", "Tension by depth"), "pressurekpa", _TENSION,
         say("Gut bis 32 kPa, kritisch ab 80, in jedem Boden.", "Good up to 32 kPa, critical from 80, in any soil.")),
        ("soil_nfk_pct", "min", say("Nutzbares Wasser nach Tiefe", "Usable water by depth"), "percent", _NFK,
         say("Anteil der nutzbaren Feldkapazität: gut ab 50 %, Trockenstress unter 30 %.",
             "Part of the usable field capacity: good from 50 %, drought stress below 30 %.")),
        ("soil_moisture_pct", "min", say("Bodenfeuchte nach Tiefe", "Soil moisture by depth"), "percent", _VOLUME,
         say("Wasser im Boden in Volumenprozent; was trocken ist, hängt vom Boden ab.",
             "Water in the soil by volume; what is dry depends on the soil.")),
        ("soil_temperature_c", "min", say("Bodentemperatur nach Tiefe", "Soil temperature by depth"), "celsius", _FROST,
         say("Unter 0 °C sind Werte der Feuchte unbrauchbar.", "Below 0 °C values of moisture are of no use.")),
    )  # fmt: skip
    return tuple(
        line(Said(title, text, none), (_by_depth(say, name, worst),), unit, steps)
        for name, worst, title, unit, steps, text in told
    )


def _by_depth(say: Say, name: str, worst: str) -> Query:
    far = {
        "max": say("Trockenster", "Driest"),
        "min": say("Kältester", "Coldest") if name == "soil_temperature_c" else say("Trockenster", "Driest"),
    }
    what = ", ".join(
        (aggregate("mean", "soil", name, say("Mittel", "Mean")), aggregate(worst, "soil", name, far[worst]))
    )
    return Query(_CHOSEN.over_time("soil", what, ("depth_cm",)), "time_series", "$col $tag_depth_cm cm")


def _watered(say: Say) -> Panel:
    said = Said(
        say("Wässerungen", "Waterings"),
        say("Erkannt am Anstieg der Feuchte; Regen ist davon nicht zu unterscheiden. Höchstens hundert.",
            "Found by the rise of moisture; rain looks the same. At most 100."),
        say("keine im Zeitraum erkannt", "none found in this time"),
    )  # fmt: skip
    columns = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "asset_id": Column(say("Baum", "Tree")),
        "before": Column(say("Vorher", "Before"), more=(("decimals", 2),)),
        "after": Column(say("Nachher", "After"), more=(("decimals", 2),)),
        "uncertainty_s": Column(say("Spätestens seit", "At most before"), "s"),
    }
    return table(said, (_CHOSEN.event_rows("watered"),), columns, columns["Time"].title, 8)
