"""Alarms of devices: what installers have to go to. A device in stock may be silent: only installed ones count."""

from __future__ import annotations

from typing import Final

from .query import DEVICE, PROBE, in_time, number, rise, spread
from .rule import Group, Message, Place, Rule, above, below, code

WEAK_DB: Final = 5.0
FALL_DB: Final = 6.0
LOSS_PCT: Final = 10.0
EMPTY_PCT: Final = 20.0
EMPTY_V: Final = 2.8
"""Lithium cells keep their voltage until the end; below this few messages are left."""
_INSTALLED: Final = "\"asset_id\" != ''"
_ENOUGH: Final = '"received" + "missing" >= 10'
_HEALTH: Final = "6h"
"""States stand at the beginning of their hour."""
_WHO: Final = "Gerät {{ $labels.device_id }} an {{ $labels.asset_id }} ({{ $labels.tenant }})"
_WHO_EN: Final = "Device {{ $labels.device_id }} at {{ $labels.asset_id }} ({{ $labels.tenant }})"
_VALUE: Final = '{{ with $values }}{{ printf "%.1f" .B.Value }}{{ end }}'

_LATE: Final = Message(
    ("Gerät verspätet", "Device late"),
    (f"{_WHO} hat länger als üblich nichts gesagt.", f"{_WHO_EN} has said nothing for longer than usual."),
    (
        "Abwarten. Sind viele Geräte zugleich verspätet, Gateway und Netz prüfen.",
        "Wait. If many devices are late at once look at gateway and network.",
    ),
)
_SILENT: Final = Message(
    ("Gerät stumm", "Device silent"),
    (f"{_WHO} schweigt.", f"{_WHO_EN} is silent."),
    (
        "Tafel Gerät öffnen: Batterie, Funk, letzte Meldung. Dann hinfahren: Gerät da, trocken, frei von Laub?",
        "Open the board Device: battery, radio, last message. Then go there: in place, dry, free of leaves?",
    ),
)
_WEAK: Final = Message(
    ("Funk schwach", "Radio weak"),
    (f"{_WHO}: nur noch {_VALUE} dB Reserve.", f"{_WHO_EN}: only {_VALUE} dB of headroom left."),
    (
        "Antenne, Deckel und Standort prüfen; hilft das nicht, fehlt dort ein Gateway.",
        "Check antenna, lid and place; if that does not help a gateway is missing there.",
    ),
)
_FALLING: Final = Message(
    ("Funk wird schlechter", "Radio is falling"),
    (f"{_WHO}: Reserve in sieben Tagen um {_VALUE} dB.", f"{_WHO_EN}: headroom by {_VALUE} dB in seven days."),
    (
        "Was hat sich verändert: Laub, Schnee, Container davor, Antenne, ein Gateway, das fehlt?",
        "What has changed: leaves, snow, a container in front, the antenna, a gateway that is gone?",
    ),
)
_LOSSY: Final = Message(
    ("Meldungen gehen verloren", "Messages are lost"),
    (f"{_WHO}: {_VALUE} % der Meldungen fehlen.", f"{_WHO_EN}: {_VALUE} % of its messages are missing."),
    (
        "Ist die Reserve gut, Gateway und Netzserver prüfen; sonst wie bei schwachem Funk.",
        "If the headroom is good look at gateway and network server; else as with weak radio.",
    ),
)
_CHANGE: Final = (
    "Tausch einplanen; danach im Verzeichnis als neue Montage eintragen.",
    "Plan to change it; then enter it in the registry as a new installation.",
)
_LOW: Final = Message(
    ("Batterie schwach", "Battery low"),
    (f"{_WHO}: Batterie bei {_VALUE} %.", f"{_WHO_EN}: battery at {_VALUE} %."),
    _CHANGE,
)
_LOW_VOLTAGE: Final = Message(
    ("Batteriespannung niedrig", "Battery voltage low"),
    (f"{_WHO}: Batterie bei {_VALUE} V.", f"{_WHO_EN}: battery at {_VALUE} V."),
    _CHANGE,
)


_ENDING: Final = Message(
    ("Batterie hält keine 60 Tage", "Battery ends within 60 days"),
    (
        f"{_WHO}: verliert sie weiter wie in den letzten 30 Tagen, ist sie in 60 Tagen leer.",
        f"{_WHO_EN}: losing as in the last 30 days it is empty in 60.",
    ),
    (
        "Wechsel einplanen; sendet das Gerät öfter als nötig oder mit hohem SF, erst das ändern.",
        "Plan its change; if the device sends more often than needed or at a high SF mend that first.",
    ),
)


