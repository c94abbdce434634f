"""The registry as files: CSV and GeoJSON in, after a dry run, and out."""

from __future__ import annotations

from .geojson import export_geojson
from .lines import Problem
from .planning import Plan, Step, apply, plan
from .sheet import export_csv

__all__ = ["Plan", "Problem", "Step", "apply", "export_csv", "export_geojson", "plan"]
