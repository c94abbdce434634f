"""The MQTT broker that `smartcity run` starts for itself, on loopback: Mosquitto when there is one, else a wheel.

Mosquitto keeps sessions over its own restart and is what a city runs for real. `iotcore` (rumqttd) comes with pip
and needs nothing else; it keeps everything in memory, so a restart of it loses what nobody had fetched.
"""

from __future__ import annotations

import getpass
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

MAX_MESSAGE_BYTES: Final = 1_048_576

_MOSQUITTO: Final = """\
# Written anew at every start. Anonymous because it listens on this machine's loopback only.
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence true
persistence_location {folder}/
autosave_interval 30
# The defaults drop the newest messages silently once 1000 wait for a client that is away.
max_queued_messages 200000
max_inflight_messages 1000
queue_qos0_messages true
message_size_limit {limit}
log_dest stderr
log_type error
log_type warning
"""

_IOTCORE: Final = (
    "from iotcore.iotcore import IotCoreBroker;"
    "IotCoreBroker(listen='127.0.0.1', port={port}, max_payload_size={limit}).run_forever()"
)


class NoBroker(Exception):
    """There is no broker to start; the text says how to get one."""


def choose(kind: Literal["auto", "mosquitto", "iotcore"]) -> Literal["mosquitto", "iotcore"]:
    """The broker to start, by what is installed."""
    have_mosquitto, have_iotcore = find_mosquitto() is not None, find_spec("iotcore") is not None
    if kind != "iotcore" and have_mosquitto:
        return "mosquitto"
    if kind != "mosquitto" and have_iotcore:
        return "iotcore"
    raise NoBroker(f"no MQTT broker ({kind}): install Debian's mosquitto, or the extra [broker] with pip")


def find_mosquitto() -> str | None:
    """Path of the program; Debian puts it where a normal user's PATH does not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def command(kind: Literal["mosquitto", "iotcore"], port: int, folder: Path) -> list[str]:
    """The command line that starts it on 127.0.0.1; writes its configuration into `folder`."""
    if kind == "iotcore":
        return [sys.executable, "-c", _IOTCORE.format(port=port, limit=MAX_MESSAGE_BYTES)]
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "mosquitto.conf"
    text = _MOSQUITTO.format(port=port, user=getpass.getuser(), folder=folder.resolve(), limit=MAX_MESSAGE_BYTES)
    config.write_text(text, encoding="utf-8")
    return [find_mosquitto() or "mosquitto", "-c", str(config)]