_PROBE_AT: Final = "{{ $labels.asset_id }} ({{ $labels.tenant }}), {{ $labels.depth_cm }}"
_STUCK: Final = Message(
    ("Abstand unverändert", "Distance unchanged"),
    (f"{_WHO} misst seit einem Tag genau dasselbe.", f"{_WHO_EN} has measured exactly the same for a day."),
    (
        "Ist der Behälter in Gebrauch, den Sensor ansehen: verdeckt, verschmutzt, verklemmt?",
        "If the bin is in use look at the sensor: covered, dirty, stuck?",
    ),
)
_SOIL_STUCK: Final = Message(
    ("Bodenfeuchte unverändert", "Soil moisture unchanged"),
    (
        f"Baum {_PROBE_AT} cm seit sieben Tagen genau dasselbe.",
        f"Tree {_PROBE_AT} cm exactly the same for seven days.",
    ),
    ("Die Sonde prüfen: Kabel, Stecker, Kontakt zum Boden.", "Check the probe: cable, plug, contact with the soil."),
)
_USED: Final = 12
"""Readings of a day, or of a week, before their sameness says anything."""


def devices(state: Place, radio: Place, battery: Place, level: Place, moisture: Place) -> Group:
    """`state`, `radio`, `battery`, `level`, `moisture`: the panels that show it."""
    return Group("field", "5m", (*_speech(state), *_radio(radio), *_battery(battery), *_stuck(level, moisture)))


def _newest(name: str, also: str = "") -> str:
    return number("last", "device_health", name, DEVICE, f"{_INSTALLED} AND {also}" if also else _INSTALLED)


def _speech(shown: Place) -> tuple[Rule, ...]:
    """The state knows the usual interval of each device, and that a day is too long for nearly all."""
    state = _newest("state_code")
    return (
        Rule("smartcity-device-late", "info", state, _HEALTH, code(1, 1), _LATE, shown, pending="1h"),
        Rule("smartcity-device-silent", "warning", state, _HEALTH, code(2, 2), _SILENT, shown, pending="10m"),
    )


def _radio(shown: Place) -> tuple[Rule, ...]:
    headroom, loss = _newest("headroom_db"), _newest("loss_pct", _ENOUGH)
    change = rise("device_health", "headroom_db", DEVICE, _INSTALLED)
    return (
        Rule("smartcity-radio-weak", "info", headroom, _HEALTH, below(WEAK_DB), _WEAK, shown, pending="1h"),
        Rule("smartcity-radio-falling", "info", change, "7d", below(-FALL_DB), _FALLING, shown, pending="1h"),
        Rule("smartcity-radio-loss", "info", loss, _HEALTH, above(LOSS_PCT), _LOSSY, shown, pending="1h"),
    )


def _battery(shown: Place) -> tuple[Rule, ...]:
    percent, volts = _newest("battery_pct"), _newest("battery_v", '"battery_v" > 0')
    in_60_days = in_time(2, "device_health", "battery_pct", DEVICE, _INSTALLED)
    return (
        Rule("smartcity-battery-percent", "info", percent, _HEALTH, below(EMPTY_PCT), _LOW, shown, pending="1h"),
        Rule("smartcity-battery-voltage", "info", volts, _HEALTH, below(EMPTY_V), _LOW_VOLTAGE, shown, pending="1h"),
        Rule("smartcity-battery-ending", "info", in_60_days, "30d", below(0.0), _ENDING, shown, pending="1h"),
    )


def _stuck(level: Place, moisture: Place) -> tuple[Rule, ...]:
    """The same to the last digit: a bin that nobody uses still has the noise of its sensor."""
    good = f'{_INSTALLED} AND "quality" <= 2'
    distance = spread("bin_level", "distance_mm", DEVICE, _USED, good)
    water = spread("soil", "soil_moisture_pct", PROBE, _USED, good)
    return (
        Rule("smartcity-bin-stuck", "info", distance, "24h", below(1e-6), _STUCK, level, pending="1h"),
        Rule("smartcity-soil-stuck", "info", water, "7d", below(1e-6), _SOIL_STUCK, moisture, pending="1h"),
    )
