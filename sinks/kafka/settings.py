"""Where the cluster is and how our topics are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(BaseModel):
    """A cluster. `partitions` and `replication` count when topics are made; topics that are there stay as they are.

    `tls`: encrypted, with the machine's certificate authorities or those in `ca_file`. With a `username` we log in by
    `mechanism`; its password is read from a file. `observations`: publish what was stored as a live feed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap: Annotated[str, Field(min_length=1)] = "127.0.0.1:9092"
    topic_prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")] = "smartcity"
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "smartcity"
    partitions: Annotated[int, Field(ge=1, le=4096)] = 24
    replication: Annotated[int, Field(ge=1, le=9)] = 3
    tls: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"
    observations: bool = False

    @property
    def uplinks(self) -> str:
        """Topic of the messages as they came."""
        return f"{self.topic_prefix}.uplinks"

    @property
    def dead_letters(self) -> str:
        """Topic of what could not be stored, and why."""
        return f"{self.topic_prefix}.dead-letters"

    @property
    def gaps(self) -> str:
        """Topic of what is missing, by the devices' frame counters."""
        return f"{self.topic_prefix}.gaps"

    @property
    def counters(self) -> str:
        """Topic of how far these counters are."""
        return f"{self.topic_prefix}.counters"

    @property
    def observed(self) -> str:
        """Topic of what was stored."""
        return f"{self.topic_prefix}.observations"

    def group(self, sink: str) -> str:
        """Consumer group of a sink's workers; its committed offsets are the sink's books."""
        return f"{self.topic_prefix}.{sink}"
