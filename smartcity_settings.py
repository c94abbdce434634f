"""Settings: one file, then the environment, checked once at the door and handed down.

Later sources win: defaults, `smartcity.toml`, environment variables (`SMARTCITY_API__PORT=8001` is `port` of `[api]`).
Nothing below the door reads the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as NotJson

import decoders
from api.settings import ApiSettings
from ingest.insights.settings import DeriveSettings
from ingest.javascript.settings import CodecSettings
from ingest.networks.plain_json import MappingSettings
from ingest.networks.table import with_mappings
from ingest.sources.backfill_settings import BackfillSettings
from ingest.sources.mqtt_settings import MqttSettings
from ingest.sources.webhook_settings import WebhookSettings
from sinks.storage import JournalSettings, Storage, StoreSettings, read_secret

PREFIX: Final = "SMARTCITY_"
FILE: Final = "smartcity.toml"


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
"""Of a source or a mapping; it stands in the journal and in labels of metrics."""


class SettingsError(Exception):
    """The settings cannot be used; the text says which key, where it came from and what would be right."""


class BrokerSettings(BaseModel):
    """The MQTT broker that `smartcity run` starts for itself; `none` uses the one that `[mqtt.*]` names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["auto", "mosquitto", "iotcore", "none"] = "auto"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883


class SimulateSettings(BaseModel):
    """The simulated fleet: how much faster than real time it lives, and where its randomness begins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speed: Annotated[float, Field(gt=0, le=10_000)] = 60.0
    seed: int = 1


class RegistrySettings(BaseModel):
    """Where devices and assets are kept: a SQLAlchemy URL; without one, a file in the data folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr | None = None


class GrafanaSettings(BaseModel):
    """The Grafana that `smartcity grafana` asks: as a service account (its token), or as a user with a password.

    `url`: https, or http on this machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = "http://127.0.0.1:3000"
    token_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0

    def auth(self) -> str | tuple[str, str] | None:
        """The token, or user and password, out of their files; None without either. Raises what `read_secret` does."""
        if self.token_file is not None:
            return read_secret(self.token_file)
        if self.user is not None and self.password_file is not None:
            return self.user, read_secret(self.password_file)
        return None


class Settings(BaseModel):
    """All that can be set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Path("data")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    broker: BrokerSettings = BrokerSettings()
    mqtt: dict[Name, MqttSettings] = Field(default_factory=lambda: {"main": MqttSettings()})
    webhook: WebhookSettings = WebhookSettings()
    backfill: dict[Name, BackfillSettings] = {}
    mappings: dict[Name, MappingSettings] = {}
    codecs: dict[Name, CodecSettings] = {}
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    registry: RegistrySettings = RegistrySettings()
    derive: DeriveSettings = DeriveSettings()
    api: ApiSettings = ApiSettings()
    simulate: SimulateSettings = SimulateSettings()
    grafana: GrafanaSettings = GrafanaSettings()

    @field_validator("mappings")
    @classmethod
    def _names_are_free(cls, mappings: dict[str, MappingSettings]) -> dict[str, MappingSettings]:
        with_mappings(mappings)
        return mappings

    @field_validator("codecs")
    @classmethod
    def _models_are_free(cls, codecs: dict[str, CodecSettings]) -> dict[str, CodecSettings]:
        for name in codecs:
            if (ours := decoders.find(name)) is not None:
                raise ValueError(f"{name} is decoded without a codec, as {ours.key}: choose another name")
        return codecs

    @model_validator(mode="after")
    def _sources_are_there(self) -> Settings:
        for name, backfill in self.backfill.items():
            if backfill.source not in self.mqtt:
                raise ValueError(f"backfill.{name}.source: there is no [mqtt.{backfill.source}]")
        return self

    @property
    def storage(self) -> Storage:
        """The part that says what is kept and where."""
        return Storage(data=self.data, journal=self.journal, store=self.store, registry_url=self.registry.url)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force, the file they came from, and where each value that is no default was set: key to source."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None

    @property
    def models(self) -> dict[str, str]:
        """Every name of a model to the key of its decoder: key, trade name and alias in lower case, codecs as named."""
        ours = {name: decoder.key for name, decoder in decoders.by_name().items()}
        return ours | {name: name for name in self.settings.codecs}


def load(file: Path | None, environment: Mapping[str, str]) -> Loaded:
    """Read the file (None: `smartcity.toml` if it is there) and the environment. Raises SettingsError."""
    chosen = file or Path(environment.get(PREFIX + "CONFIG", FILE))
    from_file = _read(chosen, needed=file is not None or PREFIX + "CONFIG" in environment)
    from_environment = _environment(environment)
    merged, origins = _merge([(str(chosen), from_file), ("environment", from_environment)])
    try:
        return Loaded(Settings.model_validate(merged), origins, chosen if from_file else None)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error, origins))) from error


def _read(file: Path, *, needed: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise SettingsError(f"there is no settings file {file}") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error


def _environment(environment: Mapping[str, str]) -> dict[str, Any]:
    for name in environment:
        first = name.removeprefix(PREFIX).split("__")[0].lower()
        if name.startswith(PREFIX) and name != PREFIX + "CONFIG" and first not in Settings.model_fields:
            raise SettingsError(f"environment variable {name}: {_nearest(first, Settings.model_fields)}")
    source = EnvSettingsSource(
        Settings,  # type: ignore[arg-type]  # it only looks at the fields
        case_sensitive=False,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )
    source.env_vars = {name.lower(): value for name, value in environment.items()}
    try:
        return source()
    except NotJson as error:
        raise SettingsError(f'environment: {error}: write lists and tables as JSON, e.g. ["a", "b"]') from None


def _merge(sources: list[tuple[str, dict[str, Any]]]) -> tuple[dict[str, Any], dict[str, str]]:
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, values in sources:
        for path, value in _leaves(values):
            target = merged
            for step in path[:-1]:
                if not isinstance(target.get(step), dict):
                    target[step] = {}
                target = target[step]
            target[path[-1]] = value
            origins[".".join(path)] = name
    return merged, origins


def _leaves(values: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _explain(error: ValidationError, origins: Mapping[str, str]) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False):
        steps = [str(step) for step in found["loc"]]
        key = ".".join(steps)
        where = next((source for name, source in origins.items() if f"{name}.".startswith(f"{key}.")), "settings")
        if found["type"] == "extra_forbidden":
            yield f"{where}: {key}: {_nearest(steps[-1], _fields_at(steps[:-1]))}"
        else:
            yield f"{where}: {key}: {found['msg']}"


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"there is no setting {key}; {hint}"


def _fields_at(steps: list[str]) -> Mapping[str, Any]:
    model: Any = Settings
    for step in steps:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            model = next((a for a in get_args(model) if isinstance(a, type) and issubclass(a, BaseModel)), None)
            continue  # a step into a dict of models names an entry, not a field
        model = model.model_fields[step].annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        model = next((a for a in get_args(model) if isinstance(a, type) and issubclass(a, BaseModel)), None)
    return model.model_fields if model is not None else {}


def in_force(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Every setting as (dotted key, value with secrets hidden, where it came from)."""
    rows = _leaves(loaded.settings.model_dump(mode="json"))
    return [(key := ".".join(path), _shown(value), loaded.origins.get(key, "default")) for path, value in rows]


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def environment() -> Mapping[str, str]:
    """The process environment; read here and nowhere else."""
    return os.environ
