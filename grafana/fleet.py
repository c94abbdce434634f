"""The board of all devices: who is silent and for how long, whose radio or battery needs somebody to go there."""

from __future__ import annotations

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
    rising,
    states,
    table,
    tile,
    to_device,
    to_open_data,
    uid,
)
from .technical_influxql import aggregate, city, devices_in, newest, newest_rows, over_time
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
            _timeline(say),
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


def _timeline(say: Say) -> Panel:
    said = say("Wann Geräte verspätet oder stumm waren; was sich immer meldete, steht nicht hier.",
               "When devices were late or silent; those that always spoke are not here.")  # fmt: skip
    trouble = f'{city()} AND "state_code" > 0'
    query = over_time("device_health", aggregate("max", "device_health", "state_code"), ("device_id",), trouble)
    return Panel(
        kind="state-timeline",
        title=say("Ausfälle im Verlauf", "Outages over time"),
        description=said,
        queries=(Query(query, "time_series", "$tag_device_id"),),
        size=(24, 10),
        unit="none",
        steps=PLAIN,
        no_value=say("keine Ausfälle: gut", "no outages: good"),
        defaults={"mappings": states(say), "custom": {"lineWidth": 0, "fillOpacity": 80, "spanNulls": False}},
        options={"mergeValues": True, "showValue": "never", "rowHeight": 0.8, "legend": {"showLegend": True}},
        interval="1h",
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
    told = (
        ("battery_pct", "min", say(BATTERY, "Battery"), say("Der niedrigste je Gerät.", "The lowest of each device."),
         "percent", _BATTERY),
        ("loss_pct", "max", say("Verlust", "Loss"), say("Frames eines Tages, die fehlen.", "A day's missing frames."),
         "percent", _LOSS),
    )  # fmt: skip
    return tuple(
        lines(
            Said(title, text, _empty(say)),
            (
                Query(
                    over_time("device_health", aggregate(function, "device_health", name), ("device_id",), city()),
                    "time_series",
                    "$tag_device_id",
                ),
            ),
            unit,
            steps,
            "1h",
        )
        for name, function, title, text, unit, steps in told
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
