"""Alarms of the pipeline itself: what its operator has to look after before cities lose readings."""

from __future__ import annotations

from typing import Final

from .query import PART, number, rise
from .rule import Group, Message, Place, Rule, Threshold, above, below

OLDEST_S: Final = 600.0
SETTLED_S: Final = 900.0
SOURCE_S: Final = 1800.0
_ROWS: Final = "10m"
"""Rows come each minute."""
_PART: Final = "{{ $labels.name }}"
_VALUE: Final = '{{ with $values }}{{ printf "%.0f" .B.Value }}{{ end }}'

_ABSENT: Final = Message(
    ("Pipeline sagt nichts", "Pipeline says nothing"),
    ("Seit zehn Minuten keine Zeile der Pipeline.", "No row of the pipeline for ten minutes."),
    (
        "Läuft die Annahme, antwortet InfluxDB? Bis dahin ist auch kein anderer Alarm verlässlich.",
        "Does the intake run, does InfluxDB answer? Until then no other alarm can be relied on.",
    ),
)
_UNBALANCED: Final = Message(
    ("Bilanz geht nicht auf", "Books do not add up"),
    (f"Senke {_PART}: {_VALUE} Nachrichten ohne Verbleib.", f"Sink {_PART}: {_VALUE} messages unaccounted for."),
    (
        "`smartcity status` und das Protokoll der Annahme ansehen; nichts löschen, das Journal hat alles.",
        "Look at `smartcity status` and the intake's log; delete nothing, the journal has everything.",
    ),
)
_LAGS: Final = Message(
    ("Rückstand der Pipeline", "Pipeline lags"),
    (
        f"Senke {_PART}: die älteste Nachricht wartet seit {_VALUE} s.",
        f"Sink {_PART}: the oldest message has waited for {_VALUE} s.",
    ),
    (
        "Nimmt der Speicher an? Wird der Rückstand kleiner, holt die Pipeline auf: abwarten.",
        "Does the store take rows? If the backlog shrinks the pipeline is catching up: wait.",
    ),
)
_STUCK: Final = Message(
    ("Senke steht", "Sink is stuck"),
    (f"Senke {_PART} schließt seit {_VALUE} s nichts ab.", f"Sink {_PART} has settled nothing for {_VALUE} s."),
    (
        "Speicher und Zugangsdaten prüfen: `smartcity influx check`, dann das Protokoll der Annahme.",
        "Check store and credentials: `smartcity influx check`, then the intake's log.",
    ),
)
_SORT: Final = (
    "`smartcity dead-letters list` nennt Gründe und Geräte; ist es behoben: `smartcity dead-letters replay`.",
    "`smartcity dead-letters list` names reasons and devices; when it is mended: `smartcity dead-letters replay`.",
)
_GROWING: Final = Message(
    ("Unzustellbare nehmen zu", "Dead letters are growing"),
    (f"{_VALUE} unzustellbare Nachrichten mehr in einer Stunde.", f"{_VALUE} more dead letters within an hour."),
    _SORT,
)
_OPEN: Final = Message(
    ("Unzustellbare offen", "Dead letters open"),
    (f"{_VALUE} unzustellbare Nachrichten sind offen.", f"{_VALUE} dead letters are open."),
    _SORT,
)
_STRANGERS: Final = Message(
    ("Unbekannte Geräte", "Unknown devices"),
    (
        f"{_VALUE} Nachrichten von Geräten, die im Verzeichnis fehlen.",
        f"{_VALUE} messages of devices that the registry does not have.",
    ),
    (
        "Geräte eintragen; `smartcity dead-letters replay` holt ihre Nachrichten dann nach.",
        "Enter the devices; `smartcity dead-letters replay` then brings their messages in.",
    ),
)
_SILENT: Final = Message(
    ("Quelle schweigt", "Source is silent"),
    (f"Quelle {_PART}: letzte Nachricht vor {_VALUE} s.", f"Source {_PART}: last message {_VALUE} s ago."),
    (
        "Netzserver, Gateways und Zugangsdaten prüfen; `smartcity doctor` prüft den Broker.",
        "Check network server, gateways and credentials; `smartcity doctor` checks the broker.",
    ),
)
_ALARM: Final = Message(
    ("Alarm einer Quelle", "Alarm of a source"),
    (f"Quelle {_PART} meldet {_VALUE} Alarme.", f"Source {_PART} has {_VALUE} alarms."),
    (
        "Die Tafel Pipeline zeigt den Text: Sitzung verloren, QoS herabgesetzt, keine Nachricht.",
        "The board Pipeline shows the text: session lost, QoS lowered, no message.",
    ),
)


def pipeline(books: Place, backlog: Place, letters: Place, sources: Place) -> Group:
    """`books`, `backlog`, `letters`, `sources`: the panels that show it."""
    return Group("operations", "1m", (*_books(books), *_backlog(backlog), *_letters(letters), *_sources(sources)))


def _books(shown: Place) -> tuple[Rule, ...]:
    """No row at all is the alarm of the first: its number itself is never below 1."""
    rows, missing = number("count", "pipeline", "received"), number("last", "pipeline", "missing", PART)
    nobody_knows = Threshold("outside_range", (-0.5, 0.5))
    return (
        Rule("smartcity-pipeline-absent", "critical", rows, _ROWS, below(1), _ABSENT, shown, silence="Alerting"),
        Rule("smartcity-pipeline-books", "critical", missing, _ROWS, nobody_knows, _UNBALANCED, shown, pending="5m"),
    )


def _backlog(shown: Place) -> tuple[Rule, ...]:
    """A sink that has nothing to settle is not stuck."""
    oldest = number("last", "pipeline", "oldest_s", PART)
    settled = number("last", "pipeline", "settled_age_s", PART, '"backlog" > 0')
    return (
        Rule("smartcity-pipeline-backlog", "critical", oldest, _ROWS, above(OLDEST_S), _LAGS, shown, pending="5m"),
        Rule("smartcity-pipeline-stuck", "critical", settled, "5m", above(SETTLED_S), _STUCK, shown, pending="2m"),
    )


def _letters(shown: Place) -> tuple[Rule, ...]:
    more = rise("pipeline", "open_letters")
    still_open, strangers = (number("last", "pipeline", name) for name in ("open_letters", "unknown_devices"))
    return (
        Rule("smartcity-letters-growing", "warning", more, "1h", above(0), _GROWING, shown),
        Rule("smartcity-letters-open", "info", still_open, _ROWS, above(0), _OPEN, shown, pending="1h"),
        Rule("smartcity-unknown-devices", "info", strangers, _ROWS, above(0), _STRANGERS, shown, pending="1h"),
    )


def _sources(shown: Place) -> tuple[Rule, ...]:
    age, alarms = (number("last", "pipeline_source", name, PART) for name in ("last_message_age_s", "alarms"))
    return (
        Rule("smartcity-source-silent", "warning", age, _ROWS, above(SOURCE_S), _SILENT, shown, pending="5m"),
        Rule("smartcity-source-alarm", "warning", alarms, _ROWS, above(0), _ALARM, shown, pending="2m"),
    )
