"""Which folder, store and registry are used: the one table from a name in the settings to what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from .books import Accounting, Books
from .errors import Refused
from .events import SqliteEvents
from .feed import FileBell, LocalFeed, Turn
from .gaps import SqliteGaps
from .journal import SqliteJournal
from .kafka.settings import KafkaSettings
from .ledger import SqliteLedger
from .past import LocalPast
from .ports import Appender, Bell, Feed, Gaps, Letters, Past, Reader, Recall, Store
from .registry.places import SqlitePlaces, is_newest

if TYPE_CHECKING:
    from .influxdb.connection import Connection as InfluxConnection
    from .kafka.connection import Connection
    from .registry.store import SqlRegistry


StoreKind = Literal["embedded", "influxdb"]
"""Name of a time-series store: in the settings, in the books, in the branches below."""


JournalKind = Literal["local", "kafka"]
"""A file on this machine, or a cluster for many machines."""


class InfluxSettings(BaseModel):
    """An InfluxDB. Two tokens with two rights, each given itself or as a file that holds it.

    Of a 1: `bucket` is database or database/policy, a token is user:password, `org` is not used.
    """

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

    def connection(self, right: Literal["write", "read"]) -> InfluxConnection:
        """The way to the bucket with the token that has this right. Raises `Refused` when there is none."""
        token = self.write_token if right == "write" else self.read_token
        file = self.write_token_file if right == "write" else self.read_token_file
        if token is not None:
            return self.connect(token.get_secret_value())
        if file is None:
            raise Refused(f"InfluxDB needs a token to {right}: set store.influxdb.{right}_token_file")
        return self.connect(read_secret(file))

    def connect(self, token: str) -> InfluxConnection:
        """The way to the bucket with this token."""
        from .influxdb.connection import Connection  # noqa: PLC0415 0.3 s and 39 MB that the embedded store spares

        return Connection(self.url, self.org, self.bucket, token, self.timeout_s)


class StoreSettings(BaseModel):
    """Which time-series store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: StoreKind = "embedded"
    influxdb: InfluxSettings = InfluxSettings()


