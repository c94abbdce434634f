"""The board of one device, for the installer who stands in front of it: does it work, and if not, why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .dashboard import Choice, Dashboard, Json, Panel, Query, Step
from .influxql import known, values_of
from .technical import (
    BAD,
    CALM,
    DEVICE_BOARD,
    LANGUAGES,
    LATE,
    ON_COLOUR,
    PLAIN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    falling,
    limited,
    lines,
    mapped,
    rising,
    states,
    table,
    tile,
    to_open_data,
    uid,
)
from .technical_influxql import (
    NEWEST,
    OF_LATE,
    link_over_time,
    newest,
    newest_number,
    newest_rows,
    one_device,
    over_time,
    uplinks,
)
from .wall import API, heads

UID: Final = DEVICE_BOARD
_OTHERS: Final = (("smartcity-fleet", "Alle Geräte", "All devices"), ("smartcity-pipeline", "Pipeline", "Pipeline"))
_KINDS: Final = ("bin_level", "soil", "device_status")
_LINK_STEPS: Final = falling(5, 10)
_NEVER: Final = ("nichts von diesem Gerät: Kennung, Zeitraum, Verzeichnis prüfen",
                 "nothing of this device: check id, time and registry")  # fmt: skip


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    return Dashboard(
        uid=uid(UID, language),
        title=say("Gerät", "Device"),
        description=say(
            "Ein Gerät beim Einbau: meldet es sich, wird es gelesen, reicht der Funk, was ging verloren.",
            "One device being installed: does it speak, is it decoded, is the radio good enough, what was lost.",
        ),
        panels=(
            *_verdict(say),
            _outages(say),
            _place(say),
            _uplinks(say),
            *_link(say),
            *_condition(say),
            _letters(say),
            _events(say),
        ),
        choices=(Choice("device", say("Gerät", "Device"), values_of("device_health", "device_id"), number="one"), API),
        links=heads(say, language, *_OTHERS),
        since="now-2d",
        refresh="1m",
    )


def _verdict(say: Say) -> tuple[Panel, ...]:
    """The words of states stand in the tiles: colour alone says nothing."""
    late = f"{one_device()} AND {OF_LATE}"
    told = (
        (say("Funktioniert?", "Does it work?"),
         say("Meldet es sich so oft wie üblich? Das Urteil von `smartcity ingest derive`, jede Minute neu.",
             "Does it speak as often as usual? Judged by `smartcity ingest derive` every minute."),
         "state_code", "none", PLAIN, states(say)),
        (say("Zuletzt gehört vor", "Last heard"), say("Alter der neuesten Meldung.", "Age of the newest message."),
         "age_s", "s", rising(6 * 3600, 24 * 3600), None),
        (say("Reserve", "Headroom"),
         say("Median SNR über der Grenze von SF12: gut ab 10 dB, unter 5 dB fällt es aus.",
             "Median SNR above the floor of SF12: good from 10 dB, below 5 dB it will fail."),
         "headroom_db", "dB", _LINK_STEPS, None),
        (say("Verlust", "Loss"), say("Frames des letzten Tages, die fehlen.", "Frames of the last day that are gone."),
         "loss_pct", "percent", rising(5, 10), None),
        (say("Empfangen in 24 h", "Received in 24 h"),
         say("Frames, die ankamen. Zehn sagen erst: vorläufig gut.", "Frames that came. Ten only say: good so far."),
         "received", "none", falling(1, 10), None),
    )  # fmt: skip
    tiles = tuple(
        tile(Said(title, text, say(*_NEVER)), newest_number("device_health", name, only=late), unit, steps, mappings)
        for title, text, name, unit, steps, mappings in told
    )
    read = Said(
        say("Gelesen?", "Decoded?"),
        say("Güte der neuesten Messung; was gar nicht lesbar war, steht unten bei den unzustellbaren.",
            "Quality of the newest measurement; what could not be read at all is below, among the dead letters."),
        say("keine Messung gelesen", "no measurement decoded"),
    )  # fmt: skip
    measured = tuple(
        Query(newest_number(kind, "quality", only=one_device()), "time_series") for kind in ("bin_level", "soil")
    )
    return (*tiles, replace(tile(read, "", "none", PLAIN, _quality(say)), queries=measured))


def _outages(say: Say) -> Panel:
    said = say("Wann es sich meldete, verspätet oder stumm war; wo nichts steht, ist nichts bekannt.",
               "When it was online, late or silent; where nothing is, nothing is known.")  # fmt: skip
    query = over_time("device_health", 'max("state_code")', only=one_device())
    return Panel(
        kind="state-timeline",
        title=say("Ausfälle im Verlauf", "Outages over time"),
        description=said,
        queries=(Query(query, "time_series", say("Zustand", "State")),),
        size=(24, 4),
        unit="none",
        steps=PLAIN,
        no_value=say(*_NEVER),
        defaults={"mappings": states(say), "custom": {"lineWidth": 0, "fillOpacity": 80, "spanNulls": False}},
        options={"mergeValues": True, "showValue": "auto", "rowHeight": 0.8, "legend": {"showLegend": False}},
        interval="1h",
    )


def _place(say: Say) -> Panel:
    said = Said(
        say("Wo es steht", "Where it stands"),
        say("Laut Verzeichnis, mit den offenen Daten des Ortes; daneben, was der letzte Tag gebracht hat.",
            "By the registry, with the open data of the place; beside it what the last day has brought."),
        say(*_NEVER),
    )  # fmt: skip
    columns = {
        "asset_id": Column(say("Steht an", "Stands at"), more=to_open_data(say)),
        "tenant": Column(say("Stadt", "City")),
        "model": Column(say("Modell", "Model")),
        "interval_s": Column(say("Üblicher Abstand", "Usual interval"), "s"),
        "received": Column(say("Empfangen (24 h)", "Received (24 h)")),
        "missing": Column(say("Fehlend (24 h)", "Missing (24 h)")),
    }
    names = (("state_code", "received"), ("interval_s", "missing"))
    rows = newest("device_health", names, ("tenant", "asset_id", "model"), one_device())
    return table(said, rows, columns, columns["asset_id"].title, 4)


def _quality(say: Say) -> list[Json]:
    words = {
        1: (say("ja", "yes"), CALM),
        2: (say("ja, ungeprüft", "yes, not checked"), CALM),
        3: (say("fraglich", "doubtful"), LATE),
        4: (say("nein, falsch", "no, wrong"), BAD),
        9: (say("nein, fehlt", "no, missing"), BAD),
    }
    return mapped(words)


def _uplinks(say: Say) -> Panel:
    said = Said(
        say("Letzte 20 Meldungen", "Last 20 uplinks"),
        say("Jede Meldung mit ihrem Funk. Marge: SNR über der Grenze des benutzten SF.",
            "Each message with its radio. Margin: SNR above the floor of the spreading factor in use."),
        say(*_NEVER),
    )  # fmt: skip
    columns = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "f_cnt": Column(say("Zähler", "Counter")),
        "f_port": Column("Port"),
        "quality": Column(say("Güte", "Quality"), more=(("mappings", _quality(say)), ON_COLOUR)),
        "quality_codes": Column(say("Auffällig", "Remarks")),
        "margin": Column(say("Marge", "Margin"), "dB", coloured(_LINK_STEPS)),
        "headroom": Column(say("Reserve", "Headroom"), "dB", coloured(_LINK_STEPS)),
        "snr_db": Column("SNR", "dB"),
        "rssi_dbm": Column("RSSI", "dBm"),
        "spreading_factor": Column("SF"),
        "gateways": Column("Gateways"),
        "gateway": Column(say("Bestes Gateway", "Best gateway")),
    }
    rows = tuple(one for kind in _KINDS for one in uplinks(kind))
    return limited(table(said, rows, columns, columns["Time"].title, 11), NEWEST)


def _over_time(said: Said, what: str, unit: str, steps: tuple[Step, ...]) -> Panel:
    """One line: a device is of one kind, the queries of the others find nothing."""
    queries = tuple(Query(over_time(kind, what, only=one_device()), "time_series", said.title) for kind in _KINDS)
    return lines(said, queries, unit, steps)


def _link(say: Say) -> tuple[Panel, ...]:
    said = Said(
        say("Reserve und Marge", "Headroom and margin"),
        say("Unter 5 dB fallen Meldungen aus, unter 10 dB ist es knapp: Laub und Schnee kosten noch einmal 5 dB.",
            "Below 5 dB messages are lost, below 10 dB it is tight: leaves and snow cost another 5 dB."),
        say(*_NEVER),
    )  # fmt: skip
    gateways = Said(
        say("Gehört von Gateways", "Heard by gateways"),
        say("Zwei und mehr: fällt eines aus, hört das andere.", "Two and more: when one is gone the other hears."),
        say(*_NEVER),
    )
    queries = tuple(Query(link_over_time(kind), "time_series", "$col") for kind in _KINDS)
    link = replace(
        lines(said, queries, "dB", _LINK_STEPS),
        overrides=(_named("headroom", say("Reserve", "Headroom")), _named("margin", say("Marge", "Margin"))),
    )
    return link, _over_time(gateways, 'mean("gateways")', "none", falling(1, 2))


def _named(series: str, title: str) -> Json:
    return {"matcher": {"id": "byName", "options": series}, "properties": [{"id": "displayName", "value": title}]}


def _condition(say: Say) -> tuple[Panel, ...]:
    percent = Said(
        say("Batterie", "Battery"),
        say("Was das Gerät oder der Netzserver meldet.", "As the device or the network server says."),
        say("keine Angabe", "not told"),
    )
    volts = Said(
        say("Batteriespannung", "Battery voltage"),
        say(
            "Lithiumzellen halten ihre Spannung bis kurz vor Schluss.",
            "Lithium cells keep their voltage until the end.",
        ),
        say("keine Angabe", "not told"),
    )
    return (
        _over_time(percent, 'min("battery_pct")', "percent", falling(20, 40)),
        _over_time(volts, 'min("battery_v")', "volt", falling(2.8, 3.3)),
    )


def _letters(say: Say) -> Panel:
    said = Said(
        say("Unzustellbares dieses Geräts", "Dead letters of this device"),
        say("Meldungen, die nicht gelesen oder nicht zugeordnet werden konnten, mit ihrem Grund.",
            "Messages that could not be decoded or assigned, with their reason."),
        say("keine: gut", "none: good"),
    )  # fmt: skip
    columns = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "name": Column(say("Grund", "Reason")),
        "letter": Column(say("Nummer", "Number")),
        "detail": Column(say("Einzelheit", "Detail")),
    }
    rows = newest_rows("dead_letter", ("letter", "detail"), ("name",), one_device(), 20)
    return limited(table(said, (rows,), columns, columns["Time"].title, 8), 20)


def _events(say: Say) -> Panel:
    said = Said(
        say("Ereignisse", "Events"),
        say("Beitritte zum Netz und was der Netzserver sonst von diesem Gerät sagt.",
            "Joins, and what else the network server says of this device."),
        say("keine im Zeitraum", "none in this time"),
    )  # fmt: skip
    columns = {
        "Time": Column(say("Zeit", "Time"), "dateTimeAsLocal"),
        "code": Column(say("Ereignis", "Event")),
        "text": Column(say("Text", "Text")),
    }
    told = f"{one_device()} AND {known('event', 'text')}"
    rows = (newest_rows("event", ("code",), (), one_device(), 20), newest_rows("event", ("code", "text"), (), told, 20))
    return limited(table(said, rows, columns, columns["Time"].title, 8), 20)
