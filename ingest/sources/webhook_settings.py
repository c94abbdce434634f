"""What is set of the HTTP receiver; a module of its own, since a server is loaded only where there are hooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class HookSettings(BaseModel):
    """One sender: the name in the path, its token (None: only keys open it), its messages' format (None detects it)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    token: Annotated[SecretStr, Field(min_length=16)] | None = None
    network: str | None = None


class WebhookSettings(BaseModel):
    """The HTTP receiver; without hooks it is not started."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8090
    max_body_bytes: Annotated[int, Field(ge=1_000, le=16_000_000)] = 1_048_576
    hooks: tuple[HookSettings, ...] = ()
