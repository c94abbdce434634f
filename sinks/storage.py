"""Which folder, store and registry are used: the one table from a name in the settings to what stands behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from .books import Books
from .errors import Refused
from .events import SqliteEvents
from .feed import LocalFeed
from .gaps import SqliteGaps
from .journal import SqliteJournal
from .ledger import SqliteLedger
from .ports import Bell, Feed, Reader, Store

if TYPE_CHECKING:
    from .influxdb.connection import Connection
    from .registry import SqlRegistry


StoreKind = Literal["embedded", "influxdb"]
"""Name of a time-series store: in the settings, in the books, in the branches below."""


class InfluxSettings(BaseModel):
    """An InfluxDB 2. Two tokens with two rights, each given itself or as a file that holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = "http://127.0.0.1:8086"
    org: str = "smartcity"
    bucket: str = "smartcity"
    write_token: SecretStr | None = None
    write_token_file: Path | None = None
    read_token: SecretStr | None = None
    read_token_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0

    def has(self, right: Literal["write", "read"]) -> bool:
        """Whether a token with this right is named."""
        return getattr(self, f"{right}_token") is not None or getattr(self, f"{right}_token_file") is not None

    def connection(self, right: Literal["write", "read"]) -> Connection:
        """The way to the bucket with the token that has this right. Raises `Refused` when there is none."""
        token = self.write_token if right == "write" else self.read_token
        file = self.write_token_file if right == "write" else self.read_token_file
        if token is not None:
            return self.connect(token.get_secret_value())
        if file is None:
            raise Refused(f"InfluxDB needs a token to {right}: set store.influxdb.{right}_token_file")
        return self.connect(read_secret(file))

    def connect(self, token: str) -> Connection:
        """The way to the bucket with this token."""
        from .influxdb.connection import Connection  # noqa: PLC0415 0.3 s and 39 MB that the embedded store spares

        return Connection(self.url, self.org, self.bucket, token, self.timeout_s)


class StoreSettings(BaseModel):
    """Which time-series store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: StoreKind = "embedded"
    influxdb: InfluxSettings = InfluxSettings()


class JournalSettings(BaseModel):
    """How long messages are kept that every sink has settled; 0 is for ever and without limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_days: Annotated[int, Field(ge=0, le=36_525)] = 30
    max_mb: Annotated[int, Field(ge=0, le=100_000_000)] = 0


class Storage(BaseModel):
    """Everything that is kept: a folder on this machine, the time-series store, the registry (None: in the folder)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Path("data")
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    registry_url: SecretStr | None = None

    def open_journal(self) -> SqliteJournal:
        """The journal of messages in the data folder."""
        return SqliteJournal(self.data / "journal.db")

    def open_feed(self, sink: str, bell: Bell) -> Feed:
        """The journal as the worker of this sink takes messages out of it."""
        return LocalFeed(self.open_journal(), self.open_ledger(), sink, bell)

    def open_ledger(self) -> SqliteLedger:
        """The books beside the journal."""
        return SqliteLedger(self.data / "ledger.db")

    def open_events(self) -> SqliteEvents:
        """What happened at the sources, beside the journal."""
        return SqliteEvents(self.data / "events.db")

    def open_gaps(self) -> SqliteGaps:
        """The gap records in the books."""
        return SqliteGaps(self.data / "ledger.db")

    def open_books(self) -> Books:
        """Journal, ledger and events together, to read the accounting."""
        return Books(self.open_journal(), self.open_ledger(), self.open_events())

    def open_registry(self) -> SqlRegistry:
        """The registry, brought to the newest schema."""
        from .registry import open_registry  # noqa: PLC0415 SQLAlchemy takes most of a second that `decode` spares

        if self.registry_url is not None:
            return open_registry(self.registry_url.get_secret_value())
        _make_folder(self.data)
        return open_registry(f"sqlite:///{self.data / 'registry.db'}")

    def open_store(self) -> Store:
        """The time-series store to write to. Clients of servers are imported only when they are used."""
        if self.store.kind == "influxdb":
            from .influxdb.write import InfluxStore  # noqa: PLC0415 as above

            return InfluxStore(self.store.influxdb.connection("write"))
        from .embedded.write import EmbeddedStore  # noqa: PLC0415 as above

        return EmbeddedStore(self.data / "store.db")

    def open_reader(self) -> Reader:
        """The same store, to be asked."""
        if self.store.kind == "influxdb":
            from .influxdb.read import InfluxReader  # noqa: PLC0415 as above

            return InfluxReader(self.store.influxdb.connection("read"))
        from .embedded.read import EmbeddedReader  # noqa: PLC0415 as above

        return EmbeddedReader(self.data / "store.db")


def read_secret(file: Path) -> str:
    """What a file holds beside white space at its ends. Raises `Refused` when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the secret in {file} cannot be read: {error}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}; choose another data folder or mend its rights") from error