class JournalSettings(BaseModel):
    """Where messages are kept, and how long those that every sink has settled; 0 is for ever and without limit.

    On Kafka the limits count when topics are made, and the brokers trim by them alone, settled or not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: JournalKind = "local"
    kafka: KafkaSettings = KafkaSettings()
    keep_days: Annotated[int, Field(ge=0, le=36_525)] = 30
    max_mb: Annotated[int, Field(ge=0, le=100_000_000)] = 0


class Storage(BaseModel):
    """Everything that is kept: a folder on this machine, the time-series store, the registry (None: in the folder)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Path("data")
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    registry_url: SecretStr | None = None

    @property
    def is_on_kafka(self) -> bool:
        """Whether the journal and its books are on Kafka."""
        return self.journal.kind == "kafka"

    @property
    def journal_name(self) -> str:
        """Which journal it is, so that a place in one is never taken for a place in another."""
        kafka = self.journal.kafka
        return f"{kafka.uplinks} on {kafka.bootstrap}" if self.is_on_kafka else "local"

    def open_journal(self) -> SqliteJournal:
        """The journal of messages in the data folder, which can be read from anywhere. Raises `Refused` on Kafka."""
        if self.is_on_kafka:
            raise Refused("this needs the local journal: journal.kind is kafka, see sinks/kafka/README.md")
        return SqliteJournal(self.data / "journal.db")

    def open_appender(self) -> Appender:
        """The journal as a source puts messages into it."""
        if self.is_on_kafka:
            from .kafka.journal import KafkaJournal  # noqa: PLC0415 an extra that most do without

            return KafkaJournal(self._kafka())
        return self.open_journal()

    def open_feed(self, sink: str, bell: Bell, recall: Recall) -> Feed:
        """The journal as a worker of this sink takes messages out of it.

        `bell`: of the local journal. `recall`: how one who takes over on Kafka knows what was there before.
        """
        if self.is_on_kafka:
            from .kafka.feed import KafkaFeed  # noqa: PLC0415 as above

            return KafkaFeed(self._kafka(), sink, recall)
        turn = Turn(self.data / f"{sink}.turn")
        return LocalFeed(self.open_journal(), self.open_ledger(), sink, bell, turn, self._gaps())

    @contextmanager
    def bell(self) -> Iterator[Bell]:
        """Rings when another process has appended to the local journal; a worker on Kafka needs none."""
        if self.is_on_kafka:
            yield Event()
            return
        with closing(FileBell(self.data / "journal.db")) as bell:
            yield bell

    def _kafka(self) -> Connection:
        from .kafka.connection import Connection  # noqa: PLC0415 as above

        settings = self.journal.kafka
        password = read_secret(settings.password_file) if settings.password_file else None
        return Connection(settings, password, self.journal.keep_days, self.journal.max_mb)

    def open_ledger(self) -> SqliteLedger:
        """The books beside the local journal."""
        return SqliteLedger(self.data / "ledger.db")

    def open_past(self) -> Past:
        """What the journal holds, to be read once more."""
        if self.is_on_kafka:
            from .kafka.past import KafkaPast  # noqa: PLC0415 as above

            return KafkaPast(self._kafka())
        return LocalPast(self.open_journal(), self.open_ledger())

    def open_letters(self) -> Letters:
        """The dead letters."""
        if self.is_on_kafka:
            from .kafka.letters import KafkaLetters  # noqa: PLC0415 as above

            return KafkaLetters(self._kafka())
        return self.open_ledger()

    def open_events(self) -> SqliteEvents:
        """What happened at the sources of this machine."""
        return SqliteEvents(self.data / "events.db")

    def open_gaps(self) -> Gaps:
        """The gap records, wherever the journal is; those of the sources are in the books of this machine."""
        if self.is_on_kafka:
            from .kafka.books import KafkaLedger  # noqa: PLC0415 as above
            from .kafka.gaps import KafkaGaps  # noqa: PLC0415 as above

            connection = self._kafka()
            return KafkaGaps(connection, KafkaLedger(connection), self._gaps())
        return self._gaps()

    def _gaps(self) -> SqliteGaps:
        return SqliteGaps(self.data / "ledger.db")

    def open_books(self) -> Books:
        """The accounting of the local journal."""
        return Books(self.open_journal(), self.open_ledger(), self.open_events(), self._gaps())

    def open_accounting(self) -> Accounting:
        """The accounting, wherever the journal is."""
        if self.is_on_kafka:
            from .kafka.books import KafkaBooks, KafkaLedger  # noqa: PLC0415 as above

            return KafkaBooks(KafkaLedger(self._kafka()), self.open_events(), self.open_gaps())
        return self.open_books()

    def open_registry(self) -> SqlRegistry:
        """The registry, brought to the newest schema."""
        from .registry.store import open_registry  # noqa: PLC0415 SQLAlchemy takes most of a second that `decode` spares

        if self.registry_url is not None:
            return open_registry(self.registry_url.get_secret_value())
        _make_folder(self.data)
        return open_registry(f"sqlite:///{self.data / 'registry.db'}")

    def open_places(self) -> SqlitePlaces | SqlRegistry:
        """The registry as the intake asks it: a file without SQLAlchemy, unless it has to be made or migrated first."""
        if self.registry_url is not None:
            return self.open_registry()
        path = self.data / "registry.db"
        if not is_newest(path):
            self.open_registry().close()
        return SqlitePlaces(path)

    def open_store(self) -> Store:
        """The time-series store to write to; with Kafka's live feed behind it, when that is wanted."""
        if self.is_on_kafka and self.journal.kafka.observations:
            from .kafka.observations import Published  # noqa: PLC0415 as below

            return Published(self._open_store(), self._kafka())
        return self._open_store()

    def _open_store(self) -> Store:
        """Clients of servers are imported only when they are used."""
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
