"""Alarms of bins and trees: what crews have to go to."""

from __future__ import annotations

from typing import Final

from .query import ASSET, DEVICE, PROBE, number, warming
from .rule import Group, Message, Place, Rule, above, below, code

HOT_C: Final = 60.0
WARMING_K: Final = 15.0
DRY_KPA: Final = 80.0
WET_KPA: Final = 5.0
_STATES: Final = "6h"
"""States stand at the beginning of their hour; an outage of what writes them does not end alarms at once."""
_BIN: Final = "Behälter {{ $labels.asset_id }} ({{ $labels.tenant }})"
_BIN_EN: Final = "Bin {{ $labels.asset_id }} ({{ $labels.tenant }})"
_TREE: Final = "Baum {{ $labels.asset_id }} ({{ $labels.tenant }})"
_TREE_EN: Final = "Tree {{ $labels.asset_id }} ({{ $labels.tenant }})"
_DEPTH: Final = "{{ $labels.depth_cm }} cm"
_VALUE: Final = '{{ with $values }}{{ printf "%.0f" .B.Value }}{{ end }}'

_DUE: Final = Message(
    ("Behälter fällig", "Bin due"),
    (f"{_BIN} ist fällig.", f"{_BIN_EN} is due."),
    (
        "In die nächste Tour nehmen. Der Alarm endet, wenn der Füllstand zehn Punkte unter der Schwelle liegt.",
        "Take it into the next tour. The alarm ends when the level is ten points below the threshold.",
    ),
)
_OVERFULL: Final = Message(
    ("Behälter überfüllt", "Bin overfull"),
    (f"{_BIN} ist überfüllt.", f"{_BIN_EN} is overfull."),
    ("Heute leeren und prüfen, ob Abfall daneben liegt.", "Empty it today and look for waste beside it."),
)
_HOT: Final = Message(
    ("Behälter heiß: Brand?", "Bin hot: fire?"),
    (f"{_BIN} meldet {_VALUE} °C.", f"{_BIN_EN} says {_VALUE} °C."),
    (
        "Sofort nachsehen, bei Rauch oder Feuer 112 rufen. Auch ein Sensor, der danach schweigt, kann brennen.",
        "Look at once; with smoke or fire call 112. A sensor that falls silent after this may be burning too.",
    ),
)
_WARMING: Final = Message(
    ("Behälter wird schnell warm", "Bin warms up fast"),
    (
        f"{_BIN} ist in einer halben Stunde um {_VALUE} K wärmer geworden.",
        f"{_BIN_EN} is {_VALUE} K warmer than half an hour ago.",
    ),
    (
        "Nachsehen, ob es schwelt; die Sonne auf einem dunklen Behälter kann es auch sein.",
        "Look whether something smoulders; it may be the sun on a dark bin.",
    ),
)
_SETTLED: Final = '"settling" = false'
"""A probe that was just buried says little of the soil around it."""
_WATER: Final = Message(
    ("Baum braucht Wasser", "Tree needs water"),
    (f"{_TREE} braucht seit einem Tag Wasser.", f"{_TREE_EN} has needed water for a day."),
    (
        "In die nächste Gießtour nehmen; die Menge steht auf der Tafel der Bäume.",
        "Take it into the next watering tour; the board of the trees says how much.",
    ),
)
_DRY: Final = Message(
    ("Boden sehr trocken", "Soil very dry"),
    (
        f"{_TREE}: Saugspannung seit einem Tag über {DRY_KPA:g} kPa, mindestens {_VALUE}.",
        f"{_TREE_EN}: tension above {DRY_KPA:g} kPa for a day, at least {_VALUE}.",
    ),
    (
        "Vorrangig gießen. Bleibt es nach dem Gießen so, hat die Sonde vielleicht keinen Kontakt zum Boden.",
        "Water it first. If that changes nothing the probe may have lost contact with the soil.",
    ),
)
_WET: Final = Message(
    ("Boden zu nass", "Soil too wet"),
    (
        f"{_TREE}: in {_DEPTH} seit sieben Tagen unter {WET_KPA:g} kPa.",
        f"{_TREE_EN}: below {WET_KPA:g} kPa at {_DEPTH} for seven days.",
    ),
    (
        "Nicht gießen; Staunässe, undichte Leitung oder zu häufiges Gießen prüfen.",
        "Do not water; look for waterlogging, a leaking pipe or watering too often.",
    ),
)


def bins(state: Place, temperature: Place) -> Group:
    """`state`, `temperature`: the panels that show it.

    A state turns by two readings and is left ten points below its threshold: no alarm has to wait for a second one.
    """
    of_each = number("last", "bin_state", "state_code", ASSET)
    heat = number("last", "bin_level", "temperature_c", DEVICE)
    due = Rule("smartcity-bin-due", "info", of_each, _STATES, code(2, 3), _DUE, state, pending="10m")
    overfull = Rule("smartcity-bin-overfull", "warning", of_each, _STATES, code(3, 3), _OVERFULL, state, pending="5m")
    hot = Rule("smartcity-bin-hot", "critical", heat, _STATES, above(HOT_C), _HOT, temperature)
    faster = warming("bin_level", "temperature_c", DEVICE)
    warm = Rule("smartcity-bin-warming", "warning", faster, "30m", above(WARMING_K), _WARMING, temperature)
    return Group("bins", "1m", (due, overfull, hot, warm))


def trees(need: Place, moisture: Place) -> Group:
    """`need`, `moisture`: the panels that show it.

    What holds for a day is the least of that day; a wait of a day would begin anew whenever Grafana does.
    """
    state = number("min", "tree_state", "state_code", ASSET, _SETTLED)
    driest = number("min", "tree_state", "soil_tension_kpa", ASSET, _SETTLED)
    wettest = number("max", "soil", "soil_tension_kpa", PROBE, '"depth_cm" =~ /^(60|90)$/ AND "quality" <= 2')
    water = Rule("smartcity-tree-water", "warning", state, "24h", code(2, 2), _WATER, need, pending="30m")
    dry = Rule("smartcity-tree-dry", "warning", driest, "24h", above(DRY_KPA), _DRY, moisture, pending="30m")
    wet = Rule("smartcity-tree-wet", "info", wettest, "7d", below(WET_KPA), _WET, moisture, pending="1d")
    return Group("green", "5m", (water, dry, wet))
