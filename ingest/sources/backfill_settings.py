"""What is set of a back-fill; a module of its own, since an HTTP client is loaded only where messages are received."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sinks.errors import Refused
from sinks.storage import read_secret

_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}


class BackfillSettings(BaseModel):
    """One application of one server. `source`: name of the MQTT source that it completes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    application: Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){2,35}$")]
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    ca_file: Path | None = None
    source: str = "main"
    interval_s: Annotated[int, Field(ge=60, le=86_400)] = 900
    overlap_s: Annotated[int, Field(ge=0, le=30 * 86_400)] = 3600
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0

    @field_validator("url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not (allowed and parts.hostname):
            raise ValueError("must be https://…: the API key goes over this connection")
        return url.rstrip("/")

    def key(self) -> str:
        """The API key (right: read application traffic). Raises `Refused` when there is none that can be used."""
        if self.api_key is None and self.api_key_file is None:
            raise Refused("the back-fill needs an API key: set api_key_file")
        key = self.api_key.get_secret_value() if self.api_key else read_secret(self.api_key_file or Path())
        if re.fullmatch(r"[!-~]+", key) is None:
            raise Refused("the API key of the back-fill is empty or holds blanks or line ends")
        return key
