"""What an operator decides about the API. Built once at the door, handed down."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Licence(BaseModel):
    """Terms under which the answers may be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Datenlizenz Deutschland – Namensnennung – Version 2.0"  # noqa: RUF001 its official name
    url: str = "https://www.govdata.de/dl-de/by-2-0"


class ApiSettings(BaseModel):
    """Settings of the API and its page.

    `base_url`: address under which the public reaches the API, e.g. behind a proxy; without it links name the host of
    the request. Forwarded headers are never read. `public_properties`: which properties of an asset are published;
    all others stay inside. `stale_after_s`: silence after which values no longer count. `latest_window_s`: how far
    back a last value is looked for. `latest_ttl_s`: the store is asked for latest values at most this often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65_535)
    base_url: str | None = None
    access_log: bool = False

    title: str = "Open Smart City sensors"
    publisher: str = ""
    attribution: str = ""
    licence: Licence = Licence()
    cors_origins: tuple[str, ...] = ("*",)
    public_properties: tuple[str, ...] = ("capacity_l", "fraction", "species", "planted", "soil", "register_id")

    stale_after_s: int = Field(6 * 3600, ge=1)
    latest_window_s: int = Field(90 * 86_400, ge=60)
    latest_ttl_s: float = Field(0.5, ge=0)

    page_size: int = Field(100, ge=1)
    max_page_size: int = Field(10_000, ge=1)
    max_query_bytes: int = Field(4096, ge=256)
    max_body_bytes: int = Field(16_384, ge=0)
    max_stream_clients: int = Field(200, ge=1)
    heartbeat_s: float = Field(15, gt=0)

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")
