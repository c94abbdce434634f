"""Acceptance needs a Grafana, which nobody can install for you: `make acceptance GRAFANA=<its home>` runs it."""

from __future__ import annotations

from tests.acceptance.grafana import HOME

collect_ignore_glob = [] if HOME else ["test_*.py"]
