"""What these commands are handed by the door, and what they show while they work."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol

import decoders
from ingest import unwrap as unwrapping
from ingest.insights.settings import DeriveSettings
from ingest.javascript.settings import CodecSettings
from ingest.networks.plain_json import MappingSettings
from ingest.networks.table import with_mappings
from ingest.pipeline import Unwrap
from ingest.site import Find
from ingest.sources.backfill_settings import BackfillSettings
from ingest.sources.mqtt_settings import MqttSettings
from ingest.sources.webhook_settings import WebhookSettings
from sinks.storage import Storage

if TYPE_CHECKING:
    from rich.progress import Progress


class Simulation(Protocol):
    """How the simulated fleet lives."""

    speed: float
    seed: int


class Given(Protocol):
    """The part of the settings that this room is handed."""

    mqtt: dict[str, MqttSettings]
    webhook: WebhookSettings
    backfill: dict[str, BackfillSettings]
    mappings: dict[str, MappingSettings]
    codecs: dict[str, CodecSettings]
    derive: DeriveSettings
    simulate: Simulation

    @property
    def storage(self) -> Storage: ...


def unwrapper(given: Given) -> Unwrap:
    """The first step of the way, for these settings."""
    return partial(unwrapping.unwrap, networks=with_mappings(given.mappings))


def finder(given: Given, held: ExitStack) -> Find:
    """From a model to its decoder: ours, or a codec of the settings, whose worker ends with `held`."""
    if not given.codecs:
        return decoders.find
    from ingest.javascript.decoder import opened  # noqa: PLC0415 a worker that most intakes do not need

    own = held.enter_context(opened(given.codecs))
    return lambda name: own.get(name) or decoders.find(name)


def progress() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    from rich import progress as bars  # noqa: PLC0415 3 MB that the services spare
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    return bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, disable=not console.is_terminal)
