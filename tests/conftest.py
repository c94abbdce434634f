"""What all tests share: real servers behind one mark, and a closing word on which of them took part.

`@pytest.mark.server("influxdb")` on a test or module says that it needs that real server. A missing server skips the
test on a developer's machine and fails it under `CI=true`; `make servers` gets what is missing.
"""

from __future__ import annotations

import os
from collections import Counter
from importlib import import_module
from typing import Protocol

import pytest

SERVERS = ("mosquitto", "influxdb", "influxdb1", "postgresql", "kafka", "chromium", "compose", "tmpfs", "grafana_types")


class Server(Protocol):
    """A module in `tests/servers`: finds its program and says what to do when there is none."""

    def version(self) -> str | None:
        """Version of the program found, None when there is none."""


def server(name: str) -> Server:
    return import_module(f"tests.servers.{name}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("server"):
        for name in mark.args:
            if server(name).version() is None:
                how = "only root may mount it" if name == "tmpfs" else "`make servers` gets it"
                word = f"{name} is missing; {how}"
                if os.environ.get("CI") == "true":
                    pytest.fail(word, pytrace=False)
                pytest.skip(word)
            item.user_properties.append(("server", name))  # goes with the report, also out of a worker process


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    used = Counter(value for report in reports for key, value in report.user_properties if key == "server")
    terminalreporter.section("real servers")
    for name in SERVERS:
        version = server(name).version()
        line = f"{name} {version}: took part in {used[name]} tests" if version else f"{name}: missing"
        terminalreporter.write_line(line)
