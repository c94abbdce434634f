"""Units that a declared mapping may name, and how they become the unit of the vocabulary."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from decoders.quantities import QUANTITIES

Linear = tuple[float, float]
"""value in our unit = factor * value + offset"""

_SAME: Final = (1.0, 0.0)

_TO: Final[dict[str, dict[str, Linear]]] = {
    "mm": {"mm": _SAME, "cm": (10, 0), "dm": (100, 0), "m": (1000, 0), "in": (25.4, 0)},
    "L": {"L": _SAME, "l": _SAME, "m3": (1000, 0), "m³": (1000, 0), "mL": (0.001, 0), "ml": (0.001, 0)},
    "%": {"%": _SAME, "1": (100, 0), "m3/m3": (100, 0), "m³/m³": (100, 0)},
    "m3/m3": {"m3/m3": _SAME, "m³/m³": _SAME, "%": (0.01, 0)},
    "1": {"1": _SAME},
    "deg": {"deg": _SAME, "°": _SAME},
    "Cel": {"Cel": _SAME, "°C": _SAME, "[degF]": (5 / 9, -160 / 9), "°F": (5 / 9, -160 / 9), "K": (1, -273.15)},
    "kPa": {"kPa": _SAME, "cbar": _SAME, "hPa": (0.1, 0), "mbar": (0.1, 0), "Pa": (0.001, 0), "bar": (100, 0)},
    "uS/cm": {"uS/cm": _SAME, "µS/cm": _SAME, "mS/cm": (1000, 0), "dS/m": (1000, 0), "mS/m": (10, 0), "S/m": (1e4, 0)},
    "mg/kg": {"mg/kg": _SAME, "ppm": _SAME},
    "V": {"V": _SAME, "mV": (0.001, 0)},
    "dB[mW]": {"dB[mW]": _SAME, "dBm": _SAME},
    "dB": {"dB": _SAME},
}  # fmt: skip


def _nearest(word: str, known: list[str]) -> str:
    lower = {name.lower(): name for name in reversed(known)}
    close = get_close_matches(word.lower(), lower, n=1, cutoff=0.4)
    return f"did you mean {lower[close[0]]!r}?" if close else f"known are {', '.join(known)}."


def check_quantity(key: str) -> str:
    """The key if the vocabulary has it. Raises `ValueError` naming the nearest one."""
    if key not in QUANTITIES:
        raise ValueError(f"quantity {key!r} is not in the vocabulary; {_nearest(key, list(QUANTITIES))}")
    return key


def conversion(quantity: str, unit: str) -> Linear:
    """Factor and offset from `unit` to the quantity's own. Raises `ValueError` naming the nearest unit.

    The micro sign may be U+00B5 or the Greek letter U+03BC.
    """
    wanted = QUANTITIES[quantity].unit
    known = _TO[wanted]
    linear = known.get(unit.replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}"))
    if linear is None:
        raise ValueError(f"unit {unit!r} does not give {quantity} in {wanted}; {_nearest(unit, list(known))}")
    return linear
