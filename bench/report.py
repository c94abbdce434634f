"""What was measured, as one table for people and as JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from .scenarios import Run

_COLUMNS: Final = (
    ("pipeline", "left"), ("messages", "left"), ("devices", "right"), ("scenario", "left"), ("stored", "right"),
    ("msg/s", "right"), ("of ceiling", "right"), ("CPU µs/msg: pipeline", "right"), ("broker", "right"),
    ("store", "right"), ("p50 ms", "right"), ("p99 ms", "right"), ("peak MB", "right"), ("store MB", "right"),
    ("others' cores", "right"),
)  # fmt: skip
_BAR: Final = 40


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that so large a share of the values does not exceed; None of no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def record(run: Run) -> dict[str, Any]:
    """A run with all its numbers; None is what was not measured in it."""
    m = run.measured
    return {
        "pipeline": run.pipeline,
        "network": m.load.network,
        "message_bytes": m.confirmed.bytes,
        "devices": m.load.devices,
        "scenario": run.scenario,
        "asked_per_s": run.asked or None,
        "confirmed": m.confirmed.confirmed,
        "stored": m.stored,
        "lost": m.lost,
        "seconds": round(m.seconds, 2),
        "per_s": round(m.rate),
        "of_ceiling": None if run.ceiling is None else round(m.rate / run.ceiling, 4),
        "pipeline_cpu_us": round(m.pipeline_cpu_us, 1),
        "cpu_us": {name: round(m.cpu_us(name) or 0.0, 1) for name in m.use.cpu_s},
        "peak_mb": {name: round(mb, 1) for name, mb in m.use.peak_mb.items()},
        "others_cores": round(m.use.others_cores, 2),
        "probes": len(m.latencies_ms),
        "p50_ms": _rounded(percentile(m.latencies_ms, 0.5)),
        "p99_ms": _rounded(percentile(m.latencies_ms, 0.99)),
    }


def table(runs: Sequence[Run]) -> Table:
    """One line a run."""
    shown = Table(box=None, pad_edge=False)
    for name, side in _COLUMNS:
        shown.add_column(name, justify="right" if side == "right" else "left")
    for run in runs:
        r = record(run)
        cpu, peak = r["cpu_us"], r["peak_mb"]
        pace = f" {r['asked_per_s']}/s" if r["asked_per_s"] else ""
        share = "" if r["of_ceiling"] is None else f"{r['of_ceiling']:.1%}"
        cells = (r["pipeline"], r["network"], r["devices"], r["scenario"] + pace, r["stored"], r["per_s"], share)
        used = (_each(cpu, run), cpu["broker"], cpu.get("store"), r["p50_ms"], r["p99_ms"])
        sizes = (_each(peak, run), peak.get("store"), r["others_cores"])
        shown.add_row(*("" if cell is None else str(cell) for cell in (*cells, *used, *sizes)))
    return shown


def _each(numbers: Mapping[str, float], run: Run) -> str:
    """Of each process of the pipeline."""
    return " + ".join(str(numbers[name]) for name in run.measured.pipeline)


def chart(runs: Sequence[Run]) -> str:
    """CPU of the pipeline a message by number of devices, as bars of text."""
    costs = [(run.measured.load.devices, run.measured.pipeline_cpu_us) for run in runs]
    most = max(cost for _, cost in costs)
    bars = (f"{devices:>9} devices  {cost:6.1f} µs  {'█' * round(cost / most * _BAR)}" for devices, cost in costs)
    return "\n".join(bars)


def write(file: Path, machine: Mapping[str, str], more: Mapping[str, Any], runs: Sequence[Run]) -> None:
    """Everything as JSON, written whole."""
    content = {"machine": machine, **more, "runs": [record(run) for run in runs]}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(console: Console, machine: Mapping[str, str], runs: Sequence[Run]) -> None:
    """The machine, then the table."""
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False)
    console.print(table(runs), highlight=False)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
