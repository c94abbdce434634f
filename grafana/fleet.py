"""The board of all devices: who is silent and for how long, whose radio or battery needs somebody to go there."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .dashboard import Choice, Dashboard, Panel, Query
from .influxql import values_of
from .technical import (
    BAD,
    CALM,
    IN_COLOUR,
    LANGUAGES,
    LATE,
    PLAIN,
    Column,
    Language,
    Said,
    Say,
    coloured,
    falling,
    lines,
    painted,
    rising,
    states,
    table,
    tile,
    to_device,
    to_open_data,
    uid,
)
from .technical_influxql import aggregate, city, devices_in, devices_over_time, newest, newest_rows, over_time
from .wall import API, heads

UID: Final = "smartcity-fleet"
STATES, RADIO, BATTERY = "Geräte nach Schweigen", "Funk", "Batterie"
"""German titles of panels to which alarms lead."""
_DEVICE: Final = ("tenant", "asset_id", "device_id", "model")
_OTHERS: Final = (
    ("smartcity-device", "Gerät", "Device"),
    ("smartcity-pipeline", "Pipeline", "Pipeline"),
    ("smartcity-bins", "Behälter", "Bins"),
)
_HEADROOM, _MARGIN, _LOSS, _BATTERY = falling(5, 10), falling(5, 10), rising(5, 10), falling(20, 40)


def board(language: Language = "de") -> Dashboard:
    """All of it."""
    say = LANGUAGES[language]
    return Dashboard(
        uid=uid(UID, language),
        title=say("Flotte", "Fleet"),
        description=say(
            "Alle Geräte: wer schweigt, wessen Funk schwach ist, wessen Batterie zu Ende geht.",
            "All devices: who is silent, whose radio is weak, whose battery is running out.",
        ),
        panels=(
            *_counts(say),
            _silent(say, language),
            _outages(say),
            _radio(say, language),
            *_history(say),
            _strangers(say),
        ),
        choices=(Choice("city", say("Stadt", "City"), values_of("device_health", "tenant")), API),
        links=heads(say, language, *_OTHERS),
    )


def _empty(say: Say) -> str:
    return say("keine Geräte: Verzeichnis, `smartcity ingest derive` und Stadt prüfen",
               "no devices: check registry, `smartcity ingest derive` and city")  # fmt: skip


def _counts(say: Say) -> tuple[Panel, ...]:
    said = (
        (0, say("Melden sich", "Online"), say("So oft wie sonst auch.", "As often as they usually do."), CALM),
        (1, say("Verspätet", "Late"),
         say("Still seit über 2,5 üblichen Abständen.", "Silent for more than 2.5 usual intervals."), LATE),
        (2, say("Stumm", "Silent"),
         say("Länger still als sechs Abstände oder ein Tag.", "Silent for six intervals or a day."), BAD),
    )  # fmt: skip
    return tuple(
        tile(Said(title, text, _empty(say)), devices_in(state), "none", ((None, CALM), (1, colour)))
        for state, title, text, colour in said
    )


def _who(say: Say, language: Language) -> dict[str, Column]:
    return {
        "device_id": Column(say("Gerät", "Device"), more=to_device(say, language)),
        "asset_id": Column(say("Steht an", "Stands at"), more=to_open_data(say)),
        "tenant": Column(say("Stadt", "City")),
        "model": Column(say("Modell", "Model")),
    }


def _silent(say: Say, language: Language) -> Panel:
    said = Said(
        say(STATES, "Devices by silence"),
        say("Die am längsten schweigen zuerst. Ein Klick auf das Gerät zeigt seine letzten Meldungen.",
            "The longest silent first. A click on the device shows its last messages."),
        _empty(say),
    )  # fmt: skip
    age = Column(say("Zuletzt gehört vor", "Last heard"), "s", coloured(rising(6 * 3600, 24 * 3600)))
    columns = _who(say, language) | {
        "age_s": age,
        "state_code": Column(say("Zustand", "State"), more=_state(say)),
        "interval_s": Column(say("Üblicher Abstand", "Usual interval"), "s"),
        "battery_pct": Column(say("Batterie", "Battery"), "percent", coloured(_BATTERY)),
        "battery_v": Column(say("Spannung", "Voltage"), "volt"),
    }  # fmt: skip
    names = (("state_code",), ("age_s", "interval_s", "battery_pct", "battery_v"))
    return table(said, newest("device_health", names, _DEVICE, city()), columns, age.title, 12)


def _state(say: Say) -> tuple[tuple[str, object], ...]:
    return ("mappings", states(say)), IN_COLOUR


def _outages(say: Say) -> Panel:
    """Bars on top of each other: an hour of which nothing is known has none, and looks like no other."""
    said = Said(
        say("Ausfälle im Verlauf", "Outages over time"),
        say("Wie viele Geräte sich meldeten, verspätet oder stumm waren. Wer: in der Liste, auf dem Board des Geräts.",
            "How many devices were online, late or silent. Which: in the list and on the device's board."),
        _empty(say),
    )  # fmt: skip
    words = {
        0: (say("meldeten sich", "online"), CALM),
        1: (say("verspätet", "late"), LATE),
        2: (say("stumm", "silent"), BAD),
    }
    queries = tuple(Query(devices_over_time(state), "time_series", word) for state, (word, _) in words.items())
    drawn = {"drawStyle": "bars", "lineWidth": 0, "fillOpacity": 80, "stacking": {"mode": "normal", "group": "A"}}
    return replace(
        lines(said, queries, "none", PLAIN, "1h"),
        size=(24, 8),
        defaults={"custom": drawn, "decimals": 0, "min": 0},
        overrides=tuple(painted(word, colour) for word, colour in words.values()),
    )


def _radio(say: Say, language: Language) -> Panel:
    said = Said(
        say(RADIO, "Radio"),
        say("Mediane. Reserve: SNR über der Grenze von SF12; Marge: über der des benutzten SF. Gut ab 10 dB.",
            "Medians. Headroom: SNR above the floor of SF12; margin: of the SF in use. Good from 10 dB."),
        _empty(say),
    )  # fmt: skip
    loss = Column(say("Verlust", "Loss"), "percent", coloured(_LOSS))
    columns = _who(say, language) | {
        "loss_pct": loss,
        "headroom_db": Column(say("Reserve", "Headroom"), "dB", coloured(_HEADROOM)),
        "link_margin_db": Column(say("Marge", "Margin"), "dB", coloured(_MARGIN)),
        "snr_db": Column("SNR", "dB"),
        "spreading_factor": Column("SF"),
        "rssi_dbm": Column("RSSI", "dBm"),
        "gateways": Column("Gateways"),
        "received": Column(say("Empfangen (24 h)", "Received (24 h)")),
    }
    perhaps = tuple(name for name in columns if name not in (*_DEVICE, "received"))
    rows = newest("device_health", (("received",), perhaps), _DEVICE, city())
    return table(said, rows, columns, loss.title, 12)


def _history(say: Say) -> tuple[Panel, ...]:
    """Three lines for all devices: a line each is not to be read, and not to be had in time, of a thousand.

    The percentile 100 is the maximum in a third of the time.
    """
    told = (
        ("battery_pct", ("min", "percentile 10", "median"), say(BATTERY, "Battery"),
         say("Der schwächste, das schwächste Zehntel, die Mitte. Welche: in der Liste.",
             "The weakest, the weakest tenth, the middle. Which: in the list."),
         "percent", _BATTERY),
        ("loss_pct", ("percentile 100", "percentile 90", "median"), say("Verlust", "Loss"),
         say("Frames eines Tages, die fehlen: das schlechteste Gerät, das schlechteste Zehntel, die Mitte.",
             "A day's missing frames: the worst device, the worst tenth, the middle."),
         "percent", _LOSS),
    )  # fmt: skip
    names = (say("am schlechtesten", "worst"), say("schlechtestes Zehntel", "worst tenth"), say("Mitte", "middle"))
    return tuple(
        lines(
            Said(title, text, _empty(say)),
            tuple(
                Query(
                    over_time("device_health", aggregate(what, "device_health", name), (), city()), "time_series", said
                )
                for what, said in zip(functions, names, strict=True)
            ),
            unit,
            steps,
            "1h",
        )
        for name, functions, title, text, unit, steps in told
    )


def _strangers(say: Say) -> Panel:
    said = Said(
        say("Unbekannte Geräte", "Unknown devices"),
        say("Sie senden und stehen nicht im Verzeichnis. Eintragen, dann `smartcity dead-letters replay`.",
            "They send and are not in the registry. Enter them, then `smartcity dead-letters replay`."),
        say("keine: gut", "none: good"),
    )  # fmt: skip
    time = Column(say("Zuletzt", "Last"), "dateTimeAsLocal")
    columns = {
        "Time": time,
        "device_id": Column(say("Gerät", "Device")),
        "letter": Column(say("Brief", "Letter")),
        "detail": Column(say("Einzelheit", "Detail")),
    }
    unknown = "\"name\" = 'observe/unknown_device'"
    rows = newest_rows("dead_letter", ("letter", "detail"), ("device_id",), unknown)
    return table(said, (rows,), columns, time.title, 8)
