"""What is set of a broker; a module of its own, since the MQTT client is loaded only where messages are received."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sinks.storage import read_secret


class MqttSettings(BaseModel):
    """One broker to listen to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    topics: Annotated[tuple[str, ...], Field(min_length=1)] = ("v3/+/devices/+/#", "application/+/device/+/event/+")
    network: str | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "smartcity-ingest"
    version: Literal["3.1.1", "5"] = "3.1.1"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 60
    lossless: bool = False
    silent_after_s: Annotated[int, Field(ge=0, le=366 * 24 * 3600)] = 0

    def secret(self) -> str | None:
        """The password, given itself or as a file that holds it. Raises `Refused` when the file cannot be read."""
        if self.password is not None:
            return self.password.get_secret_value()
        return read_secret(self.password_file) if self.password_file is not None else None
